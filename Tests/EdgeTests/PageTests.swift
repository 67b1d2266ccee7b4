// The status page without its thread: who gets in, what is answered, what is drawn.

import Delivery
import OpenSSLEdge
import Primitives
import Testing

@testable import takt

/// A desk with a picture, and what was left with it.
private final class PageRig {
  var picture: JSONValue? = [
    "gateway": "gw-1", "version": "1", "machines": [["name": "press", "state": "running"]],
    "journal": ["sequence": 7],
  ]
  var now = Instant.boot
  var left: [(request: JSONValue, by: String)] = []
  var verified = 0

  func desk(users: String?, isLocal: Bool = true) throws -> PageDesk {
    let door = PageDoor(
      users: try users.map { try PageUsers(text: $0) },
      tools: .init(
        verify: { password, hash in
          self.verified += 1
          return hash == "hash of \(password)"
        }, digest: SHA256.digest))
    let sources = PageSources(
      picture: { self.picture }, reasons: { ["reasons": []] },
      leave: { request, by in
        self.left.append((request, by))
        return ["ticket": 5]
      }, outcome: { ["state": .string("of \($0)")] }, now: { self.now })
    return PageDesk(door: door, sources: sources, isLocal: isLocal)
  }
}

/// A request with its fields.
private func request(
  _ target: String, method: String = "GET", host: String = "localhost:8080",
  user: String? = nil, _ more: [(String, String)] = [], body: String = ""
) -> HTTPRequest {
  var fields = HTTPFields()
  fields.add("Host", host)
  if let user { fields.add("Authorization", "Basic " + Base64.encode(Array(user.utf8))) }
  for field in more { fields.add(field.0, field.1) }
  return HTTPRequest(method: method, target: target, fields: fields, body: Array(body.utf8))
}

extension PageDesk {
  fileprivate mutating func ask(_ request: HTTPRequest) -> (status: Int, text: String) {
    guard case .answer(let bytes, _) = take(request, tell: { _ in }) else { return (0, "") }
    let text = String(decoding: bytes, as: UTF8.self)
    return (Int(text.split(separator: " ")[1]) ?? 0, text)
  }
}

private let crew = """
  # who may look
  lea:viewer:hash of looking on
  maria:operator:hash of knowing why
  """

@Suite("The status page's desk") struct PageDeskTests {
  @Test(arguments: [
    ("/", 200, "text/html"), ("/page.css", 200, "text/css"), ("/page.js", 200, "text/javascript"),
    ("/status.json", 200, "\"role\":\"viewer\""), ("/status.json?x", 200, "\"gw-1\""),
    ("/metrics", 200, "takt_machine_state{machine=\"press\",state=\"running\"} 1"),
    ("/healthz", 200, "ok"), ("/reasons.json", 200, "reasons"), ("/outcome/9", 200, "of 9"),
    ("/outcome/x", 404, "no such page"), ("/../etc/passwd", 404, "no such page"),
  ])
  func `every route answers`(target: String, status: Int, part: String) throws {
    let rig = PageRig()
    var desk = try rig.desk(users: nil)
    let answer = desk.ask(request(target))
    #expect(answer.status == status)
    #expect(answer.text.contains(part))
    #expect(answer.text.contains("frame-ancestors 'none'"))
    #expect(answer.text.contains("Cache-Control: no-store"))
  }

  @Test func `without names nobody can change anything`() throws {
    let rig = PageRig()
    var desk = try rig.desk(users: nil)
    let body = "{\"stop\":\"press-1\",\"reason\":\"jam\"}"
    let json = [("Content-Type", "application/json"), ("X-Takt", "page")]
    #expect(desk.ask(request("/classify", method: "POST", json, body: body)).status == 403)
    #expect(desk.ask(request("/", method: "POST", json, body: body)).status == 405)
    #expect(desk.ask(request("/status.json", method: "DELETE")).status == 405)
    #expect(rig.left.isEmpty)
  }

  @Test(arguments: ["gateway.example:8080", "127.0.0.1.example", "evil", ""])
  func `a plain page answers to the loopback's names only`(host: String) throws {
    let rig = PageRig()
    var desk = try rig.desk(users: nil)
    #expect(desk.ask(request("/status.json", host: host)).status == 421)
    #expect(desk.ask(request("/healthz", host: host)).status == 421)
    var open = try rig.desk(users: crew, isLocal: false)
    #expect(open.ask(request("/", host: host)).status == 401)
  }

  @Test(arguments: ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.1.2.3", "[::1]:8080"])
  func `those are answered`(host: String) throws {
    let rig = PageRig()
    var desk = try rig.desk(users: nil)
    #expect(desk.ask(request("/healthz", host: host)).status == 200)
  }

  @Test func `names are asked for, and roles hold`() throws {
    let rig = PageRig()
    var desk = try rig.desk(users: crew)
    let asked = desk.ask(request("/"))
    #expect(asked.status == 401)
    #expect(asked.text.contains("WWW-Authenticate: Basic realm=\"takt\""))
    #expect(desk.ask(request("/status.json", user: "lea:wrong")).status == 401)
    #expect(desk.ask(request("/status.json", user: "nobody:looking on")).status == 401)
    #expect(desk.ask(request("/healthz")).status == 200)
    let lea = desk.ask(request("/status.json", user: "lea:looking on"))
    #expect(lea.text.contains("\"you\":{\"name\":\"lea\",\"role\":\"viewer\"}"))
    let body = "{\"stop\":\"press-1\",\"reason\":\"jam\"}"
    let json = [("Content-Type", "application/json"), ("X-Takt", "page")]
    let refused = desk.ask(
      request("/classify", method: "POST", user: "lea:looking on", json, body: body))
    #expect(refused.status == 403)
    let taken = desk.ask(
      request("/classify", method: "POST", user: "maria:knowing why", json, body: body))
    #expect(taken.status == 202)
    #expect(rig.left.map(\.by) == ["maria"])
    #expect(rig.left.first?.request["reason"]?.string == "jam")
  }

  @Test func `another site cannot make a browser classify`() throws {
    let rig = PageRig()
    var desk = try rig.desk(users: crew)
    let body = "{\"stop\":\"press-1\",\"reason\":\"jam\"}"
    let user = "maria:knowing why"
    let form = [("Content-Type", "text/plain")]
    #expect(
      desk.ask(request("/classify", method: "POST", user: user, form, body: body)).status == 403)
    let json = [("Content-Type", "application/json")]
    #expect(
      desk.ask(request("/classify", method: "POST", user: user, json, body: body)).status == 403)
    #expect(rig.left.isEmpty)
  }

  @Test func `guessing shuts the door, and what was right once stays right`() throws {
    let rig = PageRig()
    var desk = try rig.desk(users: crew)
    #expect(desk.ask(request("/", user: "lea:looking on")).status == 200)
    for _ in 0..<PageLimits.wrongPasswords {
      #expect(desk.ask(request("/", user: "lea:guess")).status == 401)
    }
    let before = rig.verified
    #expect(desk.ask(request("/", user: "lea:guess")).status == 429)
    #expect(rig.verified == before)
    #expect(desk.ask(request("/", user: "lea:looking on")).status == 200)
    rig.now = rig.now + PageLimits.shutFor
    #expect(desk.ask(request("/", user: "maria:knowing why")).status == 200)
  }

  @Test func `before the first report, and while the disk fails, health says so`() throws {
    let rig = PageRig()
    var desk = try rig.desk(users: nil)
    rig.picture = ["journal": ["fault": "writing the journal: full"]]
    #expect(desk.ask(request("/healthz")).status == 503)
    rig.picture = nil
    for target in ["/healthz", "/status.json", "/metrics"] {
      #expect(desk.ask(request(target)).status == 503)
    }
  }

  @Test(arguments: [
    ("lea", "line 1: a name, a role and a hash"), ("a:boss:x", "line 1: \"boss\" is no role"),
    ("a:viewer:x\na:viewer:y", "line 2: a is given a second time"),
  ])
  func `a broken password file is named`(text: String, part: String) {
    #expect { try PageUsers(text: text) } throws: { "\($0)".contains(part) }
  }

  @Test func `a password is stored as what cannot be turned back`() throws {
    let first = try PasswordHash.make("knowing why")
    #expect(first != (try PasswordHash.make("knowing why")))
    #expect(!first.contains("knowing"))
    #expect(PasswordHash.verify("knowing why", first))
    #expect(!PasswordHash.verify("knowing whY", first))
    #expect(!PasswordHash.verify("", ""))
    #expect(!PasswordHash.verify("x", first.replacing("210000", with: "2100000000")))
  }
}

@Suite("The status page's story") struct PageStoryTests {
  private func event(_ type: String, _ time: String, _ data: JSONValue) -> JSONValue {
    [
      "type": .string(type), "source": "urn:isa95:acme:vienna:stamping:line1:press",
      "time": .string("2026-03-02T\(time).000Z"), "data": data,
    ]
  }

  @Test func `events become a timeline and a Pareto`() {
    let start = WallTime(text: "2026-03-02T08:00:00.000Z") ?? .earliest
    let now = WallTime(text: "2026-03-02T09:00:00.000Z") ?? .earliest
    var story = PageStory(machines: ["press"], since: start)
    let state = "takt.state.changed.v1"
    story.hear(
      event(state, "08:10:00", ["state": "stopped", "previous": "running", "durationMs": 900_000]))
    story.hear(
      event(
        "takt.stop.started.v1", "08:10:00",
        ["stopId": "press-1", "cause": ["text": "no reason"], "category": "unplanned"]))
    story.hear(
      event(
        "takt.stop.classified.v1", "08:11:00",
        [
          "stopId": "press-1", "cause": ["text": "Jammed"], "category": "unplanned",
        ]))
    story.hear(
      event(state, "08:20:00", ["state": "running", "previous": "stopped", "durationMs": 600_000]))
    story.hear(
      event(
        "takt.stop.ended.v1", "08:20:00",
        [
          "stopId": "press-1", "cause": ["text": "Jammed"], "durationMs": 600_000,
        ]))
    story.hear(
      event(
        "takt.stop.started.v1", "08:50:00", ["stopId": "press-2", "cause": ["text": "Guard"]]))
    let told = story.json("press", now: now)
    let spans = told["spans"]?.array ?? []
    #expect(spans.map { $0["state"]?.string } == ["running", "stopped", "running"])
    // The state before began before anybody looked: the picture begins with the story.
    #expect(spans.first?["from"]?.string == "2026-03-02T08:00:00.000Z")
    #expect(spans.last?["to"] == nil)
    let pareto = told["pareto"]?.array ?? []
    #expect(pareto.map { $0["text"]?.string } == ["Jammed", "Guard"])
    #expect(pareto.map { $0["durationMs"]?.integer } == [600_000, 600_000])
    #expect(story.json("saw", now: now)["spans"]?.array?.isEmpty == true)
  }

  @Test func `a machine that never rests fills a bounded story`() {
    var story = PageStory(machines: ["press"], since: .earliest)
    for step in 0..<2000 {
      let time = WallTime(milliseconds: 1_772_438_400_000 + Int64(step) * 1000)
      let state: JSONValue = step.isMultiple(of: 2) ? "running" : "stopped"
      story.hear([
        "type": "takt.state.changed.v1", "source": "urn:isa95:a:b:c:d:press",
        "time": .string(time.text), "data": ["state": state],
      ])
      story.hear([
        "type": "takt.stop.started.v1", "source": "urn:isa95:a:b:c:d:press",
        "time": .string(time.text),
        "data": ["stopId": .string("press-\(step)"), "cause": ["text": .string("why \(step)")]],
      ])
    }
    let told = story.json("press", now: WallTime(milliseconds: 1_772_440_400_000))
    #expect(told["spans"]?.array?.count == PageLimits.spans)
    #expect(told["pareto"]?.array?.count == PageLimits.stops)
  }

  @Test(arguments: [
    "{}", "{\"type\":\"takt.state.changed.v1\"}",
    "{\"type\":\"takt.stop.ended.v1\",\"source\":\"press\",\"time\":\"x\",\"data\":{}}",
    "{\"type\":\"takt.state.changed.v1\",\"source\":\"press\","
      + "\"time\":\"2026-03-02T08:00:00.000Z\",\"data\":{\"state\":\"a\",\"previous\":\"b\","
      + "\"durationMs\":9007199254740991}}",
  ])
  func `odd events do no harm`(text: String) throws {
    var story = PageStory(machines: ["press"], since: .earliest)
    story.hear(try JSONValue(parsing: Array(text.utf8)))
    _ = story.json("press", now: .latest)
  }
}

@Suite("The metrics") struct PageMetricsTests {
  @Test func `names that would break the format are escaped`() {
    let text = PageMetrics.text([
      "gateway": "a\"b\\c\nd", "version": "1",
      "buses": [
        [
          "name": "b", "link": "up",
          "units": [
            ["name": "b/1", "contact": "good", "answers": ["p99Us": 1234]]
          ],
        ]
      ],
      "uplinks": [["name": "mes", "depth": 3, "oldestMs": 61_005]],
    ])
    #expect(text.contains("takt_info{gateway=\"a\\\"b\\\\c\\nd\",version=\"1\"} 1\n"))
    #expect(text.contains("takt_unit_answer_p99_seconds{bus=\"b\",unit=\"b/1\"} 0.001234\n"))
    #expect(text.contains("takt_uplink_oldest_age_seconds{uplink=\"mes\"} 61.005\n"))
    #expect(!text.contains("takt_machine_good_pieces_total{"))
  }

  @Test func `each family is declared once, before its samples`() {
    let text = PageMetrics.text(["machines": [["name": "m", "state": "running", "goodTotal": 1]]])
    var declared: Set<Substring> = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if line.hasPrefix("# TYPE") {
        #expect(declared.insert(words[2]).inserted)
      } else if !line.hasPrefix("#") {
        #expect(declared.contains(words[0].prefix { $0 != "{" }))
      }
    }
    #expect(declared.count > 15)
  }
}
