// What the status page answers: the routes and their rules, without sockets.
//
//   GET  /               the page; its style and script are /page.css and /page.js
//   GET  /status.json    the status document, with "story" of each machine and "you"
//   GET  /reasons.json   the table of reasons
//   POST /classify       {"stop","reason"}: gives a stop its reason; 202 with a ticket (operators)
//   GET  /outcome/<n>    what came of it
//   GET  /metrics        for Prometheus
//   GET  /healthz        200 while the journal works, else 503 and why; says nothing else, so it
//                        needs no name
//
// Invariants
// - Everything but /healthz goes through the door.
// - Nothing can be changed but a stop's reason, only by an operator, and only by a request that no
//   other site can make a browser send: it bears a field of its own (X-Takt) and is JSON.
// - Without TLS only requests for the loopback's own names are answered: another name that leads
//   here (DNS rebinding) shows nothing.
// - No answer is kept by a cache; no page may frame this one; nothing is loaded from elsewhere.

import Delivery
import Primitives

/// What the gateway lends its page; the closures may wait for `PageLimits.pictureWait`.
struct PageSources {
  /// The status document with each machine's story; nil before there is one.
  var picture: () -> JSONValue?
  var reasons: () -> JSONValue
  /// Leaves a request of the shop floor, signed with a name that was proved.
  var leave: (_ request: JSONValue, _ by: String) -> JSONValue
  var outcome: (_ ticket: UInt64) -> JSONValue
  var now: () -> Instant
}

/// Answers the page's requests.
struct PageDesk: HTTPDesk, ~Copyable {
  private var door: PageDoor
  private let sources: PageSources
  /// Only the loopback's own names are answered to.
  private let isLocal: Bool

  init(door: PageDoor, sources: PageSources, isLocal: Bool) {
    self.door = door
    self.sources = sources
    self.isLocal = isLocal
  }

  mutating func take(_ request: HTTPRequest, tell: (String) -> Void) -> ServerReaction {
    if isLocal, !Self.isLoopback(request.fields["Host"] ?? "") {
      let body = "this page answers to localhost only; its TLS form answers to other names\n"
      return answer(request, 421, .text(body))
    }
    if request.method == "GET", path(request) == "/healthz" { return health(request) }
    let viewer: PageViewer
    do throws(PageRefusal) {
      viewer = try door.enter(request, now: sources.now())
    } catch {
      return refuse(request, error)
    }
    return switch request.method {
    case "GET", "HEAD": show(request, viewer)
    case "POST" where path(request) == "/classify": classify(request, viewer)
    default: answer(request, 405, .text("only GET is answered here\n"))
    }
  }

  // MARK: Showing

  private func show(_ request: HTTPRequest, _ viewer: PageViewer) -> ServerReaction {
    let path = path(request)
    switch path {
    case "/": return answer(request, 200, .init("text/html; charset=utf-8", PageMarkup.text))
    case "/page.css": return answer(request, 200, .init("text/css", PageStyle.text))
    case "/page.js": return answer(request, 200, .init("text/javascript", PageScript.text))
    case "/status.json":
      guard var members = sources.picture()?.object else { return starting(request) }
      var you: [String: JSONValue] = ["role": .string(viewer.role.rawValue)]
      you["name"] = viewer.name.map { .string($0) }
      members["you"] = .object(you)
      return answer(request, 200, .json(.object(members)))
    case "/reasons.json": return answer(request, 200, .json(sources.reasons()))
    case "/metrics":
      guard let picture = sources.picture() else { return starting(request) }
      return answer(
        request, 200, .init("text/plain; version=0.0.4; charset=utf-8", PageMetrics.text(picture)))
    default:
      if path.hasPrefix("/outcome/"), let ticket = UInt64(path.dropFirst(9)) {
        return answer(request, 200, .json(sources.outcome(ticket)))
      }
      return answer(request, 404, .text("there is no such page\n"))
    }
  }

  private func starting(_ request: HTTPRequest) -> ServerReaction {
    answer(request, 503, .text("the gateway is starting; ask again in a second\n"))
  }

  private func health(_ request: HTTPRequest) -> ServerReaction {
    guard let picture = sources.picture() else { return starting(request) }
    guard picture["journal"]?["fault"] == nil else {
      return answer(request, 503, .text("the journal is not written: see takt status\n"))
    }
    return answer(request, 200, .text("ok\n"))
  }

  // MARK: Changing

  private func classify(_ request: HTTPRequest, _ viewer: PageViewer) -> ServerReaction {
    guard viewer.role == .operator, let name = viewer.name else {
      return answer(request, 403, .text("only an operator may give a stop its reason\n"))
    }
    guard request.fields["X-Takt"] != nil,
      request.fields["Content-Type"]?.hasPrefix("application/json") == true
    else { return answer(request, 403, .text("this request did not come from the page\n")) }
    guard let body = try? JSONValue(parsing: request.body), let stop = body["stop"]?.string,
      let reason = body["reason"]?.string
    else { return answer(request, 400, .text("a stop and the code of a reason are wanted\n")) }
    let left = sources.leave(
      ["do": "classify", "stop": .string(stop), "reason": .string(reason)], name)
    return answer(request, left["ticket"] == nil ? 409 : 202, .json(left))
  }

  // MARK: Answering

  /// A body with its type.
  private struct Content {
    var type: String
    var bytes: [UInt8]

    init(_ type: String, _ text: String) {
      self.type = type
      bytes = Array(text.utf8)
    }

    static func text(_ text: String) -> Content { Content("text/plain; charset=utf-8", text) }

    static func json(_ value: JSONValue) -> Content {
      Content("application/json", value.canonicalText)
    }
  }

  private func refuse(_ request: HTTPRequest, _ refusal: PageRefusal) -> ServerReaction {
    switch refusal {
    case .unknown:
      answer(
        request, 401, .text("a name and a password are wanted\n"),
        ("WWW-Authenticate", "Basic realm=\"takt\", charset=\"UTF-8\""))
    case .shut:
      answer(
        request, 429, .text("too many wrong passwords; ask again later\n"),
        ("Retry-After", "\(PageLimits.shutFor.wholeMilliseconds / 1000)"))
    }
  }

  private func answer(
    _ request: HTTPRequest, _ status: Int, _ content: Content,
    _ more: (name: String, value: String)? = nil
  ) -> ServerReaction {
    var fields = HTTPFields()
    fields.add("Content-Type", content.type)
    fields.add("Cache-Control", "no-store")
    fields.add(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    fields.add("X-Content-Type-Options", "nosniff")
    fields.add("Referrer-Policy", "no-referrer")
    if let more { fields.add(more.name, more.value) }
    var bytes = HTTPResponseWriter.answer(
      status, fields: fields, body: content.bytes, keepsAlive: request.keepsAlive)
    if request.method == "HEAD" { bytes.removeLast(content.bytes.count) }
    return .answer(bytes, keepsAlive: request.keepsAlive)
  }

  private func path(_ request: HTTPRequest) -> String {
    String(request.target.prefix { $0 != "?" })
  }

  /// localhost, 127.0.0.0/8 or ::1, with or without a port.
  static func isLoopback(_ host: String) -> Bool {
    let name: Substring =
      if host.hasPrefix("[") {
        host.dropFirst().prefix { $0 != "]" }
      } else {
        host.prefix { $0 != ":" }
      }
    if name == "::1" || name.lowercased() == "localhost" { return true }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
