// Carries a scan out: request by request over one link, with pauses, progress and an early end.
//
// Invariants
// - One request at a time; between two at least the pause.
// - A signal ends it before the next request.

import LinuxEdge
import Polling
import Primitives

/// One scan under way, kept while links come and go.
final class ScanTrip<Steps: ScanSteps> {
  var steps: Steps
  let pause: Duration
  private(set) var isInterrupted = false
  private(set) var end: ScanEnd?
  private let signals: SignalBox
  private var progress: ScanProgress
  private let clock = SystemClock()
  /// Through the gateway a request also waits for its turn: only its own time counts.
  private let meter = AnswerMeter()

  init(_ steps: Steps, pause: Duration, name: String, signals: SignalBox) {
    self.steps = steps
    self.pause = pause
    self.signals = signals
    progress = ScanProgress(name: name, began: clock.now())
  }

  /// Goes on to the end, opening the line anew wherever its speed changes.
  func run(_ target: ReadTarget) {
    while end == nil, !isInterrupted {
      switch steps.next() {
      case .over(let end): self.end = end
      case .ask(_, let speed):
        var there = target
        if let speed, case .rtu(var serial) = target.line {
          serial.speed = speed
          there.line = .rtu(serial)
        }
        there.withBus(
          meter: meter,
          ScanVisit(trip: self, speed: speed, connectTimeout: target.connectTimeout))
      }
    }
    progress.finish()
  }

  /// Asks what there is to ask at one speed.
  fileprivate func ask<Bus: FieldBus & ~Copyable>(
    over bus: inout Bus, at speed: SerialSpeed?, connectTimeout: Duration
  ) {
    var isOpen = false
    var words: [UInt16] = []
    while case .ask(let request, let wanted) = steps.next(), wanted == speed {
      let started = clock.now()
      meter.took = nil
      do throws(BusFault) {
        if !isOpen { try bus.open(timeout: connectTimeout) }
        isOpen = true
        try bus.read(request, into: &words)
        steps.answered(.words(words), took: meter.took ?? clock.now() - started)
      } catch {
        let answer = Self.answer(to: error, isOpen: isOpen, connectTimeout)
        switch error {
        case .broken, .unreachable:
          bus.close()
          isOpen = false
        case .timeout, .exception, .garbage: break
        }
        steps.answered(answer, took: meter.took ?? clock.now() - started)
      }
      progress.show(
        asked: steps.asked, most: steps.mostRequests, finding: steps.finding, now: clock.now())
      if signals.waits(until: clock.now() + pause) {
        isInterrupted = true
        break
      }
    }
    bus.close()
  }

  /// A line that does not open is lost; one that breaks is opened again, because some devices hang
  /// up on a unit number that they do not have.
  private static func answer(
    to fault: BusFault, isOpen: Bool, _ timeout: Duration
  ) -> ScanAnswer {
    guard isOpen else { return .lost(cause(fault, timeout)) }
    if case .broken = fault { return .silence }
    return ScanAnswer(fault)
  }

  private static func cause(_ fault: BusFault, _ timeout: Duration) -> String {
    switch fault {
    case .timeout: "no connection within \(timeout.text); check the address and the cable"
    case .unreachable(let cause), .broken(let cause), .garbage(let cause): cause
    case .exception(let code): "exception \(code)"
    }
  }
}

/// One stretch of a scan at one speed.
private struct ScanVisit<Steps: ScanSteps>: FieldBusVisit {
  let trip: ScanTrip<Steps>
  let speed: SerialSpeed?
  let connectTimeout: Duration

  consuming func use<Bus: FieldBus & ~Copyable>(_ bus: consuming Bus) {
    var bus = bus
    trip.ask(over: &bus, at: speed, connectTimeout: connectTimeout)
  }
}

/// How far a scan is: one line that is written over on a terminal, a line each tenth elsewhere.
struct ScanProgress {
  /// Between two looks on a terminal.
  static let interval = Duration.milliseconds(200)

  let name: String
  let began: Instant
  private let isTerminal = StandardStream.error.isTerminal
  private var shown: Instant?
  private var tenths = 0

  init(name: String, began: Instant) {
    self.name = name
    self.began = began
  }

  mutating func show(asked: Int, most: Int, finding: String, now: Instant) {
    guard isTerminal else {
      let tenth = most > 0 ? asked * 10 / most : 0
      guard tenth > tenths else { return }
      tenths = tenth
      return StandardStream.error.line(text(asked, most, finding, now))
    }
    if let shown, now < shown + Self.interval { return }
    shown = now
    // CR: to the beginning of the line; ESC [K: clear to its end.
    let line = "\r\u{1B}[K" + text(asked, most, finding, now)
    StandardStream.error.write(Array(line.utf8))
  }

  /// Leaves the line that was written over.
  mutating func finish() {
    if isTerminal, shown != nil { StandardStream.error.write(Array("\r\u{1B}[K".utf8)) }
  }

  private func text(_ asked: Int, _ most: Int, _ finding: String, _ now: Instant) -> String {
    let spent = (now - began).nanoseconds / 1_000_000
    let left = asked > 0 ? spent * Int64(max(0, most - asked)) / Int64(asked) : 0
    return "\(name): request \(Human.count(Int64(asked))) of \(Human.count(Int64(most))) at most, "
      + "\(finding), about \(Human.duration(milliseconds: left)) left"
  }
}
