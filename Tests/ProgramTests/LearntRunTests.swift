// What takt run learns about a device, told once, kept in a file, and used by the next run.

import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("takt run learns", .serialized) struct LearntRunTests {
  /// The site with one signal more, at an address that the PLC does not have.
  private func site(and others: String = "") throws -> RunSite {
    let site = try RunSite()
    let path = site.scratch["takt.json5"]
    let text = String(decoding: try Files.read(path), as: UTF8.self)
    let running = "],\n    running:"
    let parts = text.components(around: running)
    try #require(parts.count == 2)
    let more = #"{ name: "ghost", at: "holding 3", every: "250ms" },"# + others
    try Files.replace(path, with: Array((parts[0] + more + running + parts[1]).utf8))
    return site
  }

  private var file: String { "state/learnt.json" }

  private func learnt(_ site: RunSite) throws -> JSONValue? {
    guard try Files.status(site.scratch[file]) != nil else { return nil }
    return try JSONValue(parsing: Files.read(site.scratch[file]))
  }

  @Test func `F1, F2: an illegal register is learnt, told once and not asked for again`() throws {
    let site = try site()
    let first = try site.startGateway()
    let line = try #require(first.line(holding: "refuses"), "\(first.end())")
    #expect(line.contains("unit hall/1: refuses ghost (holding 3, exception 2); its other signals"))
    try site.wait { $0.machineState == "running" && $0.polls > 20 }
    let entry = try #require(try learnt(site)?["learnt"]?.array?.first)
    #expect(entry["bus"]?.string == "hall")
    #expect(entry["first"]?.integer == 3 && entry["last"]?.integer == 3)
    #expect(entry["exception"]?.integer == 2)
    let plan = try Program.run("plan", "--config", site.scratch["takt.json5"])
    #expect(plan.output.contains("the times are those that the running gateway measured"))
    first.signal(SIGTERM)
    #expect(first.end().code == 0)

    let second = try site.startGateway()
    let again = try site.wait { $0.polls > 12 }
    let unit = again["buses"]?.array?.first?["units"]?.array?.first
    #expect(unit?["failures"]?.integer == 0, "what was refused was not asked for")
    second.signal(SIGTERM)
    #expect(second.end().code == 0)
  }

  @Test func `what was learnt since the last write is written at the end`() throws {
    let site = try site(and: #"{ name: "spook", at: "input 700", every: "500ms" },"#)
    let gateway = try site.startGateway()
    _ = try #require(gateway.line(holding: "refuses "), "\(gateway.end())")
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
    let tables = try learnt(site)?["learnt"]?.array?.compactMap { $0["table"]?.string }
    #expect(tables?.sorted() == ["holding", "input"])
  }

  @Test func `a broken file is a line in the log, and is learnt anew`() throws {
    let site = try site()
    try Files.makeDirectory(site.scratch["state"])
    try Files.replace(site.scratch[file], with: Array("{".utf8))
    let gateway = try site.startGateway()
    let line = try #require(gateway.line(holding: "learnt.json"), "\(gateway.end())")
    #expect(line.contains("what the units refuse is learnt again"))
    _ = try #require(gateway.line(holding: "refuses ghost"), "\(gateway.end())")
    #expect(try learnt(site)?["learnt"]?.array?.count == 1)
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }
}

extension String {
  /// The texts before and behind the first place of another.
  fileprivate func components(around mark: String) -> [String] {
    guard let range = self.firstRange(of: mark) else { return [self] }
    return [String(self[..<range.lowerBound]), String(self[range.upperBound...])]
  }
}
