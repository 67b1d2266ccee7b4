// takt run as a process: how it ends, what it refuses, and what an uplink can do to it.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("takt run", .serialized) struct RunTests {
  enum State: CaseIterable {
    case idle, uplinkRefused, uplinkSilent, plcRefused, plcSilent
  }

  @Test(arguments: State.allCases)
  func `SIGTERM ends it in good order in every state`(state: State) throws {
    let hole = try BlackHole(listens: state == .uplinkSilent || state == .plcSilent)
    let site: RunSite
    switch state {
    case .idle: site = try RunSite()
    case .uplinkRefused, .uplinkSilent: site = try RunSite(uplinkPort: hole.port)
    case .plcRefused, .plcSilent: site = try RunSite(plcPort: hole.port)
    }
    let isIdle = state == .idle
    let receiver = isIdle ? try site.startReceiver() : nil
    let gateway = try site.startGateway()
    try site.wait { status in
      switch state {
      case .idle: status.isDelivered
      case .uplinkRefused:
        status.uplink?["lastError"]?.string?.contains("not reachable") == true
      case .uplinkSilent: status.uplink?["state"]?.string == "connecting"
      case .plcRefused: status["buses"]?.array?.first?["lastError"] != nil
      case .plcSilent:
        status["buses"]?.array?.first?["units"]?.array?.first?["lastError"] != nil
      }
    }
    gateway.signal(SIGTERM)
    let end = gateway.end()
    #expect(end.code == 0, "\(end.errors)")
    // The next start knows that it stopped by itself.
    let next = try site.startGateway()
    try site.wait { $0["journal"]?["sequence"]?.integer ?? 0 > 0 }
    next.signal(SIGINT)
    #expect(next.end().code == 0)
    receiver?.signal(SIGTERM)
    if let receiver { #expect(receiver.end().code == 0) }
  }

  @Test func `F26: an uplink that accepts and never answers does not move the poll schedule`()
    throws
  {
    let hole = try BlackHole(listens: true)
    let site = try RunSite(uplinkPort: hole.port)
    try site.configure("without", state: "other", hasUplink: false)
    let with = try site.startGateway()
    let without = try site.startGateway("without")
    try site.wait { $0.polls > 0 && $0.uplink?["state"]?.string == "connecting" }
    try site.wait("without") { $0.polls > 0 }
    let (first, second) = (try site.wait { _ in true }, try site.wait("without") { _ in true })
    let ended = try site.wait("without") { $0.polls >= second.polls + 60 }
    let also = try site.wait { _ in true }
    let (scansWith, scansWithout) = (also.polls - first.polls, ended.polls - second.polls)
    print("scans with an uplink that never answers: \(scansWith), without one: \(scansWithout)")
    // Two processes on one machine: a few scans of difference are the looking, not the uplink.
    #expect(scansWith >= scansWithout - 20)
    #expect(also["buses"]?.array?.first?["units"]?.array?.first?["failures"]?.integer == 0)
    for gateway in [with, without] {
      gateway.signal(SIGTERM)
      #expect(gateway.end().code == 0)
    }
  }

  @Test func `a second gateway on the same journal is refused, and the first goes on`() throws {
    let site = try RunSite()
    let first = try site.startGateway()
    let before = try site.wait { $0.machineState == "running" }
    let same = try site.startGateway().end()
    #expect(same.code == 4)
    #expect(same.errors.contains("another takt answers there; stop it first"))
    try site.configure("second")
    let second = try site.startGateway("second").end()
    #expect(second.code == 4)
    #expect(second.errors.contains("another process holds it"))
    try site.wait { $0.polls > before.polls }
    first.signal(SIGTERM)
    #expect(first.end().code == 0)
  }

  @Test func `a missing key, and one that others can read, are refused with what to do`() throws {
    let site = try RunSite()
    chmod(site.scratch["gateway.key"], 0o644)
    let open = try site.startGateway().end()
    #expect(open.code == 3)
    #expect(open.errors.contains("chmod 600"), "\(open.errors)")
    unlink(site.scratch["gateway.key"])
    let missing = try site.startGateway().end()
    #expect(missing.code == 3)
    #expect(missing.errors.contains("takt keygen"), "\(missing.errors)")
  }

  @Test func `an authority file that is missing parks its uplink and nothing else`() throws {
    let site = try RunSite()
    let authority = try Files.read(site.scratch["ca.pem"])
    unlink(site.scratch["ca.pem"])
    let gateway = try site.startGateway()
    let receiver = try site.startReceiver()
    _ = try site.wait { status in
      let uplink = status["uplinks"]?.array?.first
      let polls = status["buses"]?.array?.first?["units"]?.array?.first?["polls"]?.integer ?? 0
      return uplink?["state"]?.string == "parked" && polls > 3
        && uplink?["lastError"]?.string?.contains("ca.pem") == true
    }
    // Put right, it is taken without a restart.
    try Files.replace(site.scratch["ca.pem"], with: authority)
    _ = try site.wait { ($0["uplinks"]?.array?.first?["delivered"]?.integer ?? 0) > 0 }
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
    receiver.signal(SIGTERM)
    _ = receiver.end()
  }

  @Test func `a broken configuration is refused with all its mistakes`() throws {
    let site = try RunSite()
    let path = site.scratch["takt.json5"]
    let text = String(decoding: try Files.read(path), as: UTF8.self)
      .replacingOccurrences(of: "timeZone", with: "timezone")
      .replacingOccurrences(of: "\"holding 1\"", with: "\"holding 99999\"")
      .replacingOccurrences(of: "running: \"run\"", with: "running: \"walk\"")
    try Files.replace(path, with: Array(text.utf8))
    let run = try site.startGateway().end()
    #expect(run.code == 3)
    for word in ["timezone", "99999", "walk"] { #expect(run.errors.contains(word)) }
    #expect(run.errors.contains("timeZone"), "the nearest known word is named")
    let none = try Program.run("run", "--config", site.scratch["nowhere.json5"])
    #expect(none.code == 3)
    #expect(none.errors.contains("nowhere.json5"))
  }

  @Test func `without a daemon its status says so`() throws {
    let site = try RunSite()
    let run = try Program.run("status", "--config", site.scratch["takt.json5"])
    #expect(run.code == 7)
    #expect(run.errors.contains("the gateway is not running"))
  }
}
