// What a row carries to prove itself: eight bytes over everything that its own digest leaves out.
//
// Why: a flipped bit in a sequence, in the bits of the uplinks or in a cursor passes SQLite's own
// check and would send an event to the wrong place, or to nobody, in silence. The SHA-256 of an
// event covers its bytes; this covers the row around it. It finds damage, not forgery: against
// forgery every event is signed and chained.
//
// Each step is a bijection of what is mixed in, so one changed word always changes the result.

/// Gathers the fields of one row, each kind of row from another start.
struct RowCheck {
  enum Kind: UInt64 {
    case event = 0x5441_4B54_0001, cursor, snapshot, quarantined, meta
  }

  private(set) var value: UInt64

  init(_ kind: Kind) {
    value = kind.rawValue
    mix(kind.rawValue)
  }

  mutating func mix(_ word: UInt64) {
    value = (value ^ word) &* 0x9E37_79B9_7F4A_7C15
    value ^= value >> 32
  }

  mutating func mix(_ bytes: [UInt8]) {
    mix(UInt64(bytes.count))
    bytes.withUnsafeBytes { raw in
      var offset = 0
      while offset + 8 <= raw.count {
        mix(UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        offset += 8
      }
      var tail: UInt64 = 0
      while offset < raw.count {
        tail = tail << 8 | UInt64(raw[offset])
        offset += 1
      }
      mix(tail)
    }
  }

  mutating func mix(_ text: String) { mix(Array(text.utf8)) }

  static func event(_ place: UInt64, due: UInt64, digest: [UInt8]) -> UInt64 {
    var check = Self(.event)
    check.mix(place)
    check.mix(due)
    check.mix(digest)
    return check.value
  }

  static func cursor(_ name: String, bit: Int64, acknowledged: UInt64) -> UInt64 {
    var check = Self(.cursor)
    check.mix(name)
    check.mix(UInt64(bitPattern: bit))
    check.mix(acknowledged)
    return check.value
  }

  static func snapshot(_ name: String, place: UInt64, body: [UInt8]) -> UInt64 {
    var check = Self(.snapshot)
    check.mix(name)
    check.mix(place)
    check.mix(body)
    return check.value
  }

  static func quarantined(
    _ uplink: String, _ sequence: UInt64, _ status: Int64, _ answer: String, _ at: Int64,
    _ body: [UInt8]
  ) -> UInt64 {
    var check = Self(.quarantined)
    check.mix(uplink)
    check.mix(sequence)
    check.mix(UInt64(bitPattern: status))
    check.mix(answer)
    check.mix(UInt64(bitPattern: at))
    check.mix(body)
    return check.value
  }

  /// Over all the journal knows about itself, but the check.
  static func meta(_ values: [String: String]) -> String {
    var check = Self(.meta)
    for (name, value) in values.sorted(by: { $0.key < $1.key }) where name != "proof" {
      check.mix(name)
      check.mix(value)
    }
    return String(check.value, radix: 16)
  }

  /// The digest as an event's row holds it: its 32 bytes and the eight of the check.
  static func proof(_ place: UInt64, due: UInt64, digest: [UInt8]) -> [UInt8] {
    let value = event(place, due: due, digest: digest)
    return digest + (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
  }

  /// The digest of an event's row when the row proves itself. A row that the form before wrote has
  /// the digest alone, and `isOldAllowed` says whether this may be one.
  static func digest(
    _ proof: [UInt8], place: UInt64, due: UInt64, isOldAllowed: Bool
  ) -> [UInt8]? {
    if proof.count == JournalLimits.digestBytes { return isOldAllowed ? proof : nil }
    guard proof.count == JournalLimits.digestBytes + 8 else { return nil }
    let digest = Array(proof.prefix(JournalLimits.digestBytes))
    let stored = proof.suffix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    return stored == event(place, due: due, digest: digest) ? digest : nil
  }
}
