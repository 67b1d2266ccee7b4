// Every limit of this room, with its unit and the sum behind it.

/// Limits of one machine's memory.
public enum MachineLimits {
  /// Samples that may wait for the marks of all units: 64 changing signals × 10 scans a second ×
  /// 6 s until a silent second bus has timed out. 32 768 × 40 B = 1.3 MB. Above it the oldest half
  /// is handled early, without waiting for the slower unit.
  public static let waitingSamples = 32_768

  /// Counters of one machine: three of each role and some more; each is 200 B.
  public static let counters = 16

  /// Inputs of a plan or an order that wait for their time: the edges of two days of shifts with
  /// their breaks, and the orders of a busy hour. 40 B each. Beyond it the oldest is handled early.
  public static let inputs = 64

  /// Classifications that wait for the next turn: more than a page of a list at once. 150 B each.
  public static let spoken = 64

  /// Waiting samples that are looked through for the next count: a scan of a large machine.
  static let lookedThrough = 64
  /// Distance between a machine's lowest and highest signal up to which they are found by index:
  /// 4 B each, so 256 KiB at most; beyond it a dictionary is used.
  static let denseSpan = 65_536
}

/// Limits of what is believed of a counter.
public enum CounterLimits {
  /// The declared rate is believed up to this factor: lines are run in above their name plate.
  public static let rateMargin = 1.5
  /// Counts that are always believed: a scan's jitter, a stroke that counts a whole layer.
  public static let slackCounts: UInt64 = 10
  /// Pulses that may come at once: two, because a scan sees them when it looks, not when they come.
  static let pulseBurst: Int64 = 2
  /// Pieces a second where nobody declared a rate; no line in our field counts faster.
  public static let assumedPiecesPerSecond = 100.0
  /// A counter that fell or jumped has this long to return to its old line before it is believed.
  /// Noise lasts one or two scans; ten seconds are ten of the slowest usual ones.
  public static let suspicion = Duration.seconds(10)
  /// Without a declared rate a fall is a rollover from this share of the highest value…
  public static let nearTopShare = 0.9
  /// …to at most this share of it.
  public static let nearZeroShare = 0.1
}
