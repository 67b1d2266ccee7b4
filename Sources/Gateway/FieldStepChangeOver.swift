// How a field thread goes on into another ring when the configuration changes around it.
//
// Invariants
// - Link, schedule, health and what was learnt stay as they are: the bus is asked the same things.
// - What was pushed before lies in the ring before, published; what is told from now on lies in the
//   new one. No sample is in both but what is told again on purpose, and none in neither.
// - Marks go on growing: the new ring never promises less than the old one did.
// - A loss that the old ring had no room for is told in the new one.

public import Polling
public import Primitives
public import Signals

extension FieldStep {
  /// Goes on with another ring between two turns; units with a renewal tell how they stand.
  ///
  /// The bus is the same, ids included; `signals` and `news` are the whole tables of now.
  public mutating func changeOver(
    to producer: consuming RingProducer, signals: [SignalDefinition], news: [FieldNews],
    renewals: [UnitRenewal], now: Instant
  ) {
    self.producer.publish()
    self.producer = producer
    for renewal in renewals where poller.bus.units.indices.contains(renewal.unit) {
      let bindings = poller.bus.units[renewal.unit].bindings
      let latest = max(progress[renewal.unit].marked, progress[renewal.unit].toldAt)
      conditioners[renewal.unit] = conditioners[renewal.unit].renewed(
        bindings.map { binding in
          let index = Int(binding.signal.index)
          precondition(index < signals.count, "a binding names a signal outside the table")
          return (binding.signal, signals[index])
        },
        ranks: bindings.map { binding in
          let index = Int(binding.signal.index)
          return (index < news.count ? news[index] : .prompt).rawValue
        },
        redefined: renewal.redefined, at: latest == .distantPast ? now : latest,
        into: &self.producer)
    }
    self.producer.publish()
  }
}
