// A whole site on loopback for `takt run`: a PLC that the test turns, a receiver, a gateway.
//
// Tests wait for conditions, never for time: a slow machine only takes longer.

import Foundation
import Glibc
import LinuxEdge
import ModbusEdge
import OpenSSLEdge
import Primitives
import Synchronization
import Testing

/// What a PLC shows, and whether it has power; a real Modbus server in a thread of the test.
final class TestPLC: Sendable {
  struct Face: Sendable {
    var hasPower = true
    var isSilent = false
    var isRunning = true
    var fault: UInt16 = 0
    var good: UInt16 = 0
  }

  let port: UInt16
  private let face = Mutex(Face())
  private let asked = Mutex<[UInt8: Int]>([:])
  private let isOver = Atomic<Bool>(false)
  private let isSwitchedOff = Atomic<Bool>(false)

  init() throws {
    var server = try ModbusServer(host: "127.0.0.1", port: 0)
    port = server.port
    // A consumed value cannot be captured: the thread opens the same port again.
    server.switchOff()
    let port = port
    _ = try NamedThread(name: "test-plc") { [self] in serve(port) }
  }

  func end() { isOver.store(true, ordering: .releasing) }

  /// Changes what it shows from the next request on.
  func show(_ change: @Sendable (inout Face) -> Void) { face.withLock { change(&$0) } }

  /// Requests that came for a unit so far.
  func requests(of unit: UInt8) -> Int { asked.withLock { $0[unit, default: 0] } }

  private func serve(_ port: UInt16) {
    guard var server = try? ModbusServer(host: "127.0.0.1", port: port) else { return }
    while !isOver.load(ordering: .acquiring) {
      let now = face.withLock { $0 }
      if !now.hasPower, server.isOn { server.switchOff() }
      if now.hasPower, !server.isOn { try? server.switchOn() }
      isSwitchedOff.store(!server.isOn, ordering: .releasing)
      _ = server.serve(atMost: .milliseconds(20)) { unit in
        asked.withLock { $0[unit, default: 0] += 1 }
        let now = face.withLock { $0 }
        if now.isSilent { return .silent }
        return .memory(
          ModbusMemory(
            holding: ModbusMemory.Registers([now.isRunning ? 1 : 0, now.fault, now.good])))
      }
    }
  }
}

/// A port on loopback that accepts into its backlog and never says anything.
final class BlackHole {
  private let descriptor: Int32
  let port: UInt16

  /// With `listens` false the port is only reserved: connecting is refused.
  init(listens: Bool) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let number = descriptor
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(number, $0, length) == 0 && getsockname(number, $0, &length) == 0
      }
    }
    try #require(bound)
    if listens { try #require(listen(descriptor, 64) == 0) }
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(descriptor) }
}

/// A gateway's files, and the programs around it.
final class RunSite {
  let scratch: Scratch
  let plc: TestPLC
  let plcPort: UInt16
  let uplinkPort: UInt16

  /// Makes key, certificates and configuration; without an uplink port a free one is taken.
  init(plcPort: UInt16? = nil, uplinkPort: UInt16? = nil) throws {
    scratch = try Scratch()
    plc = try TestPLC()
    self.plcPort = plcPort ?? plc.port
    self.uplinkPort = try uplinkPort ?? BlackHole(listens: false).port
    try make("good", hosts: ["127.0.0.1", "localhost"])
    let keygen = try Program.run(
      "keygen", "--key", scratch["gateway.key"], "--jwks", scratch["jwks.json"])
    try #require(keygen.code == 0, "\(keygen)")
    try configure("takt")
    let check = try Program.run("check", "--config", scratch["takt.json5"])
    try #require(check.code == 0, "\(check.output)\(check.errors)")
  }

  deinit { plc.end() }

  /// A certificate of the site's authority, or of its own.
  func make(_ name: String, hosts: [String], toDays: Int = 30, isStranger: Bool = false) throws {
    if authority == nil {
      authority = try CertifiedKey(
        CertificateRequest(commonName: "Test authority", purpose: .authority))
      try Files.replace(scratch["ca.pem"], with: authority?.certificatePEM ?? [])
    }
    let stranger = try CertifiedKey(
      CertificateRequest(commonName: "Somebody else", purpose: .authority))
    let made = try CertifiedKey(
      CertificateRequest(
        commonName: name, purpose: .server, hosts: hosts, validFromDays: -60, validToDays: toDays),
      issuer: isStranger ? stranger : authority)
    try Files.replace(scratch[name + ".pem"], with: made.certificatePEM)
    try Files.create(scratch[name + ".key"], with: made.keyPEM(), mode: 0o600)
  }
  private var authority: CertifiedKey?

  /// Writes a configuration with its own socket; all share the state directory unless told.
  func configure(_ name: String, state: String = "state", hasUplink: Bool = true) throws {
    let uplinks = """
      uplinks: [{
        name: "mes", type: "https", url: "https://127.0.0.1:\(uplinkPort)/events",
        caFile: "\(scratch["ca.pem"])", backoff: { floor: "100ms", ceiling: "1s" },
      }],
      """
    let text = """
      {
        gateway: {
          name: "gw-1", enterprise: "acme", site: "ulm", area: "press", line: "line1",
          timeZone: "Europe/Berlin", keyFile: "\(scratch["gateway.key"])",
          stateDirectory: "\(scratch[state])", controlSocket: "\(scratch[name + ".sock"])",
        },
        \(hasUplink ? uplinks : "")
        buses: [{ name: "hall", host: "127.0.0.1", port: \(plcPort) }],
        machines: [{
          name: "press-1", bus: "hall", unit: 1, timeout: "200ms",
          signals: [
            { name: "run", at: "holding 0.0", every: "250ms" },
            { name: "fault", at: "holding 1", every: "250ms" },
            { name: "good", at: "holding 2", every: "250ms" },
          ],
          running: "run", faultCode: "fault", causes: { "12": "Guard door open" },
          good: { signal: "good", piecesPerSecond: 1000 }, shortStop: "1s", countWindow: "1s",
        }],
      }
      """
    try Files.replace(scratch[name + ".json5"], with: Array(text.utf8))
  }

  func startGateway(_ name: String = "takt") throws -> RunningProgram {
    try RunningProgram(["run", "--config", scratch[name + ".json5"]])
  }

  /// A receiver with one of the certificates, ready to be connected to.
  func startReceiver(_ certificate: String = "good") throws -> RunningProgram {
    let program = try RunningProgram([
      "receive", "--listen", "127.0.0.1:\(uplinkPort)", "--quiet",
      "--certificate", scratch[certificate + ".pem"], "--key", scratch[certificate + ".key"],
      "--jwks", scratch["jwks.json"], "--out", scratch["received.jsonl"],
    ])
    try #require(program.line(holding: "listening on ") != nil, "\(program.end())")
    return program
  }

  /// What the daemon answers; nil while nobody answers.
  func status(_ name: String = "takt") -> JSONValue? {
    let until = SystemClock().now() + .seconds(5)
    let path = scratch[name + ".sock"]
    guard let bytes = try? UnixSocketClient.ask(path: path, line: "status", until: until) else {
      return nil
    }
    return try? JSONValue(parsing: bytes)
  }

  /// Looks at the status until it is as wanted, for a minute at most.
  @discardableResult
  func wait(_ name: String = "takt", until isWanted: (JSONValue) -> Bool) throws -> JSONValue {
    let deadline = SystemClock().now() + .seconds(60)
    var last: JSONValue?
    while SystemClock().now() < deadline {
      last = status(name)
      if let last, isWanted(last) { return last }
      poll(nil, 0, 20)
    }
    return try #require(
      nil as JSONValue?, "the status never became so: \(last?.canonicalText ?? "-")")
  }

  /// The events at the receiver.
  func received() throws -> [JSONValue] {
    try Files.read(scratch["received.jsonl"], limit: 16 << 20).split(separator: 10).map {
      try JSONValue(parsing: Array($0))
    }
  }
}

extension JSONValue {
  var polls: Int64 { self["buses"]?.array?.first?["units"]?.array?.first?["polls"]?.integer ?? 0 }
  var machineState: String? { self["machines"]?.array?.first?["state"]?.string }
  var uplink: JSONValue? { self["uplinks"]?.array?.first }
  var isDelivered: Bool {
    uplink?["depth"]?.integer == 0 && (uplink?["delivered"]?.integer ?? 0) > 0
  }
}
