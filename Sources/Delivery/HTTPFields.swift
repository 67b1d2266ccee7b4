// The field lines of an HTTP/1.1 message (RFC 9110 section 5, RFC 9112 section 5).
//
// Invariants
// - Names are tokens, compared without regard to case; order and repeats are kept.
// - Values hold no control characters but HT; what is written passes the same test as what is
//   read, so no value can smuggle a line.

/// Named fields in the order they were sent.
public struct HTTPFields: Equatable, Sendable {
  public private(set) var lines: [(name: String, value: String)] = []

  public init() {}

  /// Adds a line; a name or value that HTTP forbids is left out and false returned.
  @discardableResult
  public mutating func add(_ name: String, _ value: String) -> Bool {
    guard !name.isEmpty, name.utf8.allSatisfy(Self.isToken), value.utf8.allSatisfy(Self.isText)
    else { return false }
    lines.append((name, value))
    return true
  }

  /// The first value of a name.
  public subscript(name: String) -> String? {
    lines.first { Self.same($0.name, name) }?.value
  }

  /// All values of a name.
  public func all(_ name: String) -> [String] {
    lines.filter { Self.same($0.name, name) }.map(\.value)
  }

  /// Whether a comma-separated field has this member, without regard to case.
  public func lists(_ name: String, _ member: String) -> Bool {
    all(name).contains { value in
      value.utf8.split(separator: UInt8(ascii: ",")).contains { part in
        Self.same(String(decoding: Self.trimmed(part), as: UTF8.self), member)
      }
    }
  }

  public static func == (left: HTTPFields, right: HTTPFields) -> Bool {
    left.lines.elementsEqual(right.lines) { $0.name == $1.name && $0.value == $1.value }
  }

  /// Compares ASCII text without regard to case.
  static func same(_ left: String, _ right: String) -> Bool {
    left.utf8.elementsEqual(right.utf8) { lowered($0) == lowered($1) }
  }

  static func lowered(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }

  /// RFC 9110 section 5.6.2: letters, digits and !#$%&'*+-.^_`|~.
  static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
    default: false
    }
  }

  /// What a value may hold: HT, space and everything visible, of any encoding.
  static func isText(_ byte: UInt8) -> Bool { byte == 9 || (byte >= 32 && byte != 127) }

  static func trimmed(_ bytes: some BidirectionalCollection<UInt8>) -> [UInt8] {
    var kept = Array(bytes.drop { $0 == 32 || $0 == 9 })
    while let last = kept.last, last == 32 || last == 9 { kept.removeLast() }
    return kept
  }

  func write(to bytes: inout [UInt8]) {
    for (name, value) in lines {
      bytes.append(contentsOf: name.utf8)
      bytes.append(58)
      bytes.append(32)
      bytes.append(contentsOf: value.utf8)
      bytes.append(13)
      bytes.append(10)
    }
  }
}

/// Why bytes are not an HTTP/1.1 message that we read.
public enum HTTPFault: Error, Equatable, Sendable {
  /// Not HTTP, or against its grammar.
  case malformed(String)
  /// More bytes or lines before the body than allowed.
  case headTooLarge
  /// A request's body is longer than allowed.
  case bodyTooLarge
  /// A transfer coding other than chunked.
  case codingUnknown(String)
  /// Another version than HTTP/1.0 or HTTP/1.1.
  case versionUnknown
  /// The connection ended inside the message.
  case cutOff

  /// The status a server answers with before it closes.
  public var status: Int {
    switch self {
    case .malformed, .cutOff: 400
    case .headTooLarge: 431
    case .bodyTooLarge: 413
    case .codingUnknown: 501
    case .versionUnknown: 505
    }
  }
}

extension HTTPFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let what): "reading HTTP: \(what)"
    case .headTooLarge: "reading HTTP: the header fields are longer than allowed"
    case .bodyTooLarge: "reading HTTP: the body is longer than allowed"
    case .codingUnknown(let name): "reading HTTP: transfer coding \"\(name)\" is not known here"
    case .versionUnknown: "reading HTTP: neither HTTP/1.0 nor HTTP/1.1"
    case .cutOff: "reading HTTP: the connection ended in the middle of the message"
    }
  }
}
