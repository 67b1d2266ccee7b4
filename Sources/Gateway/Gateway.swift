// The order of work: what one turn of each thread does, generic over the ports.
//
//   FieldStep      asks the poller, conditions what came back, pushes samples and marks
//   RecorderStep   answers in, samples in → machines decide → one transaction → parcels out
//   CourierStep    a parcel in, bytes out and in, answers back
//
// Nothing here knows libmodbus, SQLite, OpenSSL or a clock: the program puts the real ones behind
// the ports, the simulation puts virtual ones there, and both run these very steps.

/// Limits of the steps, each with its unit and arithmetic.
public enum GatewayLimits {
  /// Drafts held in memory while the disk refuses; at 5 events a second this is half an hour, at
  /// 1 KiB each 10 MiB. Above it the rings are no longer drained, and they count what they refuse.
  public static let draftsHeld = 10_000

  /// Samples taken from one ring in a turn, so that a flood cannot keep the others waiting.
  public static let samplesPerTurn = 65_536

  /// Acknowledgements wait this long for company before they cost a transaction of their own.
  public static let acknowledgementDelay = Duration.seconds(1)

  /// Or this many events, whichever comes first: one parcel.
  public static let acknowledgementEvents: UInt64 = 100

  /// First and longest wait before the journal is tried again after a fault.
  public static let journalRetryFloor = Duration.milliseconds(200)
  public static let journalRetryCeiling = Duration.seconds(5)
  /// Of a full file system, where trying costs little: normal within 5 s after room came.
  public static let fullDiskRetry = Duration.seconds(2)

  /// Samples of one machine in one window of changed signals; reaching it ends the window early.
  public static let samplesPerWindow = 1000

  /// Commits in one turn of retention: each drops a sixteenth of the journal.
  public static let retirementsPerTurn = 4

  /// Events that one look for what may go reads: 1024 × 1 KiB.
  public static let retentionLook = 1024

  /// Bytes that one look reads: 4 MiB, should events be large.
  public static let retentionBytes = 4 << 20

  /// Looks for events of one class in one turn: 8192 events, some 20 ms.
  public static let retentionLooks = 8

  /// Between two looks whether the days of something are over.
  public static let retentionInterval = Duration.seconds(60)

  /// A wall clock that moved against the monotonic one by more than this has been stepped.
  public static let clockStep = Duration.seconds(1)

  /// A turn of the recorder happens at least this often, so that its turn counter moves.
  public static let recorderIdle = Duration.seconds(5)

  /// A turn of a courier happens at least this often.
  public static let courierIdle = Duration.seconds(5)

  /// Parcels and answers waiting between the recorder and one courier. Answers: a parcel of 100
  /// events may be refused event by event.
  public static let parcelsWaiting = 2
  /// Answers of couriers that wait for the recorder.
  public static let answersWaiting = 256
}
