// The making of a signing key: the private part at 0600, the public part in a JWKS.

import Primitives

/// What was made, for the person who made it.
public struct SigningKeyFile: Equatable, Sendable {
  public var keyFile: String
  public var jwksFile: String
  public var kid: String
  /// SHA-256 of the public point, in hexadecimal, to compare by telephone.
  public var fingerprint: String

  /// Makes a key; an existing one is kept unless `force`, and the JWKS keeps the older keys.
  public static func make(
    keyFile: String, jwksFile: String, kid: String? = nil, force: Bool = false
  ) throws(KeyFault) -> SigningKeyFile {
    let key = try EllipticKey.make()
    let notary = try ES256Notary(key, kid)
    let others = FileBytes.exists(jwksFile) ? try JWKS(file: jwksFile) : JWKS()
    if kid != nil, others.keys.contains(where: { $0["kid"]?.string == notary.keyID }) {
      throw KeyFault(
        "making a key: \(jwksFile) has a key \(notary.keyID) already; older events would no "
          + "longer verify, so choose another name")
    }
    try FileBytes.write(key.pem(), to: keyFile, mode: 0o600, replace: force)
    try notary.jwks(with: others).write(to: jwksFile)
    return SigningKeyFile(
      keyFile: keyFile, jwksFile: jwksFile, kid: notary.keyID, fingerprint: key.fingerprint)
  }
}
