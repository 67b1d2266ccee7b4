// Keys, digests and signatures against published vectors and against themselves.

import Delivery
import Events
import Glibc
import LinuxEdge
import Primitives
import Testing

@testable import OpenSSLEdge

@Suite("Keys and signatures") struct KeysTests {
  /// RFC 7515 appendix A.3.
  private static let key: JSONValue = [
    "kty": "EC", "crv": "P-256", "kid": "a3",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  ]
  private static let input = Array(
    ("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
      + "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ").utf8)
  private static let signature =
    Base64.decodeURL(
      "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
    ?? []

  private func verifier(_ keys: JSONValue...) throws -> JWKSVerifier {
    var set = JWKS()
    for key in keys { set.add(key) }
    return try JWKSVerifier(set)
  }

  @Test func `SHA-256 gives the published digests`() {
    #expect(
      Hex.encode(SHA256.digest(Array("abc".utf8)))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      Hex.encode(SHA256.digest([]))
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test func `the signature of RFC 7515 A.3 verifies, and no altered one does`() throws {
    let verifier = try verifier(Self.key)
    #expect(verifier.verify(Self.input, signature: Self.signature, keyID: "a3") == .valid)
    #expect(verifier.verify(Self.input, signature: Self.signature, keyID: "b") == .keyUnknown)
    for index in Self.signature.indices {
      var altered = Self.signature
      altered[index] ^= 1
      #expect(verifier.verify(Self.input, signature: altered, keyID: "a3") == .invalid)
    }
    for index in Self.input.indices {
      var altered = Self.input
      altered[index] ^= 1
      #expect(verifier.verify(altered, signature: Self.signature, keyID: "a3") == .invalid)
    }
    for wrong in [[], [0], Array(Self.signature.dropLast()), Self.signature + [0]] {
      #expect(verifier.verify(Self.input, signature: wrong, keyID: "a3") == .invalid)
    }
    let zeros = [UInt8](repeating: 0, count: 64)
    #expect(verifier.verify(Self.input, signature: zeros, keyID: "a3") == .invalid)
  }

  @Test func `F56: two thousand signatures have 64 bytes and verify with the published key`()
    throws
  {
    var notary = try ES256Notary.ephemeral()
    let verifier = try JWKSVerifier(notary.jwks())
    for number in 0..<2000 {
      let bytes = Array("event \(number)".utf8)
      let signature = try notary.sign(bytes)
      // Among so many some r or s begin with a zero byte, which must be kept.
      #expect(signature.count == 64)
      #expect(verifier.verify(bytes, signature: signature, keyID: notary.keyID) == .valid)
    }
  }

  @Test func `the two forms of a signature turn into each other, and no bytes trap`() {
    for seed in 0..<10_000 as Range<UInt64> {
      var chance = SeededGenerator(seed: seed)
      var raw = (0..<64).map { _ in UInt8.random(in: 0...255, using: &chance) }
      for index in 0..<Int.random(in: 0...4, using: &chance) { raw[index] = 0 }
      guard let der = ECDSASignature.der(raw: raw) else {
        Issue.record("no DER form")
        return
      }
      #expect(ECDSASignature.raw(der: der) == raw)
      var noise = der
      noise[Int.random(in: 0..<noise.count, using: &chance)] = .random(in: 0...255, using: &chance)
      _ = ECDSASignature.raw(der: noise.prefix(Int.random(in: 0...noise.count, using: &chance)))
    }
  }

  @Test func `a key set is read back as written, and a bad one is refused with its reason`() throws
  {
    let notary = try ES256Notary.ephemeral(keyID: "gw17-2026a")
    let set = notary.jwks()
    #expect(try JWKS(set.bytes, from: "here") == set)
    #expect(try JWKSVerifier(set).keyIDs == ["gw17-2026a"])
    func reason(_ text: String) -> String {
      do throws(KeyFault) {
        _ = try JWKSVerifier(JWKS(Array(text.utf8), from: "here"), from: "here")
        return "taken"
      } catch {
        return error.description
      }
    }
    #expect(reason("{\"keys\":[]}") == "reading here: no key on the curve P-256 in it")
    #expect(reason("{}") == "reading here: no list \"keys\"")
    #expect(reason("{").hasPrefix("reading here: reading JSON"))
    let ec = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\",\"x\":"
    #expect(reason(ec + "\"AA\"}]}").contains("without kid, x or y"))
    #expect(reason(ec + "\"AA\",\"y\":\"AA\"}]}").contains("does not have 32 bytes"))
    let point = String(repeating: "A", count: 43)
    #expect(reason(ec + "\"\(point)\",\"y\":\"\(point)\"}]}").contains("no point of P-256"))
  }

  @Test func `keygen makes a private key of mode 0600 and keeps older public keys`() throws {
    let scratch = try Scratch()
    let (key, set) = (scratch["signing.key"], scratch["jwks.json"])
    let first = try SigningKeyFile.make(keyFile: key, jwksFile: set)
    var facts = stat()
    #expect(stat(key, &facts) == 0 && facts.st_mode & 0o777 == 0o600)
    var notary = try ES256Notary(keyFile: key)
    #expect(notary.keyID == first.kid && first.kid.utf8.count == 43)
    let signature = try notary.sign([1, 2, 3])
    #expect(throws: KeyFault.self) { try SigningKeyFile.make(keyFile: key, jwksFile: set) }
    let second = try SigningKeyFile.make(keyFile: key, jwksFile: set, kid: "gw-b", force: true)
    let verifier = try JWKSVerifier(file: set)
    #expect(verifier.keyIDs == [first.kid, second.kid].sorted())
    #expect(verifier.verify([1, 2, 3], signature: signature, keyID: first.kid) == .valid)
    #expect(try ES256Notary(keyFile: key, keyID: "gw-b").keyID == "gw-b")
    #expect(throws: KeyFault.self) {
      try SigningKeyFile.make(keyFile: key, jwksFile: set, kid: "gw-b", force: true)
    }
  }

  @Test func `F57: a key that others can read, or that is none, is refused with a sentence`() throws
  {
    let scratch = try Scratch()
    let key = scratch["signing.key"]
    func reason() -> String {
      do throws(KeyFault) {
        _ = try ES256Notary(keyFile: key)
        return "taken"
      } catch {
        return error.description
      }
    }
    #expect(reason().contains("no such file"))
    _ = try SigningKeyFile.make(keyFile: key, jwksFile: scratch["jwks.json"])
    chmod(key, 0o640)
    #expect(reason().contains("its mode is 0640") && reason().contains("chmod 600"))
    chmod(key, 0o600)
    #expect(reason() == "taken")
    try FileBytes.write(Array("junk".utf8), to: key, mode: 0o600, replace: true)
    #expect(reason().contains("takt keygen"))
  }

  @Test func `bench certificates are made once, for names and addresses, the key private`() throws {
    let scratch = try Scratch()
    let made = try BenchCertificates.make(
      directory: scratch.path, hosts: ["localhost", "127.0.0.1", "::1"])
    var facts = stat()
    for key in [made.keyFile, made.clientKeyFile] {
      #expect(stat(key, &facts) == 0 && facts.st_mode & 0o777 == 0o600)
    }
    #expect(made.fingerprint.count == 32)
    #expect(throws: KeyFault.self) {
      try BenchCertificates.make(directory: scratch.path, hosts: ["localhost"])
    }
    for bad in [[], [""], ["a b"], ["a,DNS:b"], ["x\ny"]] {
      #expect(throws: KeyFault.self) {
        try BenchCertificates.make(directory: scratch.path, hosts: bad, force: true)
      }
    }
    let peer = try TLSPeer.tls(
      PeerFiles(certificate: made.certificateFile, key: made.keyFile))
    defer { peer.stop() }
    let journey = try Journey.make(TLSClientSettings(caFile: made.caFile), port: peer.port)
    #expect(journey.opened && journey.fault == .finished)
    // The client's certificate is one of the same authority, and for clients.
    let strict = try TLSPeer.tls(
      PeerFiles(certificate: made.certificateFile, key: made.keyFile), clientCA: made.caFile)
    defer { strict.stop() }
    let settings = TLSClientSettings(
      caFile: made.caFile, certificateFile: made.clientCertificateFile,
      keyFile: made.clientKeyFile)
    #expect(try Journey.make(settings, port: strict.port).fault == .finished)
    let bare = try Journey.make(TLSClientSettings(caFile: made.caFile), port: strict.port)
    #expect(bare.fault != .finished)
  }
}
