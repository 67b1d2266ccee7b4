// The body of a message by its framing (RFC 9112 section 6), collected from chunks of any size.
//
// Invariants
// - Keeps at most `limit` bytes. What is beyond ends the reading (an answer: its status is known,
//   and nobody pays for a gigabyte) or is refused (a request).
// - Lengths have at most 15 digits: no sum overflows.

/// How a body ends.
enum HTTPFraming: Equatable {
  case length(Int)
  case chunked
  case untilClose

  /// What the fields say; nil when they say nothing. A length beside a coding is refused.
  init?(_ fields: HTTPFields) throws(HTTPFault) {
    let codings = fields.all("Transfer-Encoding")
    let lengths = fields.all("Content-Length")
    if let coding = codings.first {
      guard codings.count == 1, HTTPFields.same(coding, "chunked") else {
        throw .codingUnknown(codings.joined(separator: ", "))
      }
      guard lengths.isEmpty else { throw .malformed("both a length and a transfer coding") }
      self = .chunked
      return
    }
    guard let text = lengths.first else { return nil }
    guard lengths.allSatisfy({ $0 == text }), (1...DeliveryLimits.lengthDigits) ~= text.utf8.count,
      text.utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(text)
    else { throw .malformed("a Content-Length that is no number") }
    self = .length(length)
  }
}

struct HTTPBodyReader: Sendable {
  enum Excess { case discard, refuse }

  private enum State {
    case plain(left: Int)
    case untilClose
    case chunkSize
    case chunk(left: Int)
    case chunkEnd
    case trailer
    case done
  }

  private var state: State
  private let limits: HTTPLimits
  private let excess: Excess
  private var line: [UInt8] = []
  private var trailerBytes = 0
  private(set) var kept: [UInt8] = []
  private(set) var wasCut = false

  init(_ framing: HTTPFraming, limits: HTTPLimits, excess: Excess) throws(HTTPFault) {
    self.limits = limits
    self.excess = excess
    switch framing {
    case .length(let length):
      if excess == .refuse, length > limits.bodyBytes { throw .bodyTooLarge }
      state = length == 0 ? .done : .plain(left: length)
      kept.reserveCapacity(min(length, limits.bodyBytes))
    case .chunked: state = .chunkSize
    case .untilClose: state = .untilClose
    }
  }

  var isDone: Bool { if case .done = state { true } else { false } }
  var endsWithStream: Bool { if case .untilClose = state { true } else { false } }

  /// Reads on from `index`; true when the body is complete.
  mutating func take(_ bytes: [UInt8], _ index: inout Int) throws(HTTPFault) -> Bool {
    while index < bytes.count {
      if wasCut { state = .done }
      switch state {
      case .done: return true
      case .untilClose:
        try keep(bytes, index..<bytes.count)
        index = bytes.count
      case .plain(let left):
        let end = index + min(left, bytes.count - index)
        try keep(bytes, index..<end)
        state = left == end - index ? .done : .plain(left: left - (end - index))
        index = end
      case .chunk(let left):
        let end = index + min(left, bytes.count - index)
        try keep(bytes, index..<end)
        state = left == end - index ? .chunkEnd : .chunk(left: left - (end - index))
        index = end
      case .chunkSize, .chunkEnd, .trailer:
        let byte = bytes[index]
        index += 1
        try takeLineByte(byte)
      }
    }
    if wasCut { state = .done }
    return isDone
  }

  private mutating func keep(_ bytes: [UInt8], _ range: Range<Int>) throws(HTTPFault) {
    let room = limits.bodyBytes - kept.count
    if range.count > room {
      guard excess == .discard else { throw .bodyTooLarge }
      wasCut = true
    }
    kept.append(contentsOf: bytes[range.lowerBound..<(range.lowerBound + min(room, range.count))])
  }

  private mutating func takeLineByte(_ byte: UInt8) throws(HTTPFault) {
    guard byte == 10 else {
      guard line.count < DeliveryLimits.chunkLineBytes else { throw .headTooLarge }
      line.append(byte)
      return
    }
    if line.last == 13 { line.removeLast() }
    defer { line.removeAll(keepingCapacity: true) }
    switch state {
    case .chunkSize: state = try chunkState(line)
    case .chunkEnd:
      guard line.isEmpty else { throw .malformed("a chunk longer than its size") }
      state = .chunkSize
    case .trailer:
      trailerBytes += line.count + 2
      guard trailerBytes <= limits.headBytes else { throw .headTooLarge }
      if line.isEmpty { state = .done }
    case .plain, .untilClose, .chunk, .done: break  // These states read no lines.
    }
  }

  private func chunkState(_ line: [UInt8]) throws(HTTPFault) -> State {
    let digits = HTTPFields.trimmed(line.prefix { $0 != UInt8(ascii: ";") })
    guard (1...DeliveryLimits.lengthDigits) ~= digits.count,
      digits.allSatisfy({ Self.isHex($0) }),
      let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw .malformed("a chunk size that is no number") }
    return size == 0 ? .trailer : .chunk(left: size)
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
  }
}
