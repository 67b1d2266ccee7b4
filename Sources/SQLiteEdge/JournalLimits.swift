// What the journal may take of a disk, and how its file is recognised.

/// How one journal is kept.
public struct JournalSettings: Equatable, Sendable {
  /// Bytes that the journal file may have; retention decides when they are used up.
  public var quotaBytes: Int
  /// Bytes of the preallocated file that is given up when a stranger fills the disk.
  public var ballastBytes: Int
  /// Files up to this size are checked whole at every start.
  public var checkedBytes: Int
  /// Pages in the write-ahead log before they are moved into the file.
  public var checkpointPages: Int
  /// Bytes of the file system that the journal leaves to others: it grows no more when they are
  /// all that is free, and retention decides as with the quota.
  public var reserveBytes = JournalLimits.reserveBytes
  /// Opened while the file system is full, the journal says where it stands, refuses what it cannot
  /// write, and takes up its work when there is room; without, opening throws `diskFull`.
  public var waitsForRoom = false
  /// The name of SQLite's file layer; nil for the usual one. Tests put faults here.
  public var fileLayer: String?

  public init(
    quotaBytes: Int = JournalLimits.quotaBytes, ballastBytes: Int = JournalLimits.ballastBytes,
    checkedBytes: Int = JournalLimits.checkedBytes,
    checkpointPages: Int = JournalLimits.checkpointPages, fileLayer: String? = nil
  ) {
    self.quotaBytes = quotaBytes
    self.ballastBytes = ballastBytes
    self.checkedBytes = checkedBytes
    self.checkpointPages = checkpointPages
    self.fileLayer = fileLayer
  }
}

/// Limits and constants of the file.
public enum JournalLimits {
  /// 1 GiB: 1.6 million events of 670 bytes, a month at one event in 1.6 s.
  public static let quotaBytes = 1 << 30

  /// What opening says of a file system that takes no writes.
  public static let readOnlyWords = "it may only be read"

  /// Four times the largest transaction of 1 MiB.
  public static let ballastBytes = 4 << 20

  /// 64 MiB: an update of the program and a day of the system's log.
  public static let reserveBytes = 64 << 20

  /// Pages that one insertion may want at once: where fewer are left below the quota, it is the
  /// quota that refuses, although the pages in use are not all of it. A split on four levels and
  /// the overflow of an event of 16 KiB: 4 × 2 + 5.
  static let splitPages: Int64 = 13

  /// Commits between two looks at what the disk has left: 64 × 1 MiB at most come in meanwhile.
  static let reserveInterval = 64

  /// 500 MB: measured 2.5 ms a MB cold, so 1.3 s.
  public static let checkedBytes = 500_000_000

  /// 500 pages × 4 KiB = 2 MiB of log that is overwritten in place.
  public static let checkpointPages = 500

  /// The log shrinks back to 4 MiB after a giant transaction.
  static let logBytes = 4 << 20

  /// SQLite's page; flash pages are not smaller.
  static let pageBytes = 4096

  /// The smallest quota that holds the tables and one deletion's worth of events: 1 MiB.
  static let quotaFloorBytes = 1 << 20

  /// Memory for pages: 512 KiB. The journal grows at one end, goes at the other and is read once in
  /// order, so beside the few inner pages nothing that is kept is asked for again; a transaction of
  /// more pages writes the first of them to the log early.
  static let cacheKibibytes = 512

  /// Refused events that are kept; the oldest goes: 10,000 × 1 KiB = 10 MB.
  static let quarantined = 10_000

  /// Damaged files that are kept beside the journal.
  static let damagedKept = 2

  /// Refused commits between two tries to open a journal that waits for room, while no room came:
  /// a minute at one in two seconds. A try reads a damaged file whole.
  static let roomInterval = 30

  /// Commits between two looks whether a given-up ballast fits again.
  static let ballastInterval = 256

  /// Big-endian in the header at byte 68: "Takt".
  static let applicationID: Int32 = 0x5461_6B74

  /// Big-endian in the header at byte 60: the form of the tables.
  static let formatVersion: Int32 = 2

  /// Bits in which a damaged mark may differ from it and still be ours.
  static let markBits = 2

  /// Pages among which the tables' first pages are: they stay where they were made.
  static let firstPages: UInt32 = 16

  /// The form whose rows carry a digest alone; it is opened and brought to this one.
  static let oldFormatVersion: Int32 = 1

  /// Bytes of SHA-256.
  static let digestBytes = 32

  /// Bytes of a row that salvage takes for one: an event has 16 KiB, a snapshot may have more.
  static let rowBytes: Int64 = 4 << 20

  /// Columns of a row: quarantine has the most, 8.
  static let rowFields = 16

  /// Bytes of a log that is looked at: 16 times what it is held to, in memory for a moment.
  static let logReadBytes = 64 << 20

  /// Bytes of a damaged file that are read at once: 256 pages.
  static let scanBytes = 256 * pageBytes

  /// Ranges of missing events that are told one by one; what lies behind them is told as one, with
  /// its exact count.
  static let lostRanges = 1000

  /// Memory for pages while a journal is rebuilt: 16 MiB.
  static let rebuildKibibytes = 16 * 1024
}
