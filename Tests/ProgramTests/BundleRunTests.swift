// Bundles at a running gateway: taken, refused, taken back, and interrupted by SIGKILL.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("Bundles at a running gateway", .serialized) struct BundleRunTests {
  @Test func `F52: a signed bundle is applied, kept, and does nothing the second time`() throws {
    let site = try BundleSite()
    let gateway = try site.start()
    let bundle = try site.make("{ health: { interval: \"2min\" } }")
    try site.drop(bundle)
    let list = try site.waitForList { site.state(101, $0) == "holds" }
    #expect(list["local"]?.string == "before")
    let diff = try Program.run("config", "diff", "--config", site.run.scratch["takt.json5"])
    #expect(diff.output == "~ health.interval: \"1min\" -> \"2min\"\n", "\(diff)")

    try site.drop(bundle)
    let line = gateway.line(holding: "is bundle 101 once more")
    #expect(line != nil)

    // Going back by hand is watched too; local files are good without a proof.
    let back = try Program.run("config", "rollback", "--config", site.run.scratch["takt.json5"])
    #expect(back.code == 0, "\(back)")
    try site.waitForList { $0["holds"]?.string == "local" }
    #expect(site.state(101, try site.list()) == "before")
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)

    // What held before the stop holds after it.
    let again = try site.start()
    #expect(try site.list()["holds"]?.string == "local")
    again.signal(SIGTERM)
    #expect(again.end().code == 0)
  }

  @Test func `F51: a deadly bundle is taken back within 30 s, the journal goes on`() throws {
    let site = try BundleSite()
    let gateway = try site.start()
    let before = try site.run.wait { $0["journal"]?["sequence"]?.integer ?? 0 > 0 }
    let nothing = try BlackHole(listens: false).port
    let bundle = try site.make(
      "{ buses: [{ name: \"hall\", host: \"127.0.0.1\", port: \(nothing) }] }")
    try site.drop(bundle)
    #expect(gateway.line(holding: "was applied") != nil)
    let applied = SystemClock().now()
    let line = gateway.line(holding: "was taken back")
    let took = SystemClock().now() - applied
    #expect(line?.contains("bundle 101") == true, "\(line ?? "-")")
    #expect(took < .seconds(30), "\(took.text)")
    let list = try site.waitForList { site.state(101, $0)?.hasPrefix("failed: ") == true }
    #expect(list["holds"]?.string == "local")
    let after = try site.run.wait {
      $0["machines"]?.array?.first?["state"]?.string == "running"
    }
    #expect(after["journal"]?["epoch"] == before["journal"]?["epoch"])
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `what is not right is put aside with the reason, and nothing changes`() throws {
    let site = try BundleSite()
    let gateway = try site.start()
    try site.drop(try site.make("{ health: { interval: \"2min\" } }", key: "stranger"))
    let why = try site.run.waitForFile(site.inbox + "/refused/101-stranger.takt-bundle.why")
    #expect(why.contains("which is not known here"), "\(why)")
    try site.drop(try site.make("{ gateway: { name: \"other\" } }"))
    let failed = try site.waitForList { site.state(102, $0)?.hasPrefix("failed: ") == true }
    #expect(failed["holds"]?.string == "local")
    let line = try #require(gateway.line(holding: "whom it believes"))
    #expect(line.contains("conf.d/10.json5:1:"), "\(line)")
    // Without its signature it is left alone, and so is a half of rsync.
    try Files.replace(site.inbox + "/x.takt-bundle", with: [1])
    try Files.replace(site.inbox + "/.y.takt-bundle.a1B2", with: [1])
    let old = try site.make("{ health: { interval: \"3min\" } }", serial: 99)
    try site.drop(old)
    let behind = try site.run.waitForFile(site.inbox + "/refused/99-office.takt-bundle.why")
    #expect(behind.contains("its serial number 99 is behind 102"), "\(behind)")
    #expect(try Files.status(site.inbox + "/x.takt-bundle") != nil)
    #expect(try Files.status(site.inbox + "/.y.takt-bundle.a1B2") != nil)
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `F51: SIGKILL while a bundle is on trial, and three times is enough`() throws {
    let site = try BundleSite()
    var gateway = try site.start()
    try site.drop(try site.make("{ health: { interval: \"2min\" } }"))
    for _ in 1...3 {
      #expect(gateway.line(holding: "bundle 101 (signed by ") != nil)
      gateway.signal(SIGKILL)
      _ = gateway.end()
      gateway = try site.run.startGateway()
    }
    #expect(gateway.line(holding: "bundle 101 is given up: the gateway ended 3 times") != nil)
    try site.run.wait { $0["machines"]?.array?.first?["state"]?.string == "running" }
    #expect(try site.list()["holds"]?.string == "local")
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `the root key's statement changes who signs, at the running gateway`() throws {
    let site = try BundleSite()
    let gateway = try site.start()
    let statement = site.run.scratch["new.takt-keys"]
    try site.expectOK(
      Program.run(
        "bundle", "keys", site.run.scratch["stranger.pub"], "--out", statement, "--gateways", "*",
        "--key", site.run.scratch["root.key"]))
    try site.drop(statement)
    #expect(gateway.line(holding: "bundles are signed by ") != nil)
    try site.drop(try site.make("{ health: { interval: \"2min\" } }"))
    let why = try site.run.waitForFile(site.inbox + "/refused/101-office.takt-bundle.why")
    #expect(why.contains("which is not known here"), "\(why)")
    try site.drop(try site.make("{ health: { interval: \"2min\" } }", key: "stranger", serial: 1))
    try site.waitForList { site.state(1, $0) == "holds" }
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }
}

@Suite("Bundles that the gateway fetches") struct BundlePullRunTests {
  /// Serves the files of a directory over TLS, with tags; prints its port.
  private static let server = """
    import http.server, ssl, sys
    class Files(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            with open(sys.argv[1] + self.path, "rb") as file: body = file.read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"43"')
            self.end_headers()
            self.wfile.write(body)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1] + "/good.pem", sys.argv[1] + "/good.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print("port", server.server_port, file=sys.stderr, flush=True)
    server.serve_forever()
    """

  @Test func `a bundle is fetched over HTTPS by the gateway itself, and judged like any other`()
    throws
  {
    let site = try BundleSite()
    let scratch = site.run.scratch
    let path = try site.make("{ health: { interval: \"2min\" } }")
    try Files.replace(scratch["server.py"], with: Array(Self.server.utf8))
    let server = try RunningProgram([scratch["server.py"], scratch.path], path: "/usr/bin/python3")
    let line = try #require(server.line(holding: "port "))
    let port = try #require(line.split(separator: " ").last)
    let name = try #require(path.split(separator: "/").last)
    try Files.replace(
      scratch["conf.d/pull.json5"],
      with: Array(
        """
        { remote: { pull: { url: "https://127.0.0.1:\(port)/\(name)", interval: "1min",
          caFile: "\(scratch["ca.pem"])" } } }
        """.utf8))
    let gateway = try site.start()
    try site.waitForList { site.state(101, $0) == "holds" }
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
    server.signal(SIGTERM)
    _ = server.end()
  }
}
