// The change of a signing key in two steps, so that receivers know the next key before it signs.
//
//   key.pem ──prepare──▶ key.pem and key.pem.next ──rotate──▶ key.pem, the next one
//                            jwks.json holds both from the first step on, and for ever
//
// Invariants
// - At every moment there is a whole, usable key.pem: the change is one rename.
// - Files keep the owner that the key had, whoever runs this: a gateway must not lose its key.
// - The public part is written before the private part signs anything.

import Glibc
import Primitives

/// Steps of a change of keys.
public enum KeyRotation {
  /// Where the next key waits.
  public static func nextFile(of keyFile: String) -> String { keyFile + ".next" }

  /// Makes the next key and publishes it; the key there is goes on signing.
  public static func prepare(
    keyFile: String, jwksFile: String, force: Bool = false
  ) throws(KeyFault) -> SigningKeyFile {
    guard FileBytes.exists(keyFile) else {
      throw KeyFault("preparing a key: there is no \(keyFile) that it could follow")
    }
    let next = nextFile(of: keyFile)
    if !force, FileBytes.exists(next) {
      throw KeyFault(
        "preparing a key: \(next) waits already; \"takt keygen --rotate\" makes it the key, "
          + "--force makes another one")
    }
    let made = try SigningKeyFile.make(keyFile: next, jwksFile: jwksFile, force: force)
    try FileBytes.own(next, like: keyFile)
    return made
  }

  /// Makes the next key the one that signs; one that was not prepared is made now.
  public static func rotate(keyFile: String, jwksFile: String) throws(KeyFault) -> SigningKeyFile {
    let next = nextFile(of: keyFile)
    let made =
      FileBytes.exists(next)
      ? try publish(keyFile: next, jwksFile: jwksFile)
      : try prepare(keyFile: keyFile, jwksFile: jwksFile)
    try FileBytes.own(next, like: keyFile)
    try FileBytes.move(next, to: keyFile)
    return SigningKeyFile(
      keyFile: keyFile, jwksFile: jwksFile, kid: made.kid, fingerprint: made.fingerprint)
  }

  /// Adds the public part of a key there is to the key set, whoever made it.
  public static func publish(keyFile: String, jwksFile: String) throws(KeyFault) -> SigningKeyFile {
    let pem = try FileBytes.read(keyFile, what: "signing key", isPrivate: true)
    let key = try EllipticKey.privateKey(pem: pem, from: "signing key \(keyFile)")
    let notary = try ES256Notary(key, nil)
    let others = FileBytes.exists(jwksFile) ? try JWKS(file: jwksFile) : JWKS()
    try notary.jwks(with: others).write(to: jwksFile)
    return SigningKeyFile(
      keyFile: keyFile, jwksFile: jwksFile, kid: notary.keyID, fingerprint: key.fingerprint)
  }
}
