// What a field thread tells the status page about its bus: a value, copied out of the step.

public import Polling
public import Primitives
public import Signals

/// One bus as the status page shows it.
public struct BusStatus: Equatable, Sendable {
  public var name: String
  /// down, connecting, up, breaking or coolingOff.
  public var link: String
  public var counters: PollCounters
  public var reconnects: UInt64
  public var lastAnswer: Instant?
  public var lastError: String?
  /// Samples that the ring refused since the start.
  public var lost: UInt64
  public var units: [UnitStatus]

  /// One unit as the status page shows it.
  public struct UnitStatus: Equatable, Sendable {
    public var name: String
    public var id: UnitID
    /// up, suspect or lost.
    public var contact: String
    public var lastAnswer: Instant?
    public var lastError: String?
    public var counters: PollCounters
    /// Response times: median, 99th percentile, average, maximum; nil before the first answer.
    public var responses: ResponseTimes.Summary?
    public var requests: Int
    public var refused: Int
  }

  init(bus: BusDefinition, poll: PollStatus, lost: UInt64) {
    name = bus.name
    link = poll.link.text
    counters = poll.counters
    reconnects = poll.reconnects
    lastAnswer = poll.lastAnswer
    lastError = poll.lastError
    self.lost = lost
    units = poll.units.map { unit in
      UnitStatus(
        name: unit.name, id: unit.id, contact: unit.state.text, lastAnswer: unit.lastAnswer,
        lastError: unit.lastError, counters: unit.counters, responses: unit.responses,
        requests: unit.requests, refused: unit.refused)
    }
  }
}
