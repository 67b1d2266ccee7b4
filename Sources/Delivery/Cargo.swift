// The parcel a courier carries, and which piece of it goes next.
//
// Invariants
// - Pieces are taken from the front, in order; nothing is skipped, nothing sent twice on purpose.
// - While an event is being isolated, `refusedEnd` is the end of the smallest range from `next`
//   that is known to hold a refused event: each answer halves it, so one bad event among n costs
//   at most 1 + log2(n) + 1 requests.
// - The bytes of an event are copied into a body as they were committed, never re-written.

import Outbox

struct Cargo: Equatable, Sendable {
  private(set) var events: [StoredEvent]
  private let previous: UInt64
  private let base: UInt64
  /// Told again or late, and marked so.
  let isReplay: Bool
  private(set) var next = 0
  private var refusedEnd: Int?

  init(_ parcel: Parcel) {
    events = parcel.events
    previous = parcel.previous
    base = parcel.base
    isReplay = parcel.isReplay
  }

  /// The sequence of an event as receivers know it: its place in the journal less the epoch's base.
  func sequence(of event: StoredEvent) -> UInt64 { event.sequence &- base }

  var isDone: Bool { next >= events.count }

  /// The sequence due before the next piece.
  var previousSequence: UInt64 { next == 0 ? previous : sequence(of: events[next - 1]) }

  /// Where the next piece ends, within the limits of counts and bytes; at least one event.
  func pieceEnd(maxEvents: Int, maxBytes: Int) -> Int {
    var count = max(1, maxEvents)
    if let refusedEnd { count = min(count, max(1, (refusedEnd - next) / 2)) }
    var end = next
    var bytes = 2
    while end < events.count, end - next < count {
      bytes += events[end].bytes.count + 1
      if bytes - 1 > maxBytes, end > next { break }
      end += 1
    }
    return end
  }

  /// The body of the piece up to `end`.
  func body(_ end: Int, _ packing: UplinkPolicy.Packing) -> [UInt8] {
    switch packing {
    case .single: return events[next].bytes
    case .batch:
      var body: [UInt8] = []
      body.reserveCapacity(events[next..<end].reduce(1) { $0 + $1.bytes.count + 1 })
      for index in next..<end {
        body.append(index == next ? UInt8(ascii: "[") : UInt8(ascii: ","))
        body.append(contentsOf: events[index].bytes)
      }
      body.append(UInt8(ascii: "]"))
      return body
    }
  }

  /// Everything before `end` is done with.
  mutating func advance(to end: Int) {
    next = max(next, min(end, events.count))
    if let refused = refusedEnd, next >= refused { refusedEnd = nil }
  }

  /// The range up to `end` holds an event that is refused.
  mutating func narrow(to end: Int) { refusedEnd = end }

  /// Takes out, of what is not sent yet, the events that must wait.
  mutating func takeOut(_ isHeld: (StoredEvent) -> Bool) -> [StoredEvent] {
    let held = events[next...].filter(isHeld)
    guard !held.isEmpty else { return [] }
    events[next...].removeAll(where: isHeld)
    refusedEnd = nil
    return held
  }

  /// The refused event was found, or there was none.
  mutating func forgetRefusal() { refusedEnd = nil }
}
