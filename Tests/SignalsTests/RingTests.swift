// The ring: order, refusal, wrap-around and two threads.

import Foundation
import Primitives
import Signals
import Synchronization
import Testing

private func sample(_ number: Int) -> Sample {
  Sample(
    signal: SignalID(number & 0xFFFF), at: Instant(nanoseconds: Int64(number)),
    value: .integer(Int64(number)))
}

@Suite struct `The ring` {
  @Test(arguments: [(0, 2), (1, 2), (2, 2), (3, 4), (4, 4), (1000, 1024)])
  func `has room for the next power of two`(wanted: Int, capacity: Int) {
    #expect(RingStorage(capacity: wanted).capacity == capacity)
  }

  @Test func `carries a sample in 32 bytes`() {
    #expect(MemoryLayout<Sample>.stride == 32)
  }

  @Test func `shows nothing before it is published`() {
    let ring = TestRing(8)
    #expect(ring.push(sample(1)))
    #expect(ring.pop() == nil)
    #expect(ring.storage.fill == 0)
    ring.publish()
    #expect(ring.storage.fill == 1)
    #expect(ring.pop() == sample(1))
    #expect(ring.pop() == nil)
  }

  @Test func `refuses when full and says with the next sample how many were lost`() {
    let ring = TestRing(4)
    for number in 0..<4 { #expect(ring.push(sample(number))) }
    for number in 4..<7 { #expect(!ring.push(sample(number))) }
    #expect(!ring.push(Sample(mark: UnitID(0), at: .boot)), "a mark is refused uncounted")
    ring.publish()
    #expect(ring.producerFill == 4)
    #expect(ring.pop() == sample(0))
    #expect(ring.push(sample(7)))
    #expect(!ring.push(sample(8)))
    ring.publish()
    for number in 1..<4 { #expect(ring.pop() == sample(number)) }
    let next = ring.pop()
    #expect(next?.lost == 3)
    #expect(next?.value == .integer(7))
    #expect(ring.storage.lost == 4)
    #expect(ring.push(sample(9)))
    ring.publish()
    #expect(ring.pop()?.lost == 1)
  }

  @Test func `takes a text in pieces whole or not at all`() {
    let ring = TestRing(4)
    let pieces = [sample(1), sample(2), sample(3)]
    #expect(ring.push(sample(0)))
    #expect(ring.push(all: pieces))
    #expect(!ring.push(all: pieces))
    ring.publish()
    var taken: [Sample] = []
    #expect(ring.drain(limit: 10) { taken.append($0) } == 4)
    #expect(taken == [sample(0)] + pieces)
    #expect(ring.push(all: pieces))
    ring.publish()
    #expect(ring.pop()?.lost == 1)
  }

  @Test func `wraps around many times without losing the order`() {
    let ring = TestRing(8)
    var (sent, taken) = (0, 0)
    for round in 0..<1000 {
      for _ in 0..<(round % 8 + 1) where ring.push(sample(sent)) { sent += 1 }
      ring.publish()
      _ = ring.drain(limit: round % 5 + 3) { received in
        #expect(received.value == .integer(Int64(taken)))
        taken += 1
      }
    }
    while let received = ring.pop() {
      #expect(received.value == .integer(Int64(taken)))
      taken += 1
    }
    #expect(sent == taken)
    #expect(sent > 2000)
  }

  @Test func `drains no more than asked for`() {
    let ring = TestRing(8)
    for number in 0..<6 { #expect(ring.push(sample(number))) }
    ring.publish()
    #expect(ring.drain(limit: 0) { _ in } == 0)
    #expect(ring.drain(limit: 4) { _ in } == 4)
    #expect(ring.consumerFill == 2)
    #expect(ring.drain(limit: 4) { _ in } == 2)
  }

  @Test func `may be dropped with samples inside`() {
    weak var gone: RingStorage?
    do {
      let storage = RingStorage(capacity: 8)
      gone = storage
      var producer = RingProducer(storage)
      let accepted = producer.push(sample(1))
      #expect(accepted)
      producer.publish()
    }
    #expect(gone == nil)
  }

  @Test func `gives each end away only once`() async {
    await #expect(processExitsWith: .failure) {
      let storage = RingStorage(capacity: 2)
      _ = RingProducer(storage)
      _ = RingProducer(storage)
    }
    await #expect(processExitsWith: .failure) {
      let storage = RingStorage(capacity: 2)
      _ = RingConsumer(storage)
      _ = RingConsumer(storage)
    }
  }

  @Test func `gives back the memory of what was taken, and of nothing else`() {
    let given = Atomic<Int>(0)
    let storage = RingStorage(capacity: 4096) { pages in
      // Worse than what the kernel does, which makes them zero.
      for index in pages.indices { pages[index] = 0xFF }
      given.wrappingAdd(pages.count, ordering: .relaxed)
    }
    var producer = RingProducer(storage)
    var consumer = RingConsumer(storage)
    var random = SeededGenerator(seed: 7)
    var (pushed, taken) = (0, 0)
    while taken < 100_000 {
      for _ in 0..<Int(random.next() % 3000) where producer.fill < producer.capacity {
        if producer.push(sample(pushed)) { pushed += 1 }
      }
      producer.publish()
      var wrong = 0
      func look(_ found: Sample) {
        if found != sample(taken) { wrong += 1 }
        taken += 1
      }
      for _ in 0..<Int(random.next() % 200) {
        guard let found = consumer.pop() else { break }
        look(found)
      }
      _ = consumer.drain(limit: Int(random.next() % 3000)) { look($0) }
      #expect(wrong == 0)
    }
    // Where a scan fills the ring, what was taken is written over before it can be given back.
    let stormy = given.exchange(0, ordering: .relaxed)
    #expect(stormy > 0 && stormy <= taken * 32)
    _ = consumer.drain(limit: 4096) { _ in }
    for _ in 0..<10_000 {
      for _ in 0..<10 where producer.push(sample(pushed)) { pushed += 1 }
      producer.publish()
      let count = consumer.drain(limit: 4096) { _ in }
      #expect(count == 10)
    }
    #expect(given.load(ordering: .relaxed) > (100_000 - 2048) * 32)
  }

  @Test func `keeps the memory of a small ring`() {
    let storage = RingStorage(capacity: 1024) { _ in Issue.record("nothing is to be given back") }
    var producer = RingProducer(storage)
    var consumer = RingConsumer(storage)
    for index in 0..<5000 {
      let accepted = producer.push(sample(index))
      #expect(accepted)
      producer.publish()
      #expect(consumer.pop() == sample(index))
    }
  }

  @Test func `carries a million samples between two threads in order`() {
    let count = 1_000_000
    let storage = RingStorage(capacity: 1024)
    var consumer = RingConsumer(storage)
    let writer = Thread {
      var producer = RingProducer(storage)
      var next = 0
      while next < count {
        for _ in 0..<16 where next < count && producer.fill < producer.capacity {
          if producer.push(sample(next)) { next += 1 }
        }
        producer.publish()
      }
    }
    writer.start()
    var (expected, wrong) = (0, 0)
    while expected < count {
      _ = consumer.drain(limit: 64) { received in
        if received != sample(expected) { wrong += 1 }
        expected += 1
      }
    }
    #expect(wrong == 0)
    #expect(storage.lost == 0)
  }
}
