// What the main thread tells the recorder about configurations.

public import Events
import Outbox
public import Primitives

extension RecorderStep where Store: ~Copyable {
  /// Tells what became of a configuration; the event is committed with the next turn.
  public mutating func tell(_ news: ConfigurationNews, _ reading: ClockReading) {
    tell([.configuration(plan.source, at: Stamp(reading.monotonic, reading), news)])
  }
}
