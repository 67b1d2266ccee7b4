// What a machine says of itself when asked: for the status page, never for an event.

public import Primitives

/// A machine at the moment of asking.
public struct MachineStatus: Equatable, Sendable {
  public var name: String
  public var condition: MachineCondition
  /// Since when; nil before anything was handled.
  public var since: Stamp
  /// The stop that has not ended, measured up to now.
  public var stop: StopRecord?
  public var goodTotal: Int64
  public var scrapTotal: Int64
  public var reworkTotal: Int64
  /// The time of the latest sample of any of its signals that came since the start.
  public var lastSample: Stamp?
  /// Samples that wait for the mark of a slower unit.
  public var waiting: Int
  /// Samples that were handled before every unit had told its own.
  public var handledEarly: Int64
  /// Stops that wait for a reason, the open one with them.
  public var unclassified: Int
  /// Stops that nobody classified before newer ones took their place: they keep no reason.
  public var forgotten: Int64
}

extension Machine {
  /// What the machine does now, as far as it has handled its samples.
  public func status(reading: ClockReading) -> MachineStatus {
    var record = states.openStop
    if let open = record {
      let until = states.condition == .noContact ? states.since.instant : reading.monotonic
      record?.duration = max(.zero, until - open.startedAt.instant - open.noContact)
    }
    return MachineStatus(
      name: rules.name, condition: states.condition, since: states.since, stop: record,
      goodTotal: book.totals.good, scrapTotal: book.totals.scrap, reworkTotal: book.totals.rework,
      lastSample: lastSample.map { Stamp($0, reading) }, waiting: buffer.count,
      handledEarly: handledEarly, unclassified: states.unclassifiedCount,
      forgotten: states.forgotten)
  }

  /// What the machine does now, measured up to the last turn.
  public var status: MachineStatus { status(reading: reading) }
}
