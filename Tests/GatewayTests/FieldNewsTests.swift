// What a field thread calls urgent, and that whatever it does not call urgent is told all the same.

import Events
import Machines
import Polling
import Primitives
import Signals
import Testing

@testable import Gateway

private func ms(_ milliseconds: Int64) -> Instant {
  Instant(nanoseconds: milliseconds * 1_000_000)
}

/// One unit with a run bit, a count, a published value and one that nobody wants, far apart: four
/// blocks of one scan.
private let press = BusDefinition(
  name: "line", line: .tcp(host: "plc", port: 502), connectTimeout: .seconds(1),
  units: [
    UnitDefinition(
      id: UnitID(0), name: "press", address: 1, timeout: .milliseconds(200),
      bindings: (0..<4).map {
        ReadBinding(
          signal: SignalID($0), table: .holding, address: UInt16($0 * 1000), count: 1,
          period: .milliseconds(100))
      })
  ])

/// A field step whose four registers a test sets.
private final class Bench {
  var step: FieldStep
  var consumer: RingConsumer
  var now = ms(0)
  var words: [UInt16] = [1, 5, 20, 30]
  /// Registers that are not answered for.
  var silent: Set<Int> = []

  init(news: [FieldNews], debounce: Duration = .zero) {
    let storage = RingStorage(capacity: 4096)
    consumer = RingConsumer(storage)
    let word = RegisterFormat(type: .u16, count: 1)
    let signals = (0..<4).map {
      SignalDefinition(
        name: "s\($0)", format: word,
        debounce: $0 == 3 ? Debounce(on: debounce, off: debounce) : Debounce(on: .zero, off: .zero))
    }
    step = FieldStep(
      bus: press, signals: signals, producer: RingProducer(storage), seed: 1, now: ms(0),
      news: news)
  }

  /// What every result until then is worth, by the register that was read.
  func play(until end: Instant) -> [(register: Int, outcome: FieldOutcome)] {
    var told: [(register: Int, outcome: FieldOutcome)] = []
    while now < end {
      switch step.next(now: now) {
      case .open: _ = step.opened(now: now)
      case .close: break
      case .wait(let until): now = until
      case .read(let request):
        let register = Int(request.start / 1000)
        let started = now
        now = now + .milliseconds(2)
        told.append(
          (
            register,
            silent.contains(register)
              ? step.failed(.exception(6), started: started, ended: now)
              : step.answered(words: [words[register]], started: started, ended: now)
          ))
      }
      _ = consumer.drain(limit: .max) { _ in }
    }
    return told
  }
}

@Suite struct `News from the field` {
  private static let ranks: [FieldNews] = [.prompt, .quiet, .published, .quiet]

  @Test(arguments: [
    (0, FieldNews.prompt), (1, .quiet), (2, .published), (3, .quiet),
  ])
  func `are worth what their signal is, and told once, at the end of their scan`(
    register: Int, worth: FieldNews
  ) throws {
    let bench = Bench(news: Self.ranks)
    _ = bench.play(until: ms(1000))
    bench.words[register] += 1
    let told = bench.play(until: ms(2000))
    let loud = told.filter { $0.outcome.news != .none }
    #expect(loud.map(\.outcome.news) == [worth])
    #expect(loud.first?.outcome.markedThrough != nil, "with the mark that lets a machine decide")
  }

  @Test func `of several kinds are as loud as the loudest`() {
    let bench = Bench(news: Self.ranks)
    _ = bench.play(until: ms(1000))
    bench.words = [0, 6, 21, 31]
    #expect(bench.play(until: ms(1500)).map(\.outcome.news).filter { $0 != .none } == [.prompt])
  }

  @Test func `of a signal that nobody has ranked are prompt`() {
    let bench = Bench(news: [])
    _ = bench.play(until: ms(1000))
    bench.words[3] += 1
    #expect(bench.play(until: ms(1500)).map(\.outcome.news).filter { $0 != .none } == [.prompt])
  }

  @Test func `stay prompt until a mark has passed them`() throws {
    // A debounced change holds the mark back for 450 ms; the run bit changes meanwhile.
    let bench = Bench(news: Self.ranks, debounce: .milliseconds(450))
    _ = bench.play(until: ms(1000))
    bench.words[3] = 31
    _ = bench.play(until: ms(1200))
    bench.words[0] = 0
    let told = bench.play(until: ms(2000)).map(\.outcome).filter { $0.news == .prompt }
    #expect(try #require(told.first).at < ms(1320), "it is heard in its scan")
    let last = try #require(told.last)
    #expect(try #require(last.markedThrough) > ms(1300), "and again with the mark behind it")
    #expect(last.at < ms(1700))
  }

  @Test func `of lost contact and of refusal are prompt whatever the signal`() {
    let bench = Bench(news: [.quiet, .quiet, .quiet, .quiet])
    _ = bench.play(until: ms(1000))
    bench.silent = [2]
    #expect(bench.play(until: ms(5000)).contains { $0.outcome.news == .prompt })
  }
}

@Suite struct `The rank of a signal` {
  private func rules(_ change: (inout MachineRules) -> Void = { _ in }) -> MachineRules {
    var rules = MachineRules(
      name: "press", units: [UnitID(0)], signals: (0..<6).map { SignalID($0) },
      running: Condition(signal: SignalID(0), comparison: .isTrue), faultCode: SignalID(1),
      good: CounterRules(signal: SignalID(2), highest: 65_535, piecesPerSecond: 10),
      scrap: CounterRules(signal: SignalID(3), highest: 65_535, piecesPerSecond: 10))
    change(&rules)
    return rules
  }

  private func ranks(_ rules: MachineRules, window: Duration = .seconds(1)) throws -> [FieldNews] {
    RecorderPlan(
      source: try EventSource(
        enterprise: "acme", site: "vienna", area: "stamping", line: "line1", gateway: "gw-1"),
      version: "1", configurationDigest: "00", machines: [rules],
      signals: (0..<6).map {
        RecordedSignal(name: "s\($0)", machine: 0, isPublished: $0 == 0 || $0 == 4)
      },
      units: [], busOfUnit: [], uplinks: [], routes: [], publishWindow: window
    ).news
  }

  @Test func `is prompt for what decides, not for what counts or is shown`() throws {
    #expect(try ranks(rules()) == [.prompt, .prompt, .quiet, .quiet, .published, .quiet])
    #expect(
      try ranks(rules(), window: .zero) == [.prompt, .prompt, .quiet, .quiet, .prompt, .quiet])
  }

  @Test func `is prompt for a count whose standing still is a stop`() throws {
    let counted = rules { $0.standstill = .seconds(10) }
    #expect(try ranks(counted)[2] == .prompt)
    #expect(try ranks(counted)[3] == .quiet)
  }

  @Test func `is prompt for every part of declared evidence, for limits and for the order`() throws
  {
    let declared = rules { rules in
      let deep = EvidenceRule(
        .any([
          EvidenceRule(.not(EvidenceRule(.counterStands(SignalID(3), .duration(.seconds(5)))))),
          EvidenceRule(.above(SignalID(5), on: 5, off: 4)),
        ]))
      rules.states = StateRules(
        name: "press", evidence: EvidenceRules([EvidenceClaim(.stopped, when: deep)]),
        counter: SignalID(2), slow: SlowRule(share: 80))
    }
    #expect(try ranks(declared) == [.prompt, .prompt, .prompt, .prompt, .published, .prompt])
    let limited = rules { rules in
      rules.limits = [LimitRules(name: "hot", signal: SignalID(4), side: .high, limit: 90)]
      rules.order = OrderSignals(order: SignalID(5))
    }
    #expect(try ranks(limited) == [.prompt, .prompt, .quiet, .quiet, .prompt, .prompt])
  }
}
