// A gateway that takes bundles, and a head office that makes them with the program itself.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

/// A site with an online and a root key, and "remote" in a fragment of its own.
final class BundleSite {
  let run: RunSite
  let inbox: String
  private var serial = 100

  init() throws {
    run = try RunSite()
    inbox = run.scratch["state"] + "/inbox"
    for name in ["office", "root", "stranger"] {
      try expectOK(Program.run("bundle", "keygen", "--out", run.scratch["\(name).key"]))
    }
    try Files.makeDirectory(run.scratch["conf.d"])
    try Files.replace(
      run.scratch["conf.d/remote.json5"],
      with: Array(
        """
        { remote: { keys: [{ name: "office", key: "\(try publicKey("office"))" }],
          root: "\(try publicKey("root"))", probation: "10s" } }
        """.utf8))
  }

  func publicKey(_ name: String) throws -> String {
    let text = String(decoding: try Files.read(run.scratch["\(name).pub"]), as: UTF8.self)
    return String(try #require(text.split(separator: "\n").last))
  }

  /// Makes and signs a bundle of one fragment; the path of it.
  func make(_ text: String, key: String = "office", serial: Int? = nil) throws -> String {
    self.serial = serial ?? self.serial + 1
    let directory = run.scratch["bundle-\(self.serial)-\(key)"]
    try Files.makeDirectory(directory)
    try Files.makeDirectory(directory + "/conf.d")
    try Files.replace(directory + "/conf.d/10.json5", with: Array(text.utf8))
    let out = run.scratch["\(self.serial)-\(key).takt-bundle"]
    try expectOK(
      Program.run(
        "bundle", "make", directory, "--out", out, "--serial", "\(self.serial)", "--gateways",
        "gw-1", "--key", run.scratch["\(key).key"], "--force"))
    return out
  }

  /// Brings a file and its signature as a careful copier does; the file first.
  func drop(_ path: String) throws {
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    for ending in ["", ".minisig"] {
      try Files.replace(inbox + "/." + name, with: try Files.read(path + ending, limit: 1 << 24))
      try Files.move(inbox + "/." + name, to: inbox + "/" + name + ending)
    }
  }

  func start() throws -> RunningProgram {
    let gateway = try run.startGateway()
    try run.wait { $0["machines"]?.array?.first?["state"]?.string == "running" }
    let deadline = SystemClock().now() + .seconds(60)
    while try Files.status(inbox + "/refused") == nil, SystemClock().now() < deadline {
      poll(nil, 0, 20)
    }
    return gateway
  }

  /// What `takt config list --json` says.
  func list() throws -> JSONValue {
    let run = try Program.run("config", "list", "--json", "--config", run.scratch["takt.json5"])
    try #require(run.code == 0, "\(run.errors)")
    return try JSONValue(parsing: Array(run.output.utf8))
  }

  /// The state of one kept bundle.
  func state(_ serial: Int, _ document: JSONValue) -> String? {
    document["bundles"]?.array?.first { $0["serial"]?.integer == Int64(serial) }?["state"]?.string
  }

  /// Waits until the list is as it should be, for two minutes at most.
  @discardableResult
  func waitForList(_ isWanted: (JSONValue) -> Bool) throws -> JSONValue {
    let deadline = SystemClock().now() + .seconds(120)
    var last = try list()
    while !isWanted(last) {
      try #require(SystemClock().now() < deadline, "it never became so: \(last.canonicalText)")
      poll(nil, 0, 200)
      last = try list()
    }
    return last
  }

  @discardableResult
  func expectOK(_ run: Run) throws -> Run {
    try #require(run.code == 0, "\(run.output)\(run.errors)")
    return run
  }
}
