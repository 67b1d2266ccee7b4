// Who is not believed: each bad receiver is refused with its own sentence, and not one byte of an
// event reaches it.

import Delivery
import Glibc
import LinuxEdge
import Primitives
import Synchronization
import Testing

@testable import OpenSSLEdge

/// A receiver that must be refused, and the words that must say why.
private struct BadPeer: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var words: [String]
  var host = "mes.example"
  var make: @Sendable (Plant) throws -> PeerFiles

  init(
    _ name: String, _ words: [String], host: String = "mes.example",
    _ make: @escaping @Sendable (Plant) throws -> PeerFiles
  ) {
    (testDescription, self.words, self.host, self.make) = (name, words, host, make)
  }
}

private func issued(
  _ plant: Plant, _ purpose: CertificateRequest.Purpose = .server,
  hosts: [String] = ["mes.example"],
  from: Int = -1, to: Int = 30, name: String = "server"
) throws -> PeerFiles {
  let request = CertificateRequest(
    commonName: name, purpose: purpose, hosts: hosts, validFromDays: from, validToDays: to)
  return try plant.write("bad", CertifiedKey(request, issuer: plant.authority))
}

private let badPeers: [BadPeer] = [
  BadPeer("expired", ["certificate of mes.example expired on 20", "renew it at the receiver"]) {
    try issued($0, from: -30, to: -1)
  },
  BadPeer("not yet valid", ["is not valid before 20", "check the clocks"]) {
    try issued($0, from: 2, to: 30)
  },
  BadPeer("wrong host", ["is for other.example, third.example and not for mes.example"]) {
    try issued($0, hosts: ["other.example", "third.example"])
  },
  BadPeer("wrong address", ["is for 10.9.9.9 and not for 127.0.0.1"], host: "127.0.0.1") {
    try issued($0, hosts: ["10.9.9.9"])
  },
  BadPeer("a name where an address is asked", ["and not for 127.0.0.1"], host: "127.0.0.1") {
    try issued($0, hosts: ["mes.example"])
  },
  BadPeer("name only in the subject", ["is for nobody and not for mes.example"]) {
    try issued($0, hosts: [], name: "mes.example")
  },
  BadPeer("partial wildcard", ["is for m*s.example and not for mes.example"]) {
    try issued($0, hosts: ["m*s.example"])
  },
  BadPeer("unknown issuer", ["unknown issuer (\"Stranger\")", "into the CA file"]) { plant in
    let stranger = try CertifiedKey(CertificateRequest(commonName: "Stranger", purpose: .authority))
    return try plant.write(
      "bad",
      CertifiedKey(
        CertificateRequest(commonName: "server", purpose: .server, hosts: ["mes.example"]),
        issuer: stranger))
  },
  BadPeer(
    "an issuer that only bears the right name", ["names the issuer \"Plant CA\" but was not signed"]
  ) { plant in
    let twin = try CertifiedKey(CertificateRequest(commonName: "Plant CA", purpose: .authority))
    return try plant.write(
      "bad",
      CertifiedKey(
        CertificateRequest(commonName: "server", purpose: .server, hosts: ["mes.example"]),
        issuer: twin))
  },
  BadPeer("self-signed", ["certificate of mes.example is self-signed and not in the CA file"]) {
    try $0.write(
      "bad",
      CertifiedKey(
        CertificateRequest(commonName: "server", purpose: .server, hosts: ["mes.example"])))
  },
  BadPeer("made for clients", ["not made for servers"]) { try issued($0, .client) },
  BadPeer("issued by a server's certificate", ["no authority", "\"middle\""]) { plant in
    let middle = try CertifiedKey(
      CertificateRequest(commonName: "middle", purpose: .server), issuer: plant.authority)
    let leaf = try CertifiedKey(
      CertificateRequest(commonName: "leaf", purpose: .server, hosts: ["mes.example"]),
      issuer: middle)
    return try plant.write("bad", leaf, chain: [middle])
  },
]

@Suite("TLS: who is not believed") struct TLSTrustTests {
  @Test(arguments: badPeers)
  private func `a bad receiver gets its own sentence and no event`(bad: BadPeer) throws {
    let plant = try Plant()
    let peer = try TLSPeer.tls(bad.make(plant))
    defer { peer.stop() }
    let settings = TLSClientSettings(caFile: plant.caFile, serverName: bad.host)
    let journey = try Journey.make(settings, port: peer.port)
    #expect(!journey.opened)
    guard case .certificate(let sentence) = journey.fault else {
      Issue.record("\(bad.testDescription): \(String(describing: journey.fault))")
      return
    }
    for words in bad.words { #expect(sentence.contains(words), "\(sentence)") }
    #expect(peer.plain.withLock { $0.isEmpty })
  }

  @Test func `F40: certificates are checked at the trusted time and not at the clock's`() throws {
    let plant = try Plant()
    let peer = try TLSPeer.tls(plant.server())
    defer { peer.stop() }
    let settings = TLSClientSettings(caFile: plant.caFile, serverName: "mes.example")
    let now = SystemClock().reading().wall.milliseconds
    let late = WallTime(milliseconds: now + 3000 * 86_400_000)
    let expired = try Journey.make(settings, port: peer.port, at: late)
    #expect(expired.sentence.contains("expired on"))
    let fine = try Journey.make(settings, port: peer.port, at: WallTime(milliseconds: now))
    #expect(fine.opened && fine.fault == .finished)
    #expect(fine.received == Array("ok".utf8))
  }

  @Test func `garbage instead of TLS is told as such`() throws {
    let plant = try Plant()
    let peer = try TLSPeer.raw(Array("SSH-2.0-OpenSSH_9.2p1 Debian\r\n".utf8), thenHangsUp: false)
    defer { peer.stop() }
    let journey = try Journey.make(TLSClientSettings(caFile: plant.caFile), port: peer.port)
    #expect(journey.sentence.contains("does not speak TLS; check the port"))
    #expect(!journey.opened)
  }

  @Test func `a handshake that breaks off is a broken connection`() throws {
    let plant = try Plant()
    // The head of a server hello's record, and three of its bytes.
    let peer = try TLSPeer.raw([22, 3, 3, 0, 90, 2, 0, 0], thenHangsUp: true)
    defer { peer.stop() }
    let journey = try Journey.make(TLSClientSettings(caFile: plant.caFile), port: peer.port)
    guard case .closed = journey.fault else {
      Issue.record("\(String(describing: journey.fault))")
      return
    }
    #expect(!journey.opened)
  }

  @Test func `a receiver that knows only TLS 1.1 is refused`() throws {
    let plant = try Plant()
    let files = try plant.server()
    let server = try OpenSSLServer(files, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
    defer { server.stop() }
    let settings = TLSClientSettings(caFile: plant.caFile, serverName: "mes.example")
    let journey = try Journey.make(settings, port: server.port)
    #expect(!journey.opened)
    #expect(journey.sentence.contains("speaks no TLS version that is allowed here"))
  }

  @Test func `a receiver without forward secrecy is refused in TLS 1.2`() throws {
    let plant = try Plant()
    let files = try plant.server()
    let server = try OpenSSLServer(
      files, ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA256"])
    defer { server.stop() }
    let settings = TLSClientSettings(caFile: plant.caFile, serverName: "mes.example")
    let journey = try Journey.make(settings, port: server.port)
    #expect(!journey.opened)
    #expect(journey.sentence.contains("nothing in common"))
  }
}

@Suite("TLS: what the client shows") struct TLSClientCertificateTests {
  @Test func `a receiver that wants a client certificate gets ours`() throws {
    let plant = try Plant()
    let client = try plant.client()
    let peer = try TLSPeer.tls(plant.server(), clientCA: plant.caFile)
    defer { peer.stop() }
    let settings = TLSClientSettings(
      caFile: plant.caFile, certificateFile: client.certificate, keyFile: client.key,
      serverName: "mes.example")
    let journey = try Journey.make(settings, port: peer.port)
    #expect(journey.fault == .finished && journey.received == Array("ok".utf8))
    #expect(peer.plain.withLock { $0 } == Journey.events)
  }

  @Test func `F46: without one, TLS 1.3 opens, refuses afterwards, and no event is read`() throws {
    let plant = try Plant()
    let peer = try TLSPeer.tls(plant.server(), clientCA: plant.caFile)
    defer { peer.stop() }
    let settings = TLSClientSettings(caFile: plant.caFile, serverName: "mes.example")
    let journey = try Journey.make(settings, port: peer.port)
    #expect(journey.sentence.contains("wants a client certificate and none is configured"))
    #expect(journey.received.isEmpty)
    #expect(peer.plain.withLock { $0.isEmpty })
  }

  @Test func `one of an unknown issuer is refused with a sentence of its own`() throws {
    let plant = try Plant()
    let stranger = try CertifiedKey(CertificateRequest(commonName: "Stranger", purpose: .authority))
    let client = try plant.client("stranger", issuer: stranger)
    let peer = try TLSPeer.tls(plant.server(), clientCA: plant.caFile)
    defer { peer.stop() }
    let settings = TLSClientSettings(
      caFile: plant.caFile, certificateFile: client.certificate, keyFile: client.key,
      serverName: "mes.example")
    let journey = try Journey.make(settings, port: peer.port)
    #expect(journey.sentence.contains("refuses our client certificate"))
    #expect(peer.plain.withLock { $0.isEmpty })
  }

  @Test func `files that cannot be used are named with path and reason`() throws {
    let plant = try Plant()
    let client = try plant.client()
    let other = try plant.client("other")
    try FileBytes.write(
      Array("no certificate".utf8), to: plant.scratch["junk.pem"], mode: 0o644, replace: true)
    func fault(_ change: (inout TLSClientSettings) -> Void) -> String {
      var settings = TLSClientSettings(caFile: plant.caFile)
      change(&settings)
      do throws(TLSSettingsFault) {
        _ = try TLSStream(settings: settings, clock: SystemClock())
        return "taken"
      } catch {
        return error.description
      }
    }
    #expect(
      fault { $0.caFile = "/nowhere/ca.pem" }
        == "reading CA file /nowhere/ca.pem: no such file or directory")
    #expect(fault { $0.caFile = plant.scratch["junk.pem"] }.contains("no certificate in PEM form"))
    #expect(fault { $0.certificateFile = client.certificate }.contains("no key beside it"))
    #expect(fault { $0.keyFile = client.key }.contains("no certificate beside it"))
    #expect(
      fault {
        $0.certificateFile = client.certificate
        $0.keyFile = other.key
      }.contains("not the private key of"))
    chmod(client.key, 0o644)
    #expect(
      fault {
        $0.certificateFile = client.certificate
        $0.keyFile = client.key
      }.contains("its mode is 0644"))
    #expect(fault { _ in } == "taken")
  }
}
