// A ring whose two ends a test may hold in one hand.

import Primitives
import Signals

/// Both ends of a ring in one object, so that `#expect` may call them.
final class TestRing {
  let storage: RingStorage
  var producer: RingProducer
  private var consumer: RingConsumer

  init(_ capacity: Int) {
    storage = RingStorage(capacity: capacity)
    producer = RingProducer(storage)
    consumer = RingConsumer(storage)
  }

  func push(_ sample: Sample) -> Bool { producer.push(sample) }
  func push(all samples: [Sample]) -> Bool { producer.push(all: samples.span) }
  func publish() { producer.publish() }
  func pop() -> Sample? { consumer.pop() }
  func drain(limit: Int, _ body: (Sample) -> Void) -> Int { consumer.drain(limit: limit, body) }
  var producerFill: Int { producer.fill }
  var consumerFill: Int { consumer.fill }

  /// Publishes and takes everything.
  func takeAll() -> [Sample] {
    publish()
    var taken: [Sample] = []
    while let sample = pop() { taken.append(sample) }
    return taken
  }
}
