// The ring between a field thread and the recorder, against the same ring in C.

import CAnchors
import LinuxEdge
import Primitives
import Signals

enum RingBench {
  private static let across: UInt64 = 4_000_000
  private static let alone: UInt64 = 20_000_000

  static func run(_ table: inout Table) {
    let single = inTurns({ Self.twoThreads(blocks: false) }, { anchor_ring_across(across, 0) })
    table.row(
      "ring, two threads, one at a time", single.ours, "ns", anchor: single.anchor,
      goal: .ratioAtMost(1.15))
    let blocks = inTurns({ Self.twoThreads(blocks: true) }, { anchor_ring_across(across, 1) })
    table.row(
      "ring, two threads, blocks of 16", blocks.ours, "ns", anchor: blocks.anchor,
      goal: .ratioAtMost(1.25))
    let one = inTurns({ Self.oneThread() }, { anchor_ring_alone(alone) })
    table.row(
      "ring, one thread", one.ours, "ns", anchor: one.anchor, goal: .ratioAtMost(1.5))
  }

  private static func sample(_ number: UInt64) -> Sample {
    Sample(
      signal: SignalID(1), at: Instant(nanoseconds: Int64(number)),
      value: .integer(Int64(number)))
  }

  private static func twoThreads(blocks: Bool) -> Double {
    let storage = RingStorage(capacity: 16384)
    var producer = RingProducer(storage)
    let began = anchor_now()
    guard
      let consumer = try? NamedThread(
        name: "consumer", body: { Self.consume(storage, blocks: blocks) })
    else { return .nan }
    anchor_pin(0)
    var sent: UInt64 = 0
    while sent < across {
      let start = sent
      let end = min(sent + (blocks ? 16 : 1), across)
      while sent < end, producer.push(sample(sent)) { sent += 1 }
      producer.publish()
      if sent == start { anchor_relax() }
    }
    let isDone = consumer.join(until: .distantFuture)
    anchor_pin(-1)
    return isDone ? Double(anchor_now() - began) / Double(across) : .nan
  }

  private static func consume(_ storage: RingStorage, blocks: Bool) {
    anchor_pin(1)
    var consumer = RingConsumer(storage)
    var wanted: Int64 = 0
    var wrong = 0
    while wanted < Int64(across) {
      let start = wanted
      if blocks {
        _ = consumer.drain(limit: 16) { sample in
          if sample.at.nanoseconds != wanted { wrong += 1 }
          wanted += 1
        }
      } else if let sample = consumer.pop() {
        if sample.at.nanoseconds != wanted { wrong += 1 }
        wanted += 1
      }
      if wanted == start { anchor_relax() }
    }
    precondition(wrong == 0, "the ring has lost its order")
  }

  private static func oneThread() -> Double {
    let storage = RingStorage(capacity: 16384)
    var producer = RingProducer(storage)
    var consumer = RingConsumer(storage)
    var (sent, wanted): (UInt64, Int64) = (0, 0)
    var wrong = 0
    let began = anchor_now()
    while sent < alone {
      for _ in 0..<64 {
        _ = producer.push(sample(sent))
        producer.publish()
        sent += 1
      }
      while let sample = consumer.pop() {
        if sample.at.nanoseconds != wanted { wrong += 1 }
        wanted += 1
      }
    }
    precondition(wrong == 0, "the ring has lost its order")
    return Double(anchor_now() - began) / Double(alone)
  }
}
