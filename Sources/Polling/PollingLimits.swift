// The limits of this room, each with its unit and arithmetic. Numbers of the Modbus specification
// stand with `ModbusTable`; these are our own.

/// Bounds of polling: how fast, how patient, how persistent.
public enum PollingLimits {
  /// The shortest period: 200 requests a second on one block, beyond what most PLCs answer.
  public static let shortestPeriod = Duration.milliseconds(5)

  /// The share of a line's time above which a plan is called tight: a fifth is kept for lost
  /// answers (a timeout is ten to twenty requests) and for probes.
  public static let busyShare = 0.8

  /// Failures in a row until a unit counts as lost: one is noise, two are bad luck.
  public static let failuresUntilLost = 3

  /// Between the tries of a unit that has just failed: its period, within these two.
  public static let suspectRetryFloor = Duration.milliseconds(100)
  public static let suspectRetryCeiling = Duration.seconds(1)

  /// Between probes of a lost unit: a probe costs its neighbours one timeout (500 ms of 30 s: 2 %).
  public static let probeFloor = Duration.seconds(1)
  public static let probeCeiling = Duration.seconds(30)

  /// Between a broken link and the next try to open it.
  public static let reopenFloor = Duration.milliseconds(200)
  public static let reopenCeiling = Duration.seconds(10)

  /// Timeouts in a row, with no answer from any unit, until the link itself is doubted.
  public static let timeoutsUntilReopen = 3

  /// Between the tries of a block that fails while its unit answers other requests.
  public static let blockRetryFloor = Duration.seconds(5)
  public static let blockRetryCeiling = Duration.seconds(300)

  /// Between a refusal and the next look whether the unit still refuses: from a PLC that was being
  /// programmed (seconds) to an address that never existed.
  public static let replanFloor = Duration.seconds(10)
  public static let replanCeiling = Duration.seconds(600)

  /// Response times kept for the percentiles of the status: 64 × 4 bytes a unit.
  public static let responseTimesKept = 64
}
