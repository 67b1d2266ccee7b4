// Shows a machine a recorded life as the field would: only what changed, everything after a start,
// a mark behind each scan, and what people and the calendar say when it happens.

import Machines
import Primitives
import Signals

struct JudgeBench {
  let life: JudgeLife
  private var machine: Machine
  private(set) var facts: [Fact] = []
  /// What the slower unit has read and not handed over, scan by scan; up to two scans of it.
  private var late: [[Sample]] = []
  private var random = SeededGenerator(seed: 7)
  private var told: [SignalID: (value: Value, quality: Quality)] = [:]
  private static let epoch = "e1"
  /// When the boot began whose monotonic time counts, and how many there were before it.
  private var (booted, boots): (Int64, Int) = (0, 0)

  init(_ life: JudgeLife) throws {
    self.life = life
    machine = try Machine(rules: life.machine, epoch: Self.epoch, reading: Self.first)
  }

  private static let first = ClockReading(
    monotonic: .boot, wall: WallTime(milliseconds: Stamp.judgedFrom), quality: .synchronised,
    bootID: "boot-0")

  private func instant(_ at: Int64) -> Instant { .milliseconds(at - booted) }

  private func reading(_ at: Int64) -> ClockReading {
    ClockReading(
      monotonic: instant(at), wall: WallTime(milliseconds: Stamp.judgedFrom + at),
      quality: .synchronised, bootID: "boot-\(boots)")
  }

  /// The whole life, and everything that was told of it.
  static func live(_ life: JudgeLife) throws -> JudgeBench {
    var bench = try JudgeBench(life)
    var planned = false
    for (index, scan) in life.scans.enumerated() {
      if scan.restarted, index > 0 {
        bench.handOver(all: true, life.scans[index - 1].at)
        let died = bench.reading(life.scans[max(0, index - 1)].at + 10)
        let kept = bench.machine.snapshot(reading: died)
        if scan.rebooted { (bench.booted, bench.boots) = (scan.at - 30, bench.boots + 1) }
        bench.machine = try Machine(
          rules: life.machine, epoch: epoch, snapshot: kept, reading: bench.reading(scan.at - 10))
        bench.told = [:]
        bench.machine.plan(planned, at: bench.stamp(scan.at - 10))
      }
      bench.show(scan)
      if !life.dies(after: index) { bench.say(scan, &planned) }
      planned = scan.planned
    }
    bench.handOver(all: true, life.end - 10)
    bench.mark(life.end - 10)
    if !life.far.isEmpty { bench.take([bench.farMark(life.end - 10)], at: life.end - 10) }
    bench.machine.flush(reading: bench.reading(life.end - 10), into: &bench.facts)
    return bench
  }

  private mutating func show(_ scan: JudgeScan) {
    var far: [Sample] = []
    for signal in JudgeScan.signals {
      let value = scan.value(of: signal)
      let quality: Quality =
        !life.answers(signal, scan) ? .noContact : value == nil ? .refused : .good
      let last = told[signal]
      let shown = quality == .good ? value ?? .none : last?.value ?? .none
      if let last, last.value == shown, last.quality == quality { continue }
      told[signal] = (shown, quality)
      let sample = Sample(
        signal: signal, at: instant(scan.at), value: shown, quality: quality)
      life.far.contains(signal) ? far.append(sample) : machine.take(sample)
    }
    mark(scan.at)
    guard !life.far.isEmpty else { return }
    late.append(far + [farMark(scan.at)])
    handOver(all: false, scan.at)
  }

  private func farMark(_ at: Int64) -> Sample {
    Sample(mark: UnitID(1), at: instant(at).advanced(nanoseconds: 1))
  }

  /// Hands over what the slower unit has read: all of it, or all but some scans.
  private mutating func handOver(all: Bool, _ at: Int64) {
    let kept = all ? 0 : Int.random(in: 0...2, using: &random)
    while late.count > kept { take(late.removeFirst(), at: at) }
  }

  private mutating func take(_ samples: [Sample], at: Int64) {
    for sample in samples { machine.take(sample) }
    machine.advance(reading: reading(at), into: &facts)
  }

  private func stamp(_ at: Int64) -> Stamp { Stamp(instant(at), reading(at)) }

  /// What people and the calendar say after a scan.
  private mutating func say(_ scan: JudgeScan, _ planned: inout Bool) {
    if scan.orderChanges { machine.cut(at: stamp(scan.at + 30)) }
    if scan.planned != planned { machine.plan(scan.planned, at: stamp(scan.at + 70)) }
  }

  private mutating func mark(_ at: Int64) {
    machine.take(Sample(mark: UnitID(0), at: instant(at).advanced(nanoseconds: 1)))
    machine.advance(reading: reading(at), into: &facts)
  }

  // MARK: What was told

  /// Every verdict on a counter.
  var verdicts: [JudgeVerdict] {
    facts.compactMap { fact in
      guard case .counterAnomaly(let told) = fact.kind else { return nil }
      return JudgeVerdict(
        at: fact.at.judged, signal: told.signal, before: told.before,
        after: told.after, verdict: told.verdict, booked: told.booked)
    }
  }

  var counts: [CountRecord] { facts.compactMap(\.counted) }

  /// Every stop as it was told last; contact that is lost at the end ends none.
  var stops: [JudgeStop] { Self.stops(facts, open: machine.status.stop) }

  /// Every stop in its last revision.
  static func stops(_ facts: [Fact], open: StopRecord?) -> [JudgeStop] {
    var records: [StopRecord] = []
    for fact in facts {
      let record: StopRecord
      switch fact.kind {
      case .stopStarted(let stop, _), .stopClassified(let stop, _), .stopEnded(let stop):
        record = stop
      case .stateChanged, .counted, .counterAnomaly, .contactLost, .contactRestored, .orderShown:
        continue
      }
      if let known = records.firstIndex(where: { $0.stopID == record.stopID }) {
        records[known] = record
      } else {
        records.append(record)
      }
    }
    if let open, let index = records.firstIndex(where: { $0.stopID == open.stopID }) {
      records[index] = open
    }
    return records.map { record in
      JudgeStop(
        start: record.startedAt.instant.milliseconds, end: record.endedAt?.instant.milliseconds,
        unseen: record.noContact.wholeMilliseconds, reason: record.cause.reason,
        code: record.cause.from == .plc ? record.cause.code : nil, category: record.category,
        kind: record.kind == .shortStop ? .stopped : record.kind, approximate: record.approximate)
    }
  }
}

extension Stamp {
  fileprivate static let judgedFrom: Int64 = 1_772_000_000_000

  /// When it was in the life that is judged, by its label: that is the same in every boot.
  var judged: Int64 { wall.milliseconds - Self.judgedFrom }
}

/// The states of a life, driven without a machine around them.
struct JudgeStatesBench {
  static func stops(_ life: JudgeLife) throws -> [JudgeStop] {
    let bench = try live(life)
    return JudgeBench.stops(bench.facts, open: bench.states.openStop)
  }

  /// The whole life, and everything that was told of it.
  static func live(_ life: JudgeLife) throws -> StateBench {
    var bench = try StateBench(life.states)
    var planned = false
    for (index, scan) in life.scans.enumerated() {
      var values: [SignalID: Value?] = [:]
      for signal in JudgeScan.signals { values[signal] = .some(scan.value(of: signal)) }
      if scan.restarted, index > 0 {
        try bench.restart(before: life.scans[max(0, index - 1)].at + 10)
      }
      if scan.restarted { bench.plan(planned) }
      func away(_ scan: JudgeScan) -> Set<SignalID> {
        Set(JudgeScan.signals.filter { !life.answers($0, scan) })
      }
      bench.scan(scan.at, values, away: away(scan))
      if life.dies(after: index) {
        planned = scan.planned
        continue
      }
      if index + 1 < life.scans.count {
        let next = life.scans[index + 1]
        var coming: [SignalID: Value?] = [:]
        for signal in JudgeScan.signals { coming[signal] = .some(next.value(of: signal)) }
        bench.foresee(coming, seen: true, away: away(next))
      }
      if scan.orderChanges { bench.changeOrder(at: scan.at + 30) }
      if scan.planned != planned {
        bench.plan(scan.planned, at: scan.at + 70)
        bench.settle()
      }
      planned = scan.planned
    }
    bench.advance(before: life.end - 9)
    return bench
  }
}

extension StateBench {
  /// Says again what no snapshot keeps.
  mutating func plan(_ isPlanned: Bool) { states.plan(isPlanned) }

  /// Decides what was said at this moment without a scan.
  mutating func settle() {
    states.settle(at: Self.stamp(.milliseconds(at)), into: &facts)
  }
}
