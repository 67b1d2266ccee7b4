// Start line and fields of a message, collected from chunks of any size.
//
// Invariants
// - Holds at most `limits.headBytes`, whatever arrives.
// - A line ends with LF, a CR before it is dropped (RFC 9112 section 2.2); any other CR, a folded
//   line and a space before the colon are refused: they are how messages are smuggled.

struct HTTPHead: Equatable, Sendable {
  /// The words of the start line; exactly three, the last may be empty or hold spaces.
  var start: [String]
  var fields: HTTPFields
}

struct HTTPHeadReader: Equatable, Sendable {
  private let limits: HTTPLimits
  private var used = 0
  private var line: [UInt8] = []
  private var start: [UInt8]?
  private var fields = HTTPFields()

  init(limits: HTTPLimits) { self.limits = limits }

  /// Whether any byte of a head was seen.
  var hasBegun: Bool { used > 0 }

  /// Reads on from `index`; the head when its empty line was met.
  mutating func take(_ bytes: [UInt8], _ index: inout Int) throws(HTTPFault) -> HTTPHead? {
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      used += 1
      guard used <= limits.headBytes else { throw .headTooLarge }
      guard byte == 10 else {
        line.append(byte)
        continue
      }
      if line.last == 13 { line.removeLast() }
      guard !line.contains(13), !line.contains(0) else {
        throw .malformed("a control character in the header")
      }
      if let head = try finishLine() { return head }
    }
    return nil
  }

  private mutating func finishLine() throws(HTTPFault) -> HTTPHead? {
    defer { line.removeAll(keepingCapacity: true) }
    guard let start else {
      // RFC 9112 section 2.2: an empty line before a message is ignored.
      if !line.isEmpty { self.start = line }
      return nil
    }
    if line.isEmpty {
      return HTTPHead(start: Self.words(start), fields: fields)
    }
    try Self.readField(line, into: &fields, limit: limits.fieldCount)
    return nil
  }

  private static func words(_ line: [UInt8]) -> [String] {
    let parts = line.split(separator: 32, maxSplits: 2, omittingEmptySubsequences: false)
    let words = parts.map { String(decoding: $0, as: UTF8.self) }
    return words + Array(repeating: "", count: max(0, 3 - words.count))
  }

  static func readField(
    _ line: [UInt8], into fields: inout HTTPFields, limit: Int
  ) throws(HTTPFault) {
    guard fields.lines.count < limit else { throw .headTooLarge }
    guard let colon = line.firstIndex(of: 58) else {
      throw .malformed("a header line without a colon")
    }
    let name = String(decoding: line[..<colon], as: UTF8.self)
    let value = String(decoding: HTTPFields.trimmed(line[(colon + 1)...]), as: UTF8.self)
    guard fields.add(name, value) else {
      throw .malformed("a header line with a forbidden character")
    }
  }
}
