// A dialogue of a poller with a bus in memory, on a virtual clock.

import Polling
import Primitives
import Signals
import Testing

func ms(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

/// What the world answers to a request.
enum Reply {
  case words
  case wordsAfter(Duration)
  case fault(BusFault)
}

/// A poller on a virtual clock: plays until a moment and writes down what it did.
struct Dialogue {
  var poller: Poller
  var now: Instant
  /// "time what" of everything that happened.
  var log: [String] = []
  var requests: [(at: Instant, request: ReadRequest)] = []
  var degradations: [Degradation] = []
  var restored: [Instant] = []
  var opens: [Instant] = []
  /// How long an answer takes.
  var answerTime = Duration.milliseconds(4)
  /// And how much longer for each value in it.
  var valueTime = Duration.zero

  init(
    _ bus: BusDefinition, seed: UInt64 = 1, now: Instant = ms(0), learnt: [LearntRefusal] = []
  ) {
    poller = Poller(bus: bus, seed: seed, now: now, learnt: learnt)
    self.now = now
  }

  mutating func play(until end: Instant) { play(until: end) { _, _ in .words } }

  mutating func play(until end: Instant, _ world: (ReadRequest, Instant) -> Reply) {
    play(until: end, opening: { _ in nil }, reading: world)
  }

  mutating func play(
    until end: Instant, opening open: (Instant) -> BusFault?,
    reading world: (ReadRequest, Instant) -> Reply
  ) {
    while now < end {
      switch poller.next(now: now) {
      case .open(let timeout):
        opens.append(now)
        if let fault = open(now) {
          now = now + (fault == .timeout ? timeout : .milliseconds(1))
          note(poller.openFailed(fault, now: now))
        } else {
          now = now + .milliseconds(1)
          poller.opened(now: now)
        }
      case .close:
        log.append("\(now.milliseconds) close")
      case .wait(let until):
        #expect(until > now, "a wait that is over at once never ends")
        now = until
      case .read(let request):
        read(request, world(request, now))
      }
    }
  }

  private mutating func read(_ request: ReadRequest, _ reply: Reply) {
    requests.append((now, request))
    let started = now
    switch reply {
    case .words:
      now = now + answerTime + valueTime * Int(request.count)
      note(poller.answered(wordCount: Int(request.count), started: started, ended: now))
    case .wordsAfter(let time):
      now = now + time
      note(poller.answered(wordCount: Int(request.count), started: started, ended: now))
    case .fault(let fault):
      now = now + (fault == .timeout ? request.timeout : answerTime)
      note(poller.failed(fault, started: started, ended: now))
    }
  }

  private mutating func note(_ outcome: PollOutcome) {
    degradations += outcome.degradations
    if outcome.restored != nil { restored.append(now) }
  }

  func times(unit: UInt8) -> [Int64] {
    requests.filter { $0.request.unitAddress == unit }.map(\.at.milliseconds)
  }
}
