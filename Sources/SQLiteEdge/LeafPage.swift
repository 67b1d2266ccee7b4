// Reading rows out of SQLite's pages without SQLite: leaves of tables and of tables without row
// ids, as its file format describes them.
//
// Invariants
// - Every offset is checked before it is used; whatever the bytes are, the result is rows or none.
// - A chain of overflow pages is followed no further than the row is long.
// - Nothing here is believed: what comes out must prove itself by its own check.

/// A value of a row.
enum Field: Equatable {
  case null, real
  case integer(Int64)
  case text([UInt8])
  case blob([UInt8])
}

/// One row found in a leaf; the row id is nil in a table without row ids.
struct FoundRow {
  var rowID: Int64?
  var fields: [Field]
}

enum LeafPage {
  private static let usable = JournalLimits.pageBytes

  /// The rows of a page; none when it is no leaf. `page` reads another page of the same file.
  static func rows(
    _ bytes: [UInt8], isFirst: Bool, page: (UInt32) -> [UInt8]?, _ body: (FoundRow) -> Void
  ) {
    let start = isFirst ? 100 : 0
    guard bytes.count == usable, bytes[start] == 0x0D || bytes[start] == 0x0A else { return }
    let isTable = bytes[start] == 0x0D
    let count = Int(bytes[start + 3]) << 8 | Int(bytes[start + 4])
    guard start + 8 + 2 * count <= usable else { return }
    for index in 0..<count {
      let pointer = start + 8 + 2 * index
      let cell = Int(bytes[pointer]) << 8 | Int(bytes[pointer + 1])
      guard cell >= start + 8 else { continue }
      if let row = row(bytes, at: cell, isTable: isTable, page: page) { body(row) }
    }
  }

  private static func row(
    _ bytes: [UInt8], at cell: Int, isTable: Bool, page: (UInt32) -> [UInt8]?
  ) -> FoundRow? {
    var offset = cell
    guard let length = varint(bytes, &offset), length > 0, length <= JournalLimits.rowBytes else {
      return nil
    }
    var rowID: Int64?
    if isTable {
      guard let found = varint(bytes, &offset) else { return nil }
      rowID = found
    }
    let count = Int(length)
    let whole = isTable ? usable - 35 : (usable - 12) * 64 / 255 - 23
    let least = (usable - 12) * 32 / 255 - 23
    let part = least + (count - least) % (usable - 4)
    let local = count <= whole ? count : part <= whole ? part : least
    guard local >= 0, offset + local <= usable else { return nil }
    var payload = Array(bytes[offset..<offset + local])
    if local < count {
      guard offset + local + 4 <= usable else { return nil }
      var next = number(bytes, offset + local)
      while payload.count < count {
        guard next != 0, let overflow = page(next), overflow.count == usable else { return nil }
        payload += overflow[4..<min(usable, 4 + count - payload.count)]
        next = number(overflow, 0)
      }
    }
    guard let fields = fields(payload) else { return nil }
    return FoundRow(rowID: rowID, fields: fields)
  }

  private static func fields(_ payload: [UInt8]) -> [Field]? {
    var offset = 0
    guard let header = varint(payload, &offset), header >= 1, header <= Int64(payload.count) else {
      return nil
    }
    var place = Int(header)
    var fields: [Field] = []
    while offset < Int(header) {
      guard let type = varint(payload, &offset), type >= 0,
        fields.count < JournalLimits.rowFields
      else { return nil }
      let size = size(type)
      guard size >= 0, size <= payload.count - place else { return nil }
      fields.append(field(type, payload[place..<place + size]))
      place += size
    }
    return offset == Int(header) && place == payload.count ? fields : nil
  }

  private static func size(_ type: Int64) -> Int {
    switch type {
    case 0, 8, 9: 0
    case 1...4: Int(type)
    case 5: 6
    case 6, 7: 8
    case 12...: Int(clamping: (type - 12) / 2)
    default: -1
    }
  }

  private static func field(_ type: Int64, _ bytes: ArraySlice<UInt8>) -> Field {
    switch type {
    case 0: return .null
    case 7: return .real
    case 8: return .integer(0)
    case 9: return .integer(1)
    case 12...: return type.isMultiple(of: 2) ? .blob(Array(bytes)) : .text(Array(bytes))
    default:
      let sign: Int64 = (bytes.first ?? 0) & 0x80 == 0 ? 0 : -1
      return .integer(bytes.reduce(sign) { $0 << 8 | Int64($1) })
    }
  }

  private static func varint(_ bytes: [UInt8], _ offset: inout Int) -> Int64? {
    var value: UInt64 = 0
    for index in 0..<9 {
      guard offset < bytes.count else { return nil }
      let byte = bytes[offset]
      offset += 1
      if index == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
      value = value << 7 | UInt64(byte & 0x7F)
      if byte & 0x80 == 0 { return Int64(bitPattern: value) }
    }
    return nil
  }

  /// Four bytes, the highest first.
  static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
