// Limits as drawings: one letter every 100 ms, and what is told below.
//
// `-` low inside, `=` within the hysteresis, `#` beyond, `?` no contact.

import Machines
import Primitives
import Signals
import Testing

@Suite("Limits")
struct LimitTests {
  static func rules(
    side: LimitRules.Side = .high, on: Int64 = 0, off: Int64 = 0, name: String = "oven"
  ) -> LimitRules {
    LimitRules(
      name: name, signal: SignalID(3), side: side, limit: side == .high ? 100 : -100,
      hysteresis: 5, onDelay: .milliseconds(on), offDelay: .milliseconds(off), severity: .alarm,
      holdsQuality: true)
  }

  static func sample(_ letter: Character, _ at: Int64, _ side: LimitRules.Side) -> Sample {
    let sign: Double = side == .high ? 1 : -1
    let instant = Instant(nanoseconds: at * 1_000_000)
    return switch letter {
    case "#": Sample(signal: SignalID(3), at: instant, value: .real(sign * 101))
    case "=": Sample(signal: SignalID(3), at: instant, value: .real(sign * 98))
    case "-": Sample(signal: SignalID(3), at: instant, value: .integer(0))
    default:
      Sample(signal: SignalID(3), at: instant, value: .real(sign * 500), quality: .noContact)
    }
  }

  static func tell(_ facts: [LimitFact]) -> [String] {
    facts.map { fact in
      let at = fact.at.instant.milliseconds
      switch fact.kind {
      case .exceeded: return "exceeded at \(at) since \(fact.since.instant.milliseconds)"
      case .cleared(let duration, let unseen):
        let dark = unseen > .zero ? ", unseen \(unseen.text)" : ""
        return "cleared at \(at) after \(duration.text)\(dark)"
      }
    }
  }

  static func play(
    _ drawing: String, on: Int64, off: Int64, side: LimitRules.Side = .high,
    restarts: Bool = false
  ) -> [String] {
    var watch = LimitWatch([rules(side: side, on: on, off: off)])
    var facts: [LimitFact] = []
    for (index, letter) in drawing.enumerated() {
      let at = Int64(index) * 100
      if restarts {
        let bytes = watch.snapshot(reading: clocks(at))
        watch = LimitWatch([rules(side: side, on: on, off: off)])
        watch.resume(bytes, reading: clocks(at))
      }
      watch.take(sample(letter, at, side), reading: clocks(at), into: &facts)
      // A mark behind the scan.
      watch.advance(
        to: Instant(nanoseconds: at * 1_000_000 + 1), reading: clocks(at), into: &facts)
    }
    return tell(facts)
  }

  static let drawings: [(String, on: Int64, off: Int64, [String])] = [
    ("--##--", 0, 0, ["exceeded at 200 since 200", "cleared at 400 after 200ms"]),
    // Within the hysteresis nothing clears and nothing exceeds.
    ("-==#=#=-", 0, 0, ["exceeded at 300 since 300", "cleared at 700 after 400ms"]),
    // The delay ends at its own time; a shorter peak is no peak.
    ("-##-####-", 250, 0, ["exceeded at 650 since 400", "cleared at 800 after 400ms"]),
    // A value that comes at the end of the delay goes first.
    ("-##-----", 200, 0, []),
    // Back inside for as long as asked; a relapse begins anew.
    ("#--#----", 0, 250, ["exceeded at 0 since 0", "cleared at 650 after 650ms"]),
    // No contact neither exceeds nor clears, and a delay begins anew after it.
    ("-#???##---", 250, 0, []),
    ("-#???####-", 250, 0, ["exceeded at 750 since 500", "cleared at 900 after 400ms"]),
    (
      "##???##--", 0, 0,
      ["exceeded at 0 since 0", "cleared at 700 after 700ms, unseen 300ms"]
    ),
    (
      "##-??----", 0, 250,
      ["exceeded at 0 since 0", "cleared at 750 after 750ms, unseen 200ms"]
    ),
    ("????", 0, 0, []),
  ]

  @Test(arguments: drawings.indices, LimitRules.Side.allCases)
  func `each drawing tells what stands below it, high and low`(
    index: Int, side: LimitRules.Side
  ) {
    let (drawing, on, off, expected) = Self.drawings[index]
    #expect(Self.play(drawing, on: on, off: off, side: side) == expected, "\(drawing)")
  }

  @Test func `without delays a restart before every sample tells the same, and the dark`() {
    #expect(
      Self.play("-==#=#=-", on: 0, off: 0, restarts: true) == [
        "exceeded at 300 since 300", "cleared at 700 after 400ms",
      ])
  }

  @Test func `F50: what was exceeded before a restart is cleared once, the dark is told`() {
    var watch = LimitWatch([Self.rules()])
    var facts: [LimitFact] = []
    watch.take(Self.sample("#", 0, .high), reading: clocks(0), into: &facts)
    let bytes = watch.snapshot(reading: clocks(100))
    watch = LimitWatch([Self.rules()])
    let isRead = watch.resume(bytes, reading: clocks(5000))
    #expect(isRead)
    #expect(watch.exceeded.map(\.name) == ["oven"])
    watch.take(Self.sample("-", 5000, .high), reading: clocks(5000), into: &facts)
    #expect(
      Self.tell(facts) == ["exceeded at 0 since 0", "cleared at 5000 after 5s, unseen 4900ms"])
    #expect(facts.map(\.holdReason) == ["limit oven was exceeded", nil])
  }

  @Test func `limits on several signals keep apart, deadlines come in their order`() {
    var slow = Self.rules(on: 500, name: "slow")
    slow.signal = SignalID(4)
    var watch = LimitWatch([slow, Self.rules(on: 300, name: "quick")])
    #expect(watch.interest == [SignalID(3), SignalID(4)])
    var facts: [LimitFact] = []
    for signal in [3, 4] {
      watch.take(
        Sample(signal: SignalID(signal), at: Instant(nanoseconds: 0), value: .integer(101)),
        reading: clocks(0), into: &facts)
    }
    #expect(watch.nextDeadline == Instant(nanoseconds: 300_000_001))
    watch.advance(to: Instant(nanoseconds: 1_000_000_000), reading: clocks(1000), into: &facts)
    #expect(facts.map(\.rules.name) == ["quick", "slow"])
    #expect(watch.nextDeadline == nil)
  }

  @Test func `strange values are no contact, strange rules are tamed`() {
    var watch = LimitWatch([Self.rules()])
    var facts: [LimitFact] = []
    for value in [Value.real(.nan), .text(5), .none] {
      watch.take(
        Sample(signal: SignalID(3), at: .boot, value: value), reading: clocks(0), into: &facts)
    }
    #expect(facts.isEmpty)
    watch.take(
      Sample(signal: SignalID(3), at: .boot, value: .unsigned(.max)), reading: clocks(0),
      into: &facts)
    #expect(facts.count == 1)
    let strange = LimitRules(
      name: "x", signal: SignalID(0), side: .low, limit: 0, hysteresis: -.infinity,
      onDelay: .seconds(-5), offDelay: .seconds(1_000_000))
    #expect(strange.hysteresis == 0)
    #expect(strange.onDelay == .zero)
    #expect(strange.offDelay == WatchLimits.longestDelay)
  }
}
