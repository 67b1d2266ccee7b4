// TZif files (RFC 8536) as bytes: header, version 1 data to be skipped, version 2 data, footer.
//
// Invariants
// - Only version 2 and later is read: version 1 ends in January 2038.
// - Every count is checked against the bytes that are there before anything is kept.
// - What the file says of names and of standard time is skipped: only offsets decide.

extension TimeZoneRules {
  /// The rules of a zone from the bytes of its TZif file.
  public init(name: String, bytes: [UInt8]) throws(TimeZoneFault) {
    guard bytes.count <= TimeZoneLimits.fileBytes else {
      throw .tooLarge(zone: name, bytes: bytes.count)
    }
    var reader = TimeZoneReader(name: name, bytes: bytes)
    let old = try reader.header()
    guard old.version >= UInt8(ascii: "2") else { throw .version1(zone: name) }
    try reader.skip(old.bytes(timeSize: 4), "version 1 data")
    let counts = try reader.header()
    guard counts.leaps == 0 else { throw .leapSeconds(zone: name) }
    guard counts.types > 0 else { throw .malformed(zone: name, detail: "it names no offset") }
    let times = try reader.times(counts.times)
    let indices = try reader.take(counts.times, "transition types")
    let types = try reader.offsets(counts.types)
    try reader.skip(counts.characters + counts.standards + counts.universals, "names")
    var offsets: [Int64] = []
    for index in indices {
      guard Int(index) < types.count else {
        throw .malformed(zone: name, detail: "a transition has an offset that the file lacks")
      }
      offsets.append(types[Int(index)])
    }
    let footer = try reader.footer()
    self.init(
      name: name, transitions: times, offsets: offsets, first: types[0], footer: footer)
  }
}

private struct TimeZoneReader {
  struct Counts {
    var version: UInt8
    var universals: Int
    var standards: Int
    var leaps: Int
    var times: Int
    var types: Int
    var characters: Int

    func bytes(timeSize: Int) -> Int {
      times * (timeSize + 1) + types * 6 + characters + leaps * (timeSize + 4) + standards
        + universals
    }
  }

  let name: String
  let bytes: [UInt8]
  var index = 0

  mutating func take(_ count: Int, _ part: String) throws(TimeZoneFault) -> ArraySlice<UInt8> {
    guard count <= bytes.count - index else { throw .truncated(zone: name, part: part) }
    defer { index += count }
    return bytes[index..<(index + count)]
  }

  mutating func skip(_ count: Int, _ part: String) throws(TimeZoneFault) {
    _ = try take(count, part)
  }

  /// A big-endian number of up to eight bytes, as its bits.
  mutating func number(_ size: Int, _ part: String) throws(TimeZoneFault) -> UInt64 {
    try take(size, part).reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func header() throws(TimeZoneFault) -> Counts {
    guard bytes.count - index >= 44, Array(bytes[index..<(index + 4)]) == Array("TZif".utf8) else {
      throw .notTZif(zone: name)
    }
    let version = bytes[index + 4]
    index += 20
    var counts: [Int] = []
    for _ in 0..<6 {
      let count = Int(clamping: try number(4, "header"))
      // No part can have more entries than the file may have bytes: sums of them cannot overflow.
      guard count <= TimeZoneLimits.fileBytes else { throw .truncated(zone: name, part: "header") }
      counts.append(count)
    }
    return Counts(
      version: version, universals: counts[0], standards: counts[1], leaps: counts[2],
      times: counts[3], types: counts[4], characters: counts[5])
  }

  mutating func times(_ count: Int) throws(TimeZoneFault) -> [Int64] {
    var times: [Int64] = []
    for _ in 0..<count {
      let time = Int64(bitPattern: try number(8, "transitions"))
      guard time > times.last ?? .min || times.isEmpty else {
        throw .malformed(zone: name, detail: "its transitions are not in the order of time")
      }
      times.append(time)
    }
    return times
  }

  /// The offset of each local time type; whether it is daylight time and its name are skipped.
  mutating func offsets(_ count: Int) throws(TimeZoneFault) -> [Int64] {
    var offsets: [Int64] = []
    for _ in 0..<count {
      let bits = UInt32(truncatingIfNeeded: try number(4, "offsets"))
      try skip(2, "offsets")
      let offset = Int64(Int32(bitPattern: bits))
      guard abs(offset) <= TimeZoneLimits.offsetSeconds else {
        throw .malformed(zone: name, detail: "an offset of \(offset)s is beyond 26 hours")
      }
      offsets.append(offset)
    }
    return offsets
  }

  /// The POSIX string between two line feeds; nil when it is empty, as for zones without a rule.
  mutating func footer() throws(TimeZoneFault) -> TimeZonePosix? {
    guard try take(1, "footer").first == 10 else {
      throw .malformed(zone: name, detail: "its last line does not begin where it should")
    }
    guard let end = bytes[index...].firstIndex(of: 10) else {
      throw .truncated(zone: name, part: "footer")
    }
    let text = Array(bytes[index..<end])
    guard !text.isEmpty else { return nil }
    guard let rule = TimeZonePosix(text) else {
      let shown = String(decoding: text.prefix(TimeZoneLimits.footerBytes), as: UTF8.self)
      throw .footer(zone: name, text: shown)
    }
    return rule
  }
}
