// The limits of this room, each with its unit and arithmetic. Numbers of the Modbus specification
// stand with `ModbusTable`; these are our own.

/// Bounds of polling: how fast, how patient, how persistent.
public enum PollingLimits {
  /// The shortest period: 200 requests a second on one block, beyond what most PLCs answer.
  public static let shortestPeriod = Duration.milliseconds(5)

  /// The share of a line's time above which a plan is called tight: a fifth is kept for lost
  /// answers (a timeout is ten to twenty requests) and for probes.
  public static let busyShare = 0.8

  /// Moments of a period at which the only units of network buses are asked: an eighth of 64 PLCs
  /// at once is 8 requests of 12 bytes, and the last of them is half a millisecond late.
  public static let networkMoments: UInt64 = 8

  /// Failures in a row until a unit counts as lost: one is noise, two are bad luck.
  public static let failuresUntilLost = 3

  /// Between the tries of a unit that has just failed: its period, within these two. A block of a
  /// unit that answers others waits for its own period, within the second.
  public static let suspectRetryFloor = Duration.milliseconds(100)
  public static let suspectRetryCeiling = Duration.seconds(1)

  /// Between probes of a lost unit: never more than half of the time since it was lost, so that
  /// who was away shortly is back soon.
  public static let probeFloor = Duration.seconds(1)
  public static let probeCeiling = Duration.seconds(30)

  /// What probes may take of a bus whose other units have something to be read meanwhile: one
  /// fiftieth of the time, 2 %, however many units are lost. A timeout of 500 ms is paid in 25 s.
  public static let probeShare: Int64 = 50
  /// Probing time that may be spent at once: four timeouts of 500 ms.
  public static let probeBurst = Duration.seconds(2)

  /// What failing requests of units that are not lost may take beyond the time in which nobody
  /// wants the bus: a twentieth, 5 %.
  public static let failureShare: Int64 = 20
  /// Failing time that may be spent at once: four timeouts of 500 ms.
  public static let failureBurst = Duration.seconds(2)
  /// Answers in a row that clear a unit of one failure: with fewer failures than one in 20 it
  /// costs a line of 1 s timeouts and 1 s periods no more than `failureShare`.
  public static let answersPerFailure = 20

  /// Between a broken link and the next try to open it: never more than half of the time since it
  /// broke, or the floor.
  public static let reopenFloor = Duration.milliseconds(200)
  public static let reopenCeiling = Duration.seconds(10)

  /// Timeouts in a row, with no answer from any unit, until the link itself is doubted.
  public static let timeoutsUntilReopen = 3
  /// The same on a serial port, where opening anew helps only a driver that hangs.
  public static let timeoutsUntilSerialReopen = 60
  /// Invalid answers in a row, with no valid one from any unit, until the link itself is doubted.
  public static let garbageUntilReopen = 3

  /// After a timeout on an RTU line: how long, at most, the unit is not asked for an answer of the
  /// same shape, which the late one would look like. Else for its timeout again.
  public static let quietCeiling = Duration.seconds(2)

  /// Between the tries of a block that fails while its unit answers other requests.
  public static let blockRetryFloor = Duration.seconds(5)
  public static let blockRetryCeiling = Duration.seconds(300)

  /// Between a refusal and the next look whether the unit still refuses: from a PLC that was being
  /// programmed (seconds) to an address that never existed.
  public static let retestFloor = Duration.seconds(10)
  public static let retestCeiling = Duration.seconds(600)
  /// Refusals learnt within this time of one that has ended are looked at at once: a PLC that was
  /// being programmed refuses for one reason only.
  public static let learntTogether = Duration.seconds(60)
  /// Looks in vain until the interval stays at `retestCeiling`: 10 s doubled six times is 640 s.
  public static let triesUntilCeiling = 6
  /// Where the count of looks stays: 10 s doubled 20 times is far beyond the ceiling, and no
  /// overflow.
  public static let triesCounted = 20
  /// Refusals kept for a unit: 64 × 40 bytes. A device that refuses more is read in small pieces.
  public static let refusalsPerUnit = 64

  /// Halvings within `retestFloor` whose parts are asked at once: 32 guilty registers in blocks of
  /// 125, seven halvings each, and as many seams.
  public static let splitsAtOnce = 256

  /// Response times held by the histogram of a unit before older ones count half.
  public static let responsesKept: UInt64 = 100_000
  /// Answers until a timeout is proposed: a 99th percentile of fewer is the maximum.
  public static let responsesUntilProposal = 100
  public static let proposalMargin = Duration.milliseconds(20)
  public static let proposalFloor = Duration.milliseconds(50)
  public static let proposalCeiling = Duration.seconds(60)

  /// The last answer of a unit that is said to be up is at most so many of its periods old, or
  /// this; older, the contact is stale.
  public static let stalePeriods = 3
  public static let staleFloor = Duration.seconds(5)
}
