// Finding what can still be proved in a damaged journal: its leaf pages, one after the other.
//
// Invariants
// - The file is only read. Every page may be anything; what counts is a row that proves itself.
// - Of a page the newest whole image counts: the log's before the file's.
// - Memory: the log's pages (JournalLimits.logReadBytes at most) and one block of the file.
//
// Why not SQLite: with the header or a root page destroyed it reads nothing, where a scan of the
// leaves got back every row (measured); Debian's SQLite is built without its own recovery.

internal import Glibc
internal import Outbox
internal import Primitives

/// A row that proved itself.
enum ProvedRow {
  case event(StoredEvent)
  case cursor(UplinkCursor)
  case snapshot(name: String, place: UInt64, body: [UInt8])
  case quarantined(QuarantinedEvent)
}

/// A descriptor for reading, closed with its last user; negative when the file is not there.
final class ReadOnlyFile {
  let descriptor: Int32

  init(_ path: String) { descriptor = open(path, O_RDONLY | O_CLOEXEC) }

  deinit { if descriptor >= 0 { close(descriptor) } }
}

struct SalvageScan {
  private let file: ReadOnlyFile
  private var descriptor: Int32 { file.descriptor }
  private let log: LogPages
  private let digest: ([UInt8]) -> [UInt8]
  private let filePages: UInt32
  /// What the journal knew about itself, when that proves itself.
  private(set) var meta: [String: String] = [:]

  /// Opens a damaged file for reading; one that is not there has no pages.
  init(_ path: String, log: LogPages, digest: @escaping ([UInt8]) -> [UInt8]) {
    file = ReadOnlyFile(path)
    self.log = log
    self.digest = digest
    var status = stat()
    let descriptor = file.descriptor
    let size = descriptor >= 0 && fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    filePages = UInt32(clamping: size / JournalLimits.pageBytes)
  }

  /// Calls the body with every row that proves itself, the log's first.
  mutating func rows(_ body: (ProvedRow) -> Void) {
    for number in log.pages.keys.sorted() {
      if let bytes = log.pages[number] { take(bytes, number, body) }
    }
    var block = [UInt8](repeating: 0, count: JournalLimits.scanBytes)
    let pagesInBlock = UInt32(JournalLimits.scanBytes / JournalLimits.pageBytes)
    var first: UInt32 = 0
    while first < filePages {
      let wanted = min(pagesInBlock, filePages - first)
      let count = read(&block, Int(wanted) * JournalLimits.pageBytes, first)
      for index in 0..<wanted where log.pages[first + index + 1] == nil {
        let start = Int(index) * JournalLimits.pageBytes
        let number = first + index + 1
        if start + JournalLimits.pageBytes <= count {
          take(Array(block[start..<start + JournalLimits.pageBytes]), number, body)
        } else if let bytes = page(number) {
          // The block could not be read in one: page by page, and over what cannot be read.
          take(bytes, number, body)
        }
      }
      first += wanted
    }
  }

  /// What the journal knows about itself, looked for where it was made.
  mutating func metaNearStart() -> [String: String] {
    for number in 1...JournalLimits.firstPages {
      if let bytes = page(number) { take(bytes, number) { _ in } }
    }
    return meta
  }

  /// The last place that any proved row names: an event, a cursor or a snapshot.
  mutating func lastPlace(inLogOnly: Bool) -> UInt64 {
    var last: UInt64 = 0
    let note: (ProvedRow) -> Void = { row in
      switch row {
      case .event(let event): last = max(last, event.sequence)
      case .cursor(let cursor): last = max(last, cursor.acknowledged)
      case .snapshot(_, let place, _): last = max(last, place)
      case .quarantined: break
      }
    }
    if inLogOnly {
      for (number, bytes) in log.pages { take(bytes, number, note) }
    } else {
      rows(note)
    }
    return last
  }

  private func read(_ block: inout [UInt8], _ bytes: Int, _ first: UInt32) -> Int {
    let count = pread(descriptor, &block, bytes, off_t(first) * off_t(JournalLimits.pageBytes))
    return max(0, count)
  }

  private func page(_ number: UInt32) -> [UInt8]? {
    if let bytes = log.pages[number] { return bytes }
    guard number > 0, number <= filePages else { return nil }
    var bytes = [UInt8](repeating: 0, count: JournalLimits.pageBytes)
    let offset = off_t(number - 1) * off_t(JournalLimits.pageBytes)
    return pread(descriptor, &bytes, bytes.count, offset) == bytes.count ? bytes : nil
  }

  private mutating func take(_ bytes: [UInt8], _ number: UInt32, _ body: (ProvedRow) -> Void) {
    var known: [String: String] = [:]
    LeafPage.rows(bytes, isFirst: number == 1, page: page) { row in
      if row.rowID == nil, row.fields.count == 2, case .text(let name) = row.fields[0],
        case .text(let value) = row.fields[1]
      {
        known[String(decoding: name, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
      } else if let proved = prove(row) {
        body(proved)
      }
    }
    if let proof = known["proof"], proof == RowCheck.meta(known), meta.isEmpty { meta = known }
  }

  private func prove(_ row: FoundRow) -> ProvedRow? {
    switch (row.rowID, row.fields.count) {
    case (let place?, 4) where row.fields[0] == .null: event(UInt64(bitPattern: place), row.fields)
    case (.some, 4): Self.snapshot(row.fields)
    case (.some, 8): Self.quarantined(row.fields)
    case (nil, 4): Self.cursor(row.fields)
    default: nil
    }
  }

  private func event(_ place: UInt64, _ fields: [Field]) -> ProvedRow? {
    guard case .integer(let due) = fields[1], case .blob(let proof) = fields[2],
      case .blob(let bytes) = fields[3], place > 0, place <= UInt64(Int64.max),
      let digest = RowCheck.digest(
        proof, place: place, due: UInt64(bitPattern: due), isOldAllowed: true),
      self.digest(bytes) == digest
    else { return nil }
    return .event(
      StoredEvent(sequence: place, bytes: bytes, digest: digest, due: UInt64(bitPattern: due)))
  }

  private static func cursor(_ fields: [Field]) -> ProvedRow? {
    guard case .text(let name) = fields[0], case .integer(let bit) = fields[1],
      case .integer(let acknowledged) = fields[2], case .integer(let proof) = fields[3]
    else { return nil }
    let cursor = UplinkCursor(
      name: String(decoding: name, as: UTF8.self), bit: Int(bit),
      acknowledged: UInt64(bitPattern: acknowledged))
    let check = RowCheck.cursor(cursor.name, bit: bit, acknowledged: cursor.acknowledged)
    return check == UInt64(bitPattern: proof) && (0..<OutboxLimits.uplinks).contains(cursor.bit)
      ? .cursor(cursor) : nil
  }

  private static func snapshot(_ fields: [Field]) -> ProvedRow? {
    guard case .text(let text) = fields[0], case .blob(let body) = fields[1],
      case .integer(let place) = fields[2], case .integer(let proof) = fields[3]
    else { return nil }
    let name = String(decoding: text, as: UTF8.self)
    let known = UInt64(bitPattern: place)
    guard RowCheck.snapshot(name, place: known, body: body) == UInt64(bitPattern: proof) else {
      return nil
    }
    return .snapshot(name: name, place: known, body: body)
  }

  private static func quarantined(_ fields: [Field]) -> ProvedRow? {
    guard case .text(let uplink) = fields[1], case .integer(let sequence) = fields[2],
      case .integer(let status) = fields[3], case .text(let answer) = fields[4],
      case .integer(let at) = fields[5], case .blob(let body) = fields[6],
      case .integer(let proof) = fields[7]
    else { return nil }
    let event = QuarantinedEvent(
      uplink: String(decoding: uplink, as: UTF8.self), sequence: UInt64(bitPattern: sequence),
      bytes: body, status: Int(clamping: status), answer: String(decoding: answer, as: UTF8.self),
      at: WallTime(milliseconds: at))
    let check = RowCheck.quarantined(event.uplink, event.sequence, status, event.answer, at, body)
    return check == UInt64(bitPattern: proof) ? .quarantined(event) : nil
  }
}
