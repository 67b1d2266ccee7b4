// The ring between one field thread and the recorder: single producer, single consumer, bounded.
//
// Invariants
// - Capacity is a power of two; indices only grow (wrapping), a slot is `index & mask`.
// - Only the producer writes `written`, only the consumer writes `taken`; each end keeps its own
//   index and a cached copy of the other's, so a push or pop touches a shared line only when the
//   cached copy says full or empty.
// - What is pushed becomes visible at `publish()`, once a scan: across cores the journey of the
//   cache line is the cost (73 ns a record, 17.5 ns in blocks of 16), not the store.
// - A full ring refuses and counts; the next accepted sample carries the number lost. A refused
//   mark is not counted: the next mark says the same and more.
// - Each end is claimed once in the life of a storage.
// - Memory follows use: a slot is not touched before its first sample, and the producer, to whom
//   free slots belong, gives back the pages of samples that were taken. A ring for the worst stall
//   of a disk is megabytes; what lies in it on a good day is kilobytes.
//
// Why unsafe code stands here and nowhere else in the rooms that decide: an array in a class costs
// 25 to 40 ns a sample for dynamic exclusivity. The two ends are `~Copyable`, so the compiler holds
// the single producer and the single consumer; the acquire and release pairs hold the rest.

import Primitives
public import Synchronization

/// An index with a cache line to itself; 128 bytes, because neighbouring lines are fetched in
/// pairs.
@usableFromInline
struct PaddedIndex: ~Copyable {
  @usableFromInline let value = Atomic<Int>(0)
  @usableFromInline let padding = InlineArray<15, Int>(repeating: 0)

  @usableFromInline init() {}
}

/// The memory of a ring; its two ends are made from it.
@safe
public final class RingStorage: @unchecked Sendable {
  @usableFromInline let slots: UnsafeMutablePointer<Sample>
  @usableFromInline let mask: Int
  /// Makes pages that hold nothing cost nothing; their content is lost. madvise(2)
  let giveBack: (@Sendable (UnsafeMutableRawBufferPointer) -> Void)?
  let producerClaimed = Atomic<Bool>(false)
  let consumerClaimed = Atomic<Bool>(false)
  let refused = Atomic<UInt64>(0)
  let separator = InlineArray<15, Int>(repeating: 0)
  /// Samples published so far.
  @usableFromInline let written = PaddedIndex()
  /// Samples taken so far.
  @usableFromInline let taken = PaddedIndex()

  /// Makes room for at least this many samples: the next power of two, 2 to `RingLimits.largest`.
  ///
  /// `giveBack` is called with whole pages of it that hold nothing any more.
  @safe
  public init(
    capacity: Int, giveBack: (@Sendable (UnsafeMutableRawBufferPointer) -> Void)? = nil
  ) {
    let wanted = min(max(capacity, 2), RingLimits.largest)
    let rounded = 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
    mask = rounded - 1
    let bytes = rounded * MemoryLayout<Sample>.stride
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: bytes, alignment: RingLimits.pageBytes)
    // Not initialised: a sample is bitwise copyable, and no slot is read before it was written.
    unsafe slots = memory.bindMemory(to: Sample.self, capacity: rounded)
    unsafe self.giveBack = bytes > RingLimits.keptBytes ? giveBack : nil
  }

  deinit {
    // Samples are bitwise copyable: those never taken need no destruction.
    unsafe UnsafeMutableRawPointer(slots).deallocate()
  }

  /// Samples the ring can hold.
  public var capacity: Int { mask + 1 }

  /// Values refused because the ring was full, since it was made.
  public var lost: UInt64 { refused.load(ordering: .relaxed) }

  /// Published samples waiting to be taken, as seen from any thread.
  public var fill: Int {
    // `taken` first: it only grows towards `written`, so the difference is never negative.
    let taken = taken.value.load(ordering: .acquiring)
    return min(written.value.load(ordering: .acquiring) &- taken, capacity)
  }
}

/// The end that puts samples in; owned by one field thread.
@safe
public struct RingProducer: ~Copyable, @unchecked Sendable {
  @usableFromInline let storage: RingStorage
  @usableFromInline let slots: UnsafeMutablePointer<Sample>
  @usableFromInline let mask: Int
  @usableFromInline var head = 0
  @usableFromInline var published = 0
  @usableFromInline var takenSeen = 0
  @usableFromInline var lostBefore: UInt32 = 0
  /// The pages of samples before this one were given back.
  private var givenBack = 0
  /// The position from which on it is worth looking for some; never, when nobody takes them.
  @usableFromInline var giveBackAt = Int.max

  /// Claims the producing end; a second claim of the same storage is a programming error.
  public init(_ storage: RingStorage) {
    let claimed = storage.producerClaimed.exchange(true, ordering: .acquiringAndReleasing)
    precondition(!claimed, "a ring has one producer, and this one has it already")
    self.storage = storage
    unsafe slots = storage.slots
    mask = storage.mask
    if unsafe storage.giveBack != nil { giveBackAt = RingLimits.keptSamples }
  }

  /// Puts a sample in; false when the ring is full, and the loss is counted.
  @inlinable
  public mutating func push(_ sample: Sample) -> Bool {
    guard hasRoom(for: 1) else { return refuse(sample) }
    put(sample)
    return true
  }

  /// Puts a text's pieces in, all or none; false when they do not all fit.
  @inlinable
  public mutating func push(all samples: Span<Sample>) -> Bool {
    guard samples.count > 0 else { return true }
    guard hasRoom(for: samples.count) else { return refuse(samples[0]) }
    for index in samples.indices { put(samples[index]) }
    return true
  }

  /// Shows everything pushed so far to the consumer: one release store.
  @inlinable
  public mutating func publish() {
    guard head != published else { return }
    published = head
    storage.written.value.store(head, ordering: .releasing)
    if head >= giveBackAt { giveBack() }
  }

  /// Gives back the whole pages of samples that were taken and not yet written over.
  @usableFromInline
  mutating func giveBack() {
    takenSeen = storage.taken.value.load(ordering: .acquiring)
    let page = RingLimits.pageSamples
    let stop = takenSeen & ~(page &- 1)
    // Behind the head by a round or more, a slot holds something newer.
    var position = max(givenBack, (head &- mask &- 2 &+ page) & ~(page &- 1))
    while position < stop {
      let slot = position & mask
      let count = min(stop &- position, mask &+ 1 &- slot)
      unsafe storage.giveBack?(
        UnsafeMutableRawBufferPointer(
          start: slots + slot, count: count * MemoryLayout<Sample>.stride))
      position &+= count
    }
    givenBack = max(givenBack, stop)
    giveBackAt = head &+ RingLimits.keptSamples
  }

  /// Samples in the ring, published or not, as the producer knows it now.
  public var fill: Int { head &- storage.taken.value.load(ordering: .acquiring) }

  /// Samples the ring can hold.
  public var capacity: Int { mask &+ 1 }

  /// Values refused since the ring was made.
  public var lost: UInt64 { storage.lost }

  @inlinable @inline(__always)
  mutating func hasRoom(for count: Int) -> Bool {
    if head &- takenSeen &+ count <= mask &+ 1 { return true }
    takenSeen = storage.taken.value.load(ordering: .acquiring)
    return head &- takenSeen &+ count <= mask &+ 1
  }

  @inlinable @inline(__always)
  mutating func put(_ sample: Sample) {
    let slot = unsafe slots + (head & mask)
    unsafe slot.initialize(to: sample)
    if lostBefore != 0 {
      unsafe slot.pointee.lost = lostBefore
      lostBefore = 0
    }
    head &+= 1
  }

  @usableFromInline
  mutating func refuse(_ sample: Sample) -> Bool {
    if sample.kind == .value {
      lostBefore = lostBefore == .max ? .max : lostBefore + 1
      storage.refused.wrappingAdd(1, ordering: .relaxed)
    }
    return false
  }
}

/// The end that takes samples out; owned by the recorder thread.
@safe
public struct RingConsumer: ~Copyable, @unchecked Sendable {
  @usableFromInline let storage: RingStorage
  @usableFromInline let slots: UnsafeMutablePointer<Sample>
  @usableFromInline let mask: Int
  @usableFromInline var tail = 0
  @usableFromInline var writtenSeen = 0

  /// Claims the consuming end; a second claim of the same storage is a programming error.
  public init(_ storage: RingStorage) {
    let claimed = storage.consumerClaimed.exchange(true, ordering: .acquiringAndReleasing)
    precondition(!claimed, "a ring has one consumer, and this one has it already")
    self.storage = storage
    unsafe slots = storage.slots
    mask = storage.mask
  }

  /// Takes the oldest published sample; nil when there is none.
  @inlinable
  public mutating func pop() -> Sample? {
    if tail == writtenSeen {
      writtenSeen = storage.written.value.load(ordering: .acquiring)
      if tail == writtenSeen { return nil }
    }
    let sample = unsafe slots[tail & mask]
    tail &+= 1
    storage.taken.value.store(tail, ordering: .releasing)
    return sample
  }

  /// Hands over at most `limit` published samples, oldest first, and frees them in one store.
  @inlinable
  public mutating func drain(limit: Int, _ body: (Sample) -> Void) -> Int {
    if writtenSeen &- tail < limit {
      writtenSeen = storage.written.value.load(ordering: .acquiring)
    }
    let count = min(writtenSeen &- tail, max(limit, 0))
    guard count > 0 else { return 0 }
    let end = tail &+ count
    while tail != end {
      body(unsafe slots[tail & mask])
      tail &+= 1
    }
    storage.taken.value.store(end, ordering: .releasing)
    return count
  }

  /// Published samples waiting.
  public var fill: Int { storage.written.value.load(ordering: .acquiring) &- tail }

  /// Values refused since the ring was made.
  public var lost: UInt64 { storage.lost }
}
