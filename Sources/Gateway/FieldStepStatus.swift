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
  /// From due to start, of reads of units that answer; nil before the first.
  public var lateness: ResponseTimes.Summary?
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
    /// A timeout with room to spare for its answers; nil before enough of them.
    public var proposedTimeout: Duration?
    /// A sentence where the configured timeout is too tight.
    public var timeoutAdvice: String?
    /// How old the last answer may get while the unit is up; nil where nothing is read.
    public var staleAfter: Duration?
    public var requests: Int
    /// Signals that it refuses.
    public var refused: Int
    /// Addresses that it refuses, and since when.
    public var refusals: [LearntRefusal]

    /// good, stale, suspect, lost or never: by the age of the last answer, not by the link.
    public func contactWord(at now: Instant) -> String {
      guard let lastAnswer else { return "never" }
      guard contact == "up" else { return contact }
      guard let staleAfter, now - lastAnswer > staleAfter else { return "good" }
      return "stale"
    }
  }

  init(bus: BusDefinition, poll: PollStatus, lost: UInt64) {
    name = bus.name
    link = poll.link.text
    counters = poll.counters
    reconnects = poll.reconnects
    lastAnswer = poll.lastAnswer
    lastError = poll.lastError
    lateness = poll.lateness
    self.lost = lost
    units = poll.units.map { unit in
      UnitStatus(
        name: unit.name, id: unit.id, contact: unit.state.text, lastAnswer: unit.lastAnswer,
        lastError: unit.lastError, counters: unit.counters, responses: unit.responses,
        proposedTimeout: unit.proposedTimeout, timeoutAdvice: unit.timeoutAdvice,
        staleAfter: unit.staleAfter, requests: unit.requests, refused: unit.refused,
        refusals: unit.refusals)
    }
  }
}
