// The change of a signing key: what signed before verifies on, what is half there changes nothing,
// and secrets may come from systemd.

import Events
import Glibc
import LinuxEdge
import Primitives
import Synchronization
import Testing

@testable import OpenSSLEdge

@Suite("Rotation of keys") struct KeyRotationTests {
  private final class Heard: Sendable {
    let news = Mutex<[LiveNotary.News]>([])
    var all: [LiveNotary.News] { news.withLock { $0 } }
  }

  /// Asks for the name, as sealing events does, until it is as wanted or something was told.
  private func look(_ notary: LiveNotary, until isDone: () -> Bool) {
    let end = SystemClock().now() + .seconds(60)
    while !isDone(), SystemClock().now() < end {
      _ = notary.keyID
      poll(nil, 0, 10)
    }
  }

  @Test func `the next key is published before it signs, and the old one verifies on`() throws {
    let scratch = try Scratch()
    let (key, set) = (scratch["signing.key"], scratch["jwks.json"])
    let first = try SigningKeyFile.make(keyFile: key, jwksFile: set)
    let heard = Heard()
    var notary = try LiveNotary(keyFile: key, clock: SystemClock()) { news in
      heard.news.withLock { $0.append(news) }
    }
    let before = try notary.sign([1, 2, 3])
    let next = try KeyRotation.prepare(keyFile: key, jwksFile: set)
    #expect(try JWKSVerifier(file: set).keyIDs == [first.kid, next.kid].sorted())
    #expect(throws: KeyFault.self) { try KeyRotation.prepare(keyFile: key, jwksFile: set) }
    #expect(notary.keyID == first.kid)
    let current = try KeyRotation.rotate(keyFile: key, jwksFile: set)
    #expect(current.kid == next.kid && current.fingerprint == next.fingerprint)
    #expect(!FileBytes.exists(KeyRotation.nextFile(of: key)))
    var facts = stat()
    #expect(stat(key, &facts) == 0 && facts.st_mode & 0o777 == 0o600)
    // A name that was told is the one that signs, whatever became of the file in between.
    let name = notary.keyID
    let signature = try notary.sign([1, 2, 3])
    let verifier = try JWKSVerifier(file: set)
    #expect(verifier.verify([1, 2, 3], signature: signature, keyID: name) == .valid)
    look(notary) { !heard.all.isEmpty }
    #expect(heard.all == [.renewed(keyID: next.kid)] && notary.keyID == next.kid)
    let after = try notary.sign([1, 2, 3])
    #expect(verifier.verify([1, 2, 3], signature: after, keyID: next.kid) == .valid)
    #expect(verifier.verify([1, 2, 3], signature: before, keyID: first.kid) == .valid)
    #expect(verifier.verify([1, 2, 3], signature: after, keyID: first.kid) == .invalid)
  }

  @Test func `a rotation without preparation makes the key itself, and one without a key nothing`()
    throws
  {
    let scratch = try Scratch()
    let (key, set) = (scratch["signing.key"], scratch["jwks.json"])
    #expect(throws: KeyFault.self) { try KeyRotation.rotate(keyFile: key, jwksFile: set) }
    let first = try SigningKeyFile.make(keyFile: key, jwksFile: set)
    let second = try KeyRotation.rotate(keyFile: key, jwksFile: set)
    let holder = try ES256Notary(keyFile: key)
    #expect(first.kid != second.kid && holder.keyID == second.kid)
    #expect(try JWKSVerifier(file: set).keyIDs == [first.kid, second.kid].sorted())
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
  func `a key stays with the user who runs the gateway, also when root makes the next one`() throws
  {
    let scratch = try Scratch()
    let (key, set) = (scratch["signing.key"], scratch["jwks.json"])
    let steps: [() throws -> Void] = [
      { _ = try SigningKeyFile.make(keyFile: key, jwksFile: set, force: true) },
      { _ = try KeyRotation.prepare(keyFile: key, jwksFile: set) },
      { _ = try KeyRotation.rotate(keyFile: key, jwksFile: set) },
      { _ = try KeyRotation.rotate(keyFile: key, jwksFile: set) },
    ]
    _ = try SigningKeyFile.make(keyFile: key, jwksFile: set)
    try #require(chown(key, 4711, 4712) == 0)
    for step in steps {
      try step()
      var facts = stat()
      #expect(stat(key, &facts) == 0 && facts.st_uid == 4711 && facts.st_gid == 4712)
      #expect(facts.st_mode & 0o777 == 0o600)
      // Nor does the next key wait for somebody else.
      let next = KeyRotation.nextFile(of: key)
      #expect(stat(next, &facts) != 0 || facts.st_uid == 4711)
    }
  }

  @Test func `the public part of a key made elsewhere is exported`() throws {
    let scratch = try Scratch()
    let (key, set) = (scratch["pkcs8.pem"], scratch["jwks.json"])
    let made = try spawnChild(
      [
        "/usr/bin/openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-out", key,
      ], errors: 2)
    var outcome: Int32 = -1
    waitpid(made, &outcome, 0)
    #expect(outcome == 0)
    chmod(key, 0o640)
    #expect(throws: KeyFault.self) { try KeyRotation.publish(keyFile: key, jwksFile: set) }
    chmod(key, 0o600)
    let exported = try KeyRotation.publish(keyFile: key, jwksFile: set)
    var notary = try LiveNotary(keyFile: key, clock: SystemClock())
    let signature = try notary.sign([7])
    #expect(notary.keyID == exported.kid)
    let verifier = try JWKSVerifier(file: set)
    #expect(verifier.verify([7], signature: signature, keyID: exported.kid) == .valid)
    // Once more changes nothing.
    _ = try KeyRotation.publish(keyFile: key, jwksFile: set)
    #expect(try JWKS(file: set).keys.count == 1)
  }

  @Test func `a key file that is half written, open to others or gone changes nothing and is told`()
    throws
  {
    let scratch = try Scratch()
    let (key, set) = (scratch["signing.key"], scratch["jwks.json"])
    let first = try SigningKeyFile.make(keyFile: key, jwksFile: set)
    let heard = Heard()
    let notary = try LiveNotary(keyFile: key, clock: SystemClock()) { news in
      heard.news.withLock { $0.append(news) }
    }
    let whole = try Files.read(key)
    try FileBytes.write(Array(whole.prefix(60)), to: key, mode: 0o600, replace: true)
    look(notary) { heard.all.count == 1 }
    try FileBytes.write(try EllipticKey.make().pem(), to: key, mode: 0o644, replace: true)
    look(notary) { heard.all.count == 2 }
    unlink(key)
    look(notary) { heard.all.count == 3 }
    #expect(notary.keyID == first.kid)
    let sentences = heard.all.map { if case .kept(let why) = $0 { why } else { "" } }
    for (sentence, words) in zip(sentences, ["no private key", "chmod 600", "no such file"]) {
      #expect(sentence.contains(words) && sentence.hasSuffix("goes on signing"), "\(sentence)")
    }
    // The same key again is no news.
    try FileBytes.write(whole, to: key, mode: 0o600, replace: true)
    let end = SystemClock().now() + .milliseconds(2500)
    look(notary) { SystemClock().now() > end }
    #expect(heard.all.count == 3 && notary.keyID == first.kid)
  }

  @Test func `secrets come from systemd where the configuration says so, and from nowhere else`()
    async throws
  {
    await #expect(processExitsWith: .success) {
      let scratch = try Scratch()
      let name = "credential:mes"
      func reason() -> String {
        do throws(KeyFault) {
          return try SecretLine.read(name, what: "password")
        } catch {
          return error.description
        }
      }
      unsetenv("CREDENTIALS_DIRECTORY")
      precondition(reason().contains("LoadCredentialEncrypted=mes"))
      setenv("CREDENTIALS_DIRECTORY", "relative", 1)
      precondition(reason().contains("LoadCredentialEncrypted=mes"))
      setenv("CREDENTIALS_DIRECTORY", scratch.path, 1)
      precondition(reason().contains("no such file"))
      try Files.create(scratch["mes"], with: Array("horse\nrest".utf8), mode: 0o400)
      precondition(reason() == "horse")
      // The mask of an access list stands where the group's rights do.
      chmod(scratch["mes"], 0o440)
      precondition(reason() == "horse")
      chmod(scratch["mes"], 0o444)
      precondition(reason().contains("others can read"))
    }
  }
}
