// What a request gets for an answer: the rules of the receiver, without sockets.
//
//   request → method, type, digest → events' bytes → ledger → answer
//
// Invariants
// - An answer of 200 means: every event of the request is durable in the file, now or before.
// - One bad event does not refuse its neighbours: 207 tells for each, 422 when none is good.
// - A failure on request (--fail) stores nothing; a dropped answer has stored everything.

import Delivery
import Primitives

/// Judges requests.
struct ReceiveDesk: HTTPDesk, ~Copyable {
  private(set) var ledger: ReceiveLedger
  private var mischief: ReceiveMischief
  private let digest: ([UInt8]) -> [UInt8]

  init(
    ledger: consuming ReceiveLedger, mischief: ReceiveMischief,
    digest: @escaping ([UInt8]) -> [UInt8]
  ) {
    self.ledger = ledger
    self.mischief = mischief
    self.digest = digest
  }

  /// Answers one request; `tell` gets the lines for the person who watches.
  mutating func take(_ request: HTTPRequest, tell: (String) -> Void) -> ServerReaction {
    let fate = mischief.next()
    if case .fail(let status) = fate {
      return answer(request, status, ["error": "failing on request"])
    }
    let (status, body) = judge(request, tell)
    if fate == .dropAnswer { return .hangUp }
    return answer(request, status, body)
  }

  private mutating func judge(
    _ request: HTTPRequest, _ tell: (String) -> Void
  ) -> (Int, JSONValue) {
    guard request.method == "POST" else { return (405, ["error": "only POST is taken here"]) }
    guard isIntact(request) else {
      tell("✗ the body does not match its Content-Digest")
      return (400, ["error": "the body does not match its Content-Digest"])
    }
    guard let events = Self.events(request) else {
      return (415, ["error": "send application/cloudevents-batch+json or one event"])
    }
    guard let events else { return (400, ["error": "the body is no JSON array of events"]) }
    let previous = request.fields["Takt-Previous"].flatMap(UInt64.init)
    do throws(CommandFault) {
      let isReplay = request.fields["Takt-Replay"] == "true"
      return Self.summary(
        try ledger.take(events, previous: previous, isReplay: isReplay, tell: tell))
    } catch {
      tell("✗ \(ReceiveLine.plain(error.text))")
      return (503, ["error": .string(error.text)])
    }
  }

  /// The events' bytes; nil inside for a body that holds none, nil outside for an unknown type.
  private static func events(_ request: HTTPRequest) -> [[UInt8]]?? {
    let type = request.fields["Content-Type"]?.prefix { $0 != ";" }.lowercased()
    switch type?.split(separator: " ").first {
    case "application/cloudevents-batch+json": return .some(ReceiveBatch.split(request.body))
    case "application/cloudevents+json": return .some([request.body])
    default: return nil
    }
  }

  /// Whether the body is what its digest says; a body without a digest of SHA-256 is taken.
  private func isIntact(_ request: HTTPRequest) -> Bool {
    let members = request.fields.all("Content-Digest").flatMap { $0.split(separator: ",") }
    let sums = members.map { $0.filter { $0 != " " } }.filter { $0.hasPrefix("sha-256=") }
    guard !sums.isEmpty else { return true }
    let sum = "sha-256=:\(Base64.encode(digest(request.body))):"
    return sums.allSatisfy { $0 == sum }
  }

  private static func summary(_ outcomes: [ReceiveOutcome]) -> (Int, JSONValue) {
    let refused = outcomes.count { $0.refusal != nil }
    guard refused > 0 else {
      let stored = Int64(outcomes.count { $0 == .stored })
      return (
        200, ["stored": .integer(stored), "duplicates": .integer(Int64(outcomes.count) - stored)]
      )
    }
    if outcomes.count == 1, let reason = outcomes[0].refusal {
      return (422, ["error": .string(reason)])
    }
    let list = outcomes.map { outcome -> JSONValue in
      guard let reason = outcome.refusal else { return ["status": 200] }
      return ["status": 422, "error": .string(reason)]
    }
    return (refused == outcomes.count ? 422 : 207, .array(list))
  }

  private func answer(_ request: HTTPRequest, _ status: Int, _ body: JSONValue) -> ServerReaction {
    var fields = HTTPFields()
    fields.add("Content-Type", "application/json")
    if status == 405 { fields.add("Allow", "POST") }
    return .answer(
      HTTPResponseWriter.answer(
        status, fields: fields, body: body.canonicalBytes, keepsAlive: request.keepsAlive),
      keepsAlive: request.keepsAlive)
  }
}
