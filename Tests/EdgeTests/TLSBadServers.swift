// The receivers that must not be believed, one row each: how they are bad, and the words that a
// technician must read. reliability.md's matrix and what was met besides.

import Delivery
import Glibc
import Primitives
import Synchronization
import Testing

@testable import OpenSSLEdge

/// A bad receiver that runs, and what it could read of what a client said.
enum BadPeer {
  case ours(TLSPeer)
  case foreign(OpenSSLServer)

  var port: UInt16 {
    switch self {
    case .ours(let peer): peer.port
    case .foreign(let server): server.port
    }
  }

  /// Ends it; whether it could decipher any of a client's words.
  func heardEvents() -> Bool {
    switch self {
    case .ours(let peer):
      peer.stop()
      return peer.plain.withLock { !$0.isEmpty }
    case .foreign(let server): return server.stopAndTell().contains("POST")
    }
  }
}

/// One row of the table.
struct BadServer: CustomTestStringConvertible, Sendable {
  var testDescription: String
  /// What the sentence must hold.
  var words: [String]
  /// The name that is asked for.
  var host: String
  var change: @Sendable (inout TLSClientSettings, Plant) throws -> Void = { _, _ in }
  var start: @Sendable (Plant) throws -> BadPeer

  init(
    _ name: String, _ words: [String], host: String = "mes.example",
    change: @escaping @Sendable (inout TLSClientSettings, Plant) throws -> Void = { _, _ in },
    _ start: @escaping @Sendable (Plant) throws -> BadPeer
  ) {
    (testDescription, self.words, self.host, self.change, self.start) =
      (name, words, host, change, start)
  }

  static let all = dates + names + issuers + purposes + strength + versions + lists + behaviour
}

/// A receiver of ours with a certificate of the plant's authority.
private func issued(
  _ plant: Plant, _ purpose: CertificateRequest.Purpose = .server,
  hosts: [String] = ["mes.example"], from: Int = -1, to: Int = 30, name: String = "server"
) throws -> BadPeer {
  let request = CertificateRequest(
    commonName: name, purpose: purpose, hosts: hosts, validFromDays: from, validToDays: to)
  return .ours(try .tls(plant.write("bad", CertifiedKey(request, issuer: plant.authority))))
}

private func leaf(_ issuer: CertifiedKey?, name: String = "server") throws -> CertifiedKey {
  try CertifiedKey(
    CertificateRequest(commonName: name, purpose: .server, hosts: ["mes.example"]), issuer: issuer)
}

/// OpenSSL's server with a certificate that is fine, unless another is given.
private func foreign(
  _ plant: Plant, _ options: [String], _ files: PeerFiles? = nil
) throws -> BadPeer {
  .foreign(try OpenSSLServer(files ?? plant.server(), options, isWeb: false))
}

extension BadServer {
  private static let dates = [
    BadServer("expired", ["certificate of mes.example expired on 20", "renew it at the receiver"]) {
      try issued($0, from: -30, to: -1)
    },
    BadServer("not yet valid", ["is not valid before 20", "clock"]) {
      try issued($0, from: 2, to: 30)
    },
  ]

  private static let names = [
    BadServer("wrong host", ["is for other.example, third.example and not for mes.example"]) {
      try issued($0, hosts: ["other.example", "third.example"])
    },
    BadServer("wrong address", ["is for 10.9.9.9 and not for 127.0.0.1"], host: "127.0.0.1") {
      try issued($0, hosts: ["10.9.9.9"])
    },
    BadServer("a name for an address", ["and not for 127.0.0.1"], host: "127.0.0.1") {
      try issued($0, hosts: ["mes.example"])
    },
    BadServer("an address for a name", ["is for 127.0.0.1 and not for mes.example"]) {
      try issued($0, hosts: ["127.0.0.1"])
    },
    BadServer("name only in the subject", ["is for nobody and not for mes.example"]) {
      try issued($0, hosts: [], name: "mes.example")
    },
    BadServer("partial wildcard", ["is for m*s.example and not for mes.example"]) {
      try issued($0, hosts: ["m*s.example"])
    },
    BadServer("wildcard of everything", ["is for *, *.example and not for mes.example"]) {
      try issued($0, hosts: ["*", "*.example"])
    },
    BadServer(
      "wildcard of a level above", ["is for *.plant.example and not for a.mes.plant.example"],
      host: "a.mes.plant.example"
    ) { try issued($0, hosts: ["*.plant.example"]) },
    BadServer("a name with a NUL in it", ["and not for mes.example"]) { plant in
      // SEQUENCE { [2] "mes.example" 00 ".evil" }
      let names = "DER:30:13:82:11:6d:65:73:2e:65:78:61:6d:70:6c:65:00:2e:65:76:69:6c"
      return try foreign(plant, [], OpenSSLAuthority(plant).server(names))
    },
  ]

  private static let issuers = [
    BadServer("unknown issuer", ["unknown issuer (\"Stranger\")", "into the CA file"]) { plant in
      let stranger = try CertifiedKey(
        CertificateRequest(commonName: "Stranger", purpose: .authority))
      return .ours(try .tls(plant.write("bad", leaf(stranger))))
    },
    BadServer("an issuer that only bears the name", ["\"Plant CA\" but was not signed"]) { plant in
      let twin = try CertifiedKey(CertificateRequest(commonName: "Plant CA", purpose: .authority))
      return .ours(try .tls(plant.write("bad", leaf(twin))))
    },
    BadServer("self-signed", ["certificate of mes.example is self-signed and not in the CA"]) {
      .ours(try .tls($0.write("bad", leaf(nil))))
    },
    BadServer("intermediate missing", ["unknown issuer (\"Middle\")", "have the receiver send it"])
    {
      plant in
      let middle = try CertifiedKey(
        CertificateRequest(commonName: "Middle", purpose: .authority), issuer: plant.authority)
      return .ours(try .tls(plant.write("bad", leaf(middle))))
    },
    BadServer("issued by a server's certificate", ["no authority", "\"middle\""]) { plant in
      let middle = try CertifiedKey(
        CertificateRequest(commonName: "middle", purpose: .server), issuer: plant.authority)
      return .ours(try .tls(plant.write("bad", leaf(middle, name: "leaf"), chain: [middle])))
    },
    BadServer("beyond its issuer's names", ["bears a name that its issuer may not vouch for"]) {
      plant in
      let authority = try OpenSSLAuthority(plant)
      let narrow = try authority.issue(
        "narrow", subject: "/CN=Narrow",
        extensions: [
          "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign",
          "nameConstraints=critical,permitted;DNS:other.example",
        ])
      return try foreign(
        plant, ["-cert_chain", narrow.certificate],
        authority.server("DNS:mes.example", issuer: narrow))
    },
  ]

  private static let purposes = [
    BadServer("made for clients", ["not made for servers"]) { try issued($0, .client) },
    BadServer(
      "no key that is pinned",
      ["no key in the chain of mes.example is pinned", "its own is sha256/"],
      change: { settings, _ in
        settings.pins = ["sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
      }
    ) { try issued($0) },
  ]

  private static let strength = [
    BadServer("RSA of 1024 bits", ["has a key that is too short"]) { plant in
      let files = try OpenSSLAuthority(plant).server(
        "DNS:mes.example", key: ["-newkey", "rsa:1024"])
      return try foreign(plant, ["-cipher", "ALL:@SECLEVEL=0"], files)
    },
    BadServer("signed with SHA-1", ["was signed with a digest that can be forged"]) { plant in
      let files = try OpenSSLAuthority(plant).server("DNS:mes.example", digest: "-sha1")
      return try foreign(plant, ["-cipher", "ALL:@SECLEVEL=0"], files)
    },
    BadServer("no forward secrecy", ["nothing in common", "old ciphers"]) { plant in
      let files = try OpenSSLAuthority(plant).server(
        "DNS:mes.example", key: ["-newkey", "rsa:2048"])
      return try foreign(plant, ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], files)
    },
    BadServer("no AEAD", ["nothing in common", "old ciphers"]) { plant in
      try foreign(
        plant, ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA256"])
    },
    BadServer("no encryption", ["nothing in common", "old ciphers"]) {
      try foreign($0, ["-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"])
    },
    BadServer("no certificate", ["nothing in common", "old ciphers"]) { _ in
      .foreign(
        try OpenSSLServer(nil, ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"], isWeb: false))
    },
  ]

  private static let versions = ["-tls1", "-tls1_1"].map { option in
    BadServer("only \(option)", ["speaks no TLS version that is allowed here"]) {
      try foreign($0, [option, "-cipher", "ALL:@SECLEVEL=0"])
    }
  }
}

extension BadServer {
  private static let lists = [
    BadServer(
      "revoked", ["certificate \"server\" of mes.example was revoked by its issuer"],
      change: { settings, plant in
        let files = PeerFiles(
          certificate: plant.scratch["bad.pem"], key: plant.scratch["bad.key"])
        settings.crlFile = try OpenSSLAuthority(plant).list(revoking: [files])
      }
    ) { try issued($0) },
    BadServer(
      "not on a list that is current", ["the list of \"Plant CA\" in the CRL file is out of date"],
      change: { settings, plant in
        settings.crlFile = try OpenSSLAuthority(plant).list(
          dates: ["-crl_lastupdate", "20240101000000Z", "-crl_nextupdate", "20240201000000Z"])
      }
    ) { try issued($0) },
    BadServer(
      "an issuer without a list", ["is not known: the CRL file has no list of \"Middle\""],
      change: { settings, plant in settings.crlFile = try OpenSSLAuthority(plant).list() }
    ) { plant in
      let middle = try CertifiedKey(
        CertificateRequest(commonName: "Middle", purpose: .authority), issuer: plant.authority)
      return .ours(try .tls(plant.write("bad", leaf(middle), chain: [middle])))
    },
  ]

  private static let behaviour = [
    BadServer("garbage instead of TLS", ["does not speak TLS; check the port"]) { _ in
      .ours(try .raw(Array("SSH-2.0-OpenSSH_9.2p1 Debian\r\n".utf8), thenHangsUp: false))
    },
    BadServer("HTTP without TLS", ["does not speak TLS; check the port"]) { _ in
      .ours(try .raw(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), thenHangsUp: false))
    },
    BadServer("a handshake that breaks off", ["hung up during the handshake"]) { _ in
      // The head of a server hello's record, and three of its bytes.
      .ours(try .raw([22, 3, 3, 0, 90, 2, 0, 0], thenHangsUp: true))
    },
    BadServer("a handshake without an end", ["does not keep to TLS", "excessive message size"]) {
      _ in
      .ours(
        try TLSPeer { _, client in
          guard readSome(client) != nil else { return }
          // Records of 16 KiB that belong to one hello of 16 MiB.
          let record: [UInt8] = [22, 3, 3, 0x40, 0] + [2, 0xFF, 0xFF, 0xFF]
          while sendAll(client, record + [UInt8](repeating: 0, count: 16380)) {}
        })
    },
    BadServer(
      "refuses our certificate", ["refuses our client certificate"],
      change: { settings, plant in
        let stranger = try CertifiedKey(
          CertificateRequest(commonName: "Stranger", purpose: .authority))
        let client = try plant.client("stranger", issuer: stranger)
        (settings.certificateFile, settings.keyFile) = (client.certificate, client.key)
      }
    ) { .ours(try .tls($0.server(), clientCA: $0.caFile)) },
  ]
}
