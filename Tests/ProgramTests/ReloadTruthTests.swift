// Reloads and kills against the truth of a simulated line: every stop and every piece, once.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("Reload against the truth", .serialized) struct ReloadTruthTests {
  /// A simulated line, its gateway in two files, and a receiver.
  private final class Plant {
    let site: RunSite
    let part: String
    let simulator: RunningProgram
    let receiver: RunningProgram

    init(seconds: Int) throws {
      site = try RunSite()
      // Three seconds until the first piece: on a busy machine the first look takes its time.
      let pace = ["--lead", "3s", "--min-stop", "6s", "--min-run", "6s"]
      simulator = try RunningProgram(
        [
          "simulate", "--listen", "127.0.0.1:0", "--truth", site.scratch["truth.jsonl"],
          "--seed", "7", "--seconds", "\(seconds)", "--settle", "26s",
        ] + pace)
      let told = try #require(simulator.line(holding: "listening on "))
      let listen = try #require(told.split(separator: " ").last.map(String.init))
      let port = try #require(listen.split(separator: ":").last.flatMap { UInt16($0) })
      part = try RunningProgram(["simulate", "--config", "--listen", listen] + pace).end().output
      try Files.makeDirectory(site.scratch["conf.d"])
      let main = ReloadFile(port: port).text(site)
      let cut = try #require(main.range(of: "buses: ["))
      try Files.replace(
        site.scratch["takt.json5"], with: Array((main[..<cut.lowerBound] + "}").utf8))
      receiver = try site.startReceiver()
    }

    /// One of four configurations: another debounce, another cause, another bus, one bus more.
    func write(_ number: Int) throws {
      var text = part
      if number % 4 == 1 {
        text = text.replacingOccurrences(
          of: #"at: "holding 0.0", every: "250ms""#,
          with: #"at: "holding 0.0", every: "250ms", debounce: "100ms""#)
      }
      if number % 4 == 2 { text = text.replacingOccurrences(of: "Guard door", with: "Door") }
      if number % 4 == 3 {
        text = text.replacingOccurrences(of: "port:", with: #"connectTimeout: "2s", port:"#)
      }
      try Files.replace(site.scratch["conf.d/plant.json5"], with: Array(text.utf8))
      let extra = site.scratch["conf.d/extra.json5"]
      let machine = """
        {
          buses: [{ name: "extra", host: "127.0.0.1", port: \(site.plc.port) }],
          machines: [{
            name: "extra-1", bus: "extra", unit: 1, running: "run",
            signals: [{ name: "run", at: "holding 0.0", every: "250ms" }],
          }],
        }
        """
      try Files.replace(extra, with: Array((number % 2 == 0 ? machine : "{}").utf8))
    }

    /// Waits for the line to come to rest, ends the rest, and compares.
    func settle(_ gateway: RunningProgram) throws -> Run {
      _ = simulator.end()
      // The loss of contact closes the windows of counts that are still open.
      try site.wait { status in
        ["press-1", "press-2", "filler-1"].allSatisfy {
          status.machine($0)?["state"]?.string == "noContact"
        } && status.isDelivered
      }
      gateway.signal(SIGTERM)
      let ended = gateway.end()
      #expect(ended.code == 0, "\(ended.errors)")
      receiver.signal(SIGTERM)
      let summary = receiver.end()
      #expect(summary.code == 0, "\(summary.output)\(summary.errors)")
      return try Program.run(
        "compare", "--truth", site.scratch["truth.jsonl"],
        "--received", site.scratch["received.jsonl"])
    }
  }

  @Test func `after twenty reloads stops and pieces are those that there were`() throws {
    let plant = try Plant(seconds: 60)
    try plant.write(0)
    let gateway = try plant.site.startGateway()
    try plant.site.wait { $0.machine("press-1")?["state"]?.string == "running" }
    for number in 1...20 {
      let before = plant.site.status()?["configuration"]?["digest"]
      try plant.write(number)
      gateway.signal(SIGHUP)
      try plant.site.wait { $0["configuration"]?["digest"] != before }
      // A reload is as long as it is; the line goes on for a second in between.
      poll(nil, 0, 1000)
    }
    let compared = try plant.settle(gateway)
    #expect(compared.code == 0, "\(compared.output)\(compared.errors)")
    let applied = try plant.site.received().filter {
      $0["type"]?.string == "takt.configuration.applied.v1"
    }
    #expect(applied.count == 20)
  }

  @Test func `killed at any step of a reload, the site goes on where it was`() throws {
    let plant = try Plant(seconds: 60)
    try plant.write(0)
    var gateway = try plant.site.startGateway()
    try plant.site.wait { $0.machine("press-1")?["state"]?.string == "running" }
    for (number, delay) in [0, 1, 3, 6, 10, 20, 40, 80].enumerated() {
      try plant.write(number + 1)
      gateway.signal(SIGHUP)
      poll(nil, 0, Int32(delay))
      gateway.signal(SIGKILL)
      #expect(gateway.end().code == 128 + SIGKILL)
      gateway = try plant.site.startGateway()
      try plant.site.wait { $0.machine("press-1")?["state"]?.string != nil }
      poll(nil, 0, 1000)
    }
    let compared = try plant.settle(gateway)
    #expect(compared.code == 0, "\(compared.output)\(compared.errors)")
  }
}
