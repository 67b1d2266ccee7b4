// Reading SQLite's write-ahead log without SQLite, also behind a place where it is damaged.
//
//   header (32) · frame: page, pages after commit, salts, checksum (24) + page (4096) · frame …
//
// SQLite ends at the first frame whose checksum is wrong, because after a power cut that is where
// the truth ends. But a cut tears only the last transaction: each is synced before the next is
// written. So a wrong frame with a later transaction behind it is damage, and what is behind it
// was committed. Each frame's checksum continues the one before, which is stored too, so that a
// frame can be checked although its predecessor's page is damaged.
//
// Invariants
// - Pages of the last transaction count only if all of it is whole.
// - Of a page in many frames the last counts.
// - A log of another page size, or of anything else, has no pages.

/// The newest whole pages that a log holds of committed transactions.
struct LogPages {
  private(set) var pages: [UInt32: [UInt8]] = [:]
  /// A frame before the last commit is damaged, or the header is: SQLite would stop there.
  private(set) var isBroken = false

  private static let headerBytes = 32
  private static let frameBytes = 24 + JournalLimits.pageBytes

  init() {}

  init(_ log: [UInt8]) {
    let count = (log.count - Self.headerBytes) / Self.frameBytes
    guard log.count > Self.headerBytes, count > 0 else { return }
    var header = (UInt32(0), UInt32(0))
    Self.sum(log, 0..<24, isBig: log[3] & 1 == 1, &header)
    let isWhole =
      LeafPage.number(log, 0) & ~1 == 0x377F_0682
      && LeafPage.number(log, 8) == UInt32(JournalLimits.pageBytes)
      && header == Self.stored(log, 24)
    let isBig = isWhole && log[3] & 1 == 1
    var before = isWhole ? header : nil
    guard let salts = isWhole ? Self.stored(log, 16) : Self.commonSalts(log, count) else { return }
    isBroken = !isWhole
    walk(log, count, salts, isBig, &before)
  }

  /// Takes transaction for transaction; a damaged one only when another follows it.
  private mutating func walk(
    _ log: [UInt8], _ count: Int, _ salts: (UInt32, UInt32), _ isBig: Bool,
    _ before: inout (UInt32, UInt32)?
  ) {
    var open: [(number: UInt32, at: Int)] = []
    var isTorn = false
    // Where the first frame alone is wrong, and looks like a commit, no other is in doubt with it.
    var isInDoubt = false
    var doubtful: [(number: UInt32, at: Int)] = []
    for index in 0..<count {
      let start = Self.headerBytes + index * Self.frameBytes
      let isOurs = Self.stored(log, start + 8) == salts
      var sum = before ?? (0, 0)
      Self.sum(log, start..<start + 8, isBig: isBig, &sum)
      Self.sum(log, start + 24..<start + Self.frameBytes, isBig: isBig, &sum)
      let isValid = isOurs && (before == nil || sum == Self.stored(log, start + 16))
      before = Self.stored(log, start + 16)
      if isValid {
        if isInDoubt {
          keep(doubtful, log)
          doubtful = []
          isInDoubt = false
          isBroken = true
        }
        open.append((LeafPage.number(log, start), start + 24))
      } else {
        isTorn = true
      }
      guard isOurs, LeafPage.number(log, start + 4) != 0 else { continue }
      if isTorn { doubtful += open } else { keep(open, log) }
      isInDoubt = isInDoubt || isTorn
      open = []
      isTorn = false
    }
  }

  private mutating func keep(_ frames: [(number: UInt32, at: Int)], _ log: [UInt8]) {
    for frame in frames {
      pages[frame.number] = Array(log[frame.at..<frame.at + JournalLimits.pageBytes])
    }
  }

  private static func stored(_ log: [UInt8], _ offset: Int) -> (UInt32, UInt32) {
    (LeafPage.number(log, offset), LeafPage.number(log, offset + 4))
  }

  /// What the first two frames agree on when the header cannot be believed.
  private static func commonSalts(_ log: [UInt8], _ count: Int) -> (UInt32, UInt32)? {
    let first = stored(log, headerBytes + 8)
    guard count > 1, stored(log, headerBytes + frameBytes + 8) == first else { return nil }
    return first
  }

  /// The checksum of the file format, over pairs of words.
  private static func sum(
    _ log: [UInt8], _ range: Range<Int>, isBig: Bool, _ sum: inout (UInt32, UInt32)
  ) {
    log.withUnsafeBytes { raw in
      var offset = range.lowerBound
      while offset + 8 <= range.upperBound {
        let first = raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        let second = raw.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
        sum.0 = sum.0 &+ (isBig ? first.bigEndian : first.littleEndian) &+ sum.1
        sum.1 = sum.1 &+ (isBig ? second.bigEndian : second.littleEndian) &+ sum.0
        offset += 8
      }
    }
  }
}
