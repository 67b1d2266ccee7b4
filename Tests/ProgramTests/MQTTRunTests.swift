// `takt run` and a real broker: nothing is lost between them, whoever is killed; what may not be
// written is told; no secret is told to anybody.

import Delivery
import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("takt run over MQTT", .serialized) struct MQTTRunTests {
  @Test func `F46: broker and gateway are killed, and every committed event is stored, in order`()
    throws
  {
    let site = try RunSite()
    let passwords = try TestBroker.passwords(site, "line1", "right horse")
    let broker = try TestBroker(
      site, common: ["max_packet_size 20000"],
      secure: ["allow_anonymous false", "password_file \(passwords)"])
    defer { broker.kill() }
    try Files.create(site.scratch["password"], with: Array("right horse\n".utf8), mode: 0o600)
    try site.replaceUplinks(
      site.broker(
        broker,
        """
        userName: "line1", passwordFile: "\(site.scratch["password"])",
        acknowledgementTopic: "takt/ack/gw-1", applicationTimeout: "1s",
        statusTopic: "takt/gw-1/status",
        """))
    let application = try StoringApplication(broker, acknowledges: "takt/ack/gw-1")
    defer { application.end() }
    var gateway = try site.startGateway()
    for round in 1...6 {
      site.plc.show { $0.good = UInt16(round * 5) }
      site.plc.show { ($0.isRunning, $0.fault) = (false, 12) }
      try site.wait { $0.machineState == "fault" }
      if round.isMultiple(of: 2) {
        gateway.signal(SIGKILL)
        _ = gateway.end()
        gateway = try site.startGateway()
      } else {
        broker.kill()
        site.plc.show { ($0.isRunning, $0.fault) = (true, 0) }
        try site.wait { $0.machineState == "running" }
        try broker.start()
      }
      site.plc.show { ($0.isRunning, $0.fault) = (true, 0) }
      try site.wait { $0.machineState == "running" }
    }
    let status = try site.wait { $0.isDelivered && ($0["journal"]?["sequence"]?.integer ?? 0) > 20 }
    #expect(status.uplink?["speaks"]?.string?.hasPrefix("MQTT 5.0 with 127.0.0.1:") == true)
    #expect(status.uplink?["quarantined"]?.integer == 0)
    let committed = UInt64(status["journal"]?["sequence"]?.integer ?? 0)
    try application.wait { $0.last >= committed }
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
    try application.wait { $0.statuses.last?.contains("false") == true }
    try application.write(site.scratch["received.jsonl"])
    let verified = try Program.run(
      "verify", site.scratch["received.jsonl"], "--jwks", site.scratch["jwks.json"])
    #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
    #expect(application.all.lines.count >= committed)
    let starts = try site.received().filter { $0["type"]?.string == "takt.stop.started.v1" }
    let stops = Set(starts.compactMap { $0["data"]?["stopId"]?.string })
    #expect(stops.count == starts.count && !stops.isEmpty)
  }

  @Test(arguments: ["5.0", "3.1.1"])
  func `a topic that the broker forbids is told, and holds up nothing else`(version: String) throws
  {
    let site = try RunSite()
    let list = site.scratch["acl"]
    try Files.create(
      list, with: Array("topic readwrite takt/ulm/line1/press-1/#\n".utf8), mode: 0o600)
    let broker = try TestBroker(site, secure: ["acl_file \(list)"])
    defer { broker.kill() }
    try site.replaceUplinks(site.broker(broker, "version: \"\(version)\","))
    let application = try StoringApplication(broker)
    defer { application.end() }
    let gateway = try site.startGateway()
    let status = try site.wait { $0.uplink?["lastError"] != nil }
    let sentence = try #require(status.uplink?["lastError"]?.string)
    #expect(sentence.contains("/gateway/started"), "\(sentence)")
    #expect(
      sentence.contains(version == "5.0" ? "not authorized" : "proves nothing"), "\(sentence)")
    site.plc.show { ($0.isRunning, $0.fault) = (false, 12) }
    try application.wait { $0.topics.contains("takt/ulm/line1/press-1/stop/started") }
    #expect(!application.all.topics.contains { $0.contains("/gateway/") })
    // The first event of all is not delivered, so nothing behind it counts as delivered.
    let later = try site.wait { $0.machineState == "fault" }
    #expect(later.uplink?["delivered"]?.integer == 0)
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `F26: a broker that accepts and never answers does not move the poll schedule`() throws
  {
    let hole = try BlackHole(listens: true)
    let site = try RunSite()
    try site.replaceUplinks(
      "{ name: \"plant\", type: \"mqtt\", brokers: [\"mqtt://127.0.0.1:\(hole.port)\"] }")
    try site.configure("without", state: "other", hasUplink: false)
    let with = try site.startGateway()
    let without = try site.startGateway("without")
    try site.wait { $0.polls > 0 && $0.uplink?["state"]?.string == "connecting" }
    try site.wait("without") { $0.polls > 0 }
    let (first, second) = (try site.wait { _ in true }, try site.wait("without") { _ in true })
    let ended = try site.wait("without") { $0.polls >= second.polls + 60 }
    let also = try site.wait { _ in true }
    // Two processes on one machine: a few scans of difference are the looking, not the uplink.
    #expect(also.polls - first.polls >= ended.polls - second.polls - 20)
    #expect(also["buses"]?.array?.first?["units"]?.array?.first?["failures"]?.integer == 0)
    for gateway in [with, without] {
      gateway.signal(SIGTERM)
      #expect(gateway.end().code == 0)
    }
  }

  @Test func `F57: no secret is in the status, the logs, an explanation or a refusal`() throws {
    let site = try RunSite()
    let passwords = try TestBroker.passwords(site, "line1", "another")
    let broker = try TestBroker(
      site, secure: ["allow_anonymous false", "password_file \(passwords)"])
    defer { broker.kill() }
    let secrets = ["pass-Rj4w", "token-8fQz", "client-Vm2x", "proxy-Kd9y"]
    for secret in secrets {
      let text = secret.hasPrefix("proxy") ? "user:\(secret)\n" : secret + "\n"
      try Files.create(site.scratch[secret], with: Array(text.utf8), mode: 0o600)
    }
    let hole = try BlackHole(listens: false)
    try site.replaceUplinks(
      site.broker(broker, "userName: \"line1\", passwordFile: \"\(site.scratch[secrets[0]])\",")
        + """
        , { name: "bearer", url: "https://127.0.0.1:\(hole.port)/",
            caFile: "\(site.scratch["ca.pem"])", bearerFile: "\(site.scratch[secrets[1]])" },
        { name: "oauth", url: "https://127.0.0.1:\(hole.port)/",
          caFile: "\(site.scratch["ca.pem"])",
          oauth: { tokenUrl: "https://127.0.0.1:\(hole.port)/token", clientId: "gw",
            clientSecretFile: "\(site.scratch[secrets[2]])" } },
        { name: "proxied", url: "https://127.0.0.1:1/", caFile: "\(site.scratch["ca.pem"])",
          proxy: { host: "127.0.0.1", port: \(hole.port),
            credentialsFile: "\(site.scratch[secrets[3]])" } }
        """)
    let gateway = try site.startGateway()
    let status = try site.wait { status in
      let uplinks = status["uplinks"]?.array ?? []
      return uplinks.count == 4 && uplinks.allSatisfy { $0["lastError"] != nil }
        && uplinks.first?["state"]?.string == "parked"
    }
    #expect(status.uplink?["lastError"]?.string?.contains("password") == true)
    let text = try Program.run("status", "--socket", site.scratch["takt.sock"])
    let explained = try Program.run("check", "--config", site.scratch["takt.json5"], "--explain")
    gateway.signal(SIGTERM)
    let ended = gateway.end()
    // Open to others: refused with a sentence that names the file and not what is in it.
    for secret in secrets { chmod(site.scratch[secret], 0o644) }
    let second = try site.startGateway()
    try site.wait { $0.uplink?["lastError"]?.string?.contains("chmod 600") == true }
    second.signal(SIGTERM)
    let refused = second.end()
    let key = String(decoding: try Files.read(site.scratch["gateway.key"]), as: UTF8.self)
    let body = try #require(key.split(separator: "\n").dropFirst().first)
    let told =
      [status.canonicalText, text.output, text.errors, explained.output, ended.errors]
      + [ended.output, refused.errors, refused.output]
    for secret in secrets + [String(body)] {
      // Its file is named after it, in the directory of the test: that is no leak.
      let leaks = told.filter {
        $0.replacing(site.scratch[secret], with: "").contains(secret)
      }
      #expect(leaks.isEmpty, "\(secret)")
    }
    #expect(explained.code == 0 && refused.code == 0 && ended.code == 0)
  }
}
