// SIGHUP with real processes: only what changed restarts, nothing is lost, nothing is bricked.

import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("Reload", .serialized) struct ReloadTests {
  /// A running gateway on two buses, with its receiver.
  private final class Bench {
    let site: RunSite
    let line: FieldLine
    var gateway: RunningProgram
    let receiver: RunningProgram
    var file: ReloadFile

    init(_ change: (inout ReloadFile) -> Void = { _ in }) throws {
      site = try RunSite()
      line = try FieldLine(.stream)
      file = ReloadFile(port: site.plcPort, linePort: line.port)
      change(&file)
      try site.write(file)
      receiver = try site.startReceiver()
      gateway = try site.startGateway()
      try site.wait { status in
        status.machine("press-1")?["state"]?.string == "running"
          && status.machine("oven-1")?["state"]?.string == "running" && status.isDelivered
      }
    }

    deinit { line.end() }

    func reload(until outcome: String) throws -> String {
      try site.reload(gateway, file, until: outcome)
    }

    /// Ends everything and has every event verified, in its place in the chain.
    func settle() throws -> [JSONValue] {
      try site.wait(until: \.isDelivered)
      gateway.signal(SIGTERM)
      let ended = gateway.end()
      #expect(ended.code == 0, "\(ended.errors)")
      receiver.signal(SIGTERM)
      let summary = receiver.end()
      #expect(summary.code == 0, "\(summary.output)\(summary.errors)")
      let verified = try Program.run(
        "verify", site.scratch["received.jsonl"], "--jwks", site.scratch["jwks.json"])
      #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
      return try site.received()
    }
  }

  private func events(_ all: [JSONValue], _ type: String) -> [JSONValue] {
    all.filter { $0["type"]?.string == "takt.configuration.\(type).v1" }
  }

  @Test func `F27: identical settings touch nothing`() throws {
    let bench = try Bench()
    let before = bench.site.status()?["journal"]?["sequence"]?.integer
    _ = try bench.reload(until: "says what runs already")
    #expect(bench.site.status()?["journal"]?["sequence"]?.integer == before)
    #expect(bench.line.links == 1)
    #expect(events(try bench.settle(), "applied").isEmpty)
  }

  @Test func `a debounce changes without any connection being opened again`() throws {
    let bench = try Bench()
    bench.file.debounce = "300ms"
    let said = try bench.reload(until: "was applied")
    #expect(said.contains("machine press-1: changed"))
    let asked = (bench.line.requests(of: 3), bench.site.plc.requests(of: 1))
    bench.site.plc.show { $0.good = 9 }
    try bench.site.wait { $0.machine("press-1")?["goodTotal"]?.integer == 9 }
    bench.site.plc.show { ($0.isRunning, $0.fault) = (false, 12) }
    try bench.site.wait { $0.machine("press-1")?["state"]?.string == "fault" }
    bench.site.plc.show { ($0.isRunning, $0.fault) = (true, 0) }
    let status = try bench.site.wait { $0.machine("press-1")?["state"]?.string == "running" }
    #expect(bench.line.links == 1)
    #expect(status.bus("hall")?["reconnects"]?.integer == 0)
    #expect(bench.line.requests(of: 3) > asked.0 && bench.site.plc.requests(of: 1) > asked.1)
    let told = try bench.settle()
    let applied = try #require(events(told, "applied").first)
    #expect(applied["data"]?["by"]?.string == "SIGHUP")
    #expect(applied["data"]?["changed"]?.array == ["machine press-1: changed"])
    #expect(!told.contains { $0["data"]?["recovered"]?.bool == true })
    #expect(!told.contains { $0["type"]?.string == "takt.contact.lost.v1" })
    let states = told.filter {
      $0["type"]?.string == "takt.state.changed.v1"
        && $0["source"]?.string?.hasSuffix("oven-1") == true
    }
    #expect(states.count <= 2, "the oven heard nothing of it: \(states)")
  }

  @Test func `a stop that is open during a reload stays the one stop that it is`() throws {
    let bench = try Bench()
    bench.site.plc.show { ($0.isRunning, $0.fault, $0.good) = (false, 12, 40) }
    try bench.site.wait { $0.machine("press-1")?["state"]?.string == "fault" }
    // The rules of the machine itself, then its bus, then the line it stands in.
    bench.file.shortStop = "2s"
    _ = try bench.reload(until: "machine press-1: changed")
    bench.file.extraPort = bench.site.plcPort
    let said = try bench.reload(until: "bus extra: added")
    #expect(said.contains("machine extra-1: added"))
    try bench.site.wait { $0.machine("extra-1")?["state"]?.string == "fault" }
    #expect(
      bench.site.status()?.machine("press-1")?["state"]?.string == "fault")
    bench.site.plc.show { ($0.isRunning, $0.fault) = (true, 0) }
    try bench.site.wait { $0.machine("press-1")?["state"]?.string == "running" }
    let told = try bench.settle()
    let own = told.filter { $0["source"]?.string?.hasSuffix("press-1") == true }
    #expect(own.filter { $0["type"]?.string == "takt.stop.started.v1" }.count == 1)
    #expect(own.filter { $0["type"]?.string == "takt.stop.ended.v1" }.count == 1)
    #expect(own.compactMap { $0["data"]?["goodQuantity"]?.integer }.reduce(0, +) == 40)
    #expect(bench.line.links == 1)
  }

  @Test func `a bus is moved, taken out and brought back, and its neighbour hears nothing`() throws
  {
    let bench = try Bench()
    let second = try TestPLC()
    defer { second.end() }
    bench.site.plc.show { $0.good = 5 }
    try bench.site.wait { $0.machine("press-1")?["goodTotal"]?.integer == 5 }
    second.show { $0.good = 5 }
    bench.file.port = second.port
    _ = try bench.reload(until: "bus hall: restarted")
    second.show { $0.good = 8 }
    try bench.site.wait { $0.machine("press-1")?["goodTotal"]?.integer == 8 }
    bench.file.extraPort = bench.site.plcPort
    _ = try bench.reload(until: "bus extra: added")
    try bench.site.wait { $0.machine("extra-1")?["state"]?.string == "running" }
    bench.file.extraPort = nil
    _ = try bench.reload(until: "bus extra: removed")
    #expect(bench.site.status()?.bus("extra") == nil)
    bench.file.extraPort = bench.site.plcPort
    let before = bench.site.plc.requests(of: 1)
    _ = try bench.reload(until: "bus extra: added")
    try bench.site.wait { $0.machine("extra-1")?["state"]?.string == "running" }
    #expect(bench.site.plc.requests(of: 1) > before)
    #expect(bench.line.links == 1)
    // What is told by the end of the run itself is delivered by the next one: wait for the window.
    try bench.site.wait { _ in
      let all = (try? bench.site.received()) ?? []
      return all.compactMap { $0["data"]?["goodQuantity"]?.integer }.reduce(0, +) >= 8
    }
    let told = try bench.settle()
    #expect(events(told, "applied").count == 4)
    let own = told.filter { $0["source"]?.string?.hasSuffix("press-1") == true }
    #expect(own.compactMap { $0["data"]?["goodQuantity"]?.integer }.reduce(0, +) == 8)
  }

  @Test func `a wrong file changes nothing, and each mistake is told with its place`() throws {
    let bench = try Bench()
    bench.file.debounce = "300 parsecs"
    let said = try bench.reload(until: "everything stays as it was")
    #expect(said.contains("a mistake"))
    #expect(bench.gateway.line(holding: ": error: ")?.contains("takt.json5:") == true)
    bench.file.debounce = "0s"
    bench.file.gatewayName = "gw-2"
    _ = try bench.reload(until: "restart the service to change gateway.name")
    bench.file.gatewayName = "gw-1"
    bench.site.plc.show { $0.good = 3 }
    try bench.site.wait { $0.machine("press-1")?["goodTotal"]?.integer == 3 }
    #expect(bench.line.links == 1)
    let rejected = events(try bench.settle(), "rejected")
    #expect(rejected.count == 2)
    #expect(
      rejected.first?["data"]?["mistakes"]?.array?.first?.string?.contains("takt.json5:")
        == true)
    #expect(rejected.last?["data"]?["why"]?.string?.contains("gateway.name") == true)
  }

  @Test func `a deadly configuration is back at the last good one within 30 s`() throws {
    let hole = try BlackHole(listens: false)
    let bench = try Bench { $0.rollsBack = true }
    let deadly = bench.file.port
    bench.file.port = hole.port
    bench.file.linePort = hole.port
    let clock = SystemClock()
    _ = try bench.reload(until: "was applied")
    let applied = clock.now()
    _ = bench.gateway.line(holding: "was taken back: no unit is in contact any more")
    #expect(clock.now() - applied < .seconds(30))
    bench.file.port = deadly
    bench.site.plc.show { $0.good = 7 }
    try bench.site.wait { $0.machine("press-1")?["goodTotal"]?.integer == 7 }
    let told = try bench.settle()
    let back = try #require(events(told, "rolledback").first)
    #expect(back["data"]?["why"]?.string?.contains("no unit is in contact") == true)
    let digests = events(told, "applied").compactMap { $0["data"]?["configurationDigest"]?.string }
    #expect(digests == [back["data"]?["configurationDigest"]?.string])
    #expect(back["data"]?["runningDigest"]?.string != digests.first)
  }
}
