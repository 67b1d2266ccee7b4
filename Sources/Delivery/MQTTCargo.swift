// The events a courier holds between the outbox and the broker, and what became of each.
//
//   waiting ⇄ onItsWay ──▶ accepted ──▶ done          refused
//                  └───────────────────▲──────────────────▲
//
// Invariants
// - Events keep the order in which they came; reports are taken from the front only, so none ever
//   passes an event that is neither delivered nor refused.
// - `next` is not behind any event that could be sent: whoever makes one sendable calls `rescan`.
// - An event has a number of its own for as long as it is held; numbers are never used again.

import Outbox
import Primitives

struct MQTTCargo: Equatable, Sendable {
  enum Progress: Equatable, Sendable {
    case waiting
    case onItsWay
    /// The broker has it; the application has not acknowledged it yet.
    case accepted
    case done
    case refused(status: Int, text: String)
    /// Not sent: it waits behind a refused one of its key.
    case held
  }

  struct Item: Equatable, Sendable {
    let event: StoredEvent
    /// The event's own sequence within its epoch, as receivers know it.
    let sequence: UInt64
    let message: MQTTMessage
    var progress = Progress.waiting
    /// Failures that may be this event's own.
    var strikes = 0
    /// When the broker accepted it.
    var acceptedAt = Instant.distantPast

    /// Ready for its report.
    var isSettled: Bool {
      switch progress {
      case .done, .refused, .held: true
      case .waiting, .onItsWay, .accepted: false
      }
    }
  }

  private(set) var items: [Item] = []
  /// The number of the first item.
  private(set) var base = 0
  /// The number of the first item that has not been looked at.
  var next = 0

  var end: Int { base + items.count }
  var isEmpty: Bool { items.isEmpty }
  /// Items that have not been looked at.
  var ahead: Int { end - next }

  subscript(number: Int) -> Item? {
    number >= base && number < end ? items[number - base] : nil
  }

  /// Takes an event whose place in the journal is `base` above its own sequence.
  mutating func add(_ event: StoredEvent, base: UInt64, _ message: MQTTMessage) {
    items.append(
      Item(event: event, sequence: event.sequence &- base, message: message))
  }

  mutating func set(_ number: Int, _ progress: Progress) {
    guard number >= base, number < end else { return }
    items[number - base].progress = progress
  }

  mutating func accept(_ number: Int, at instant: Instant) {
    guard number >= base, number < end else { return }
    items[number - base].progress = .accepted
    items[number - base].acceptedAt = instant
  }

  /// One more strike against an event; returns how many there are.
  mutating func strike(_ number: Int) -> Int {
    guard number >= base, number < end else { return 0 }
    items[number - base].strikes = min(items[number - base].strikes + 1, 1_000_000)
    return items[number - base].strikes
  }

  /// What waits to leave and must not is given back.
  mutating func giveBack(_ isHeld: (StoredEvent) -> Bool) {
    for index in items.indices where items[index].progress == .waiting {
      if isHeld(items[index].event) { items[index].progress = .held }
    }
  }

  /// The events at the front may be sendable again.
  mutating func rescan() { next = base }

  /// What was on its way is to be sent again.
  mutating func recall() {
    for index in items.indices where items[index].progress == .onItsWay {
      items[index].progress = .waiting
    }
    rescan()
  }

  /// What the broker took and the application did not is to be sent again.
  mutating func recallAccepted() {
    for index in items.indices where items[index].progress == .accepted {
      items[index].progress = .waiting
    }
    rescan()
  }

  /// The application has stored everything up to a sequence of this epoch; without a name it is
  /// the epoch of the oldest event that waits: another one counts from 1 again.
  mutating func confirm(through sequence: UInt64, epoch: String?) {
    let meant = epoch ?? items.first { $0.progress == .accepted }?.message.epoch
    for index in items.indices where items[index].progress == .accepted {
      guard items[index].message.epoch == meant, items[index].sequence <= sequence else { continue }
      items[index].progress = .done
    }
  }

  /// When the oldest event that waits for the application was accepted.
  var oldestAccepted: Instant? {
    items.lazy.filter { $0.progress == .accepted }.map(\.acceptedAt).min()
  }

  /// Takes the settled events from the front as answers.
  mutating func settled() -> [Answer] {
    var answers: [Answer] = []
    var (count, delivered): (Int, UInt64?) = (0, nil)
    walk: for item in items {
      switch item.progress {
      case .done: delivered = item.event.sequence
      case .refused(let status, let text):
        if let through = delivered { answers.append(.delivered(through: through)) }
        delivered = nil
        answers.append(.refused(item.event, status: status, body: text))
      case .held:
        if let through = delivered { answers.append(.delivered(through: through)) }
        delivered = nil
        answers.append(.held(item.event))
      case .waiting, .onItsWay, .accepted: break walk
      }
      count += 1
    }
    if let delivered { answers.append(.delivered(through: delivered)) }
    guard count > 0 else { return [] }
    items.removeFirst(count)
    base += count
    next = max(next, base)
    return answers
  }
}
