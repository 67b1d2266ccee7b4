// The limits of guests on a running bus, with units and arithmetic.

/// How much a technician's questions may take of a bus that is somebody else's.
public enum GuestLimits {
  /// Requests that wait on one bus at once: one person with one tool, and room for another.
  public static let waiting = 4
  /// Answers kept until they are fetched: four waiting, each asked for again a few times.
  public static let answersKept = 16
  /// Requests taken in one second on one bus; a bus that answers within 5 ms gives 10 % of itself.
  public static let perSecond = 20
  /// How long a guest waits for room that costs the bus nothing, before it may delay the schedule.
  public static let patience = Duration.seconds(1)
  /// What a guest delayed the schedule is paid back so many times before the next may delay it:
  /// 1 of 50 is 2 % of the bus's time.
  public static let delayPayback: Int64 = 50
  /// Nobody has asked for the answer for so long: the guest has left.
  public static let abandonedAfter = Duration.seconds(5)
  /// The longest wait for a turn.
  public static let longestWait = Duration.seconds(60)
  /// What a guest may ask a unit to take for its answer.
  public static let timeouts = Duration.milliseconds(10)...Duration.seconds(5)
  /// For a unit that is not configured, or does not answer: a scan meets many that are not there.
  public static let strangerTimeout = Duration.milliseconds(300)
}
