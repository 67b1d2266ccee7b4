// The step of a courier over a scripted stream, and the small things two threads share.

import Delivery
import Events
import Outbox
import Primitives
import Signals
import Testing

@testable import Gateway

/// A receiver behind the port of the stream: answers as the script says, one entry a request.
private final class ScriptedPeer {
  var answers: [String] = []
  var calls: [String] = []
  var events: [StreamEvent] = []
  var waits: [Instant] = []
}

private struct ScriptedStream: ByteStream {
  let peer: ScriptedPeer

  mutating func open(_ target: StreamTarget) {
    peer.calls.append("open \(target.host):\(target.port)")
    peer.events = [.opened]
  }

  mutating func send(_ bytes: [UInt8]) {
    peer.calls.append("send")
    guard !peer.answers.isEmpty else { return }
    let answer = peer.answers.removeFirst()
    peer.events.append(
      answer.isEmpty ? .ended(.closed("reset")) : .received(Array(answer.utf8)))
  }

  mutating func wait(until deadline: Instant) -> StreamEvent {
    peer.waits.append(deadline)
    return peer.events.isEmpty ? .idle : peer.events.removeFirst()
  }

  mutating func close() {
    peer.calls.append("close")
    peer.events = []
  }
}

private final class StepClock: Clock, @unchecked Sendable {
  var bench = BenchClock()
  func now() -> Instant { bench.now }
  func reading() -> ClockReading { bench.reading }
}

private let noContent = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
private let overloaded = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

@Suite struct `The step of a courier` {
  private let peer = ScriptedPeer()
  private let clock = StepClock()
  private let bell = Bell()
  private let link: CourierLink

  init() {
    let bell = bell
    link = CourierLink(name: "mes", wakeCourier: {}, wakeRecorder: bell.ringer)
  }

  private func step() -> CourierStep<ScriptedStream> {
    CourierStep(
      courier: Courier(
        policy: UplinkPolicy(address: HTTPAddress(host: "mes", port: 443)), digest: { _ in [0] }),
      stream: ScriptedStream(peer: peer), link: link, seed: 1, readToken: { nil })
  }

  private func parcel(_ sequences: ClosedRange<UInt64>) -> Parcel {
    Parcel(
      events: sequences.map {
        StoredEvent(sequence: $0, bytes: Array("{}".utf8), digest: [], due: 1)
      }, previous: sequences.lowerBound - 1)
  }

  @Test func `delivers parcels in order and reports each`() {
    var step = step()
    peer.answers = [noContent, noContent]
    #expect(link.post(parcel(1...3)))
    #expect(link.post(parcel(4...5)))
    for _ in 0..<4 { step.turn(clock: clock) }
    #expect(peer.calls == ["open mes:443", "send", "send"])
    #expect(link.takeAnswers() == [.delivered(through: 3), .delivered(through: 5)])
    #expect(bell.take() == 2)
    #expect(link.status.newest?.deliveredEvents == 5)
  }

  @Test func `a lost answer and a refusal for now are repeated, and nothing is reported before`() {
    var step = step()
    peer.answers = ["", overloaded, noContent]
    #expect(link.post(parcel(1...3)))
    for _ in 0..<12 {
      step.turn(clock: clock)
      if let next = step.nextDeadline, peer.events.isEmpty {
        clock.bench.now = max(clock.now(), next)
      }
    }
    #expect(peer.calls.filter { $0 == "send" }.count == 3)
    #expect(link.takeAnswers() == [.delivered(through: 3)])
  }

  @Test func `waits no longer than its idle time, and until its deadline when that is sooner`() {
    var step = step()
    step.turn(clock: clock)
    #expect(peer.waits == [clock.now() + GatewayLimits.courierIdle])
    #expect(link.post(parcel(1...1)))
    step.turn(clock: clock)
    step.turn(clock: clock)
    #expect(peer.waits.allSatisfy { $0 <= clock.now() + GatewayLimits.courierIdle })
  }

  @Test func `keeps its answers when the recorder's mailbox is full, and begins nothing new`() {
    var step = step()
    for number in 1...GatewayLimits.answersWaiting {
      #expect(link.post(.delivered(through: UInt64(number)), about: 0))
    }
    peer.answers = [noContent, noContent]
    #expect(link.post(parcel(900...900)))
    #expect(link.post(parcel(901...901)))
    for _ in 0..<4 { step.turn(clock: clock) }
    #expect(peer.calls == ["open mes:443", "send"])
    #expect(link.takeAnswers().count == GatewayLimits.answersWaiting)
    for _ in 0..<3 { step.turn(clock: clock) }
    #expect(link.takeAnswers() == [.delivered(through: 900), .delivered(through: 901)])
  }

  @Test func `forgets the parcel of a journal that was replaced, and its answer means nothing`() {
    var step = step()
    #expect(link.post(parcel(1...3)))
    for _ in 0..<2 { step.turn(clock: clock) }
    #expect(peer.calls == ["open mes:443", "send"])
    peer.events = [.received(Array(noContent.utf8))]
    link.startAnew()
    peer.answers = [noContent]
    #expect(link.post(parcel(1...2)))
    for _ in 0..<4 { step.turn(clock: clock) }
    #expect(link.takeAnswers() == [.delivered(through: 2)])
  }

  @Test func `a parcel of the new journal that comes within a turn is not lost`() {
    // The old answer arrives in the very turn in which the recorder begins anew.
    let late = LateRecorder(link: link, parcel: parcel(1...2))
    var step = CourierStep(
      courier: Courier(
        policy: UplinkPolicy(address: HTTPAddress(host: "mes", port: 443)), digest: { _ in [0] }),
      stream: RacingStream(late: late), link: link, seed: 1, readToken: { nil })
    #expect(link.post(parcel(7...7)))
    for _ in 0..<8 { step.turn(clock: clock) }
    #expect(late.isDone)
    #expect(link.takeAnswers() == [.delivered(through: 2)])
  }
}

/// Replaces the journal while the courier waits for its first answer.
private final class LateRecorder {
  let link: CourierLink
  let parcel: Parcel
  var isDone = false

  init(link: CourierLink, parcel: Parcel) {
    self.link = link
    self.parcel = parcel
  }
}

private struct RacingStream: ByteStream {
  let late: LateRecorder
  private var isOpened = false
  private var isSent = false

  init(late: LateRecorder) { self.late = late }

  mutating func open(_ target: StreamTarget) { isOpened = true }
  mutating func send(_ bytes: [UInt8]) { isSent = true }
  mutating func close() { (isOpened, isSent) = (false, false) }

  mutating func wait(until deadline: Instant) -> StreamEvent {
    if isOpened {
      isOpened = false
      return .opened
    }
    guard isSent else { return .idle }
    isSent = false
    if !late.isDone {
      late.isDone = true
      late.link.startAnew()
      _ = late.link.post(late.parcel)
    }
    return .received(Array(noContent.utf8))
  }
}

@Suite struct `What two threads share` {
  @Test func `a mailbox keeps its order, refuses when full and has room again`() {
    let box = Mailbox<Int>(capacity: 2)
    #expect(box.take() == nil)
    #expect(box.post(1) && box.post(2))
    #expect(box.isFull)
    #expect(!box.post(3))
    #expect(box.take() == 1)
    #expect(box.post(4))
    #expect(box.takeAll() == [2, 4])
    #expect(box.takeAll().isEmpty)
  }

  @Test func `a board shows the newest`() {
    let board = Board<Int?>(nil)
    #expect(board.newest == nil)
    board.post(1)
    board.post(2)
    #expect(board.newest == 2)
  }

  private static let at = Instant(nanoseconds: 5_000)

  @Test(arguments: [
    // What a machine may decide on rings, whatever else; what only counts does not.
    (FieldOutcome(news: .prompt, markedThrough: nil, fill: 1, at: at), Instant.distantFuture, 1),
    (FieldOutcome(news: .quiet, markedThrough: nil, fill: 1, at: at), .distantFuture, 0),
    // A mark before the deadline of the machines, none, or without a deadline: silence.
    (FieldOutcome(news: .none, markedThrough: at, fill: 1, at: at), at + .nanoseconds(1), 0),
    (FieldOutcome(news: .none, markedThrough: nil, fill: 1, at: at), at, 0),
    (FieldOutcome(news: .none, markedThrough: at, fill: 1, at: at), .distantFuture, 0),
    // At the deadline or behind it.
    (FieldOutcome(news: .none, markedThrough: at, fill: 1, at: at), at, 1),
    (FieldOutcome(news: .none, markedThrough: at + .seconds(9), fill: 1, at: at), at, 1),
    // A ring that is half full wants to be emptied.
    (FieldOutcome(news: .none, markedThrough: nil, fill: 31, at: at), .distantFuture, 0),
    (FieldOutcome(news: .none, markedThrough: nil, fill: 32, at: at), .distantFuture, 1),
  ])
  func `a field thread wakes the recorder exactly when it must`(
    outcome: FieldOutcome, deadline: Instant, rings: Int
  ) {
    let bell = Bell()
    let line = WakeLine(ring: bell.ringer)
    line.arm(at: deadline)
    line.published(outcome, capacity: 64)
    #expect(bell.take() == rings)
  }

  @Test(arguments: [
    // The recorder wakes by itself before the window of the change ends, at its end, or after it.
    (Duration.seconds(1), 999, 0), (.seconds(1), 1000, 0), (.seconds(1), 1001, 1),
    // A moment that is over: it is in its turn, at whose end it looks again.
    (.seconds(1), 300, 0),
    // Without a window it is told in the turn that takes it.
    (.zero, 500, 1),
  ])
  func `a change that is only published wakes the recorder when it would sleep too long`(
    window: Duration, wakesAtMilliseconds: Int64, rings: Int
  ) {
    let bell = Bell()
    let line = WakeLine(window: window, ring: bell.ringer)
    let now = Instant(nanoseconds: 400_000_000)
    line.arm(
      at: .distantFuture, wakesAt: Instant(nanoseconds: wakesAtMilliseconds * 1_000_000))
    line.published(
      FieldOutcome(news: .published, markedThrough: nil, fill: 1, at: now), capacity: 64)
    #expect(bell.take() == rings)
  }

  @Test func `without a deadline ever set only changes and a full ring wake`() {
    let bell = Bell()
    let line = WakeLine(ring: bell.ringer)
    line.published(
      FieldOutcome(news: .none, markedThrough: .distantPast, fill: 0, at: Self.at), capacity: 64)
    #expect(bell.take() == 0)
  }

}
