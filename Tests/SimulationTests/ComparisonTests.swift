// The judge of every acceptance: each planted lie must be found, with its sentence.

import Primitives
import Simulation
import Testing

private let start: Int64 = 1_772_431_200_000

private func time(_ seconds: Double) -> JSONValue {
  .string(WallTime(milliseconds: start + Int64(seconds * 1000)).text)
}

/// A true stop, in seconds from the start.
private func stop(_ from: Double, _ to: Double?, code: Int64? = 12) -> JSONValue {
  [
    "kind": "stop", "machine": "press-1", "startedAt": time(from),
    "endedAt": to.map(time) ?? .null, "code": code.map { .integer($0) } ?? .null,
  ]
}

private func total(good: Int64, scrap: Int64 = 0) -> JSONValue {
  ["kind": "total", "machine": "press-1", "good": .integer(good), "scrap": .integer(scrap)]
}

private func reset(at: Double, good: Int64, scrap: Int64 = 0) -> JSONValue {
  [
    "kind": "reset", "machine": "press-1", "at": time(at), "good": .integer(good),
    "scrap": .integer(scrap),
  ]
}

/// An event as a receiver wrote it; each number is another id.
private func event(
  _ number: Int, _ type: String, at: Double = 0, _ data: [String: JSONValue]
) -> JSONValue {
  [
    "source": "urn:isa95:acme:vienna:stamping:line1:press-1", "id": .string("gw-00-\(number)"),
    "type": .string("takt.\(type).v1"), "time": time(at), "data": .object(data),
  ]
}

private func started(_ number: Int, _ id: String, _ from: Double, code: Int64? = 12) -> JSONValue {
  var data: [String: JSONValue] = ["stopId": .string(id), "startedAt": time(from)]
  if let code { data["cause"] = ["code": .integer(code)] }
  return event(number, "stop.started", data)
}

private func ended(
  _ number: Int, _ id: String, _ from: Double, _ to: Double, code: Int64? = 12,
  approximate: Bool = false
) -> JSONValue {
  var data: [String: JSONValue] = [
    "stopId": .string(id), "startedAt": time(from), "endedAt": time(to),
    "approximate": .bool(approximate),
  ]
  if let code { data["cause"] = ["code": .integer(code)] }
  return event(number, "stop.ended", data)
}

private func counted(_ number: Int, good: Int64, scrap: Int64 = 0) -> JSONValue {
  event(
    number, "production.count",
    ["goodQuantity": .integer(good), "scrapQuantity": .integer(scrap)])
}

private func anomaly(
  _ number: Int, at: Double, before: Int64, after: Int64 = 0, verdict: String = "reset",
  booked: Int64 = 0
) -> JSONValue {
  event(
    number, "counter.anomaly", at: at,
    [
      "signal": "good", "before": .integer(before), "after": .integer(after),
      "verdict": .string(verdict), "booked": .integer(booked), "notBooked": 0,
    ])
}

private func compare(_ truth: [JSONValue], _ received: [JSONValue]) -> ComparisonReport {
  Comparison.run(
    truth: truth, received: received,
    tolerance: ComparisonTolerance(watched: .seconds(1), approximate: .seconds(5)))
}

@Suite struct `The comparison with the truth` {
  private let truth = [stop(10, 20), stop(40, 50, code: 34), total(good: 100, scrap: 3)]
  private let received = [
    started(1, "a", 10.4), counted(2, good: 60, scrap: 3), ended(3, "a", 10.4, 20.3),
    started(4, "b", 40.2, code: 34), ended(5, "b", 40.2, 50.2, code: 34), counted(6, good: 40),
  ]

  @Test func `what is told truly agrees, and says what it compared`() {
    let report = compare(truth, received)
    #expect(report.findings.isEmpty && report.agrees)
    #expect(report.stopsInTruth == 2 && report.stopsMatched == 2)
    #expect(report.piecesInTruth == 103 && report.piecesBooked == 103)
    #expect(report.events == 6 && report.duplicates == 0)
  }

  @Test func `a second copy is dropped by its id and counted`() {
    let report = compare(truth, received + received.prefix(3))
    #expect(report.agrees)
    #expect(report.duplicates == 3)
  }

  @Test func `a stop that never arrived is found`() {
    let report = compare(truth, Array(received.prefix(3)) + [counted(6, good: 40)])
    #expect(
      report.findings == [
        "press-1: the stop 2026-03-02T06:00:40.000Z to 2026-03-02T06:00:50.000Z (code 34) "
          + "never arrived"
      ])
  }

  @Test func `a stop that never happened is found`() {
    let report = compare(truth, received + [started(7, "c", 70), ended(8, "c", 70, 80)])
    #expect(
      report.findings == [
        "press-1: the stop 2026-03-02T06:01:10.000Z to 2026-03-02T06:01:20.000Z (code 12, c) "
          + "arrived but never happened"
      ])
  }

  @Test func `one stop told under two ids is one too many`() {
    let report = compare(truth, received + [started(7, "a2", 10.4), ended(8, "a2", 10.4, 20.3)])
    #expect(report.findings.count == 1)
    #expect(report.findings.first?.hasSuffix("arrived but never happened") == true)
  }

  @Test func `a stop that ended twice is found`() {
    let report = compare(truth, received + [ended(7, "a", 10.4, 20.3)])
    #expect(report.findings == ["press-1: stop a ended twice"])
  }

  @Test func `a wrong code is found`() {
    var wrong = received
    wrong[0] = started(1, "a", 10.4, code: 99)
    wrong[2] = ended(3, "a", 10.4, 20.3, code: 99)
    let findings = compare(truth, wrong).findings
    #expect(findings.count == 2)
    #expect(findings.first?.contains("(code 12) never arrived") == true)
    #expect(findings.last?.contains("(code 99, a) arrived but never happened") == true)
  }

  @Test(arguments: [(11.2, 20.3), (8.8, 20.3), (10.4, 21.2), (10.4, 18.8)])
  func `times outside of the tolerance are found`(from: Double, to: Double) {
    var wrong = received
    wrong[0] = started(1, "a", from)
    wrong[2] = ended(3, "a", from, to)
    #expect(compare(truth, wrong).findings.count == 2)
  }

  @Test func `where nobody was looking the wider tolerance holds, and no wider one`() {
    var wide = received
    wide[0] = started(1, "a", 13)
    wide[2] = ended(3, "a", 13, 24.5, approximate: true)
    #expect(compare(truth, wide).agrees)
    wide[2] = ended(3, "a", 13, 25.5, approximate: true)
    #expect(compare(truth, wide).findings.count == 2)
  }

  @Test func `a stop that is still open must be open on both sides`() {
    let open = [stop(10, nil), total(good: 0)]
    #expect(compare(open, [started(1, "a", 10)]).agrees)
    #expect(compare(open, [started(1, "a", 10), ended(2, "a", 10, 20)]).findings.count == 2)
    #expect(compare([stop(10, 20), total(good: 0)], [started(1, "a", 10)]).findings.count == 2)
  }

  @Test(arguments: [(39, 1), (41, -1)] as [(Int64, Int64)])
  func `pieces that are missing or invented are found`(told: Int64, missing: Int64) {
    var wrong = received
    wrong[5] = counted(6, good: told)
    #expect(
      compare(truth, wrong).findings == [
        "press-1: 100 good made, \(60 + told) booked, 0 unknowable: \(missing) missing "
          + "(negative: invented)"
      ])
  }

  @Test func `pieces between the last read and a reset are owed by nobody`() {
    let truth = [reset(at: 30, good: 57), total(good: 100)]
    let told = [counted(1, good: 55), anomaly(2, at: 33, before: 55), counted(3, good: 43)]
    let report = compare(truth, told)
    #expect(report.agrees)
    #expect(report.piecesUnknowable == 2)
    // With the reset told but pieces after it missing, it is no excuse.
    #expect(
      compare(truth, [told[0], told[1], counted(3, good: 40)]).findings == [
        "press-1: 100 good made, 95 booked, 2 unknowable: 3 missing (negative: invented)"
      ])
  }

  @Test func `a reset that nobody told excuses a few pieces and not many`() {
    #expect(compare([reset(at: 30, good: 3), total(good: 50)], [counted(1, good: 47)]).agrees)
    #expect(!compare([reset(at: 30, good: 30), total(good: 50)], [counted(1, good: 20)]).agrees)
  }

  @Test func `an event without a source or data is found`() {
    let report = compare([], [["id": "gw-00-1", "type": "takt.stop.started.v1"]])
    #expect(report.findings == ["an event has no source or no data:  gw-00-1"])
  }

  @Test func `a machine of which nothing was told is found`() {
    let findings = compare([stop(10, 20), total(good: 5)], []).findings
    #expect(findings.count == 2)
  }
}
