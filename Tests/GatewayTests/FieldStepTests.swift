// The field step against a bus in memory: polls, samples and marks.

import Gateway
import Polling
import Primitives
import Signals
import Testing

private func ms(_ milliseconds: Int64) -> Instant {
  Instant(nanoseconds: milliseconds * 1_000_000)
}

/// Unit 1 with a running bit (debounced 300 ms) and a count; unit 2 with a count. All every 100 ms.
private let line: (bus: BusDefinition, signals: [SignalDefinition]) = {
  let word = RegisterFormat(type: .u16, count: 1)
  let signals = [
    SignalDefinition(
      name: "running", format: word,
      debounce: Debounce(on: .milliseconds(300), off: .milliseconds(300))),
    SignalDefinition(name: "good", format: word),
    SignalDefinition(name: "good", format: word),
  ]
  func binding(_ signal: Int, _ address: UInt16) -> ReadBinding {
    ReadBinding(
      signal: SignalID(signal), table: .holding, address: address, count: 1,
      period: .milliseconds(100))
  }
  func unit(_ number: Int, _ bindings: [ReadBinding]) -> UnitDefinition {
    UnitDefinition(
      id: UnitID(number), name: "press-\(number)", address: UInt8(number),
      timeout: .milliseconds(200), bindings: bindings)
  }
  let bus = BusDefinition(
    name: "line", line: .tcp(host: "plc", port: 502), connectTimeout: .seconds(1),
    units: [unit(1, [binding(0, 0), binding(1, 1)]), unit(2, [binding(2, 0)])])
  return (bus, signals)
}()

/// A field step with its ring on a virtual clock, and a world that answers.
private final class Bench {
  var step: FieldStep
  var consumer: RingConsumer
  var now = ms(0)
  var samples: [Sample] = []
  var outcomes: [FieldOutcome] = []
  var waits: [Duration] = []

  init(capacity: Int = 4096) {
    let storage = RingStorage(capacity: capacity)
    consumer = RingConsumer(storage)
    step = FieldStep(
      bus: line.bus, signals: line.signals, producer: RingProducer(storage), seed: 1, now: ms(0))
  }

  /// Answers take 10 ms; the world returns the words, or a fault.
  func play(
    until end: Instant, draining: Bool = true,
    _ world: (ReadRequest, Instant) -> Result<[UInt16], BusFault>
  ) {
    while now < end {
      switch step.next(now: now) {
      case .open: outcomes.append(step.opened(now: now))
      case .close: break
      case .wait(let until):
        waits.append(until - now)
        now = until
      case .read(let request): read(request, world(request, now))
      }
      if draining { drain() }
    }
  }

  private func read(_ request: ReadRequest, _ result: Result<[UInt16], BusFault>) {
    let started = now
    switch result {
    case .success(let words):
      now = now + .milliseconds(10)
      outcomes.append(step.answered(words: words, started: started, ended: now))
    case .failure(let fault):
      now = now + (fault == .timeout ? request.timeout : .milliseconds(10))
      outcomes.append(step.failed(fault, started: started, ended: now))
    }
  }

  func drain() { _ = consumer.drain(limit: .max) { samples.append($0) } }

  func values(of signal: UInt32) -> [Sample] {
    samples.filter { $0.kind == .value && $0.subject == signal }
  }

  func marks(of unit: UInt32) -> [Instant] {
    samples.filter { $0.kind == .mark && $0.subject == unit }.map(\.at)
  }

  var status: BusStatus { step.status }
}

/// Everything still: running, counts at 5.
private func still(_ request: ReadRequest) -> [UInt16] {
  request.unitAddress == 1 ? [1, 5] : [5]
}

/// What every stream of samples must hold to: no sample before a mark of its unit that came
/// earlier.
private func expectMarksKept(_ samples: [Sample]) {
  let units: [UInt32: UInt32] = [0: 1, 1: 1, 2: 2]
  var marked: [UInt32: Instant] = [:]
  var (backward, early) = (0, 0)
  for sample in samples {
    switch sample.kind {
    case .mark:
      backward += sample.at > marked[sample.subject, default: .distantPast] ? 0 : 1
      marked[sample.subject] = sample.at
    case .value:
      let unit = units[sample.subject, default: 0]
      early += sample.at >= marked[unit, default: .distantPast] ? 0 : 1
    }
  }
  #expect(backward == 0, "marks only grow")
  #expect(early == 0, "no sample comes from before its unit's mark")
}

@Suite struct `A field step` {
  @Test func `asks for a ring that outlasts the worst stall of the disk four times`() {
    // Three signals ten times a second, a mark each at worst: 60 samples × 2 s × 4, at least 1,024.
    #expect(FieldStep.ringCapacity(for: line.bus) == 1024)
    var large = line.bus
    large.units[0].bindings = (0..<100).flatMap { _ in line.bus.units[0].bindings }
    #expect(FieldStep.ringCapacity(for: large) == 201 * 20 * 8)
  }

  @Test func `stamps a value with the middle of its read`() {
    let bench = Bench()
    bench.play(until: ms(50)) { request, _ in .success(still(request)) }
    #expect(bench.values(of: 0).map(\.at) == [ms(5)])
    #expect(bench.values(of: 2).map(\.at) == [ms(15)])
    #expect(bench.values(of: 1).map(\.value) == [.integer(5)])
  }

  @Test func `tells what has changed and marks the end of each scan`() {
    let bench = Bench()
    bench.play(until: ms(3000)) { request, now in
      request.unitAddress == 2 && now >= ms(1000) ? .success([6]) : .success(still(request))
    }
    #expect(bench.outcomes.count { $0.news != .none } == 3)
    #expect(bench.values(of: 2).map(\.value) == [.integer(5), .integer(6)])
    #expect((29...32).contains(bench.marks(of: 1).count))
    #expect((29...32).contains(bench.marks(of: 2).count))
    expectMarksKept(bench.samples)
  }

  @Test func `holds the marks back while a change is pending`() throws {
    let bench = Bench()
    bench.play(until: ms(2000)) { request, now in
      request.unitAddress == 1 ? .success([now < ms(1000) ? 1 : 0, 5]) : .success([5])
    }
    let stop = try #require(bench.values(of: 0).last)
    #expect(stop.value == .integer(0))
    #expect((1000...1110).contains(stop.at.milliseconds))
    let told = try #require(bench.samples.firstIndex(of: stop))
    let before = bench.samples[..<told].filter { $0.kind == .mark && $0.subject == 1 }
    #expect(try #require(before.last).at == stop.at)
    #expect(try #require(bench.marks(of: 1).last) > ms(1800))
    expectMarksKept(bench.samples)
  }

  @Test func `F3, F14: tells the loss of one unit for all its signals, dated to its start`() throws
  {
    let bench = Bench()
    bench.play(until: ms(20_000)) { request, now in
      request.unitAddress == 1 && now >= ms(5000) ? .failure(.timeout) : .success(still(request))
    }
    for signal: UInt32 in [0, 1] {
      let last = try #require(bench.values(of: signal).last)
      #expect(last.quality == .noContact)
      #expect((5200...5310).contains(last.at.milliseconds))
      #expect(bench.values(of: signal).count == 2)
    }
    #expect(bench.values(of: 0).last?.value == .integer(1), "the last known value")
    #expect(bench.values(of: 2).map(\.quality) == [.good])
    expectMarksKept(bench.samples)
    #expect(bench.status.units.map(\.contact) == ["lost", "up"])
    #expect(bench.status.link == "up")
  }

  @Test func `F4: tells every value of a unit again when it is back`() throws {
    let bench = Bench()
    bench.play(until: ms(60_000)) { request, now in
      request.unitAddress == 1 && (5000..<20_000).contains(now.milliseconds)
        ? .failure(.timeout) : .success(still(request))
    }
    #expect(bench.values(of: 0).map(\.quality) == [.good, .noContact, .good])
    #expect(bench.values(of: 1).map(\.value) == [.integer(5), .integer(5), .integer(5)])
    expectMarksKept(bench.samples)
  }

  @Test func `the marks of a lost unit go on, at least each second`() throws {
    let bench = Bench()
    bench.play(until: ms(30_000)) { request, _ in
      request.unitAddress == 1 ? .failure(.timeout) : .success(still(request))
    }
    let marks = bench.marks(of: 1)
    let gaps = zip(marks.dropFirst(), marks).map { $0 - $1 }
    #expect(gaps.dropFirst().allSatisfy { $0 <= .milliseconds(1310) })
    #expect(try #require(marks.last) > ms(28_500))
  }

  @Test func `so do all marks while the link cannot be opened`() throws {
    let bench = Bench()
    var (times, opens) = ([Instant](), 0)
    while bench.now < ms(60_000) {
      switch bench.step.next(now: bench.now) {
      case .open(let timeout):
        opens += 1
        bench.now = bench.now + timeout
        _ = bench.step.openFailed(.timeout, now: bench.now)
      case .close, .read: Issue.record("nothing to close or read")
      case .wait(let until):
        #expect(until - bench.now <= .seconds(1))
        bench.now = until
      }
      bench.drain()
      times = bench.marks(of: 1)
    }
    #expect(opens >= 5)
    #expect(bench.values(of: 2).map(\.quality) == [.noContact])
    #expect(bench.values(of: 2).map(\.value) == [.none])
    #expect(try #require(times.last) > ms(57_000))
    #expect(zip(times.dropFirst(), times).allSatisfy { $0 - $1 <= .milliseconds(2100) })
    expectMarksKept(bench.samples)
  }

  @Test func `a unit from which nothing is read holds nobody's time back`() {
    var bus = line.bus
    bus.units[1].bindings = []
    let storage = RingStorage(capacity: 64)
    var consumer = RingConsumer(storage)
    var step = FieldStep(
      bus: bus, signals: line.signals, producer: RingProducer(storage), seed: 1, now: ms(0))
    _ = step.next(now: ms(0))
    _ = step.openFailed(.timeout, now: ms(5000))
    _ = step.next(now: ms(6000))
    var last: [UInt32: Instant] = [:]
    _ = consumer.drain(limit: 64) { last[$0.subject] = $0.at }
    #expect(last[2] == ms(6000))
    #expect(step.status.units.map(\.contact) == ["lost", "up"])
  }

  @Test func `F1: a refused signal goes bad alone`() {
    let bench = Bench()
    bench.play(until: ms(5000)) { request, _ in
      guard request.unitAddress == 1 else { return .success([5]) }
      if request.start == 0 { return .failure(.exception(2)) }
      return .success([UInt16](repeating: 5, count: Int(request.count)))
    }
    #expect(bench.values(of: 0).map(\.quality) == [.refused])
    #expect(bench.values(of: 1).map(\.quality) == [.good])
    #expect(bench.values(of: 2).map(\.quality) == [.good])
    expectMarksKept(bench.samples)
  }

  @Test func `a full ring costs samples, says how many, and then tells the present`() throws {
    let bench = Bench(capacity: 8)
    let world: (ReadRequest, Instant) -> Result<[UInt16], BusFault> = { request, now in
      let count = UInt16(now.milliseconds / 100)
      return .success(request.unitAddress == 1 ? [1, count] : [count])
    }
    bench.play(until: ms(5000), draining: false, world)
    let polls = bench.status.counters.polls
    #expect(polls >= 98, "the schedule goes on")
    #expect(bench.status.lost > 80)
    #expect(bench.outcomes.last?.fill == 8)
    bench.drain()
    bench.play(until: ms(6000), world)
    let said = bench.samples.reduce(UInt64(0)) { $0 + UInt64($1.lost) }
    #expect(said == bench.status.lost)
    #expect(bench.values(of: 1).last?.value == .integer(59))
    expectMarksKept(bench.samples)
  }

  @Test func `a loss that finds the ring full is told when there is room, before any mark`() {
    let bench = Bench(capacity: 4)
    bench.play(until: ms(3000), draining: false) { request, _ in .success(still(request)) }
    bench.play(until: ms(10_000), draining: false) { _, _ in .failure(.timeout) }
    bench.drain()
    bench.play(until: ms(20_000)) { _, _ in .failure(.timeout) }
    for signal: UInt32 in [0, 1, 2] {
      #expect(bench.values(of: signal).last?.quality == .noContact)
    }
    expectMarksKept(bench.samples)
  }

  @Test(arguments: 1...12)
  func `keeps its marks whatever happens`(seed: UInt64) {
    let bench = Bench(capacity: 64)
    var generator = SeededGenerator(seed: seed)
    var storm = true
    let world: (ReadRequest, Instant) -> Result<[UInt16], BusFault> = { request, _ in
      guard storm, Int.random(in: 0..<10, using: &generator) < 4 else {
        let words = (0..<request.count).map { _ in UInt16.random(in: 0...1, using: &generator) }
        return .success(words)
      }
      let faults: [BusFault] = [
        .timeout, .timeout, .timeout, .broken("reset"), .garbage("noise"), .exception(2),
        .exception(6), .exception(11),
      ]
      return .failure(faults[Int.random(in: 0..<faults.count, using: &generator)])
    }
    for round in 1...40 {
      bench.play(until: ms(Int64(round) * 1500), draining: round % 3 != 0, world)
    }
    storm = false
    bench.play(until: ms(700_000), world)
    expectMarksKept(bench.samples)
    for signal: UInt32 in [0, 1, 2] {
      #expect(bench.values(of: signal).last?.quality == .good)
    }
    #expect(bench.status.units.map(\.contact) == ["up", "up"])
    #expect(bench.status.units.map(\.requests) == [1, 1])
  }
}
