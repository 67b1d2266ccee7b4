// Orders, reasons and holds through the running gateway to the receiver, with real processes.

import Glibc
import LinuxEdge
import Primitives
import Testing

extension RunSite {
  /// Adds a line, reasons and evidence to the configuration: a machine whose stops want a reason.
  fileprivate func configureShop(every: String = "1min") throws {
    let path = scratch["takt.json5"]
    var text = String(decoding: try Files.read(path), as: UTF8.self)
    text = text.replacing(
      "buses: [",
      with: """
        lines: [{ name: "line1", confirmations: { every: "\(every)" } }],
        language: "en",
        reasons: [
          { code: "guard", text: { en: "Guard open", de: "Schutztür offen" }, costCenter: "7" },
          { code: "jam", text: "Jammed", category: "external" },
        ],
        buses: [
        """)
    text = text.replacing(
      "running: \"run\", faultCode: \"fault\", causes: { \"12\": \"Guard door open\" },",
      with: """
        evidence: [
          { state: "fault", when: { signal: "fault", codes: { "12": "guard", "*": "" } } },
          { state: "stopped", when: "!run" },
          { state: "running", when: "run" },
        ],
        """)
    try Files.replace(path, with: Array(text.utf8))
    let check = try Program.run("check", "--config", path)
    try #require(check.code == 0, "\(check.output)\(check.errors)")
  }

  fileprivate func call(_ words: String...) throws -> Run {
    try RunningProgram(words + ["--socket", scratch["takt.sock"]]).end()
  }

  /// Waits for an event of a type at the receiver, for a minute at most.
  fileprivate func event(_ type: String) throws -> JSONValue {
    let deadline = SystemClock().now() + .seconds(60)
    while SystemClock().now() < deadline {
      if let found = try? received().first(where: { $0["type"]?.string == type }) { return found }
      poll(nil, 0, 20)
    }
    return try #require(nil as JSONValue?, "no \(type) came")
  }

  fileprivate func good(_ count: UInt16) throws {
    plc.show { $0.good = count }
    try wait { $0["machines"]?.array?.first?["goodTotal"]?.integer == Int64(count) }
  }
}

@Suite("The shop floor", .serialized) struct ShopFloorTests {
  private func running() throws -> (RunSite, RunningProgram, RunningProgram) {
    let site = try RunSite()
    try site.configureShop()
    let receiver = try site.startReceiver()
    let gateway = try site.startGateway()
    try site.wait { $0.machineState == "running" && $0["drop"] != nil }
    return (site, gateway, receiver)
  }

  /// Ends both, and has what arrived verified.
  private func settle(_ site: RunSite, _ gateway: RunningProgram, _ receiver: RunningProgram) throws
  {
    gateway.signal(SIGTERM)
    let ended = gateway.end()
    #expect(ended.code == 0, "\(ended.errors)")
    receiver.signal(SIGTERM)
    #expect(receiver.end().code == 0)
  }

  @Test func `a dropped order tags what is counted, and its end is confirmed`() throws {
    let (site, gateway, receiver) = try running()
    try site.good(3)
    try site.drop(
      "10-start.json",
      #"{"place":{"machine":"press-1"},"orderId":"4711","operationId":"0010","released":true,"#
        + #""plannedQuantity":100,"uom":"PCE","materialId":"M-1"}"#)
    _ = try site.waitForFile(site.orders + "/done/10-start.json")
    let started = try site.event("takt.order.started.v1")
    #expect(started["subject"]?.string == "4711/0010")
    #expect(started["data"]?["from"]?.string == "file")
    try site.good(10)
    let list = try site.call("order", "list")
    #expect(list.code == 0)
    #expect(list.output.hasPrefix("press-1  running  4711/0010  "), "\(list)")
    let order = try site.wait { status in
      status["machines"]?.array?.first?["order"]?["goodQuantity"]?.integer == 7
    }["machines"]?.array?.first?["order"]
    #expect(order?["plannedQuantity"]?.integer == 100)
    try site.drop("20-end.csv", "action,machine,orderId\nend,press-1,4711\n")
    _ = try site.waitForFile(site.orders + "/done/20-end.csv")
    let confirmed = try site.event("takt.production.confirmation.v1")
    #expect(confirmed["data"]?["goodQuantity"]?.integer == 7)
    #expect(confirmed["data"]?["orderId"]?.string == "4711")
    #expect(confirmed["data"]?["final"]?.bool == true)
    let counts = try site.received().filter { $0["type"]?.string == "takt.production.count.v1" }
    let tagged = counts.filter { $0["data"]?["orderId"]?.string == "4711" }
    #expect(tagged.compactMap { $0["data"]?["goodQuantity"]?.integer }.reduce(0, +) == 7)
    #expect(counts.compactMap { $0["data"]?["goodQuantity"]?.integer }.reduce(0, +) == 10)
    try settle(site, gateway, receiver)
  }

  @Test func `a stop is explained from the command line, and head office hears who said so`()
    throws
  {
    let (site, gateway, receiver) = try running()
    site.plc.show { $0.isRunning = false }
    try site.wait { $0["machines"]?.array?.first?["unclassified"]?.integer == 1 }
    let list = try site.call("reason")
    #expect(list.output.hasPrefix("press-1-"), "\(list)")
    let codes = try site.call("reason", "--codes", "--language", "de")
    #expect(codes.output.hasPrefix("guard  unplanned  7  Schutztür offen\n"), "\(codes)")
    let wrong = try site.call("reason", "press-1", "gard")
    #expect(wrong.code == 1 && wrong.errors.contains("no reason has the code \"gard\""))
    let said = try site.call("reason", "press-1", "jam", "--by", "Maria")
    #expect(said.code == 0, "\(said)")
    let event = try site.event("takt.stop.classified.v1")
    #expect(event["data"]?["cause"]?["text"]?.string == "Jammed")
    #expect(event["data"]?["by"]?.string?.hasPrefix("Maria (") == true)
    #expect(event["data"]?["category"]?.string == "external")
    #expect(try site.call("reason").output.isEmpty)
    // The machine runs on; the same stop may still be explained otherwise.
    site.plc.show { $0.isRunning = true }
    try site.wait { $0.machineState == "running" }
    let id = try #require(event["subject"]?.string)
    #expect(try site.call("reason", id, "guard").code == 0)
    try settle(site, gateway, receiver)
    let all = try site.received().filter { $0["type"]?.string == "takt.stop.classified.v1" }
    #expect(all.map { $0["subject"]?.string } == [id, id])
    #expect(all.last?["data"]?["costCenter"]?.string == "7")
  }

  @Test func `a hold keeps a confirmation back until somebody releases it`() throws {
    let (site, gateway, receiver) = try running()
    #expect(
      try site.call("order", "start", "1", "--machine", "press-1", "--released").code == 0)
    #expect(try site.call("hold", "--order", "1", "--reason", "cracks").code == 0)
    try site.good(5)
    #expect(try site.call("order", "end", "--machine", "press-1").code == 0)
    try site.wait { $0["lines"]?.array?.first?["heldConfirmations"]?.integer == 1 }
    let held = try site.call("held")
    #expect(held.output.contains("press-1") && held.output.contains("cracks"), "\(held)")
    #expect(try site.received().allSatisfy { $0["type"] != "takt.production.confirmation.v1" })
    #expect(try site.call("release", "99").code == 1)
    let released = try site.call("release", "1", "--by", "Ada")
    #expect(released.code == 0, "\(released)")
    let confirmed = try site.event("takt.production.confirmation.v1")
    #expect(confirmed["data"]?["goodQuantity"]?.integer == 5)
    let event = try site.event("takt.quality.released.v1")
    #expect(event["data"]?["by"]?.string?.hasPrefix("Ada (") == true)
    try settle(site, gateway, receiver)
  }

  @Test func `a file that could not be moved before a kill is not carried out twice`() throws {
    let (site, gateway, receiver) = try running()
    // A directory of that name with something in it: the file cannot take its place.
    try Files.makeDirectory(site.orders + "/done/1.json")
    try Files.create(site.orders + "/done/1.json/x", with: [])
    try site.drop(
      "1.json",
      #"[{"place":{"machine":"press-1"},"orderId":"1","released":true},"#
        + #"{"action":"end","place":{"machine":"press-1"},"orderId":"1"}]"#)
    _ = try site.event("takt.order.ended.v1")
    try site.wait { $0["drop"]?["fault"]?.string?.contains("1.json") == true }
    gateway.signal(SIGKILL)
    _ = gateway.end()
    try Files.remove(site.orders + "/done/1.json/x")
    try Files.removeDirectory(site.orders + "/done/1.json")
    let again = try site.startGateway()
    try site.wait { $0["drop"]?["taken"]?["name"]?.string == "1.json" }
    #expect(try Files.status(site.orders + "/1.json") == nil)
    #expect(try Files.status(site.orders + "/done/1.json") != nil)
    try settle(site, again, receiver)
    let events = try site.received()
    #expect(events.filter { $0["type"]?.string == "takt.order.started.v1" }.count == 1)
    #expect(events.filter { $0["type"]?.string == "takt.order.ended.v1" }.count == 1)
  }
}
