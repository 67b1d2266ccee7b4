// One event as a receiver sees it: bytes that claim to be ours, taken apart and checked alone.
//
// Invariants
// - Only bytes that write back identically are accepted: two readers cannot see two contents.
// - A value of this type carries a valid envelope; its signature has its own verdict.

public import Primitives

/// What is wrong with an event, as one sentence.
public struct EventFinding: Error, Equatable, Sendable, CustomStringConvertible {
  /// The sequence it is about; nil when the bytes do not say one.
  public var sequence: UInt64?
  public var description: String
  /// What is missing before the event, where that is all that is wrong.
  public var gap: ClosedRange<UInt64>?

  init(_ sequence: UInt64?, _ text: String, gap: ClosedRange<UInt64>? = nil) {
    self.sequence = sequence
    self.gap = gap
    description = sequence.map { "checking event \($0): \(text)" } ?? "checking an event: \(text)"
  }
}

/// An event whose form is right.
public struct ReceivedEvent: Equatable, Sendable {
  /// The gateway's place and name, which with the epoch is one chain.
  public var gateway: String
  public var epoch: String
  public var sequence: UInt64
  public var id: String
  public var source: String
  public var type: String
  public var previousDigest: [UInt8]
  /// All members, with `jws`.
  public var members: [String: JSONValue]
  var keyID: String
  var signature: [UInt8]
  var signingInput: [UInt8]

  /// Takes bytes apart; throws the first thing that is wrong with their form.
  public init(parsing bytes: [UInt8]) throws(EventFinding) {
    let value: JSONValue
    guard bytes.count <= EventLimits.eventBytes else {
      throw EventFinding(
        nil, "\(bytes.count) bytes, and an event has at most \(EventLimits.eventBytes)")
    }
    do { value = try JSONValue(parsing: bytes) } catch {
      throw EventFinding(nil, error.description)
    }
    guard case .object(let members) = value else {
      throw EventFinding(nil, "a JSON object was expected")
    }
    let sequence = members["sequence"]?.string.flatMap { Self.digits($0, 20) }
    guard value.canonicalBytes == bytes, value.isExact else {
      throw EventFinding(
        sequence, "the bytes are not canonical: somebody has written them anew or changed them")
    }
    guard let sequence, sequence > 0 else {
      throw EventFinding(nil, "member sequence is not 20 digits from 1")
    }
    func text(_ name: String) throws(EventFinding) -> String {
      guard let text = members[name]?.string else {
        throw EventFinding(sequence, "member \(name) is missing or no text")
      }
      return text
    }
    self.sequence = sequence
    self.members = members
    (id, source, type) = (try text("id"), try text("source"), try text("type"))
    epoch = try text("epoch")
    guard let digest = Base64.decodeURL(try text("previousdigest")), digest.count == 32 else {
      throw EventFinding(sequence, "member previousdigest is not 32 bytes in base64url")
    }
    previousDigest = digest
    gateway = try Self.gateway(id: id, epoch: epoch, sequence: sequence, source: source)
    try Self.checkEnvelope(members, sequence)
    let parts = try text("jws").split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[1].isEmpty, let header = Base64.decodeURL(String(parts[0])),
      let signature = Base64.decodeURL(String(parts[2])), signature.count == 64
    else {
      throw EventFinding(sequence, "member jws is not a detached JWS with an ES256 signature")
    }
    keyID = try Self.keyID(header, sequence)
    self.signature = signature
    var unsigned = members
    unsigned["jws"] = nil
    signingInput = Array(parts[0].utf8) + [UInt8(ascii: ".")]
    appendBase64URL(JSONValue.object(unsigned).canonicalBytes, to: &signingInput)
  }

  private static func digits(_ text: String, _ count: Int) -> UInt64? {
    guard text.utf8.count == count, text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    return UInt64(text)
  }

  /// The protected header is exactly the algorithm and the key id.
  private static func keyID(_ header: [UInt8], _ sequence: UInt64) throws(EventFinding) -> String {
    guard let value = try? JSONValue(parsing: header), value.canonicalBytes == header,
      case .object(let members) = value, members.count == 2,
      members["alg"]?.string == "ES256", let keyID = members["kid"]?.string
    else {
      throw EventFinding(sequence, "the protected header of jws is not {\"alg\":\"ES256\",\"kid\"}")
    }
    return keyID
  }

  /// Checks that id, epoch, sequence and source say the same, and returns who speaks.
  private static func gateway(
    id: String, epoch: String, sequence: UInt64, source: String
  ) throws(EventFinding) -> String {
    let isHex =
      epoch.utf8.count == 8
      && epoch.utf8.allSatisfy {
        (48...57).contains($0) || (97...102).contains($0)
      }
    let parts = source.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard isHex else { throw EventFinding(sequence, "member epoch is not 8 hexadecimal digits") }
    guard parts.count == 7 || parts.count == 8, parts[0] == "urn", parts[1] == "isa95",
      parts[2...].allSatisfy(EventSource.isName)
    else { throw EventFinding(sequence, "member source is not urn:isa95: and five names") }
    let digits = String(sequence)
    let padded = String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits
    let tail = "-\(epoch)-\(padded)"
    let name = String(id.dropLast(tail.count))
    guard id.hasSuffix(tail), EventSource.isName(name) else {
      throw EventFinding(sequence, "member id does not end in its epoch and sequence")
    }
    if parts.count == 8, parts[6] != "gateway" || parts[7] != name {
      throw EventFinding(sequence, "members source and id name different gateways")
    }
    return parts[2...5].joined(separator: ":") + "/" + name
  }

  private static func checkEnvelope(
    _ members: [String: JSONValue], _ sequence: UInt64
  ) throws(EventFinding) {
    for (name, expected) in [("specversion", "1.0"), ("datacontenttype", "application/json")]
    where members[name]?.string != expected {
      throw EventFinding(sequence, "member \(name) is not \"\(expected)\"")
    }
    for name in ["time", "recordedtime"]
    where members[name]?.string.flatMap({ WallTime(text: $0) }) == nil {
      throw EventFinding(sequence, "member \(name) is no time in UTC with milliseconds")
    }
    for name in ["bootid", "partitionkey"] where members[name]?.string == nil {
      throw EventFinding(sequence, "member \(name) is missing or no text")
    }
    guard members["clock"]?.string.flatMap({ ClockQuality(rawValue: $0) }) != nil else {
      throw EventFinding(sequence, "member clock is none of its four words")
    }
    guard members["monotonicms"]?.string.flatMap({ Int64($0) }) != nil else {
      throw EventFinding(sequence, "member monotonicms is not a string of digits")
    }
    guard members["data"]?.object != nil else {
      throw EventFinding(sequence, "member data is missing or no object")
    }
    let type = members["type"]?.string?.split(separator: ".", omittingEmptySubsequences: false)
    guard let type, type.count == 4, type[0] == "takt", type[3].first == "v" else {
      throw EventFinding(sequence, "member type is not takt.<noun>.<verb>.v<number>")
    }
    let known: Set<String> = [
      "bootid", "clock", "data", "datacontenttype", "epoch", "id", "jws", "monotonicms",
      "partitionkey", "previousdigest", "recordedtime", "sequence", "source", "specversion",
      "subject", "time", "type",
    ]
    if let stranger = members.keys.filter({ !known.contains($0) }).min() {
      throw EventFinding(sequence, "member \(stranger) does not belong into the envelope")
    }
  }
}

extension JSONValue {
  /// Holds no number that readers could round: integers within ±2^53 only.
  fileprivate var isExact: Bool {
    switch self {
    case .null, .bool, .string: true
    case .integer(let value): value.magnitude <= EventLimits.exactInteger.magnitude
    case .number: false
    case .array(let values): values.allSatisfy(\.isExact)
    case .object(let members): members.values.allSatisfy(\.isExact)
    }
  }
}
