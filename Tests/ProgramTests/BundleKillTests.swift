// SIGKILL exactly at the steps of applying a bundle, and SIGHUP in the middle of it.
//
// strace(1) is attached to one thread and kills the gateway at the n-th of some system calls: those
// with which the main thread makes each step durable or starts a thread, or those with which the
// recorder commits the hand-over.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

/// Which thread of the gateway is killed, at which of its system calls.
struct KillStep: Sendable, CustomTestStringConvertible {
  var thread: String
  var calls: String
  var number: Int
  /// Whether a bundle always comes so far; what lies behind may or may not happen.
  var isCertain: Bool

  var testDescription: String { "\(thread), call \(number) of \(calls)" }

  /// Two files, the directory, ratchet, trial, two files out of the inbox, the reading thread, and
  /// then the bus's new thread and what holds after the probation.
  static let main = (1...10).map {
    KillStep(
      thread: "main", calls: "rename,renameat,renameat2,clone,clone3", number: $0,
      isCertain: $0 <= 8)
  }

  /// The transaction in which the recorder goes on with the new site.
  static let recorder = (1...3).map {
    KillStep(
      thread: "recorder", calls: "pwrite64,fdatasync,fsync", number: $0, isCertain: true)
  }
}

@Suite("Bundles and the moment") struct BundleKillTests {
  /// Another way to the same PLC: the bus restarts.
  private func otherWay(_ site: BundleSite) -> String {
    "{ buses: [{ name: \"hall\", host: \"127.0.0.1\", port: \(site.run.plcPort), "
      + "connectTimeout: \"2s\" }] }"
  }

  /// The number of a thread by its name.
  private func thread(_ name: String, of process: Int32) throws -> String {
    let directory = "/proc/\(process)/task"
    for number in try Files.list(directory) {
      let bytes = try Files.read("\(directory)/\(number)/comm", limit: 64)
      if String(decoding: bytes, as: UTF8.self) == name + "\n" { return number }
    }
    throw LinuxFault("looking for thread \(name)", reason: "it is not there")
  }

  /// Whether a child has ended and only waits to be asked.
  private func isOver(_ process: Int32) -> Bool {
    let bytes = (try? Files.read("/proc/\(process)/stat", limit: 4096)) ?? []
    return String(decoding: bytes, as: UTF8.self).contains(") Z ")
  }

  /// Whether strace may trace and kill here.
  private static let canTrace =
    (try? Program.call(
      "/usr/bin/strace",
      ["--output=/dev/null", "--trace=close", "--inject=close:signal=KILL:when=1", "/bin/true"]))?
    .code == 128 + SIGKILL

  @Test(
    .enabled(if: canTrace, "strace may not trace here"),
    arguments: KillStep.main + KillStep.recorder)
  func `F51: SIGKILL at a step of applying: the site goes on, and the bundle comes to hold`(
    _ step: KillStep
  ) throws {
    let site = try BundleSite()
    let gateway = try site.start()
    let before = try site.run.wait { $0["journal"]?["sequence"]?.integer ?? 0 > 0 }
    let bundle = try site.make(otherWay(site))
    let killer = try RunningProgram(
      [
        "--quiet=none", "--output=/dev/null", "--trace=\(step.calls)",
        "--inject=\(step.calls):signal=KILL:when=\(step.number)", "--attach",
        try thread(step.thread, of: gateway.process),
      ], path: "/usr/bin/strace")
    try #require(killer.line(holding: "attached") != nil)
    try site.drop(bundle)
    var isKilled = false
    try site.waitForList {
      isKilled = isOver(gateway.process)
      return isKilled || site.state(101, $0) == "holds"
    }
    #expect(isKilled || !step.isCertain)
    gateway.signal(SIGKILL)
    #expect(gateway.end().code == 128 + SIGKILL)
    _ = killer.end()

    let again = try site.run.startGateway()
    let after = try site.run.wait { $0["machines"]?.array?.first?["state"]?.string == "running" }
    #expect(after["journal"]?["epoch"] == before["journal"]?["epoch"])
    try site.waitForList { site.state(101, $0) == "holds" }
    try site.run.wait { $0["configuration"]?["serial"]?.integer == 101 }
    // It says what it did, whether it was begun again or held already.
    if isKilled, step.number < 10 {
      #expect(again.line(holding: " was applied")?.contains("bundle 101 ") == true)
      #expect(again.line(holding: "has stood its probation") != nil)
    }
    again.signal(SIGTERM)
    #expect(again.end().code == 0)
    #expect(try Files.list(site.inbox + "/refused").isEmpty)
  }

  @Test func `SIGHUP with a wrong local file says so, and is not the fault of the bundle on trial`()
    throws
  {
    let site = try BundleSite()
    let gateway = try site.start()
    try site.drop(try site.make("{ health: { interval: \"2min\" } }"))
    #expect(gateway.line(holding: " was applied")?.contains("bundle 101 ") == true)
    let wrong = site.run.scratch["conf.d/wrong.json5"]
    try Files.replace(wrong, with: Array("{ helth: {} }".utf8))
    gateway.signal(SIGHUP)
    #expect(gateway.line(holding: "SIGHUP: ")?.contains("everything stays as it was") == true)
    try Files.remove(wrong)
    #expect(gateway.line(holding: "has stood its probation") != nil)
    let list = try site.waitForList { site.state(101, $0) == "holds" }
    #expect(list["failure"] == nil, "\(list.canonicalText)")
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `SIGHUP while a bundle is taken back means what holds then, not the bundle`() throws {
    let site = try BundleSite()
    let gateway = try site.start()
    // A host that drops everything: the thread of the bus is long inside an opening.
    let port = try DroppingPort()
    try site.drop(
      try site.make(
        "{ buses: [{ name: \"hall\", host: \"127.0.0.1\", port: \(port.port), "
          + "connectTimeout: \"8s\" }] }"))
    #expect(gateway.line(holding: "was applied") != nil)
    let applied = SystemClock().now()
    try site.run.wait { $0["configuration"]?["waitsFor"]?.string == "bus hall" }
    gateway.signal(SIGHUP)
    #expect(gateway.line(holding: " was taken back")?.contains("bundle 101 ") == true)
    let took = SystemClock().now() - applied
    #expect(took < .seconds(30), "\(took.text), although an opening takes 8 s")
    #expect(gateway.line(holding: "says what runs already") != nil)
    try site.run.wait { $0["machines"]?.array?.first?["state"]?.string == "running" }
    #expect(try site.list()["holds"]?.string == "local")
    gateway.signal(SIGTERM)
    let ended = gateway.end()
    #expect(ended.code == 0)
    #expect(ended.errors.split(separator: "\n").count { $0.contains("was applied") } == 1)
  }
}
