// What the client believes and shows: the trusted time, its own certificate, its files.

import Delivery
import Glibc
import LinuxEdge
import Primitives
import Synchronization
import Testing

@testable import OpenSSLEdge

@Suite("TLS: the trusted time") struct TLSTrustTests {
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
