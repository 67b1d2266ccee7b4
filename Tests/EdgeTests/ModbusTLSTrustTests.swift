// F55: whom the field side does not believe. Each refusal has its own sentence, costs no byte of
// Modbus, and there is no way back to plain Modbus.

import Dispatch
import Glibc
import ModbusEdge
import Polling
import Primitives
import Synchronization
import Testing

@testable import OpenSSLEdge
@testable import takt

private let memory = ModbusMemory(holding: .init([11, 22]))

/// A device that must be refused, and the words that must say why.
private struct BadDevice: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var words: [String]
  var make: @Sendable (Plant) throws -> PeerFiles

  init(
    _ name: String, _ words: [String], _ make: @escaping @Sendable (Plant) throws -> PeerFiles
  ) {
    (testDescription, self.words, self.make) = (name, words, make)
  }
}

private func issued(
  _ plant: Plant, _ purpose: CertificateRequest.Purpose = .server,
  hosts: [String] = ["mes.example"], from: Int = -1, to: Int = 30, byStranger: Bool = false
) throws -> PeerFiles {
  let request = CertificateRequest(
    commonName: "device", purpose: purpose, hosts: hosts, validFromDays: from, validToDays: to)
  let issuer =
    byStranger
    ? try CertifiedKey(CertificateRequest(commonName: "Stranger", purpose: .authority))
    : plant.authority
  return try plant.write("bad", CertifiedKey(request, issuer: issuer))
}

private let badDevices: [BadDevice] = [
  BadDevice("expired", ["of mes.example expired on 20", "renew it at the device"]) {
    try issued($0, from: -30, to: -1)
  },
  BadDevice("not yet valid", ["is not valid before 20", "of this gateway and of the device"]) {
    try issued($0, from: 2)
  },
  BadDevice(
    "wrong name", ["the device's certificate is for pump.example and not for mes.example"]
  ) { try issued($0, hosts: ["pump.example"]) },
  BadDevice("unknown issuer", ["unknown issuer (\"Stranger\")"]) {
    try issued($0, byStranger: true)
  },
  BadDevice("self-signed", ["is self-signed and not in the CA file"]) {
    try $0.write(
      "bad",
      CertifiedKey(
        CertificateRequest(commonName: "device", purpose: .server, hosts: ["mes.example"])))
  },
  BadDevice("made for clients", ["not made for servers"]) { try issued($0, .client) },
]

@Suite("Modbus over TLS: who is not believed") struct ModbusTLSTrustTests {
  @Test(arguments: badDevices)
  private func `F55: a bad device is unreachable, says why and is asked nothing`(
    bad: BadDevice
  ) throws {
    let plant = try Plant()
    let device = try ServerPeer { _ in .memory(memory) }
    let front = try TLSFront(bad.make(plant), before: device.port)
    var bus = plant.bus(front.port)
    for _ in 0..<2 {
      let fault = bus.opening()
      guard case .unreachable(let sentence) = fault else {
        Issue.record("\(bad.testDescription): \(String(describing: fault))")
        break
      }
      #expect(sentence.hasPrefix("connecting to 127.0.0.1:\(front.port) over TLS: "))
      for words in bad.words { #expect(sentence.contains(words), "\(sentence)") }
      #expect(bus.reading().sentence.contains("is not open"))
    }
    #expect(front.heard.withLock { $0 } == 0)
    device.perform { #expect($0.answered == 0) }
    front.stop()
    device.stop()
  }

  @Test func `F55: a device that demands a certificate and gets none or a bad one serves nobody`()
    throws
  {
    let plant = try Plant()
    let device = try ServerPeer { _ in .memory(memory) }
    let front = try TLSFront(plant.server(), before: device.port, clientCA: plant.caFile)
    let stranger = try CertifiedKey(CertificateRequest(commonName: "Stranger", purpose: .authority))
    let expired = try plant.write(
      "old",
      CertifiedKey(
        CertificateRequest(
          commonName: "old", purpose: .client, validFromDays: -9, validToDays: -1),
        issuer: plant.authority))
    let cases: [(PeerFiles?, String)] = [
      (nil, "the device wants a client certificate and none is configured"),
      (try plant.client("stranger", issuer: stranger), "the device refuses our client certificate"),
      (expired, "the device refuses our client certificate"),
    ]
    for (client, words) in cases {
      var bus = plant.bus(front.port, as: client)
      // In TLS 1.3 the refusal comes after our side is done: at the first read.
      let sentence = bus.opening()?.sentence ?? bus.reading().sentence
      #expect(sentence.contains(words))
      bus.close()
    }
    #expect(front.heard.withLock { $0 } == 0)
    device.perform { #expect($0.answered == 0) }
    front.stop()
    device.stop()
  }

  @Test func `F55: a device that knows only TLS 1.1 is refused`() throws {
    let plant = try Plant()
    let server = try OpenSSLServer(plant.server(), ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
    defer { server.stop() }
    var bus = plant.bus(server.port)
    let sentence = bus.opening()?.sentence ?? "opened"
    #expect(sentence.contains("the device speaks no TLS version that is allowed here"))
  }

  @Test func `F55: TLS 1.2 is spoken with a device that knows no newer`() throws {
    let plant = try Plant()
    let server = try OpenSSLServer(plant.server(), ["-tls1_2"])
    defer { server.stop() }
    var bus = plant.bus(server.port)
    #expect(bus.opening() == nil)
    bus.close()
  }

  @Test func `F55: plain Modbus where TLS is configured is refused, not spoken`() throws {
    let plant = try Plant()
    let device = try ServerPeer { _ in .memory(memory) }
    var bus = plant.bus(device.port)
    guard case .unreachable = bus.opening() else {
      Issue.record("a plain device was taken for a secured one")
      return
    }
    #expect(bus.reading().sentence.contains("is not open"))
    device.stop()
  }

  @Test func `F55: a device that takes the connection and says nothing ends by the deadline`()
    throws
  {
    let plant = try Plant()
    let listener = listen(backlog: 4)
    defer { close(listener) }
    var bus = plant.bus(boundPort(listener))
    let sentence = bus.opening(within: .milliseconds(200))?.sentence ?? "opened"
    #expect(sentence.contains("does not answer the TLS handshake"))
  }

  @Test func `F55: a device that talks without an end in the handshake ends by the deadline`()
    throws
  {
    let plant = try Plant()
    let listener = listen(backlog: 4)
    // "Hello request", which a client in its handshake has to pass over, in records of four.
    let hello: [UInt8] = [22, 3, 3, 0, 16] + [UInt8](repeating: 0, count: 16)
    let flood = Array(repeatElement(hello, count: 1000).joined())
    let babbler = Babbler(listener, flood)
    Thread.start { babbler.run() }
    let clock = SteppingClock()
    let dial = SecureDial(
      host: "127.0.0.1", port: boundPort(listener),
      identity: TLSIdentity(
        caFile: plant.caFile, certificateFile: nil, keyFile: nil, serverName: "mes.example"),
      clock: clock)
    var bus = ModbusTCPBus(host: "127.0.0.1", port: 0, through: dial)
    let sentence = bus.opening(within: .milliseconds(300))?.sentence ?? "opened"
    #expect(sentence.contains("does not answer the TLS handshake"))
    // 30 looks at the clock are 300 ms.
    #expect(clock.looks.load(ordering: .relaxed) < 60)
    babbler.stop()
  }

  @Test func `F55: files that are missing are named, and taken as soon as they are there`() throws {
    let plant = try Plant()
    let device = try ServerPeer { _ in .memory(memory) }
    let front = try TLSFront(plant.server(), before: device.port, clientCA: plant.caFile)
    let absent = PeerFiles(
      certificate: plant.scratch["later.pem"], key: plant.scratch["later.key"])
    var bus = plant.bus(front.port, as: absent)
    for _ in 0..<2 {
      let sentence = bus.opening()?.sentence ?? "opened"
      #expect(sentence.contains("reading certificate \(absent.certificate): no such file"))
    }
    _ = try plant.client("later")
    #expect(bus.opening() == nil)
    #expect(bus.reading() == .success([11, 22]))
    bus.close()
    front.stop()
    device.stop()
  }
}

/// Sends the same again and again to whoever connects, for a minute at most: a link that does not
/// mind its deadline fails the test instead of hanging it.
private final class Babbler: Sendable {
  private let listener: Int32
  private let bytes: [UInt8]
  private let over = DispatchSemaphore(value: 0)

  init(_ listener: Int32, _ bytes: [UInt8]) { (self.listener, self.bytes) = (listener, bytes) }

  func run() {
    let client = accept(listener, nil, nil)
    let end = time(nil) + 60
    while sendAll(client, bytes), time(nil) < end {}
    close(client)
    over.signal()
  }

  func stop() {
    over.wait()
    close(listener)
  }
}

/// Time that goes on by 10 ms whenever somebody looks.
private final class SteppingClock: Clock {
  let looks = Atomic<Int64>(0)

  func now() -> Instant {
    let count = looks.wrappingAdd(1, ordering: .relaxed).newValue
    return Instant(nanoseconds: count * 10_000_000)
  }

  func reading() -> ClockReading {
    ClockReading(
      monotonic: now(), wall: WallTime(milliseconds: 0), quality: .neverset, bootID: "test")
  }
}
