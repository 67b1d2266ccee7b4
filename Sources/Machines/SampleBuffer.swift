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

  /// The only one that waits, which is the usual case: it needs no other place in memory.
  private var lone: Entry?
  /// Where several wait, those from `front` to `end`; what stands behind was taken and is written
  /// over.
  private var entries: [Entry] = []
  private var front = 0
  private var end = 0
  /// The time of the oldest waiting sample; the end of time when none waits.
  private(set) var firstTime = Instant.distantFuture

  var count: Int { lone != nil ? 1 : end - front }
  var isEmpty: Bool { count == 0 }

  /// The oldest waiting sample, if no other one is of a moment up to this.
  func lone(upTo moment: Instant) -> Entry? {
    if let lone { return lone }
    guard front < end else { return nil }
    if front + 1 < end, entries[front + 1].sample.at <= moment { return nil }
    return entries[front]
  }

  /// The time of the n-th waiting sample.
  func time(at index: Int) -> Instant { lone?.sample.at ?? entries[front + index].sample.at }

  /// The first waiting sample of a slot, among the first `MachineLimits.lookedThrough`.
  func first(of slot: Int) -> Entry? {
    if let lone { return lone.slot == slot ? lone : nil }
    let last = min(end, front + MachineLimits.lookedThrough)
    return entries[front..<last].first { $0.slot == slot }
  }

  mutating func insert(_ entry: Entry) {
    if entry.sample.at < firstTime { firstTime = entry.sample.at }
    if let other = lone {
      lone = nil
      add(other)
    } else if front == end {
      (front, end) = (0, 0)
      lone = entry
      return
    }
    add(entry)
  }

  private mutating func add(_ entry: Entry) {
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
    guard !isEmpty, firstTime <= moment else { return nil }
    let entry = lone ?? entries[front]
    dropFirst()
    return entry
  }

  /// Takes the oldest sample, which was looked at.
  mutating func dropFirst() {
    if lone != nil {
      lone = nil
    } else {
      front += 1
      if front >= 1024, front * 2 >= end {
        entries.removeSubrange(end...)
        entries.removeFirst(front)
        (front, end) = (0, entries.count)
      }
    }
    firstTime = front < end ? entries[front].sample.at : .distantFuture
  }
}
