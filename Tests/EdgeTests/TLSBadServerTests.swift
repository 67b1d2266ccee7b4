// Who is not believed: each bad receiver is refused with its own sentence, and not one byte of an
// event can be read by it.

import Delivery
import LinuxEdge
import Primitives
import Synchronization
import Testing

@testable import OpenSSLEdge

@Suite("TLS: who is not believed") struct TLSBadServerTests {
  @Test(arguments: BadServer.all)
  func `a bad receiver gets its own sentence and no event`(bad: BadServer) throws {
    let plant = try Plant()
    let peer = try bad.start(plant)
    var settings = TLSClientSettings(caFile: plant.caFile, serverName: bad.host)
    try bad.change(&settings, plant)
    let journey = try Journey.make(settings, port: peer.port)
    #expect(!peer.heardEvents())
    #expect(journey.received.isEmpty)
    for words in bad.words { #expect(journey.sentence.contains(words), "\(journey.sentence)") }
    // In TLS 1.3 a client is refused after the stream is open; whoever is refused by us is not.
    #expect(!journey.opened || settings.certificateFile != nil)
  }

  @Test func `there are more than 24 of them, each another`() {
    #expect(BadServer.all.count >= 24)
    #expect(Set(BadServer.all.map(\.testDescription)).count == BadServer.all.count)
  }

  @Test func `the same peers hear a client that believes them`() throws {
    let plant = try Plant()
    let authority = try OpenSSLAuthority(plant)
    let files = try authority.server("DNS:mes.example")
    let server = try OpenSSLServer(files, [], isWeb: false)
    defer { server.stop() }
    var settings = TLSClientSettings(caFile: plant.caFile, serverName: "mes.example")
    settings.crlFile = try authority.list()
    let clock = SystemClock()
    var stream = try TLSStream(settings: settings, clock: clock)
    stream.open(StreamTarget(host: "127.0.0.1", port: server.port))
    #expect(stream.next(until: clock.now() + .seconds(20)) == .opened)
    stream.send(Journey.events)
    _ = stream.next(until: clock.now())
    #expect(server.prints("POST / HTTP/1.1"))
  }

  @Test func `a pinned key is believed, of the receiver or of its issuer`() throws {
    let plant = try Plant()
    let peer = try TLSPeer.tls(plant.server())
    defer { peer.stop() }
    var settings = TLSClientSettings(caFile: plant.caFile, serverName: "mes.example")
    settings.pins = ["sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    let refused = try Journey.make(settings, port: peer.port)
    // The sentence names the key to pin, so that it can be compared and copied.
    let own = refused.sentence.split(separator: " ").first { $0.hasPrefix("sha256/") }
    settings.pins.append(String(try #require(own).dropLast()))
    #expect(try Journey.make(settings, port: peer.port).received == Array("ok".utf8))
  }

  @Test func `a key that is pinned but not in the verified chain helps nobody`() throws {
    let plant = try Plant()
    let good = try CertifiedKey(
      CertificateRequest(commonName: "good", purpose: .server, hosts: ["mes.example"]),
      issuer: plant.authority)
    let evil = try CertifiedKey(
      CertificateRequest(commonName: "evil", purpose: .server, hosts: ["mes.example"]),
      issuer: plant.authority)
    let honest = try TLSPeer.tls(plant.write("good", good))
    // The pinned certificate is sent along, behind the thief's own.
    let thief = try TLSPeer.tls(plant.write("evil", evil, chain: [good]))
    defer {
      honest.stop()
      thief.stop()
    }
    var settings = TLSClientSettings(caFile: plant.caFile, serverName: "mes.example")
    settings.pins = ["sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    let told = try Journey.make(settings, port: honest.port).sentence
    let own = told.split(separator: " ").first { $0.hasPrefix("sha256/") }
    settings.pins = [String(try #require(own).dropLast())]
    #expect(try Journey.make(settings, port: honest.port).opened)
    let stolen = try Journey.make(settings, port: thief.port)
    #expect(stolen.sentence.contains("no key in the chain") && !stolen.opened)
    #expect(thief.plain.withLock { $0.isEmpty })
  }
}
