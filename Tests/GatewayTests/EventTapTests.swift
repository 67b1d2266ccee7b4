// The tap beside the recorder: the newest events, bounded, and what was missed.

import Gateway
import Outbox
import Testing

@Suite("The tap of committed events") struct EventTapTests {
  private func events(_ range: Range<Int>, bytes: Int = 4) -> [StoredEvent] {
    range.map {
      StoredEvent(
        sequence: UInt64($0), bytes: Array(repeating: UInt8($0 & 255), count: bytes), digest: [],
        due: 0)
    }
  }

  @Test func `it gives what came behind a number, in order, as much as fits`() {
    let tap = EventTap()
    let empty = tap.glance(after: 0, byteLimit: 100)
    #expect(empty.bodies.isEmpty && empty.last == 0 && empty.missed == 0)
    tap.add(events(0..<5))
    let all = tap.glance(after: 0, byteLimit: 100)
    #expect(all.bodies.map { $0[0] } == [0, 1, 2, 3, 4])
    #expect(all.last == 5 && all.missed == 0)
    let some = tap.glance(after: 1, byteLimit: 9)
    #expect(some.bodies.map { $0[0] } == [1, 2])
    #expect(some.last == 3, "asked again from there, the rest comes")
    #expect(tap.glance(after: 4, byteLimit: 1).bodies.count == 1, "one at least")
    #expect(tap.glance(after: 5, byteLimit: 9).bodies.isEmpty)
    #expect(tap.glance(after: 99, byteLimit: 9).last == 5, "a number of another start")
  }

  @Test func `it is bounded in events and bytes, and tells how many were missed`() {
    let tap = EventTap()
    for start in stride(from: 0, to: 10_000, by: 7) { tap.add(events(start..<start + 7)) }
    let glance = tap.glance(after: 0, byteLimit: .max)
    #expect(glance.bodies.count == EventTap.eventLimit)
    #expect(glance.last == tap.last)
    #expect(glance.missed == tap.last - UInt64(EventTap.eventLimit))
    tap.add(events(0..<40, bytes: 100_000))
    let large = tap.glance(after: 0, byteLimit: .max)
    #expect(large.bodies.reduce(0) { $0 + $1.count } <= EventTap.byteLimit)
    #expect(!large.bodies.isEmpty)
    #expect(large.missed + UInt64(large.bodies.count) == tap.last)
  }
}
