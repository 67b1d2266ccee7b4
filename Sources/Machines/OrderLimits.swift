// What orders, confirmations, holds and limits may cost, each with its unit and the sum behind it.

/// Limits of the orders of one line, and of what waits to be confirmed.
public enum OrderLimits {
  /// The longest order, operation, material, lot or unit of measure, in bytes: SAP has 40.
  public static let nameBytes = 64
  /// The longest reason or name of a person, in bytes.
  public static let reasonBytes = 256
  /// Items of one bill of material.
  public static let billItems = 100
  /// What the bill adds to a confirmation, in bytes of its event: 16 KiB, less 3 KiB of envelope,
  /// 1.5 KiB of names and 2.5 KiB of reasons, rounded down. About 80 items with usual names.
  public static let billBytes = 8 * 1024
  /// Bytes of an item beside its names: 42 of member names and marks, 40 of digits.
  static let billItemBytes = 82
  /// Largest planned quantity, in pieces: 10^12, 300 years at 100 a second.
  public static let plannedQuantity: Int64 = 1_000_000_000_000
  /// Orders whose master data is known before they run; the oldest goes first, and is told.
  public static let knownOrders = 256
  /// Requests remembered by their id, so that a file dropped twice is carried out once.
  public static let rememberedRequests = 256
  /// Changes of order kept for each line and machine, to tag what is told late. Above it a machine
  /// that lags is brought forward to the oldest change kept.
  public static let changes = 64
  /// Confirmations held back, for each line: 256 × 600 B = 150 KB of snapshot. Above it the two
  /// oldest of one order become one; when no two can, the oldest is told marked as held.
  public static let heldConfirmations = 256
  /// Orders whose confirmed total is remembered beyond those that run or are held.
  public static let rememberedTotals = 512
  /// Quality holds in force at once, for each line; the last of them holds the whole line.
  public static let holds = 64
  /// Ends of shift that may wait for a machine that lags: a week of three shifts.
  static let waitingCuts = 21
  /// Places behind the point of a quantity per piece or a scrap factor.
  public static let decimalPlaces = 6
  /// Largest quantity per piece, in its unit of measure: 10^6 with 6 places are 10^12 units.
  public static let quantityPer: Int64 = 1_000_000
  /// Largest scrap factor: ten times what is in the product.
  public static let scrapFactor: Int64 = 10
  /// Mistakes that one order file is told at once; further ones are counted.
  public static let toldMistakes = 20
  /// The longest order file, in bytes: 100 items × 640 B.
  public static let fileBytes = 64 * 1024
}

/// Limits of the high and low limits watched on signals.
public enum WatchLimits {
  /// Limits on the signals of one machine: 100 signals, four limits each, rounded up.
  public static let limitsOfMachine = 512
  /// The longest delay before a limit counts as exceeded or cleared.
  public static let longestDelay = Duration.seconds(86_400)
}
