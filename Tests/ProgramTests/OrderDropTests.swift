// Files dropped into the orders directory of a running gateway: what is left alone, what waits, and
// how one that is refused is told.

import Glibc
import LinuxEdge
import Primitives
import Testing

extension RunSite {
  var orders: String { scratch["state"] + "/orders" }

  /// Drops a file as a careful host does: written beside, then renamed.
  func drop(_ name: String, _ text: String) throws {
    try Files.replace(orders + "/." + name, with: Array(text.utf8))
    try Files.move(orders + "/." + name, to: orders + "/" + name)
  }

  /// Waits until a file is there, for a minute at most.
  func waitForFile(_ path: String) throws -> String {
    let deadline = SystemClock().now() + .seconds(60)
    while SystemClock().now() < deadline {
      if let bytes = try? Files.read(path) { return String(decoding: bytes, as: UTF8.self) }
      poll(nil, 0, 20)
    }
    return try #require(nil as String?, "\(path) never came")
  }
}

@Suite("Dropped orders", .serialized) struct OrderDropTests {
  private func running() throws -> (site: RunSite, gateway: RunningProgram) {
    let site = try RunSite()
    let gateway = try site.startGateway()
    try site.wait { $0["drop"]?["directory"] != nil }
    return (site, gateway)
  }

  @Test func `the group of the service may drop, and nobody else`() throws {
    let (site, gateway) = try running()
    for directory in [site.orders, site.orders + "/done", site.orders + "/refused"] {
      #expect(try Files.status(directory)?.mode == 0o770)
    }
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `a file with mistakes is put aside, with all of them beside it, in log and status`()
    throws
  {
    let (site, gateway) = try running()
    try site.drop("day.csv", "machine,orderId,plannedQuantity\npress-1,,many\n")
    let why = try site.waitForFile(site.orders + "/refused/day.csv.txt")
    #expect(why.hasPrefix("day.csv was refused at "))
    #expect(why.contains("line 2, column 9, orderId: it is missing"), "\(why)")
    #expect(why.contains("line 2, column 10, plannedQuantity: whole pieces from 1"), "\(why)")
    let status = try site.wait { $0["drop"]?["refused"]?["name"]?.string == "day.csv" }
    #expect(status["drop"]?["refused"]?["why"]?.string?.contains("line 2, column 9") == true)
    #expect(try Files.status(site.orders + "/day.csv") == nil)
    #expect(try Files.status(site.orders + "/refused/day.csv") != nil)
    let text = try Program.run("status", "--socket", site.scratch["takt.sock"]).output
    #expect(text.contains("! day.csv refused at "), "\(text)")
    gateway.signal(SIGTERM)
    let end = gateway.end()
    #expect(end.errors.contains("orders: day.csv refused: "), "\(end.errors)")
  }

  @Test func `what is hidden, half written or no order is left alone, a link and a pipe refused`()
    throws
  {
    let (site, gateway) = try running()
    let secret = site.scratch["secret"]
    try Files.create(secret, with: Array("{\"secret\":1}".utf8))
    for name in [".a.json", "b.json.tmp", "c.txt", "d.csv.part"] {
      try Files.create(site.orders + "/" + name, with: Array("nonsense".utf8))
    }
    symlink(secret, site.orders + "/link.json")
    mkfifo(site.orders + "/pipe.json", 0o660)
    try site.drop("z.json", "[]")
    // The last of them in the order of names: all before it have been looked at.
    try site.wait { $0["drop"]?["refused"]?["name"]?.string == "z.json" }
    for name in ["link.json", "pipe.json"] {
      let why = try site.waitForFile(site.orders + "/refused/\(name).txt")
      #expect(why.contains("it is no plain file"), "\(why)")
    }
    #expect(
      try Files.list(site.orders)
        == [".a.json", "b.json.tmp", "c.txt", "d.csv.part", "done", "refused"])
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  private static let strange: [(line: String, sentence: String)] = [
    ("shop {", "reading JSON at byte 1: "), ("shop 7", "a request says what to do or what to list"),
    (#"shop {"list":"pay"}"#, "there is no list of \"pay\""),
    (#"shop {"do":"stop"}"#, "nobody can do \"stop\""),
    (#"shop {"do":"order"}"#, "an object with \"orderId\" is wanted"),
    (#"shop {"do":"order","order":{"orderId":1}}"#, "at orderId: a text of 1 to 64 bytes"),
    (#"shop {"do":"classify","stop":"x-1","reason":"y"}"#, "\"x-1\" is no stop of a machine here"),
    (#"shop {"do":"hold","kind":"hall","name":"1"}"#, "a hold wants a kind"),
    (#"shop {"do":"release","number":0}"#, "a number is wanted"),
    (
      "shop {\"do\":\"release\",\"by\":\"\(String(repeating: "x", count: 64))\"}",
      "--by: give 1 to "
    ),
    ("outcome x", "\"x\" is no ticket"), ("outcome 99", "ticket 99 is unknown"),
    ("shop", "\"shop\" is no question; there is: "),
  ]

  @Test func `what is no request gets a sentence`() throws {
    let (site, gateway) = try running()
    for (line, sentence) in Self.strange {
      let until = SystemClock().now() + .seconds(5)
      let bytes = try UnixSocketClient.ask(
        path: site.scratch["takt.sock"], line: line, until: until)
      let error = try JSONValue(parsing: bytes)["error"]?.string
      #expect(error?.contains(sentence) == true, "\(line): \(error ?? "-")")
    }
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `one that is still being written is waited for`() throws {
    let (site, gateway) = try running()
    let path = site.orders + "/slow.json"
    var text = "["
    try Files.create(path, with: Array(text.utf8))
    // Changed at each of the gateway's looks, it is never taken half.
    let clock = SystemClock()
    let end = clock.now() + .seconds(7)
    while clock.now() < end {
      text += " "
      let file = open(path, O_WRONLY | O_TRUNC)
      _ = text.withCString { write(file, $0, text.utf8.count) }
      close(file)
      poll(nil, 0, 50)
      #expect(try Files.status(path) != nil, "taken while it was written")
    }
    let why = try site.waitForFile(site.orders + "/refused/slow.json.txt")
    #expect(why.contains("column \(text.utf8.count + 1): the text ends where a value"), "\(why)")
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }
}
