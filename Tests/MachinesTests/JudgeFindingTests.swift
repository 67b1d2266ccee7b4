// What the judge found, as the smallest lives that showed it, with what must be told of each.

import Machines
import Primitives
import Signals
import Testing

@Suite("What the judge found")
struct JudgeFindingTests {
  /// A machine that stands by a run bit and faults by a code.
  private func life(
    _ claims: [EvidenceClaim], _ scans: [(inout JudgeScan) -> Void],
    _ change: (inout StateRules) -> Void = { _ in }
  ) throws -> JudgeLife {
    var rules = StateRules(
      name: "cell-1", evidence: EvidenceRules(claims), shortStop: .zero, reasons: try Cell.table())
    change(&rules)
    var life = JudgeLife(states: rules, counters: [], scans: [])
    for (index, fill) in scans.enumerated() {
      var scan = JudgeScan()
      scan.at = Int64(index) * 100
      fill(&scan)
      life.scans.append(scan)
    }
    return life
  }

  private func stops(_ life: JudgeLife) throws -> [JudgeStop] {
    let told = try JudgeStatesBench.stops(life)
    #expect(told == JudgeStops(life, moves: JudgeCounts(life).moves).stops())
    return told
  }

  private static let codes = EvidenceRule(
    .code(Cell.code, [CodeMeaning([12], reason: "jam")], anyOther: false))

  // rccrr: the code is gone, and only its off delay still holds the stop.
  @Test func `a code that has gone is no cause, and takes none away (F48)`() throws {
    var rule = Self.codes
    rule.offDelay = .milliseconds(300)
    let life = try life(
      [EvidenceClaim(.fault, when: rule)], [{ _ in }, { $0.code = 12 }, { _ in }, { _ in }])
    let stop = try #require(try stops(life).first)
    #expect(stop.start == 100 && stop.reason == "jam" && stop.code == 12)
  }

  // _rr: the code shows, but what it is part of holds through its off delay alone.
  @Test func `a code is no cause of what only the delay of its group holds (F48)`() throws {
    let group = EvidenceRule(
      .any([
        EvidenceRule(.all([Self.codes, EvidenceRule(.bit(Cell.blocked))])),
        EvidenceRule(.not(EvidenceRule(.bit(Cell.run)))),
      ]), offDelay: .milliseconds(400))
    let life = try life(
      [EvidenceClaim(.planned, when: group)],
      [{ $0.run = false }, { $0.code = 12 }, { $0.code = 12 }])
    let stop = try #require(try stops(life).first)
    #expect(stop.reason == nil && stop.start == 0 && stop.end == nil)
  }

  // rc____: the PLC shows its code only for one scan, and the stop is told 300 ms later.
  @Test func `a code said before an interruption is told stays its cause (F48)`() throws {
    let life = try life(
      [
        EvidenceClaim(.running, when: EvidenceRule(.bit(Cell.run))),
        EvidenceClaim(.fault, when: Self.codes),
      ],
      [
        { _ in }, { ($0.run, $0.code) = (false, 12) }, { $0.run = false }, { $0.run = false },
        { $0.run = false }, { $0.run = false },
      ],
      { $0.ignoreUnder = .milliseconds(300) })
    let stop = try #require(try stops(life).first)
    #expect(stop.start == 100 && stop.reason == "jam" && stop.kind == .stopped)
  }

  // It stands because no code showed; the code that comes is no cause of that.
  @Test func `a code that speaks against a claim is not told as its cause`() throws {
    var rule = EvidenceRule(.not(Self.codes))
    rule.offDelay = .milliseconds(300)
    let life = try life(
      [EvidenceClaim(.setup, when: rule)], [{ _ in }, { $0.code = 12 }, { $0.code = 12 }])
    let stop = try #require(try stops(life).first)
    #expect(stop.reason == nil && stop.category == .planned)
  }

  // _xxx: the run bit is refused, so nobody knows what it does, but every count is read.
  @Test func `a stop that begins with a count that was read is not about then (F50)`() throws {
    var rules = [EvidenceClaim(.running, when: EvidenceRule(.bit(Cell.run)))]
    rules.append(
      EvidenceClaim(
        .stopped, when: EvidenceRule(.counterStands(Cell.count, .duration(.milliseconds(250))))))
    let life = try life(
      rules,
      [
        { $0.run = false }, { $0.run = nil }, { ($0.run, $0.count) = (nil, 502) },
        { ($0.run, $0.count) = (nil, 502) }, { ($0.run, $0.count) = (nil, 502) },
      ], { $0.counter = Cell.count })
    let told = try stops(life)
    #expect(told.map(\.start) == [0, 200])
    #expect(told.map(\.approximate) == [true, false])
  }

  private func counted(_ highest: UInt64, _ scans: [(inout JudgeScan) -> Void]) throws -> JudgeLife
  {
    var life = try life([EvidenceClaim(.fault, when: EvidenceRule(.bit(Cell.blocked)))], scans)
    life.countWindow = .zero
    life.counters = [
      RoleCounter(
        .good, CounterRules(signal: Cell.count, highest: highest, piecesPerSecond: 20)),
      RoleCounter(.scrap, CounterRules(signal: Cell.starved, highest: 65_535)),
    ]
    return life
  }

  // The good register is refused for one scan; a piece of scrap is seen when it is back.
  @Test func `a piece is never told in a window that ended before it was seen (F49)`() throws {
    let life = try counted(
      65_535, [{ _ in }, { $0.count = nil }, { ($0.count, $0.scrap) = (502, 21) }])
    let counts = try JudgeBench.live(life).counts
    let scrap = try #require(counts.first { $0.scrap > 0 })
    #expect(scrap.to.instant.milliseconds == 200 && !scrap.recovered)
    #expect(counts.first { $0.recovered }?.good == 2)
    #expect(try JudgeCase.parts(life) == nil)
  }

  // Of the second unit one signal is refused as the other one is read again: it answers always.
  @Test func `a unit that always answers with something is never told as lost (F50)`() throws {
    var life = try counted(
      65_535, [{ $0.level = nil }, { $0.pulse = nil }, { $0.level = nil }, { _ in }])
    life.far = [Cell.level, Cell.pulse]
    let lost = try JudgeBench.live(life).facts.count {
      if case .contactLost = $0.kind { true } else { false }
    }
    #expect(lost == 0)
  }

  // 9999, refused, |, 0: the PLC was there all the time, so it rolled over.
  @Test func `a restart after a refused register does not make a reset of a rollover (F49)`()
    throws
  {
    let life = try counted(
      9999,
      [
        { $0.count = 9999 }, { $0.count = nil },
        {
          $0.count = 0
          $0.restarted = true
        },
      ])
    let bench = try JudgeBench.live(life)
    #expect(bench.verdicts.map(\.verdict) == [.rollover])
    #expect(bench.counts.reduce(0) { $0 + $1.good } == 1)
  }

  /// A machine that stands by a code, with a counter that nothing of its evidence asks for.
  private func followed(_ scans: [(inout JudgeScan) -> Void]) throws -> [JudgeStop] {
    var life = try life([EvidenceClaim(.fault, when: Self.codes)], scans)
    life.countWindow = .zero
    life.counters = [
      RoleCounter(.good, CounterRules(signal: Cell.count, highest: 65_535))
    ]
    #expect(try JudgeCase.machine(life) == nil)
    return try JudgeBench.live(life).stops
  }

  // cc?c: a piece runs out while the stop is seen, and then contact is lost.
  @Test func `a piece that was seen during a stop does not end it after a loss (F50)`() throws {
    let stops = try followed([
      { $0.code = 12 }, { ($0.code, $0.count) = (12, 501) },
      { ($0.code, $0.count, $0.contact) = (12, 501, false) },
      { ($0.code, $0.count) = (12, 501) },
    ])
    #expect(stops.count == 1 && stops[0].start == 0 && stops[0].end == nil)
    #expect(stops[0].unseen == 100 && stops[0].approximate)
  }

  // cxx|c: its code is refused, so nobody knows; it counts on, and then the gateway restarts.
  @Test func `a piece made while nobody knew ends the stop, restart or not (F50)`() throws {
    for restarts in [false, true] {
      let stops = try followed([
        { $0.code = 12 }, { $0.code = nil }, { ($0.code, $0.count) = (nil, 501) },
        { ($0.code, $0.count, $0.restarted) = (12, 501, restarts) },
      ])
      #expect(stops.map(\.start) == [0, 300] && stops[0].end == 300)
    }
  }

  @Test func `the judge sees a stop that was moved and a part that was lost`() throws {
    var generator = JudgeGenerator(seed: 1)
    var seen = 0
    for _ in 0..<20 {
      let life = try generator.life(counts: true)
      let (stops, bookings) = (
        JudgeStops(life, moves: JudgeCounts(life).moves).stops(), JudgeCounts(life).bookings
      )
      let counts = try JudgeBench.live(life).counts
      #expect(JudgeWindows(bookings, life).fault(in: counts) == nil)
      guard bookings.contains(where: { $0.pieces > 0 }), !stops.isEmpty else { continue }
      #expect(JudgeWindows(bookings, life).fault(in: Array(counts.dropFirst())) != nil)
      var shifted = life
      for index in shifted.scans.indices { shifted.scans[index].at += 100 }
      #expect(try JudgeStatesBench.stops(shifted) != stops)
      seen += 1
    }
    #expect(seen > 5)
  }
}
