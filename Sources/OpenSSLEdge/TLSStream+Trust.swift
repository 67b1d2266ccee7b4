// What a TLS stream believes: the files of its time, the chain that was verified, the time itself.

import COpenSSL
import Delivery
public import Primitives

extension TLSStream {
  /// A date within the validity of the peer's own certificate raises the floor: who tells a later
  /// one would make every certificate expire here.
  public mutating func learn(peerDate: WallTime) {
    guard let bound = facts.peerNotAfter, peerDate <= bound else { return }
    timeFloor?.raise(to: peerDate)
  }

  /// Takes changed files if they can be used.
  mutating func renewFiles() {
    do throws(TLSSettingsFault) {
      let material = try TLSMaterial(settings)
      if material.digest != loaded {
        context = try TLSContext.client(settings, material)
        loaded = material.digest
      }
      facts.fileTrouble = nil
    } catch {
      facts.fileTrouble = "\(error.description); the files read before are used until then"
    }
    facts.expiries = ownExpiry
  }

  private var ownExpiry: [CertificateExpiry] {
    guard let file = settings.certificateFile, let own = context.identity else { return [] }
    return [CertificateExpiry(subject: "our own certificate \(file)", notAfter: own.notAfter)]
  }

  var trustedTime: WallTime {
    let evidence = [timeFloor?.value, context.identity?.notBefore].compactMap { $0 }.max()
    return verificationTime
      ?? TrustedTime.verification(clock.reading(), evidence: evidence)
  }

  /// Looks at the chain that was verified: why it is not the pinned one, and when it ends.
  mutating func examineChain() -> String? {
    let stack = SSL_get0_verified_chain(ssl)
    let chain = (0..<max(0, OPENSSL_sk_num(stack))).compactMap { place in
      OPENSSL_sk_value(stack, place).map { OpaquePointer($0) }
    }
    let facts = chain.map { CertificateFacts($0) }
    self.facts.peerNotAfter = facts.first?.notAfter
    if let first = facts.min(by: { $0.notAfter < $1.notAfter }) {
      let owner = first == facts.first ? "the certificate" : "the issuer \"\(first.name)\""
      self.facts.expiries =
        ownExpiry + [CertificateExpiry(subject: "\(owner) of \(name)", notAfter: first.notAfter)]
    }
    guard !settings.pins.isEmpty else { return nil }
    return KeyPin.refusal(chain, pins: settings.pins, name: name, peer: peer)
  }
}
