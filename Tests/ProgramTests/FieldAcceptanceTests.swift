// takt run on serial lines, through serial servers, on TCP and on TLS: what one device does to the
// others, what a bad line does to the values, and what is left over after a loss of power.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("The field", .serialized) struct FieldAcceptanceTests {
  private static let signals = """
    { name: "a", at: "holding 0", every: "100ms", publish: true },
    { name: "b", at: "holding 100", every: "100ms", publish: true },
    """

  @Test func `F3, F4: one dead unit of 16 costs the others less than a twentieth`() throws {
    let site = try RunSite()
    let whole = try FieldLine(.port(site.scratch["whole"]))
    let broken = try FieldLine(.port(site.scratch["broken"]))
    defer { for line in [whole, broken] { line.end() } }
    let units = Array(UInt8(1)...16)
    // A request takes some 4 ms here, 16 of them more than half of the period.
    let signal = "{ name: \"a\", at: \"holding 0\", every: \"100ms\" }"
    try site.install(
      ["whole", "broken"].map { name in
        RunSite.FieldBus(
          name: name, way: site.serialWay(name), units: units, signals: signal,
          members: "timeout: \"60ms\",")
      })
    let gateway = try site.startGateway()
    try site.wait { $0.isGood("whole") && $0.isGood("broken") }
    broken.show { $0.dead = [7] }
    let before = units.map { (with: broken.requests(of: $0), all: whole.requests(of: $0)) }
    // Both lines in one process: what the machine is busy with besides slows both down.
    try site.wait { _ in whole.requests(of: 1) >= before[0].all + 100 }
    let counts = zip(units, before).map { unit, before in
      (
        unit: unit, with: broken.requests(of: unit) - before.with,
        all: whole.requests(of: unit) - before.all
      )
    }
    print("requests beside a dead unit, and without: \(counts.map { ($0.with, $0.all) })")
    for (unit, with, all) in counts where unit != 7 {
      #expect(with * 100 >= all * 95, "unit \(unit): \(with) instead of \(all)")
    }
    #expect(counts[6].with < 15, "a dead unit is asked rarely")
    let status = try site.wait { status in
      units.allSatisfy { unit in
        status.unit(Int64(unit), of: "broken")?["contact"]?.string == (unit == 7 ? "lost" : "good")
      }
    }
    #expect(status.bus("broken")?["reconnects"] == 0)
    // Back at full rate once it answers.
    let asked = broken.requests(of: 7)
    broken.show { $0.dead = [] }
    try site.wait { $0.isGood("broken") && broken.requests(of: 7) > asked + 20 }
    #expect(whole.wrongBytes == 0 && broken.wrongBytes == 0)
    site.end(gateway)
  }

  enum Trouble: String, CaseIterable {
    case noise, stray, late, held
  }

  @Test(arguments: Trouble.allCases)
  func `F7, F11: a bad line never makes a wrong value`(_ trouble: Trouble) throws {
    let site = try RunSite()
    let line = try FieldLine(.port(site.scratch["line"]))
    defer { line.end() }
    try site.install(
      [
        RunSite.FieldBus(
          name: "line", way: site.serialWay("line"), units: [1, 2, 3], signals: Self.signals,
          members: "timeout: \"400ms\",")
      ], hasUplink: true)
    line.show { face in
      switch trouble {
      case .noise: face.noise = [0x00, 0xFF, 0x03, 0x02, 0x13]
      // What another slave would say to another master, of the shape that is waited for.
      case .stray: face.stray = [9, 3, 2, 0xDE, 0xAD] + checksum([9, 3, 2, 0xDE, 0xAD])
      case .late: face.late = (unit: 2, oneIn: 5, by: .milliseconds(600))
      case .held: face.held = 2
      }
    }
    let receiver = try site.startReceiver()
    let gateway = try site.startGateway()
    try site.wait { _ in
      line.requests(of: 1) > 40 && line.requests(of: 3) > 40
        && (trouble != .late || line.lateAnswers > 2)
        && (trouble != .held || line.lateAnswers > 4)
    }
    let status = try site.wait { _ in true }
    #expect(status.bus("line")?["link"] == "up" && status.bus("line")?["reconnects"] == 0)
    for unit in [Int64(1), 3] {
      #expect(status.unit(unit, of: "line")?["contact"] == "good", "unit \(unit)")
      #expect(status.unit(unit, of: "line")?["failures"] == 0, "unit \(unit)")
    }
    let failures = status.unit(2, of: "line")?["failures"]?.integer ?? 0
    #expect((failures > 0) == (trouble == .late || trouble == .held), "\(failures)")
    try site.wait { $0.isDelivered }
    site.end(gateway)
    site.end(receiver)
    let told = try Told(site.received())
    print("\(trouble): \(told.values.count) values, \(failures) failures")
    #expect(told.wrong == [])
    let seen = Set(told.values.map(\.subject))
    #expect(seen.isSuperset(of: ["line-1 a", "line-1 b", "line-3 a", "line-3 b"]), "\(seen)")
  }

  @Test func `F12, F15: five losses of power on every transport, back at the first try`() throws {
    let site = try RunSite()
    let serial = try FieldLine(.port(site.scratch["serial"]))
    let server = try FieldLine(.stream)
    defer { for line in [serial, server] { line.end() } }
    let securePort = try BlackHole(listens: false).port
    let signals = "{ name: \"a\", at: \"holding 0\", every: \"100ms\" }"
    let stream = "host: \"127.0.0.1\", port:"
    let ways = [
      ("serial", site.serialWay("serial")),
      ("server", "type: \"modbus-rtu-over-tcp\", \(stream) \(server.port), baud: 115200"),
      ("tcp", "\(stream) \(site.plcPort)"),
      (
        "tls",
        "type: \"modbus-tls\", \(stream) \(securePort), caFile: \"\(site.scratch["ca.pem"])\""
      ),
    ]
    try site.install(
      ways.map {
        RunSite.FieldBus(
          name: $0.0, way: $0.1, units: [1], signals: signals, members: "timeout: \"5s\",")
      })
    var front: RunningProgram? = try secure(site, securePort)
    let gateway = try site.startGateway()
    let names = ways.map(\.0)
    try site.wait { status in names.allSatisfy(status.isGood) }
    var first: Holdings?
    for cycle in 1...5 {
      for line in [serial, server] { line.power(false) }
      site.plc.show { $0.hasPower = false }
      // Its children end with the connections that they hold.
      front?.signal(SIGKILL)
      _ = front?.end()
      let lost = try site.wait { status in
        names.allSatisfy { status.bus($0)?["link"]?.string == "coolingOff" }
          && names.allSatisfy { status.unit(1, of: $0)?["contact"]?.string == "lost" }
      }
      if cycle == 1 { tellLosses(lost, site) }
      for line in [serial, server] { line.power(true) }
      site.plc.show { $0.hasPower = true }
      front = try secure(site, securePort)
      let back = try site.wait { status in names.allSatisfy(status.isGood) }
      for name in names {
        // Opened once, so at the first try that could succeed.
        #expect(back.bus(name)?["reconnects"]?.integer == Int64(cycle), "\(name)")
      }
      first = try first ?? settled(gateway.process, nil)
    }
    #expect(server.links == 6)
    let last = try settled(gateway.process, first)
    #expect(last == first)
    print("after five losses of power: \(last)")
    site.end(gateway)
    front?.signal(SIGKILL)
    _ = front?.end()
  }

  /// TLS before the site's PLC.
  private func secure(_ site: RunSite, _ port: UInt16) throws -> RunningProgram {
    let files = "cert=\(site.scratch["good.pem"]),key=\(site.scratch["good.key"]),verify=0"
    let program = try RunningProgram(
      [
        "-d", "-d", "OPENSSL-LISTEN:\(port),bind=127.0.0.1,reuseaddr,fork,\(files)",
        "TCP:127.0.0.1:\(site.plcPort)",
      ], path: "/usr/bin/socat")
    try #require(program.line(holding: "listening on") != nil, "\(program.end())")
    return program
  }

  /// What the status says of a line without power: where, what, and what to do, each once.
  private func tellLosses(_ status: JSONValue, _ site: RunSite) {
    for name in ["serial", "server", "tcp", "tls"] {
      let sentence = status.bus(name)?["lastError"]?.string ?? ""
      print(sentence)
      let place = status.bus(name)?["at"]?.string ?? "-"
      #expect(sentence.components(separatedBy: place).count == 2, "\(sentence)")
      let isPort = name == "serial"
      #expect(sentence.hasPrefix("\(isPort ? "opening" : "connecting to") \(place): "))
      #expect(sentence.contains(isPort ? "no such device (unplugged?)" : "connection refused"))
    }
  }

  /// What a process holds once it is as it was, or after ten seconds: sockets of the status are
  /// closed a little later than they are answered.
  private func settled(_ process: Int32, _ wanted: Holdings?) throws -> Holdings {
    let deadline = SystemClock().now() + .seconds(10)
    var last = try Holdings(of: process)
    while SystemClock().now() < deadline {
      poll(nil, 0, 50)
      let next = try Holdings(of: process)
      if wanted.map({ $0 == next }) ?? (next == last) { return next }
      last = next
    }
    return last
  }
}

/// The values of published signals at the receiver.
private struct Told {
  var values: [(subject: String, value: String)] = []
  /// Those that their register never showed.
  var wrong: [String] = []

  init(_ events: [JSONValue]) throws {
    for event in events where event["type"]?.string == "takt.signals.changed.v1" {
      let data = try #require(event["data"])
      for sample in data["samples"]?.array ?? [] {
        // A sample without a value says that there is none now.
        guard let value = sample["value"] else { continue }
        let machine = event["source"]?.string?.split(separator: ":").last ?? "-"
        let subject = "\(machine) \(sample["signal"]?.string ?? "-")"
        values.append((subject, value.string ?? value.canonicalText))
      }
    }
    wrong = values.filter { Self.truth($0.subject) != $0.value }.map { "\($0.subject) \($0.value)" }
  }

  /// What the register of "line-2 b" always shows.
  private static func truth(_ subject: String) -> String {
    let unit = subject.dropFirst("line-".count).prefix { $0 != " " }
    return "\((Int(unit) ?? 0) * 1000 + (subject.hasSuffix("b") ? 100 : 0))"
  }
}
