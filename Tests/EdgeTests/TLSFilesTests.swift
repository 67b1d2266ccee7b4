// Files that change under a stream that lives, certificates that end, and clocks that are wrong.

import Delivery
import Glibc
import LinuxEdge
import Primitives
import Synchronization
import Testing

@testable import OpenSSLEdge

/// The system's clocks with another wall and another quality.
private struct SetClock: Clock {
  var wall: WallTime
  var quality = ClockQuality.held
  func now() -> Instant { SystemClock().now() }
  func reading() -> ClockReading {
    ClockReading(monotonic: now(), wall: wall, quality: quality, bootID: "b")
  }
}

/// One connection of a stream that lives on; what it ended with.
func visit(_ stream: inout TLSStream, _ port: UInt16) -> StreamEvent {
  let clock = SystemClock()
  let end = clock.now() + .seconds(20)
  stream.open(StreamTarget(host: "127.0.0.1", port: port))
  while true {
    let event = stream.wait(until: end)
    switch event {
    case .opened: stream.send(Journey.events)
    case .received: return event
    case .ended: return event
    case .idle: if end <= clock.now() { return event }
    }
  }
}

@Suite("TLS: files that change") struct TLSFilesTests {
  let plant: Plant
  let clock = SystemClock()

  init() throws { plant = try Plant() }

  private var settings: TLSClientSettings {
    TLSClientSettings(caFile: plant.caFile, serverName: "mes.example")
  }

  private func write(_ bytes: [UInt8], _ path: String, mode: mode_t = 0o644) throws {
    try FileBytes.write(bytes, to: path, mode: mode, replace: true)
  }

  @Test func `a new authority is believed at the next connection, without a restart`() throws {
    let next = try CertifiedKey(CertificateRequest(commonName: "Next CA", purpose: .authority))
    let made = try CertifiedKey(
      CertificateRequest(commonName: "server", purpose: .server, hosts: ["mes.example"]),
      issuer: next)
    let peer = try TLSPeer.tls(plant.write("next", made))
    defer { peer.stop() }
    var stream = try TLSStream(settings: settings, clock: clock)
    guard case .ended(.certificate) = visit(&stream, peer.port) else {
      Issue.record("the old file vouches for it")
      return
    }
    try write(plant.authority.certificatePEM + next.certificatePEM, plant.caFile)
    #expect(visit(&stream, peer.port) == .received(Array("ok".utf8)))
    #expect(stream.facts.fileTrouble == nil)
    // And one that is taken out is believed no longer.
    try write(plant.authority.certificatePEM, plant.caFile)
    guard case .ended(.certificate) = visit(&stream, peer.port) else {
      Issue.record("an authority that was taken out still vouches")
      return
    }
  }

  @Test func `a half-written file changes nothing, and is told`() throws {
    let peer = try TLSPeer.tls(plant.server())
    defer { peer.stop() }
    var stream = try TLSStream(settings: settings, clock: clock)
    let whole = plant.authority.certificatePEM
    for length in [0, 20, whole.count / 2, whole.count - 30] {
      try write(Array(whole[..<length]), plant.caFile)
      #expect(visit(&stream, peer.port) == .received(Array("ok".utf8)))
      let told = try #require(stream.facts.conditions(at: clock.reading().wall).first)
      #expect(told.contains(plant.caFile) && told.contains("read before are used"))
    }
    try write(whole, plant.caFile)
    #expect(visit(&stream, peer.port) == .received(Array("ok".utf8)))
    #expect(stream.facts.fileTrouble == nil)
  }

  @Test func `a certificate and its key are changed one after the other`() throws {
    let peer = try TLSPeer.tls(plant.server(), clientCA: plant.caFile)
    defer { peer.stop() }
    let first = try plant.client()
    var own = settings
    (own.certificateFile, own.keyFile) = (first.certificate, first.key)
    var stream = try TLSStream(settings: own, clock: clock)
    let second = try CertifiedKey(
      CertificateRequest(commonName: "second", purpose: .client), issuer: plant.authority)
    try write(second.certificatePEM, first.certificate)
    // Its key is still the first one's: the pair read before goes on.
    #expect(visit(&stream, peer.port) == .received(Array("ok".utf8)))
    #expect(stream.facts.fileTrouble?.contains("not the private key of") == true)
    try write(second.keyPEM(), first.key, mode: 0o600)
    #expect(visit(&stream, peer.port) == .received(Array("ok".utf8)))
    #expect(stream.facts.fileTrouble == nil)
  }

  @Test func `a receiver that is revoked while we run is refused at the next connection`() throws {
    let files = try plant.server()
    let peer = try TLSPeer.tls(files)
    defer { peer.stop() }
    let authority = try OpenSSLAuthority(plant)
    var listed = settings
    listed.crlFile = try authority.list()
    var stream = try TLSStream(settings: listed, clock: clock)
    #expect(visit(&stream, peer.port) == .received(Array("ok".utf8)))
    _ = try authority.list(revoking: [files])
    guard case .ended(.certificate(let sentence)) = visit(&stream, peer.port) else {
      Issue.record("it is still believed")
      return
    }
    #expect(sentence.contains("was revoked by its issuer"))
  }

  @Test func `the ends of both certificates are told`() throws {
    let client = try plant.write(
      "short",
      CertifiedKey(
        CertificateRequest(commonName: "short", purpose: .client, validToDays: 5),
        issuer: plant.authority))
    let server = try plant.write(
      "brief",
      CertifiedKey(
        CertificateRequest(
          commonName: "brief", purpose: .server, hosts: ["mes.example"], validToDays: 12),
        issuer: plant.authority))
    let peer = try TLSPeer.tls(server, clientCA: plant.caFile)
    defer { peer.stop() }
    var own = settings
    (own.certificateFile, own.keyFile) = (client.certificate, client.key)
    var stream = try TLSStream(settings: own, clock: clock)
    #expect(visit(&stream, peer.port) == .received(Array("ok".utf8)))
    let told = stream.facts.conditions(at: clock.reading().wall)
    #expect(told.count == 2)
    #expect(told.first?.hasPrefix("our own certificate \(client.certificate)") == true)
    #expect(told.first?.contains("within 7 days") == true)
    #expect(told.last?.hasPrefix("the certificate of mes.example expires") == true)
    #expect(told.last?.contains("within 14 days") == true)
  }
}

@Suite("TLS: clocks that are wrong") struct TLSClockTests {
  let plant: Plant
  let peer: TLSPeer

  init() throws {
    plant = try Plant()
    peer = try TLSPeer.tls(plant.server())
  }

  private func stream(_ clock: SetClock) throws -> TLSStream {
    try TLSStream(
      settings: TLSClientSettings(caFile: plant.caFile, serverName: "mes.example"), clock: clock)
  }

  @Test func `F40: a gateway that boots in 1970 says that its clock is wrong`() throws {
    defer { peer.stop() }
    var stream = try stream(SetClock(wall: WallTime(milliseconds: 60_000)))
    guard case .ended(.certificate(let sentence)) = visit(&stream, peer.port) else {
      Issue.record("1970 is believed")
      return
    }
    #expect(sentence.contains("nothing sets the clock of this gateway, which says 1970-01-01"))
    #expect(sentence.contains("give it a time server"))
  }

  @Test func `F40: what it knows of the time bridges that`() throws {
    defer { peer.stop() }
    var stream = try stream(SetClock(wall: WallTime(milliseconds: 60_000)))
    stream.timeFloor = TimeFloor(SystemClock().reading().wall)
    #expect(visit(&stream, peer.port) == .received(Array("ok".utf8)))
  }

  @Test func `a clock that is disciplined is believed against all evidence`() throws {
    defer { peer.stop() }
    var stream = try stream(SetClock(wall: WallTime(milliseconds: 60_000), quality: .synchronised))
    stream.timeFloor = TimeFloor(SystemClock().reading().wall)
    guard case .ended(.certificate(let sentence)) = visit(&stream, peer.port) else {
      Issue.record("the floor beats a disciplined clock")
      return
    }
    #expect(sentence.hasSuffix("check the clocks of this gateway and of the receiver"))
  }

  @Test func `a receiver's date is evidence as far as its own certificate reaches`() throws {
    defer { peer.stop() }
    let now = SystemClock().reading().wall
    let floor = TimeFloor(.earliest)
    var stream = try stream(SetClock(wall: now))
    stream.timeFloor = floor
    stream.learn(peerDate: now)
    #expect(floor.value == .earliest)  // Nobody was verified yet.
    #expect(visit(&stream, peer.port) == .received(Array("ok".utf8)))
    stream.learn(peerDate: WallTime(milliseconds: now.milliseconds + 3000 * 86_400_000))
    #expect(floor.value == .earliest)
    stream.learn(peerDate: now)
    #expect(floor.value == now)
    stream.learn(peerDate: WallTime(milliseconds: 5))
    #expect(floor.value == now)
  }
}
