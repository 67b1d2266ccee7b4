// Guests on a bus with a schedule of its own: when they go, what they cost, and what they leave.

import Gateway
import Polling
import Primitives
import Signals
import Testing

private func ms(_ milliseconds: Int64) -> Instant {
  Instant(nanoseconds: milliseconds * 1_000_000)
}

/// A virtual clock that the link and the test move on.
private final class GuestClock: Clock, @unchecked Sendable {
  var time = Instant.boot
  func now() -> Instant { time }
  func reading() -> ClockReading {
    ClockReading(
      monotonic: time, wall: WallTime(milliseconds: 0), quality: .neverset, bootID: "test")
  }
}

/// A link that answers unit 1 after a while, and treats every other unit as told.
private struct GuestLink: FieldBus, ~Copyable {
  enum Stranger {
    case silent, breaks, refuses
  }

  let clock: GuestClock
  let answerTime: Duration
  let stranger: Stranger
  var opens = 0
  var isReachable = true
  /// Answers no guest.
  var isDeaf = false
  /// When the schedule's own requests were sent.
  var own: [Instant] = []
  /// From sending to the end, of guests.
  var taken = Duration.zero
  /// When guests' requests were sent.
  var guests: [Instant] = []

  init(clock: GuestClock, answerTime: Duration, stranger: Stranger) {
    self.clock = clock
    self.answerTime = answerTime
    self.stranger = stranger
  }

  mutating func open(timeout: Duration) throws(BusFault) {
    guard isReachable else { throw .unreachable("no route") }
    opens += 1
  }

  mutating func read(_ request: ReadRequest, into words: inout [UInt16]) throws(BusFault) {
    let started = clock.time
    let isOwn = request.start < 100
    if isOwn { own.append(started) } else { guests.append(started) }
    defer { if !isOwn { taken += clock.time - started } }
    if isDeaf, !isOwn {
      clock.time = clock.time + request.timeout
      throw .timeout
    }
    guard request.unitAddress == 1 || stranger == .refuses else {
      clock.time = clock.time + (stranger == .silent ? request.timeout : .milliseconds(1))
      if stranger == .breaks { throw .broken("reset") }
      throw .timeout
    }
    clock.time = clock.time + answerTime
    if request.unitAddress != 1 { throw .exception(2) }
    words = [UInt16](repeating: request.start, count: Int(request.count))
  }

  mutating func close() {}
}

/// One bus with one unit that is read at a period, its step, and a desk.
private final class GuestBench {
  let clock = GuestClock()
  let desk = GuestDesk()
  var link: GuestLink
  var step: FieldStep
  var policy = GuestPolicy()
  var tickets: UInt64 = 0
  private var words: [UInt16] = []
  /// Kept, so that the ring has both ends.
  private var consumer: RingConsumer

  init(
    period: Duration, answerTime: Duration = .milliseconds(10),
    stranger: GuestLink.Stranger = .silent, line: BusLine = .tcp(host: "plc", port: 502)
  ) {
    let unit = UnitDefinition(
      id: UnitID(0), name: "press", address: 1, timeout: .milliseconds(200),
      bindings: [
        ReadBinding(signal: SignalID(0), table: .holding, address: 0, count: 1, period: period)
      ])
    let storage = RingStorage(capacity: 4096)
    consumer = RingConsumer(storage)
    step = FieldStep(
      bus: BusDefinition(
        name: "b", line: line, connectTimeout: .seconds(1), units: [unit]),
      signals: [SignalDefinition(name: "s", format: RegisterFormat(type: .u16, count: 1))],
      producer: RingProducer(storage), seed: 1, now: clock.now())
    link = GuestLink(clock: clock, answerTime: answerTime, stranger: stranger)
  }

  /// Leaves a request as the control socket does.
  @discardableResult
  func ask(_ unit: UInt8, timeout: Duration? = nil, count: UInt16 = 2) -> UInt64? {
    tickets += 1
    let guest = Guest(
      ticket: tickets, unitAddress: unit, table: .holding, start: 500, count: count,
      timeout: timeout,
      postedAt: clock.time)
    return desk.post(guest, now: clock.time) == .taken ? tickets : nil
  }

  /// Runs the field loop to a moment, waking for guests asked at an interval.
  func run(until end: Instant, guestsEvery interval: Duration? = nil, unit: UInt8 = 1) {
    var nextGuest = interval.map { clock.time + $0 } ?? .distantFuture
    var pending: UInt64?
    while clock.time < end {
      if clock.time >= nextGuest {
        if pending == nil { pending = ask(unit) }
        nextGuest = clock.time + (interval ?? .zero)
      }
      // A client that looks again and again, as `takt read` does.
      if let ticket = pending {
        if case .waiting = desk.progress(of: ticket, now: clock.time) {} else { pending = nil }
      }
      turn(noLaterThan: min(nextGuest, end))
      _ = consumer.drain(limit: 4096) { _ in }
    }
  }

  func turn(noLaterThan moment: Instant) {
    switch step.turn(bus: &link, clock: clock, words: &words) {
    case .idle(let until):
      let served = step.host(
        desk, &policy, idleUntil: until, bus: &link, clock: clock, words: &words)
      if !served { clock.time = max(clock.time, min(until, moment)) }
    case .acted:
      _ = step.host(desk, &policy, idleUntil: nil, bus: &link, clock: clock, words: &words)
    }
  }

  var own: [Instant] { link.own }
  var opens: Int { link.opens }
  /// The share of ten minutes that guests took.
  var share: Double { Double(link.taken.nanoseconds) / 600e9 }
  var taken: Duration { link.taken }
  var unit: BusStatus.UnitStatus { step.status.units[0] }

  func answer(_ ticket: UInt64) -> Result<[UInt16], BusFault>? {
    guard case .done(let answer) = desk.progress(of: ticket, now: clock.time) else { return nil }
    return answer.result
  }
}

@Suite struct `A guest on a running bus` {
  @Test(arguments: [UInt8(1), 9])
  func `never moves a request of the schedule while there is room`(unit: UInt8) {
    let alone = GuestBench(period: .milliseconds(500))
    alone.run(until: ms(60_000))
    let visited = GuestBench(period: .milliseconds(500))
    visited.run(until: ms(60_000), guestsEvery: .milliseconds(137), unit: unit)
    #expect(visited.tickets > 100)
    #expect(visited.taken > .seconds(1))
    #expect(alone.own.count >= 119)
    #expect(visited.own == alone.own)
    #expect(visited.unit == alone.unit)
  }

  @Test func `takes at most its share of a bus that never rests`() {
    let bench = GuestBench(period: .milliseconds(10), answerTime: .milliseconds(20))
    bench.run(until: ms(600_000), guestsEvery: .milliseconds(50))
    let share = bench.share
    #expect(share > 0.01, "late rather than never")
    #expect(share <= 1 / 50)
  }

  @Test func `that meets silence on a busy bus pays for it before the next`() {
    let bench = GuestBench(period: .milliseconds(10), answerTime: .milliseconds(20))
    bench.run(until: ms(600_000), guestsEvery: .milliseconds(50), unit: 9)
    let share = bench.share
    #expect(share > 0.01)
    // One debt may still be open at the end.
    #expect(share <= 1 / 50 + 0.3 / 600)
  }

  @Test func `gets its words, or the fault as it was`() throws {
    let bench = GuestBench(period: .seconds(1), stranger: .refuses)
    bench.run(until: ms(1500))
    let polls = bench.unit.counters.polls
    let (good, refused) = (try #require(bench.ask(1)), try #require(bench.ask(7)))
    bench.run(until: ms(1800))
    #expect(bench.answer(good) == .success([500, 500]))
    #expect(bench.answer(refused) == .failure(.exception(2)))
    let unit = bench.unit
    #expect(unit.counters.failures == 0 && unit.counters.polls <= polls + 1 && unit.refused == 0)
    #expect(unit.contact == "up")
  }

  @Test func `under whom the link breaks leaves a link to be opened anew`() throws {
    let bench = GuestBench(period: .seconds(1), stranger: .breaks)
    bench.run(until: ms(1500))
    #expect(bench.opens == 1)
    let ticket = try #require(bench.ask(9))
    bench.run(until: ms(10_000))
    #expect(bench.answer(ticket) == .failure(.broken("reset")))
    #expect(bench.opens == 2)
    let unit = bench.unit
    #expect(unit.contact == "up" && unit.counters.failures == 0 && unit.counters.polls > 5)
  }

  @Test func `is told at once that there is no link`() throws {
    let bench = GuestBench(period: .seconds(1))
    bench.link.isReachable = false
    bench.run(until: ms(50))
    let ticket = try #require(bench.ask(1))
    bench.run(until: ms(60))
    guard case .failure(.unreachable(let why))? = bench.answer(ticket) else {
      Issue.record("\(String(describing: bench.answer(ticket)))")
      return
    }
    #expect(why.contains("no link to this bus and keeps trying"))
    #expect(why.contains("no route"))
  }

  @Test func `who has left is let go`() throws {
    let bench = GuestBench(period: .milliseconds(10), answerTime: .milliseconds(20))
    bench.run(until: ms(1000))
    let ticket = try #require(bench.ask(1, timeout: .seconds(1)))
    let guest = try #require(bench.desk.first(now: bench.clock.time))
    #expect(guest.ticket == ticket)
    let later = bench.clock.time + GuestLimits.abandonedAfter + .milliseconds(1)
    #expect(bench.desk.first(now: later) == nil)
    #expect(!bench.desk.hasGuest)
    #expect(bench.desk.progress(of: ticket, now: later) == .unknown)
  }

  @Test func `is refused at a full desk, and when too many come in a second`() {
    let desk = GuestDesk()
    func post(_ ticket: UInt64, _ now: Instant) -> GuestDesk.Admission {
      desk.post(
        Guest(
          ticket: ticket, unitAddress: 1, table: .coil, start: 0, count: 1, postedAt: now),
        now: now)
    }
    for ticket in 1...UInt64(GuestLimits.waiting) { #expect(post(ticket, ms(0)) == .taken) }
    #expect(post(99, ms(0)) == .full)
    var taken = GuestLimits.waiting
    for ticket in 1...UInt64(GuestLimits.perSecond) {
      desk.answer(ticket, .success([1]), took: .zero)
      if post(100 + ticket, ms(1)) == .taken { taken += 1 }
      desk.answer(100 + ticket, .success([1]), took: .zero)
    }
    #expect(taken == GuestLimits.perSecond)
    #expect(post(500, ms(2)) == .tooFast)
    #expect(post(501, ms(1001)) == .taken)
    // The oldest answers make room.
    #expect(desk.progress(of: 1, now: ms(1001)) == .unknown)
  }
}

@Suite struct `A guest on a serial line` {
  private let line = BusLine.rtu(SerialLine(path: "/dev/ttyS0", speed: SerialSpeed(baud: 1200)))

  /// F11: of a configured unit, and of one that nobody knows.
  @Test(arguments: [UInt8(1), 9])
  func `F11: is not asked for while the answer to the one before may be late`(unit: UInt8) throws {
    let bench = GuestBench(period: .seconds(30), line: line)
    bench.run(until: ms(5000))
    bench.link.isDeaf = true
    let first = try #require(bench.ask(unit, timeout: .milliseconds(400)))
    bench.run(until: ms(5500))
    #expect(bench.answer(first) == .failure(.timeout))
    let second = try #require(bench.ask(unit, timeout: .milliseconds(400)))
    let neighbour = try #require(bench.ask(unit + 1, timeout: .milliseconds(100)))
    bench.run(until: ms(7000))
    #expect(bench.answer(second) == .failure(.timeout))
    #expect(bench.answer(neighbour) == .failure(.timeout))
    let sent = bench.link.guests
    // Silence for as long as the answer had: 400 ms behind the first one's end.
    #expect(sent.count == 3 && sent[1] - sent[0] >= .milliseconds(800))
  }

  @Test func `F11: holds the schedule's own request of the same shape back, once it was silent`()
    throws
  {
    let bench = GuestBench(period: .milliseconds(1500), line: line)
    bench.run(until: ms(4000))
    bench.link.isDeaf = true
    let last = try #require(bench.own.last) + .milliseconds(1500)
    bench.run(until: last + .milliseconds(600))
    let guest = try #require(bench.ask(1, timeout: .milliseconds(600), count: 1))
    bench.run(until: last + .milliseconds(1201))
    #expect(bench.answer(guest) == .failure(.timeout))
    bench.run(until: last + .seconds(5))
    let ended = try #require(bench.link.guests.first) + .milliseconds(600)
    let next = try #require(bench.own.first { $0 > ended })
    #expect(ended < last + .milliseconds(1500), "before the schedule's next request was due")
    #expect(next == ended + .milliseconds(600))
  }

  @Test func `goes only when its frames have room too`() throws {
    // 125 registers at 1200 baud are 2.4 s on the wire; the unit's time is 200 ms.
    let alone = GuestBench(period: .seconds(2), line: line)
    alone.run(until: ms(20_000))
    let visited = GuestBench(period: .seconds(2), line: line)
    visited.run(until: ms(3000))
    _ = try #require(visited.ask(1, count: 125))
    visited.run(until: ms(3000) + GuestLimits.patience - .milliseconds(1))
    #expect(visited.link.guests.isEmpty)
    visited.run(until: ms(20_000))
    #expect(visited.link.guests.count == 1, "late rather than never")
  }
}

@Suite struct `The policy for guests` {
  @Test(arguments: [
    // worst, likely, room, waited; at 0 ms and with the debt of 10 ms open until 500 ms
    (100, 10, 100, 0, true, true), (100, 10, 99, 0, true, false), (100, 10, 9, 0, false, false),
    (100, 10, 0, 999, false, false), (100, 10, 0, 1000, true, false),
  ])
  func `lets in who fits, and who may delay while nothing is owed`(
    worst: Int, likely: Int, room: Int, waited: Int, free: Bool, indebted: Bool
  ) {
    func admits(_ policy: GuestPolicy, _ now: Instant) -> Bool {
      policy.admits(
        worst: .milliseconds(worst), likely: .milliseconds(likely), room: .milliseconds(room),
        waited: .milliseconds(waited), now: now)
    }
    var policy = GuestPolicy()
    #expect(admits(policy, ms(0)) == free)
    policy.ended(at: ms(0), due: ms(0) - .milliseconds(10))
    #expect(policy.delayAllowedFrom == ms(500))
    #expect(admits(policy, ms(499)) == indebted)
    #expect(admits(policy, ms(500)) == free)
  }
}
