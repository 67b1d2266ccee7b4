// Seals drafts into events: sequence, chain, canonical bytes, signature, digest.
//
// Invariants
// - Sequences are contiguous; `lastSequence` and `lastDigest` are those of the last sealed event.
// - A draft that throws changes nothing.
// - The bytes are written once, without `jws`, in sorted order; the signature is over exactly
//   these, and `jws` is then put between `id` and `monotonicms`, where it sorts. Nobody serialises
//   again.
// - A value: who must undo a transaction keeps a copy from before it (F44: a sequence is given at
//   commit, so what was not committed has none).
//
// Signed at the moment it is committed, not when it is sent (F56): an outage of any length does
// not change what the signature covers.

public import Primitives

/// The end of the chain of one epoch, and the pen that continues it.
public struct EventChain: Sendable {
  public let source: EventSource
  /// Eight lower-case hex digits of the journal file.
  public let epoch: String
  public private(set) var lastSequence: UInt64
  /// SHA-256 of the last event's bytes, or what the first event of an epoch chains to.
  public private(set) var lastDigest: [UInt8]

  private var writer = CanonicalWriter()
  private let prefix: String
  private let gatewaySource: String
  /// The protected header as base64url, for the key id it was made for.
  private var header: (keyID: String, text: [UInt8]) = ("", [])

  public init(source: EventSource, epoch: String, lastSequence: UInt64, lastDigest: [UInt8]) {
    self.source = source
    self.epoch = epoch
    self.lastSequence = lastSequence
    self.lastDigest = lastDigest
    self.prefix = source.prefix
    self.gatewaySource = source.text(.gateway)
  }

  /// Makes the next event of the chain from a draft; `reading` is the clock at commit.
  public mutating func seal(
    _ draft: EventDraft, reading: ClockReading, notary: inout some Notary
  ) throws(EventFault) -> SealedEvent {
    let sequence = lastSequence &+ 1
    let insertion = write(draft, sequence, reading)
    let signature: [UInt8]
    if header.keyID != notary.keyID || header.text.isEmpty { encodeHeader(notary.keyID) }
    do {
      signature = try notary.sign(signingInput())
    } catch {
      throw .unsigned(type: draft.type, error)
    }
    let member = jwsMember(signature)
    let total = writer.bytes.count + member.count
    guard total <= EventLimits.eventBytes else {
      throw .oversize(type: draft.type, bytes: total)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(total)
    bytes.append(contentsOf: writer.bytes[..<insertion])
    bytes.append(contentsOf: member)
    bytes.append(contentsOf: writer.bytes[insertion...])
    let digest = notary.digest(bytes)
    lastSequence = sequence
    lastDigest = digest
    return SealedEvent(
      sequence: sequence, bytes: bytes, digest: digest, type: draft.type, unit: draft.unit)
  }

  /// Writes everything but `jws` in sorted order and returns where `jws` belongs.
  private mutating func write(
    _ draft: EventDraft, _ sequence: UInt64, _ reading: ClockReading
  ) -> Int {
    writer.begin(reserving: draft.content.size + 1024)
    writer.raw("{\"bootid\":")
    writer.string(reading.bootID)
    writer.raw(",\"clock\":\"")
    writer.raw(reading.quality.rawValue)
    writer.raw("\",\"data\":")
    switch draft.content {
    case .tree(let value): writer.value(value)
    case .written(let bytes): writer.bytes.append(contentsOf: bytes)
    }
    writer.raw(",\"datacontenttype\":\"application/json\",\"epoch\":\"")
    writer.raw(epoch)
    writer.raw("\",\"id\":\"")
    writer.raw(source.gateway)
    writer.raw("-")
    writer.raw(epoch)
    writer.raw("-")
    writer.digits(sequence, width: 16)
    writer.raw("\"")
    let insertion = writer.bytes.count
    writer.raw(",\"monotonicms\":\"")
    writer.raw(String(draft.at.milliseconds))
    writer.raw("\",\"partitionkey\":")
    writer.string(draft.partitionKey)
    writer.raw(",\"previousdigest\":\"")
    appendBase64URL(lastDigest, to: &writer.bytes)
    writer.raw("\",\"recordedtime\":\"")
    writer.time(reading.wall)
    writer.raw("\",\"sequence\":\"")
    writer.digits(sequence, width: 20)
    writer.raw("\",\"source\":")
    switch draft.unit {
    case .machine(let name): writer.string(prefix + name)
    case .gateway: writer.string(gatewaySource)
    }
    writer.raw(",\"specversion\":\"1.0\"")
    if let subject = draft.subject {
      writer.raw(",\"subject\":")
      writer.string(subject)
    }
    writer.raw(",\"time\":\"")
    writer.time(draft.time)
    writer.raw("\",\"type\":\"")
    writer.raw(draft.type.rawValue)
    writer.raw("\"}")
    return insertion
  }

  private mutating func encodeHeader(_ keyID: String) {
    let text: JSONValue = ["alg": "ES256", "kid": .string(keyID)]
    header = (keyID, Array(Base64.encodeURL(text.canonicalBytes).utf8))
  }

  /// RFC 7515 section 5.1: header, point, payload, all base64url.
  private func signingInput() -> [UInt8] {
    var input: [UInt8] = []
    input.reserveCapacity(header.text.count + 2 + writer.bytes.count * 4 / 3 + 4)
    input.append(contentsOf: header.text)
    input.append(UInt8(ascii: "."))
    appendBase64URL(writer.bytes, to: &input)
    return input
  }

  private func jwsMember(_ signature: [UInt8]) -> [UInt8] {
    var member: [UInt8] = Array(",\"jws\":\"".utf8)
    member.append(contentsOf: header.text)
    member.append(UInt8(ascii: "."))
    member.append(UInt8(ascii: "."))
    appendBase64URL(signature, to: &member)
    member.append(UInt8(ascii: "\""))
    return member
  }
}

private let alphabet: [64 of UInt8] = {
  let text = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  return [64 of UInt8] { text[$0] }
}()

/// Unpadded base64url straight into a buffer.
func appendBase64URL(_ bytes: [UInt8], to text: inout [UInt8]) {
  let bytes = bytes.span
  let whole = bytes.count / 3
  text.append(addingCapacity: whole * 4 + 4) { (text: inout OutputSpan<UInt8>) in
    for group in 0..<whole {
      let index = group &* 3
      let bits =
        Int(bytes[index]) << 16 | Int(bytes[index &+ 1]) << 8 | Int(bytes[index &+ 2])
      text.append(alphabet[bits >> 18])
      text.append(alphabet[bits >> 12 & 63])
      text.append(alphabet[bits >> 6 & 63])
      text.append(alphabet[bits & 63])
    }
    let left = bytes.count - whole * 3
    guard left > 0 else { return }
    let bits = Int(bytes[whole * 3]) << 16 | (left > 1 ? Int(bytes[whole * 3 + 1]) << 8 : 0)
    text.append(alphabet[bits >> 18])
    text.append(alphabet[bits >> 12 & 63])
    if left > 1 { text.append(alphabet[bits >> 6 & 63]) }
  }
}

extension EventDraft.Content {
  /// Bytes that are known already.
  fileprivate var size: Int {
    switch self {
    case .tree: 0
    case .written(let bytes): bytes.count
    }
  }
}
