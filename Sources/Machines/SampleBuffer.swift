// Samples that wait until every unit of the machine has told everything before them.
//
// Invariants
// - Ordered by time; samples of one moment stay in the order in which they came.
// - In steady state it allocates nothing: the front is an index, and the storage is reused.

import Primitives
import Signals

struct SampleBuffer: Sendable {
  struct Entry: Sendable {
    var sample: Sample
    /// The slot of its signal in the roster.
    var slot: Int32
    /// The mark of its unit when it came: until then the unit is known to have been read.
    var looked: Instant
  }

  /// Those from `front` to `end` wait; what stands behind was taken and is written over.
  private var entries: [Entry] = []
  private var front = 0
  private var end = 0

  var count: Int { end - front }
  var isEmpty: Bool { front == end }
  /// The time of the oldest waiting sample; the end of time when none waits.
  var firstTime: Instant { isEmpty ? .distantFuture : entries[front].sample.at }
  /// The oldest waiting sample, if no other one is of a moment up to this.
  func lone(upTo moment: Instant) -> Entry? {
    guard front < end else { return nil }
    if front + 1 < end, entries[front + 1].sample.at <= moment { return nil }
    return entries[front]
  }

  /// The time of the n-th waiting sample.
  func time(at index: Int) -> Instant { entries[front + index].sample.at }

  /// The first waiting sample of a slot, among the first `MachineLimits.lookedThrough`.
  func first(of slot: Int) -> Entry? {
    let last = min(end, front + MachineLimits.lookedThrough)
    return entries[front..<last].first { $0.slot == slot }
  }

  mutating func insert(_ entry: Entry) {
    if isEmpty { (front, end) = (0, 0) }
    var index = end
    while index > front, entry.sample.at < entries[index - 1].sample.at { index -= 1 }
    if index < end {
      entries.removeSubrange(end...)
      entries.insert(entry, at: index)
    } else if end < entries.count {
      entries[end] = entry
    } else {
      entries.append(entry)
    }
    end += 1
  }

  /// Takes the oldest sample if it is not after a moment.
  mutating func popFirst(upTo moment: Instant) -> Entry? {
    guard !isEmpty, entries[front].sample.at <= moment else { return nil }
    let entry = entries[front]
    dropFirst()
    return entry
  }

  /// Takes the oldest sample, which was looked at.
  mutating func dropFirst() {
    front += 1
    guard front >= 1024, front * 2 >= end else { return }
    entries.removeSubrange(end...)
    entries.removeFirst(front)
    (front, end) = (0, entries.count)
  }
}
