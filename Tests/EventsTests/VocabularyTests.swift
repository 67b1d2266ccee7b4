// The vocabulary: which fact becomes which event, with which data.

import Events
import Machines
import Primitives
import Signals
import Testing

@Suite("What events say")
struct VocabularyTests {
  static let names = EventNames(
    signals: [
      EventNames.Signal(name: "fault"), EventNames.Signal(name: "temperature", unit: "°C"),
    ],
    units: [EventNames.Unit(bus: "hall", name: "plc-1")])

  static let stop = StopRecord(
    stopID: "press-1-00c0ffee-7", startedAt: testStamp, endedAt: testStamp,
    duration: .milliseconds(61_500), noContact: .milliseconds(900),
    cause: Cause(code: 12, text: "Tool broken", from: .plc), category: .unplanned,
    costCenter: "4711", classified: true, approximate: true, revision: 2)

  static let time = "2026-03-02T07:15:30.250Z"

  static let told: [(Fact.Kind, EventType, subject: String?, data: String)] = [
    (
      .stateChanged(
        state: .running, previous: .stopped, duration: .seconds(2),
        cause: nil), .stateChanged, nil,
      #"{"durationMs":2000,"e10":"PRD","packmlMode":"Production","packmlState":"Execute","#
        + #""previous":"stopped","state":"running"}"#
    ),
    (
      .stateChanged(state: .noContact, previous: .running, duration: .seconds(1), cause: nil),
      .stateChanged, nil,
      #"{"durationMs":1000,"packmlState":"Undefined","previous":"running","state":"noContact"}"#
    ),
    (
      .stopStarted(stop, evidence: Evidence(signal: SignalID(0), value: .integer(12))),
      .stopStarted, stop.stopID,
      #"{"category":"unplanned","cause":{"code":12,"from":"plc","text":"Tool broken"},"#
        + #""classified":true,"costCenter":"4711","evidence":{"signal":"fault","value":12},"#
        + #""startedAt":"\#(time)","stopId":"press-1-00c0ffee-7"}"#
    ),
    (
      .stopClassified(stop, by: "anna"), .stopClassified, stop.stopID,
      #"{"by":"anna","category":"unplanned","cause":{"code":12,"from":"plc","text":"Tool broken"},"#
        + #""costCenter":"4711","revision":2,"stopId":"press-1-00c0ffee-7"}"#
    ),
    (
      .stopEnded(stop), .stopEnded, stop.stopID,
      #"{"approximate":true,"category":"unplanned","cause":{"code":12,"from":"plc","#
        + #""text":"Tool broken"},"classified":true,"costCenter":"4711","durationMs":61500,"#
        + #""endedAt":"\#(time)","noContactMs":900,"startedAt":"\#(time)","#
        + #""stopId":"press-1-00c0ffee-7"}"#
    ),
    (
      .counted(
        CountRecord(
          from: testStamp, to: testStamp, good: 12, scrap: 1, goodTotal: 48_123, scrapTotal: 377,
          recovered: true)), .productionCount, nil,
      #"{"from":"\#(time)","goodQuantity":12,"goodTotal":48123,"recovered":true,"reset":false,"#
        + #""reworkQuantity":0,"rollover":false,"scrapQuantity":1,"scrapTotal":377,"#
        + #""to":"\#(time)","uom":"PCE"}"#
    ),
    (
      .counterAnomaly(
        CounterAnomaly(
          signal: SignalID(9), before: .max, after: 3, verdict: .reset, booked: 3, notBooked: 0)),
      .counterAnomaly, nil,
      #"{"after":3,"before":"18446744073709551615","booked":3,"notBooked":0,"signal":"signal-9","#
        + #""verdict":"reset"}"#
    ),
    (
      .contactLost(unit: UnitID(0), cause: .noContact), .contactLost, nil,
      #"{"bus":"hall","cause":"noContact","machine":"press-1","unit":"plc-1"}"#
    ),
    (
      .contactRestored(unit: UnitID(0), duration: .seconds(3)), .contactRestored, nil,
      #"{"bus":"hall","durationMs":3000,"machine":"press-1","unit":"plc-1"}"#
    ),
  ]

  @Test(arguments: told.indices)
  func `each fact is told in the words of the vocabulary`(index: Int) throws {
    let (kind, type, subject, data) = Self.told[index]
    let draft = try #require(
      EventDraft(
        Fact(at: testStamp, kind: kind), EventContext(machine: "press-1", uom: "PCE"),
        names: Self.names))
    #expect(draft.type == type)
    #expect(draft.subject == subject)
    #expect(draft.partitionKey == "press-1")
    #expect(draft.data.canonicalText == data)
  }

  @Test func `F50: a stop without loss of contact has no member for it, unknown has no class`()
    throws
  {
    var stop = Self.stop
    (stop.noContact, stop.cause.code, stop.costCenter) = (.zero, nil, nil)
    let draft = try #require(
      EventDraft(
        Fact(at: testStamp, kind: .stopEnded(stop)), EventContext(machine: "m", uom: "PCE"),
        names: Self.names))
    #expect(draft.data["noContactMs"] == nil)
    #expect(draft.data["costCenter"] == nil)
    #expect(draft.data["cause"]?.object?.keys.sorted() == ["from", "text"])
  }

  @Test(
    arguments: [
      (20.0, "20"), (0.1, "0.1"), (-0.0, "0"), (-2.5, "-2.5"), (1e-7, "0.0000001"),
      (1.25e-10, "0.000000000125"), (1e16, "10000000000000000"), (1.5e20, "150000000000000000000"),
      (123_456.789, "123456.789"), (5e-5, "0.00005"), (100.0, "100"), (1e21, "1" + zeros(21)),
      (Double.leastNonzeroMagnitude, "0." + zeros(323) + "5"),
    ] as [(Double, String)])
  func `a decimal is the shortest text without an exponent`(value: Double, text: String) {
    #expect(EventValue.decimal(value) == text)
    #expect(Double(text) == value)
  }

  @Test(
    arguments: [
      (55.7, "55.7"), (0.1, "0.1"), (-3.25, "-3.25"), (16_777_216, "16777216"), (1e-5, "0.00001"),
    ] as [(Float, String)])
  func `a single-precision value is told with its own digits`(_ value: Float, _ text: String) {
    #expect(EventValue.decimal(value) == text)
  }

  @Test(
    arguments: [
      (3 * 0.1, "0.3"), (-3 * 0.1, "-0.3"), (557 * 0.1, "55.7"), (0, "0"),
      (1e7 / 3, "3333333.333333334"),
      (123_456_789.5, "123456789.5"), (.infinity, nil), (.nan, nil),
    ] as [(Double, String?)])
  func `scaling leaves no noise behind the point`(_ value: Double, _ text: String?) {
    #expect(EventValue.decimal(EventValue.withoutNoise(value)) == text)
  }

  @Test func `any double reads back from its text as itself`() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: generator.next())
      guard let text = EventValue.decimal(value) else {
        #expect(!value.isFinite)
        continue
      }
      #expect(Double(text) == value)
      #expect(text.utf8.allSatisfy { (48...57).contains($0) || $0 == 45 || $0 == 46 })
    }
  }

  @Test func `integers that readers would round are texts`() {
    #expect(EventValue.value(.integer(1 << 53)) == .integer(1 << 53))
    #expect(EventValue.value(.integer((1 << 53) + 1)) == "9007199254740993")
    #expect(EventValue.value(.integer(.min)) == "-9223372036854775808")
    #expect(EventValue.value(.unsigned(.max)) == "18446744073709551615")
    #expect(EventValue.value(.real(.nan)) == nil)
    #expect(EventValue.value(.text(0x4241)) == "AB")
    #expect(EventValue.value(.none) == nil)
  }

  @Test func `a window of signals is cut so that every sample is told within the limit`() throws {
    var samples: [WindowSample] = []
    for number in 0..<1000 {
      samples.append(
        WindowSample(
          signal: SignalID(number % 3), at: testStamp, value: .real(Double(number) / 8),
          quality: number % 7 == 0 ? .noContact : .good))
    }
    samples.append(
      WindowSample(
        signal: SignalID(1), at: testStamp,
        value: .string(String(repeating: "\u{1}\"", count: 400)), quality: .good))
    let drafts = EventDraft.signalsChanged(
      samples, machine: "press-1", from: testStamp, to: testStamp, names: Self.names)
    #expect(drafts.count > 1)
    var chain = try testChain()
    var notary = TestNotary()
    var told: [JSONValue] = []
    for draft in drafts {
      let event = try chain.seal(draft, reading: testReading, notary: &notary)
      #expect(event.bytes.count <= EventLimits.eventBytes)
      #expect(try JSONValue(parsing: event.bytes).canonicalBytes == event.bytes)
      told += draft.data["samples"]?.array ?? []
      #expect(draft.data["units"] == ["temperature": "°C"])
    }
    #expect(told.count == samples.count)
    #expect(
      told[1].canonicalText
        == #"{"at":"\#(Self.time)","quality":"good","signal":"temperature","value":"0.125"}"#)
    #expect(
      EventDraft.signalsChanged(
        [], machine: "m", from: testStamp, to: testStamp, names: Self.names
      ).isEmpty)
  }

  @Test func `F31: what was dropped is told with range, count, place and reason`() throws {
    let loss = Loss(
      range: .sequences(17, through: 80), count: 64, place: "journal", why: "the journal is full")
    let draft = EventDraft.eventsDropped(try testSource(), at: testStamp, loss)
    #expect(
      draft.data.canonicalText
        == #"{"count":64,"fromSequence":17,"toSequence":80,"where":"journal","#
        + #""why":"the journal is full"}"#)
    let timed = Loss(
      range: .times(testStamp.wall, to: testStamp.wall), count: 1, place: "ring", why: "full")
    #expect(
      EventDraft.eventsDropped(try testSource(), at: testStamp, timed).data["from"]?.string
        == Self.time)
  }

  @Test func `the gateway tells its start, health, clock and stop`() throws {
    let source = try testSource()
    let started = EventDraft.gatewayStarted(
      source, at: testStamp, version: "1", configurationDigest: "ab", lastRun: .powerLost,
      outage: .seconds(9))
    #expect(
      started.data.canonicalText
        == #"{"configurationDigest":"ab","lastRun":"powerLost","outageMs":9000,"version":"1"}"#)
    let health = GatewayHealth(
      uplinks: [UplinkHealth(name: "mes", depth: 3, oldestAge: .seconds(1))], clock: .held,
      diskFreeBytes: 5)
    #expect(
      EventDraft.gatewayHealth(source, at: testStamp, health).data.canonicalText
        == #"{"clock":"held","diskFreeBytes":5,"samplesLost":0,"#
        + #""uplinks":[{"depth":3,"name":"mes","oldestAgeMs":1000}]}"#)
    let corrected = EventDraft.clockCorrected(
      source, at: testStamp, bootID: "b", offsetMilliseconds: -5)
    #expect(corrected.data.canonicalText == #"{"bootid":"b","offsetMs":-5}"#)
    let stopped = EventDraft.gatewayStopped(
      source, at: testStamp, version: "1", configurationDigest: "ab", why: "SIGTERM")
    #expect(stopped.partitionKey == "gw17")
    #expect(stopped.data["why"] == "SIGTERM")
  }
}

private func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
