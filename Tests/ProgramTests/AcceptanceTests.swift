// The promises that people buy Takt for, with real processes: nothing lost behind a wrong
// certificate, one stop whatever happens during it.

import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("Acceptance", .serialized) struct AcceptanceTests {
  enum WrongCertificate: CaseIterable {
    case stranger, expired, otherHost

    var sentence: String {
      switch self {
      case .stranger: "comes from an unknown issuer (\"Somebody else\")"
      case .expired: "expired on "
      case .otherHost: "is for elsewhere.example and not for 127.0.0.1"
      }
    }

    func make(_ site: RunSite) throws {
      switch self {
      case .stranger: try site.make("wrong", hosts: ["127.0.0.1"], isStranger: true)
      case .expired: try site.make("wrong", hosts: ["127.0.0.1"], toDays: -1)
      case .otherHost: try site.make("wrong", hosts: ["elsewhere.example"])
      }
    }
  }

  /// Ends the gateway and the receiver, and has the receiver's file verified.
  private func settle(_ site: RunSite, _ gateway: RunningProgram, _ receiver: RunningProgram) throws
  {
    try site.wait(until: \.isDelivered)
    gateway.signal(SIGTERM)
    let ended = gateway.end()
    #expect(ended.code == 0, "\(ended.errors)")
    receiver.signal(SIGTERM)
    let summary = receiver.end()
    #expect(summary.code == 0, "\(summary.output)")
    let verified = try Program.run(
      "verify", site.scratch["received.jsonl"], "--jwks", site.scratch["jwks.json"])
    #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
  }

  @Test(arguments: WrongCertificate.allCases)
  func `a receiver with a wrong certificate gets nothing, status says why, and nothing is lost`(
    wrong: WrongCertificate
  ) throws {
    let site = try RunSite()
    try wrong.make(site)
    let impostor = try site.startReceiver("wrong")
    var gateway = try site.startGateway()
    try site.wait { $0.uplink?["lastError"] != nil }
    let text = try Program.run("status", "--socket", site.scratch["takt.sock"]).output
    #expect(text.contains(wrong.sentence), "\(text)")
    site.plc.show { $0.good = 7 }
    site.plc.show { ($0.isRunning, $0.fault) = (false, 12) }
    let waiting = try site.wait { $0.machineState == "fault" }
    #expect(waiting.uplink?["delivered"]?.integer == 0)
    impostor.signal(SIGTERM)
    _ = impostor.end()
    #expect(try Files.read(site.scratch["received.jsonl"]).isEmpty)
    // A fault that a person must put right is looked at again after minutes, or at a restart.
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
    let receiver = try site.startReceiver()
    gateway = try site.startGateway()
    try settle(site, gateway, receiver)
    let events = try site.received()
    #expect(events.first?["sequence"]?.string == "00000000000000000001")
    #expect(events.filter { $0["type"]?.string == "takt.stop.started.v1" }.count == 1)
    #expect(events.compactMap { $0["data"]?["goodQuantity"]?.integer }.reduce(0, +) == 7)
  }

  @Test func `one stop through power cycle, outage of the receiver and restarts (F47)`() throws {
    let site = try RunSite()
    var gateway = try site.startGateway()
    try site.wait { $0.machineState == "running" }
    site.plc.show { $0.good = 40 }
    try site.wait { $0["machines"]?.array?.first?["goodTotal"]?.integer == 40 }
    site.plc.show { ($0.isRunning, $0.fault) = (false, 12) }
    try site.wait { $0.machineState == "fault" }
    // Killed in the middle of the stop; the PLC loses its power and its counters meanwhile.
    gateway.signal(SIGKILL)
    #expect(gateway.end().code == 128 + SIGKILL)
    site.plc.show { ($0.hasPower, $0.good) = (false, 0) }
    gateway = try site.startGateway()
    try site.wait { $0["buses"]?.array?.first?["lastError"] != nil }
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
    gateway = try site.startGateway()
    try site.wait { $0["buses"]?.array?.first?["lastError"] != nil }
    site.plc.show { $0.hasPower = true }
    try site.wait { $0.machineState == "fault" }
    site.plc.show { ($0.isRunning, $0.fault) = (true, 0) }
    try site.wait { $0.machineState == "running" }
    site.plc.show { $0.good = 5 }
    try site.wait { $0["machines"]?.array?.first?["goodTotal"]?.integer == 45 }
    // Only now is there a receiver at all.
    let receiver = try site.startReceiver()
    try settle(site, gateway, receiver)
    let events = try site.received()
    let started = events.filter { $0["type"]?.string == "takt.stop.started.v1" }
    let ended = events.filter { $0["type"]?.string == "takt.stop.ended.v1" }
    #expect(started.count == 1 && ended.count == 1)
    #expect(started.first?["subject"] == ended.first?["subject"])
    #expect(ended.first?["data"]?["cause"]?["code"]?.integer == 12)
    #expect(ended.first?["data"]?["approximate"]?.bool == true)
    #expect(events.compactMap { $0["data"]?["goodQuantity"]?.integer }.reduce(0, +) == 45)
  }
}
