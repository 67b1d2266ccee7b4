// Public keys and signatures in the form of minisign (https://jedisct1.github.io/minisign/).
//
// Invariants
// - Exactly the form that minisign writes is read: two comments, two signatures, nothing behind.
// - Only prehashed signatures (Ed25519 over BLAKE2b-512) are known; the older form is refused.
// - A key is its 42 bytes: the eight bytes of its name can be chosen by whoever makes one.

import Primitives

/// A public key that signs bundles.
public struct BundleKey: Hashable, Sendable {
  /// What tells keys apart for people; anybody can make a key with a given one.
  public let id: [UInt8]
  /// The public point of Ed25519, 32 bytes.
  public let point: [UInt8]

  static let algorithm = Array("Ed".utf8)

  public init?(id: [UInt8], point: [UInt8]) {
    guard id.count == 8, point.count == 32 else { return nil }
    self.id = id
    self.point = point
  }

  /// Reads the 56 characters that stand in the second line of a file of minisign.
  public init?(text: String) {
    guard let bytes = MinisignText.decode(text, count: 42), bytes.starts(with: Self.algorithm)
    else { return nil }
    self.init(id: Array(bytes[2..<10]), point: Array(bytes[10...]))
  }

  /// As minisign writes it: `RWQ…`.
  public var text: String { Base64.encode(Self.algorithm + id + point) }

  /// As minisign calls it: 16 hexadecimal digits.
  public var name: String { Self.name(id) }

  /// The same for any eight bytes.
  public static func name(_ id: [UInt8]) -> String { Hex.encode(id.reversed()).uppercased() }
}

/// What stands in a `.minisig` file.
public struct BundleSignature: Equatable, Sendable {
  /// The name of the key that is said to have signed.
  public var keyID: [UInt8]
  /// Ed25519 over the BLAKE2b-512 digest of the file, 64 bytes.
  public var signature: [UInt8]
  /// What was signed together with the file.
  public var comment: String
  /// Ed25519 over the signature and the comment, 64 bytes.
  public var commentSignature: [UInt8]

  static let algorithm = Array("ED".utf8)
  private static let plain = "untrusted comment: "
  private static let trusted = "trusted comment: "

  public init(keyID: [UInt8], signature: [UInt8], comment: String, commentSignature: [UInt8]) {
    self.keyID = keyID
    self.signature = signature
    self.comment = comment
    self.commentSignature = commentSignature
  }

  /// Reads the file; anything that minisign would not have written is refused.
  public init(file: [UInt8]) throws(BundleRefusal) {
    guard file.count <= BundleLimits.signatureBytes,
      let text = String(validating: file, as: UTF8.self)
    else { throw .signatureForm("it is no text of at most \(BundleLimits.signatureBytes) bytes") }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    guard lines.count == 4, lines[0].hasPrefix(Self.plain), lines[2].hasPrefix(Self.trusted) else {
      throw .signatureForm("it does not have the four lines of minisign")
    }
    guard let first = MinisignText.decode(lines[1], count: 74) else {
      throw .signatureForm("its second line is no signature")
    }
    guard first.starts(with: Self.algorithm) else {
      throw .signatureForm(
        "it is of the older kind, which is not prehashed; sign without \"minisign -l\"")
    }
    guard let last = MinisignText.decode(lines[3], count: 64) else {
      throw .signatureForm("its fourth line is no signature")
    }
    let comment = String(lines[2].dropFirst(Self.trusted.count))
    guard comment.utf8.count <= BundleLimits.commentBytes,
      comment.utf8.allSatisfy({ (32...126).contains($0) })
    else {
      throw .signatureForm(
        "its trusted comment has more than \(BundleLimits.commentBytes) or strange characters")
    }
    keyID = Array(first[2..<10])
    signature = Array(first[10...])
    self.comment = comment
    commentSignature = last
  }

  /// What the second signature is made over.
  public var commentMessage: [UInt8] { signature + Array(comment.utf8) }

  /// The file as minisign writes it.
  public var file: [UInt8] {
    let lines = [
      Self.plain + "signature from takt", Base64.encode(Self.algorithm + keyID + signature),
      Self.trusted + comment, Base64.encode(commentSignature),
    ]
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }
}

enum MinisignText {
  /// Reads padded Base64 of exactly so many bytes; nil for anything else.
  static func decode(_ text: String, count: Int) -> [UInt8]? {
    let padding = (3 - count % 3) % 3
    guard text.utf8.count == (count + 2) / 3 * 4, text.utf8.suffix(padding).allSatisfy({ $0 == 61 })
    else { return nil }
    var url: [UInt8] = []
    for byte in text.utf8.dropLast(padding) {
      switch byte {
      case UInt8(ascii: "+"): url.append(UInt8(ascii: "-"))
      case UInt8(ascii: "/"): url.append(UInt8(ascii: "_"))
      case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
      default: url.append(byte)
      }
    }
    guard let bytes = Base64.decodeURL(String(decoding: url, as: UTF8.self)), bytes.count == count
    else { return nil }
    return bytes
  }
}
