// The secret key of minisign: made, read, and signed with.
//
// Invariants
// - The file is mode 0600, or it is refused.
// - A password is right when the seed in the file makes the public point in the file: BLAKE2b-256,
//   minisign's own check, is not in OpenSSL 3.0, and this one cannot be fooled either.
// - Keys are written without a password; "minisign -C" sets one, and those are read.

import COpenSSL
import Glibc
import Primitives

/// A key that signs bundles.
public struct MinisignSecretKey: Sendable {
  /// What tells keys apart for people, 8 bytes.
  public let id: [UInt8]
  /// The public point, 32 bytes.
  public let point: [UInt8]
  private let seed: [UInt8]

  private static let head = Array("Ed".utf8)
  private static let scrypt = Array("Sc".utf8)
  private static let check = Array("B2".utf8)
  /// Signature, derivation, check, salt, two costs, and what is encrypted: id, seed, point, check.
  private static let length = 2 + 2 + 2 + 32 + 8 + 8 + secretLength
  private static let secretLength = 8 + 64 + 32
  /// What scrypt may take: minisign itself asks for 1 GiB.
  private static let memory: UInt64 = 1200 << 20
  /// Bytes of a key file.
  private static let fileBytes = 1024

  /// A new key. RAND_bytes(3)
  public static func make() throws(KeyFault) -> MinisignSecretKey {
    var bytes = [UInt8](repeating: 0, count: 40)
    guard RAND_priv_bytes(&bytes, 40) == 1 else {
      throw KeyFault("making a key: \(OpenSSLError.drain().text)")
    }
    return try MinisignSecretKey(
      id: Array(bytes[..<8]), seed: Array(bytes[8...]), nil, "the new key")
  }

  /// Reads a key file; `password` is asked only for one that is encrypted.
  public init(file: String, password: [UInt8]? = nil) throws(KeyFault) {
    let bytes = try FileBytes.read(file, what: "key", isPrivate: true)
    let lines = bytes.prefix(Self.fileBytes).split(separator: 10)
    guard bytes.count <= Self.fileBytes, lines.count == 2,
      lines[0].starts(with: "untrusted comment: ".utf8),
      let content = Self.decode(String(decoding: lines[1], as: UTF8.self)),
      content.count == Self.length, content.starts(with: Self.head),
      content[4..<6].elementsEqual(Self.check)
    else {
      throw KeyFault(
        "reading key \(file): it is no secret key of minisign; \"takt bundle keygen\" makes one")
    }
    var secret = Array(content[54...])
    if content[2..<4].elementsEqual(Self.scrypt) {
      guard let password else {
        throw KeyFault(
          "reading key \(file): it has a password; give a file with it as --password-file")
      }
      let stream = try Self.stream(content, password, file)
      for index in secret.indices { secret[index] ^= stream[index] }
    } else if content[2] != 0 || content[3] != 0 {
      throw KeyFault("reading key \(file): its kind of encryption is not known")
    }
    try self.init(
      id: Array(secret[..<8]), seed: Array(secret[8..<40]), Array(secret[40..<72]), "key \(file)")
  }

  private init(
    id: [UInt8], seed: [UInt8], _ expected: [UInt8]?, _ place: String
  ) throws(KeyFault) {
    let point = try Self.withKey(seed) { key -> [UInt8] in
      var point = [UInt8](repeating: 0, count: 32)
      var count = 32
      return EVP_PKEY_get_raw_public_key(key, &point, &count) == 1 ? point : []
    }
    guard point.count == 32, expected == nil || point == expected else {
      throw KeyFault("reading \(place): the password is wrong, or the file is damaged")
    }
    (self.id, self.seed, self.point) = (id, seed, point)
  }

  /// Ed25519 over a message, 64 bytes. EVP_DigestSign(3)
  public func sign(_ message: [UInt8]) throws(KeyFault) -> [UInt8] {
    let signature = try Self.withKey(seed) { key -> [UInt8] in
      let context = EVP_MD_CTX_new()
      defer { EVP_MD_CTX_free(context) }
      var signature = [UInt8](repeating: 0, count: 64)
      var count = 64
      guard context != nil, EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
        EVP_DigestSign(context, &signature, &count, message, message.count) == 1
      else { return [] }
      return signature
    }
    guard signature.count == 64 else {
      throw KeyFault("signing: \(OpenSSLError.drain().text)")
    }
    return signature
  }

  /// Writes the secret key at 0600 and the public one beside it.
  public func write(
    secret: String, public publicFile: String, force: Bool
  ) throws(KeyFault) {
    let plain = [UInt8](repeating: 0, count: 48)
    let check = [UInt8](repeating: 0, count: 32)
    let content =
      Self.head + [0, 0] + Self.check + plain + id + seed + point + check
    let texts = [
      (secret, "takt bundle secret key", content, mode_t(0o600)),
      (publicFile, "takt bundle public key", Self.head + id + point, mode_t(0o644)),
    ]
    for (file, _, _, _) in texts where !force && FileBytes.exists(file) {
      throw KeyFault("writing \(file): it exists already; --force replaces it")
    }
    for (file, name, content, mode) in texts {
      let text = "untrusted comment: \(name)\n\(Base64.encode(content))\n"
      try FileBytes.write(Array(text.utf8), to: file, mode: mode, replace: force)
    }
  }

  // MARK: Forms

  private static func withKey<Result>(
    _ seed: [UInt8], _ work: (OpaquePointer) -> Result
  ) throws(KeyFault) -> Result {
    ERR_clear_error()
    guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else {
      throw KeyFault("using a key: \(OpenSSLError.drain().text)")
    }
    defer { EVP_PKEY_free(key) }
    return work(key)
  }

  /// Padded Base64 in the standard alphabet. EVP_DecodeBlock(3)
  private static func decode(_ text: String) -> [UInt8]? {
    let input = Array(text.utf8)
    guard input.count.isMultiple(of: 4), input.count <= fileBytes else { return nil }
    var bytes = [UInt8](repeating: 0, count: input.count / 4 * 3)
    let count = EVP_DecodeBlock(&bytes, input, Int32(input.count))
    guard count >= 0 else { return nil }
    return Array(bytes.prefix(Int(count) - input.suffix(2).count { $0 == UInt8(ascii: "=") }))
  }

  /// What hides the secret part: scrypt with the costs as libsodium picks them. EVP_PBE_scrypt(3)
  private static func stream(
    _ content: [UInt8], _ password: [UInt8], _ file: String
  ) throws(KeyFault) -> [UInt8] {
    func number(_ offset: Int) -> UInt64 {
      content[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let operations = max(32_768, number(38))
    let memory = number(46)
    let isSmall = operations < memory / 32
    let limit = isSmall ? operations / 32 : memory / 1024
    var cost: UInt64 = 2
    while cost <= limit / 2, cost < 1 << 40 { cost <<= 1 }
    let parallel = isSmall ? 1 : min(operations / 4 / cost, 0x3FFF_FFFF) / 8
    var stream = [UInt8](repeating: 0, count: secretLength)
    ERR_clear_error()
    let characters = password.map { CChar(bitPattern: $0) }
    guard
      EVP_PBE_scrypt(
        characters, characters.count, Array(content[6..<38]), 32, cost, 8, max(1, parallel),
        Self.memory, &stream, stream.count) == 1
    else {
      throw KeyFault("reading key \(file): \(OpenSSLError.drain().text)")
    }
    return stream
  }
}
