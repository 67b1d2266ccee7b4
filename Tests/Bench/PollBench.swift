// Polls a second, against a bare libmodbus loop on the same server in the same process.
//
// Two of ours: the link alone (`ModbusTCPBus.read`), and the whole turn of a field thread with 125
// signals behind it. Its clock jumps over the waiting, so that only the turn is measured.

import CAnchors
import Gateway
import LinuxEdge
import ModbusEdge
import Polling
import Primitives
import Signals
import Synchronization

/// Real time, plus what was jumped over.
private final class JumpingClock: Clock {
  private let ahead = Atomic<Int64>(0)
  private let real = SystemClock()

  func now() -> Instant { real.now().advanced(nanoseconds: ahead.load(ordering: .relaxed)) }
  func reading() -> ClockReading {
    var reading = real.reading()
    reading.monotonic = now()
    return reading
  }
  func jump(to instant: Instant) {
    ahead.wrappingAdd(max(0, instant.nanoseconds(since: now())), ordering: .relaxed)
  }
}

/// What the threads of one measurement have done.
private struct Done {
  var requests = 0.0
  var microseconds = 0.0
}

enum PollBench {
  private static let seconds = 0.4

  static func run(_ table: inout Table) {
    var picked: UInt16 = 0
    guard let server = anchor_server_start(&picked) else { return }
    let port = picked
    defer { anchor_server_stop(server) }
    for (connections, registers) in [(1, 10), (1, 125), (16, 10), (16, 125), (64, 10), (64, 125)] {
      var (link, turn, bare): ([anchor_rate], [anchor_rate], [anchor_rate]) = ([], [], [])
      for _ in 0..<5 {
        link.append(measure(connections) { Self.read(port, registers, until: $0) })
        bare.append(anchor_poll(port, Int32(connections), Int32(registers), seconds))
        turn.append(measure(connections) { Self.turn(port, registers, until: $0) })
      }
      func middle(_ rates: [anchor_rate], _ path: KeyPath<anchor_rate, Double>) -> Double {
        median(rates.map { $0[keyPath: path] })
      }
      for (name, ours) in [("link", link), ("field turn", turn)] {
        table.row(
          "polls, \(name), \(connections) × \(registers) registers", middle(ours, \.per_second),
          "1/s", anchor: middle(bare, \.per_second), goal: .ratioAtLeast(0.97))
        table.row(
          "polls, \(name), \(connections) × \(registers) registers",
          middle(ours, \.cpu_microseconds), "µs CPU", anchor: middle(bare, \.cpu_microseconds),
          goal: .ratioAtMost(1.15))
      }
    }
  }

  /// Runs a body in so many threads at once; it returns how many requests it has made.
  private static func measure(
    _ connections: Int, _ body: @escaping @Sendable (_ until: Int64) -> Int
  ) -> anchor_rate {
    let began = anchor_now()
    let until = began + Int64(seconds * 1e9)
    let shared = Shared()
    let counter = Countdown(connections)
    for index in 0..<connections {
      do throws(LinuxFault) {
        _ = try NamedThread(name: "client-\(index)") {
          let before = anchor_thread_time()
          let requests = body(until)
          let used = Double(anchor_thread_time() - before) / 1e3
          shared.done.withLock {
            $0.requests += Double(requests)
            $0.microseconds += used
          }
          counter.finish()
        }
      } catch {
        counter.finish()
      }
    }
    counter.wait()
    let elapsed = Double(anchor_now() - began) / 1e9
    return shared.done.withLock {
      anchor_rate(
        per_second: $0.requests / elapsed,
        cpu_microseconds: $0.requests > 0 ? $0.microseconds / $0.requests : .nan)
    }
  }

  private static func read(_ port: UInt16, _ registers: Int, until: Int64) -> Int {
    var bus = ModbusTCPBus(host: "127.0.0.1", port: port)
    let request = ReadRequest(
      unitAddress: 1, table: .holding, start: 0, count: UInt16(registers), timeout: .seconds(1))
    var words: [UInt16] = []
    var count = 0
    do throws(BusFault) {
      try bus.open(timeout: .seconds(1))
      while anchor_now() < until {
        try bus.read(request, into: &words)
        count += 1
      }
    } catch {
      print("polling: \(error)")
    }
    bus.close()
    return count
  }

  private static func turn(_ port: UInt16, _ registers: Int, until: Int64) -> Int {
    var bus = ModbusTCPBus(host: "127.0.0.1", port: port)
    let clock = JumpingClock()
    let storage = RingStorage(capacity: 8192)
    var consumer = RingConsumer(storage)
    var step = FieldStep(
      bus: definition(port, registers), signals: signals(registers),
      producer: RingProducer(storage), seed: 1,
      now: clock.now())
    var words: [UInt16] = []
    var count = -1  // Opening the link is a turn as well.
    while anchor_now() < until {
      switch step.turn(bus: &bus, clock: clock, words: &words) {
      case .idle(let due): clock.jump(to: due)
      case .acted: count += 1
      }
      if consumer.fill > 4096 { _ = consumer.drain(limit: 8192) { _ in } }
    }
    bus.close()
    return max(0, count)
  }

  private static func signals(_ registers: Int) -> [SignalDefinition] {
    (0..<registers).map { index in
      SignalDefinition(name: "s\(index)", format: RegisterFormat(type: .u16, count: 1))
    }
  }

  private static func definition(_ port: UInt16, _ registers: Int) -> BusDefinition {
    let bindings = (0..<registers).map { index in
      ReadBinding(
        signal: SignalID(index), table: .holding, address: UInt16(index), count: 1,
        period: .milliseconds(100))
    }
    return BusDefinition(
      name: "plc", line: .tcp(host: "127.0.0.1", port: port), connectTimeout: .seconds(1),
      units: [
        UnitDefinition(
          id: UnitID(0), name: "unit", address: 1, timeout: .seconds(1), bindings: bindings)
      ])
  }
}

/// Sums of several threads.
private final class Shared: Sendable {
  let done = Mutex(Done())
}

/// Waits for so many ends.
private final class Countdown: Sendable {
  private let left: Atomic<Int>
  private let bell = try? WakeUp()
  init(_ count: Int) { left = Atomic(count) }

  func finish() {
    if left.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { bell?.signal() }
  }
  func wait() {
    while left.load(ordering: .acquiring) > 0 { _ = bell?.wait(until: .distantFuture) }
  }
}
