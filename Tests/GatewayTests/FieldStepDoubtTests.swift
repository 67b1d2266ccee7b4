// What a field step promises while a unit answers some requests and not others: nothing that nobody
// could read is taken to have stood still.

import Gateway
import Polling
import Primitives
import Signals
import Testing

private func ms(_ milliseconds: Int64) -> Instant {
  Instant(nanoseconds: milliseconds * 1_000_000)
}

/// One unit with two blocks: a run bit (signal 0), and far from it four counts (1 to 4).
private func press(countsEvery period: Duration = .milliseconds(100)) -> BusDefinition {
  func binding(_ signal: Int, _ address: UInt16, _ period: Duration) -> ReadBinding {
    ReadBinding(
      signal: SignalID(signal), table: .holding, address: address, count: 1, period: period)
  }
  let counts = (1...4).map { binding($0, 1000 + UInt16($0), period) }
  return BusDefinition(
    name: "line", line: .tcp(host: "plc", port: 502), connectTimeout: .seconds(1),
    units: [
      UnitDefinition(
        id: UnitID(0), name: "press", address: 1, timeout: .milliseconds(200),
        bindings: [binding(0, 0, .milliseconds(100))] + counts)
    ])
}

/// A field step on a virtual clock, with a log of what came out of its ring.
private final class Bench {
  var step: FieldStep
  var consumer: RingConsumer
  var now = ms(0)
  var samples: [Sample] = []

  init(_ bus: BusDefinition) {
    let storage = RingStorage(capacity: 4096)
    consumer = RingConsumer(storage)
    let word = RegisterFormat(type: .u16, count: 1)
    step = FieldStep(
      bus: bus, signals: (0...4).map { SignalDefinition(name: "s\($0)", format: word) },
      producer: RingProducer(storage), seed: 1, now: ms(0))
  }

  /// Answers take 10 ms. The run bit stays; `counts` says what comes of the other block.
  func play(
    until end: Instant, _ counts: (ReadRequest, Instant) -> Result<[UInt16], BusFault>
  ) {
    while now < end {
      switch step.next(now: now) {
      case .open: _ = step.opened(now: now)
      case .close: break
      case .wait(let until): now = until
      case .read(let request):
        let started = now
        switch request.start == 0 ? .success([1]) : counts(request, now) {
        case .success(let words):
          now = now + .milliseconds(10)
          _ = step.answered(words: words, started: started, ended: now)
        case .failure(let fault):
          now = now + (fault == .timeout ? request.timeout : .milliseconds(10))
          _ = step.failed(fault, started: started, ended: now)
        }
      }
      _ = consumer.drain(limit: .max) { samples.append($0) }
    }
  }

  var marks: [Instant] { samples.filter { $0.kind == .mark }.map(\.at) }

  /// The last mark that came before a sample.
  func mark(before sample: Sample) -> Instant? {
    guard let place = samples.firstIndex(of: sample) else { return nil }
    return samples[..<place].last { $0.kind == .mark }?.at
  }

  func last(of signal: UInt32) -> Sample? {
    samples.last { $0.kind == .value && $0.subject == signal }
  }

  /// The longest time between two marks that follow one another, from a moment on.
  func longestSilence(since start: Instant) -> Duration {
    let marks = marks.filter { $0 >= start }
    return zip(marks.dropFirst(), marks).map { $0 - $1 }.max() ?? .zero
  }
}

@Suite struct `A block that fails while its unit answers others` {
  static let faults: [BusFault] = [.timeout, .garbage("noise"), .exception(6)]

  @Test(arguments: faults)
  func `holds the mark of its unit back until it is answered`(_ fault: BusFault) throws {
    let bench = Bench(press())
    var failed: [Instant] = []
    bench.play(until: ms(4000)) { request, now in
      if now >= ms(2000), failed.count < 2 {
        failed.append(now)
        return .failure(fault)
      }
      return .success([UInt16](repeating: failed.isEmpty ? 5 : 6, count: Int(request.count)))
    }
    let first = try #require(failed.first)
    let moved = try #require(bench.last(of: 1))
    #expect(moved.value == .integer(6) && moved.at > failed[1])
    #expect(try #require(bench.mark(before: moved)) <= first, "a count may have moved since then")
    #expect(try #require(bench.marks.first { $0 > first }) >= moved.at)
    #expect(try #require(bench.marks.last) > ms(3800))
  }

  @Test(arguments: faults)
  func `lets the mark go on once it has been given up, and told`(_ fault: BusFault) throws {
    let bench = Bench(press())
    var first: Instant?
    bench.play(until: ms(60_000)) { request, now in
      guard now >= ms(2000) else { return .success([UInt16](repeating: 5, count: 4)) }
      first = first ?? now
      return .failure(fault)
    }
    let told = try #require(bench.samples.first { $0.kind == .value && $0.quality != .good })
    #expect(try #require(bench.mark(before: told)) <= #require(first))
    for signal: UInt32 in 1...4 {
      #expect(try #require(bench.last(of: signal)).quality != .good)
    }
    let others = bench.samples.filter { $0.kind == .value && $0.subject == 0 }
    #expect(others.map(\.quality) == [.good], "what it answers is not lost with it")
    // Three failures of four parts, paid from a twentieth of the time.
    #expect(bench.longestSilence(since: ms(2000)) < .seconds(10))
    #expect(try #require(bench.marks.last) > ms(58_500), "no mark waits for ever")
  }

  @Test func `F1: what a refused register keeps unread is in doubt since the first refusal`() throws
  {
    let bench = Bench(press())
    var first: Instant?
    bench.play(until: ms(10_000)) { request, now in
      let asked = request.start...(request.start + request.count - 1)
      guard now >= ms(2000), asked.contains(1003) else {
        return .success([UInt16](repeating: now < ms(2000) ? 5 : 6, count: Int(request.count)))
      }
      first = first ?? now
      return .failure(.exception(2))
    }
    let start = try #require(first)
    for signal: UInt32 in [1, 2, 4] {
      let moved = try #require(
        bench.samples.first { $0.subject == signal && $0.value == .integer(6) })
      #expect(try #require(bench.mark(before: moved)) <= start)
    }
    let refused = try #require(bench.last(of: 3))
    #expect(refused.quality == .refused)
    #expect(try #require(bench.mark(before: refused)) <= start)
    #expect(bench.longestSilence(since: ms(3000)) < .milliseconds(300))
  }

  @Test func `a block read once a minute holds the mark back for seconds, not for minutes`() throws
  {
    let bench = Bench(press(countsEvery: .seconds(60)))
    bench.play(until: ms(600_000)) { request, now in
      now < ms(90_000) ? .success([5, 5, 5, 5]) : .failure(.exception(6))
    }
    #expect(bench.last(of: 1)?.quality == .refused)
    #expect(bench.longestSilence(since: ms(1000)) < .seconds(4))
    #expect(try #require(bench.marks.last) > ms(598_500))
  }
}
