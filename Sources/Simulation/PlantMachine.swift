// One machine of the simulated line: runs and stops on a hidden schedule and makes pieces.
//
//   waiting ──start──▶ running ──run over──▶ stopped
//                         ▲                     │
//                         └──── stop over ──────┘      any ──freeze──▶ frozen
//
// Invariants
// - What happens is a function of the seed and of time, not of the steps in which time is told.
// - Stops never overlap, and none is shorter than the shortest one allowed.
// - Pieces are made only while running: at most one a cycle, none while the power is off.
// - A machine that only shows its count stands from its last good piece to its next good piece,
//   because that is all that anybody outside can know; so the truth of it is exact.
// - The first two pieces after a start are good, and scrap is never followed by scrap.

import Primitives

/// What a machine shows of its state; a line has all three, so that all detections are used.
public enum PlantKind: String, Sendable, CaseIterable {
  /// A run bit and a fault code; some of its stops have no code.
  case runBitAndCode
  /// A fault code only; every stop of it has one.
  case codeOnly
  /// Nothing but the count: a stop is a count that stands still.
  case countOnly
}

/// The simulated state of one machine.
struct PlantMachine: Sendable {
  enum Phase: Equatable, Sendable {
    case waiting
    case running(until: Instant)
    case stopped(since: Instant, until: Instant, code: UInt16?)
    case frozen
  }

  let index: Int
  let kind: PlantKind
  let options: PlantOptions
  private var generator: SeededGenerator
  private(set) var phase = Phase.waiting
  /// After this no stop begins, so that the freeze cuts none below the shortest length.
  private var lastStopBegin = Instant.distantFuture
  private var nextPiece = Instant.distantFuture
  private var lastWasScrap = true
  /// Everything ever made.
  private(set) var good: Int64 = 0
  private(set) var scrap: Int64 = 0
  /// What the registers show, before they are cut to their width.
  private(set) var counter: UInt64
  private(set) var scrapCounter: UInt64 = 0

  init(index: Int, options: PlantOptions) {
    self.index = index
    self.options = options
    kind = PlantKind.allCases[index % PlantKind.allCases.count]
    generator = SeededGenerator(seed: options.seed &+ UInt64(index) &* 0xD1B5_4A32_D192_ED03)
    // The first shows a rollover of 16 bits soon; the second passes 65,535 with 32 bits.
    counter = index < 2 ? 65_536 - UInt64(options.rolloverAfter) : 1000 * UInt64(index)
  }

  mutating func start(at now: Instant) {
    if let freezeAfter = options.freezeAfter {
      let longer = kind == .countOnly ? options.countsLonger : .zero
      lastStopBegin = now + freezeAfter + longer - options.stops.lowerBound
    }
    phase = .running(until: now + draw(options.runs))
    nextPiece = now + nextCycle()
  }

  /// Lives until `end`, that moment included, and tells what happened.
  mutating func advance(to end: Instant) -> [PlantFact] {
    var facts: [PlantFact] = []
    while true {
      switch phase {
      case .waiting, .frozen:
        return facts
      case .running(let until):
        // Where only the count shows, a run ends with the first good piece after its time.
        if kind != .countOnly, until < nextPiece {
          guard until <= end else { return facts }
          facts += stop(at: until)
        } else {
          guard nextPiece <= end else { return facts }
          let at = nextPiece
          let isGood = makePiece()
          nextPiece = at + nextCycle()
          if kind == .countOnly, isGood, at >= until { facts += stop(at: at) }
        }
      case .stopped(let since, let until, let code):
        guard until <= end else { return facts }
        facts.append(resume(at: until, since: since, code: code))
      }
    }
  }

  /// Everything planned comes later by the time without power.
  mutating func postpone(by delay: Duration) {
    nextPiece = nextPiece + delay
    switch phase {
    case .waiting, .frozen: break
    case .running(let until): phase = .running(until: until + delay)
    case .stopped(let since, let until, let code):
      phase = .stopped(since: since, until: until + delay, code: code)
    }
  }

  /// The counters start again at 0; returns what they showed.
  mutating func resetCounters(at now: Instant) -> PlantFact {
    defer { (counter, scrapCounter) = (0, 0) }
    return PlantFact(
      at: now, machine: index,
      kind: .countersReset(good: PlantRegisters.shownGood(self), scrap: scrapCounter))
  }

  /// Makes one last good piece, ends a stop that is open, and rests with the run bit on.
  mutating func freeze(at now: Instant) -> [PlantFact] {
    var facts: [PlantFact] = []
    switch phase {
    case .waiting, .frozen: return []
    case .running: countGood()
    case .stopped(let since, _, let code):
      facts.append(resume(at: now, since: since, code: code))
      if kind != .countOnly { countGood() }
    }
    phase = .frozen
    facts.append(PlantFact(at: now, machine: index, kind: .frozen))
    return facts
  }

  private mutating func stop(at now: Instant) -> [PlantFact] {
    guard now <= lastStopBegin else {
      phase = .running(until: .distantFuture)
      return []
    }
    let code = drawCode()
    phase = .stopped(since: now, until: now + draw(options.stops), code: code)
    return [PlantFact(at: now, machine: index, kind: .stopBegan(code: code))]
  }

  private mutating func resume(at now: Instant, since: Instant, code: UInt16?) -> PlantFact {
    phase = .running(until: now + draw(options.runs))
    lastWasScrap = true
    if kind == .countOnly { countGood() }
    nextPiece = now + nextCycle()
    return PlantFact(at: now, machine: index, kind: .stopEnded(startedAt: since, code: code))
  }

  private mutating func makePiece() -> Bool {
    let isScrap = Int.random(in: 1...PlantLimits.scrapOneIn, using: &generator) == 1
    if isScrap && !lastWasScrap {
      lastWasScrap = true
      scrap += 1
      scrapCounter &+= 1
      return false
    }
    countGood()
    lastWasScrap = false
    return true
  }

  private mutating func countGood() {
    good += 1
    counter &+= 1
  }

  private mutating func drawCode() -> UInt16? {
    let codes = PlantRegisters.faults.map(\.code)
    switch kind {
    case .countOnly: return nil
    case .codeOnly: return codes.randomElement(using: &generator)
    case .runBitAndCode:
      // One stop in four names no cause.
      let silent = Int.random(in: 1...4, using: &generator) == 1
      return silent ? nil : codes.randomElement(using: &generator)
    }
  }

  private mutating func draw(_ range: ClosedRange<Duration>) -> Duration {
    let low = max(range.lowerBound.nanoseconds, options.cycle.nanoseconds)
    let high = max(range.upperBound.nanoseconds, low)
    return .nanoseconds(Int64.random(in: low...high, using: &generator))
  }

  private mutating func nextCycle() -> Duration {
    let cycle = options.cycle.nanoseconds
    return .nanoseconds(Int64.random(in: (cycle / 10 * 9)...(cycle / 10 * 11), using: &generator))
  }
}
