// What was learnt about units, on its way into a file and back, and at the start of a step.

import Gateway
import Polling
import Primitives
import Signals
import Testing

private func reading(monotonic seconds: Int64, wall: String) throws -> ClockReading {
  ClockReading(
    monotonic: Instant(nanoseconds: seconds * 1_000_000_000),
    wall: try #require(WallTime(text: wall)), quality: .synchronised, bootID: "boot")
}

private func refusal(
  _ unit: UInt8, _ addresses: ClosedRange<UInt16>, at seconds: Int64, tries: Int = 0
) -> LearntRefusal {
  LearntRefusal(
    unit: unit, table: .holding, addresses: addresses, exception: 2,
    since: Instant(nanoseconds: seconds * 1_000_000_000), tries: tries)
}

@Suite struct `A file of what was learnt` {
  @Test func `F2: is canonical, and tells when it was in wall time`() throws {
    let now = try reading(monotonic: 100, wall: "2026-03-02T07:15:30.250Z")
    let document = LearntDocument(buses: ["line": [refusal(7, 37...37, at: 40, tries: 3)]])
    #expect(
      String(decoding: document.bytes(at: now), as: UTF8.self)
        == #"{"learnt":[{"bus":"line","exception":2,"first":37,"last":37,"#
        + #""learnedAt":"2026-03-02T07:14:30.250Z","table":"holding","tries":3,"unit":7}],"#
        + #""version":1}"# + "\n")
  }

  @Test func `comes back as it was, in another boot as well`() throws {
    let before = try reading(monotonic: 100, wall: "2026-03-02T07:15:30.250Z")
    let buses = [
      "a": [refusal(7, 37...37, at: 40, tries: 3), refusal(7, 1...10, at: -5)],
      "b": [refusal(247, 0...65_535, at: 99)],
      "c": [
        LearntRefusal(
          unit: 3, table: .input, addresses: 0...99, exception: 0, since: Instant(nanoseconds: 0),
          tries: 6, longest: 60)
      ],
    ]
    let bytes = LearntDocument(buses: buses).bytes(at: before)
    #expect(try LearntDocument(parsing: bytes, at: before).buses == buses)
    let after = try reading(monotonic: 3, wall: "2026-03-02T07:16:30.250Z")
    let again = try LearntDocument(parsing: bytes, at: after)
    #expect(again.buses["a"]?[0] == refusal(7, 37...37, at: -117, tries: 3))
    #expect(again.bytes(at: after) == bytes)
  }

  @Test func `a clock that was set back makes nothing young or old beyond sense`() throws {
    let before = try reading(monotonic: 100, wall: "2026-03-02T07:15:30.250Z")
    let bytes = LearntDocument(buses: ["a": [refusal(1, 0...0, at: 90)]]).bytes(at: before)
    let early = try reading(monotonic: 5, wall: "1970-01-01T00:00:05.000Z")
    #expect(try LearntDocument(parsing: bytes, at: early).buses["a"]?[0].since == early.monotonic)
  }

  @Test func `is bounded however much there is`() throws {
    let now = try reading(monotonic: 100, wall: "2026-03-02T07:15:30.250Z")
    let many = (0..<5000).map { refusal(1, UInt16($0)...UInt16($0), at: 0) }
    let bytes = LearntDocument(buses: ["a": many, "b": many]).bytes(at: now)
    #expect(bytes.count <= LearntDocument.byteLimit)
    let read = try LearntDocument(parsing: bytes, at: now)
    #expect(read.buses.values.map(\.count).reduce(0, +) == LearntDocument.entryLimit)
  }

  @Test(arguments: [
    ("", "reading JSON at byte 0"), ("{}", "not of version 1"),
    (#"{"version":2,"learnt":[]}"#, "not of version 1"),
    (#"{"version":1,"learnt":[{}]}"#, "entry 1 is none"),
    (#"{"version":1,"learnt":"#, "reading JSON"),
  ])
  func `that is broken is refused with a sentence`(text: String, sentence: String) throws {
    let now = try reading(monotonic: 1, wall: "2026-03-02T07:15:30.250Z")
    let fault = #expect(throws: LearntFault.self) {
      try LearntDocument(parsing: Array(text.utf8), at: now)
    }
    #expect(fault?.description.contains(sentence) == true)
  }

  @Test(arguments: [
    ("unit", "256"), ("unit", "-1"), ("table", #""other""#), ("first", "38"), ("last", "65536"),
    ("exception", "4"), ("tries", "-1"), ("tries", "21"), ("learnedAt", #""yesterday""#),
    ("bus", "7"), ("longest", "0"), ("longest", "126"), ("longest", #""60""#),
  ])
  func `an entry that nobody could have written is refused`(member: String, value: String) throws {
    let now = try reading(monotonic: 1, wall: "2026-03-02T07:15:30.250Z")
    var members = [
      "bus": #""a""#, "exception": "2", "first": "37", "last": "37",
      "learnedAt": #""2026-03-02T07:14:30.250Z""#, "table": #""holding""#, "tries": "3",
      "unit": "7",
    ]
    func bytes() -> [UInt8] {
      let entry = members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
      return Array("{\"version\":1,\"learnt\":[{\(entry)}]}".utf8)
    }
    #expect(try LearntDocument(parsing: bytes(), at: now).buses["a"]?.count == 1)
    members[member] = value
    let fault = #expect(throws: LearntFault.self) {
      try LearntDocument(parsing: bytes(), at: now)
    }
    #expect(fault?.description == "entry 1 is none")
  }

  @Test func `more than the limit is not even parsed`() throws {
    let now = try reading(monotonic: 1, wall: "2026-03-02T07:15:30.250Z")
    let large = [UInt8](repeating: 32, count: LearntDocument.byteLimit + 1)
    #expect(throws: LearntFault.self) { try LearntDocument(parsing: large, at: now) }
  }
}

@Suite struct `A field step that knows its units` {
  private let definition: BusDefinition = {
    let bindings = (0..<3).map { index in
      ReadBinding(
        signal: SignalID(index), table: .holding, address: UInt16(index), count: 1,
        period: .milliseconds(100))
    }
    let unit = UnitDefinition(
      id: UnitID(0), name: "press", address: 7, timeout: .milliseconds(200), bindings: bindings)
    return BusDefinition(
      name: "line", line: .tcp(host: "plc", port: 502), connectTimeout: .seconds(1), units: [unit])
  }()

  private func values(_ consumer: inout RingConsumer) -> [(UInt32, Quality)] {
    var values: [(UInt32, Quality)] = []
    _ = consumer.drain(limit: 64) {
      if $0.kind == .value { values.append(($0.subject, $0.quality)) }
    }
    return values
  }

  @Test func `F2: says at the start what is refused, and again after the unit was away`() {
    let word = RegisterFormat(type: .u16, count: 1)
    let storage = RingStorage(capacity: 64)
    var consumer = RingConsumer(storage)
    let start = Instant(nanoseconds: 0)
    var step = FieldStep(
      bus: definition, signals: (0..<3).map { SignalDefinition(name: "s\($0)", format: word) },
      producer: RingProducer(storage), seed: 1, now: start,
      learnt: [refusal(7, 1...1, at: -60, tries: 8)])
    #expect(values(&consumer).map { "\($0) \($1)" } == ["1 refused"])
    _ = step.next(now: start)
    _ = step.openFailed(.timeout, now: start + .seconds(1))
    #expect(values(&consumer).filter { $0.1 == .noContact }.count == 3)
    var now = start + .seconds(2)
    _ = step.next(now: now)
    _ = step.opened(now: now)
    for _ in 0..<2 {
      guard case .read(let request) = step.next(now: now) else { continue }
      #expect(request.count == 1 && request.start != 1)
      let words = [UInt16](repeating: 5, count: Int(request.count))
      _ = step.answered(words: words, started: now, ended: now + .milliseconds(5))
      now = now + .milliseconds(5)
    }
    let told = values(&consumer).map { "\($0) \($1)" }
    #expect(told.sorted() == ["0 good", "1 refused", "2 good"])
    #expect(step.status.units[0].refusals.map(\.addresses) == [1...1])
    #expect(step.status.units[0].refused == 1)
  }

  @Test func `F14: contact is the age of the last answer, not the state of the link`() {
    let word = RegisterFormat(type: .u16, count: 1)
    let storage = RingStorage(capacity: 64)
    var step = FieldStep(
      bus: definition, signals: (0..<3).map { SignalDefinition(name: "s\($0)", format: word) },
      producer: RingProducer(storage), seed: 1, now: Instant(nanoseconds: 0))
    let start = Instant(nanoseconds: 0)
    func contact(_ seconds: Int64) -> String {
      step.status.units[0].contactWord(at: start + .seconds(seconds))
    }
    _ = step.next(now: start)
    _ = step.opened(now: start)
    #expect(step.status.link == "up")
    #expect(contact(0) == "never")
    guard case .read(let request) = step.next(now: start) else { return }
    _ = step.answered(
      words: [UInt16](repeating: 1, count: Int(request.count)), started: start, ended: start)
    #expect(contact(0) == "good")
    #expect(contact(5) == "good")
    #expect(contact(6) == "stale")
  }
}
