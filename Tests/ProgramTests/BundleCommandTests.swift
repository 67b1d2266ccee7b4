// takt bundle as head office calls it, and Debian's minisign beside it.

import Foundation
import LinuxEdge
import Primitives
import Testing

@Suite("takt bundle") struct BundleCommandTests {
  private let minisign = "/usr/bin/minisign"

  /// A directory with a key pair of ours, one of minisign, and a bundle that ours signed.
  private func office() throws -> Scratch {
    let scratch = try Scratch()
    try ok(Program.run("bundle", "keygen", "--out", scratch["ours.key"]))
    let theirs = try Program.call(
      minisign, ["-G", "-W", "-p", scratch["theirs.pub"], "-s", scratch["theirs.key"]])
    try #require(theirs.code == 0, "install minisign: \(theirs)")
    try Files.makeDirectory(scratch["site"])
    try Files.replace(scratch["site/10.json5"], with: Array("{ health: {} }\n".utf8))
    try ok(
      Program.run(
        "bundle", "make", scratch["site"], "--out", scratch["a.takt-bundle"], "--serial", "43",
        "--groups", "press-shop", "--from", "2026-11-21", "--until", "2027-02-21T06:00:00Z",
        "--program", "0.1.0", "--key", scratch["ours.key"]))
    return scratch
  }

  @discardableResult
  private func ok(_ run: Run) throws -> Run {
    try #require(run.code == 0, "\(run.output)\(run.errors)")
    return run
  }

  private static let comment =
    "takt-bundle 1 serial=43 groups=press-shop from=2026-11-21T00:00:00Z"
    + " until=2027-02-21T06:00:00Z program=0.1.0 digest=blake2b512"

  @Test func `Debian's minisign accepts our signature and shows our comment`() throws {
    let scratch = try office()
    let verified = try Program.call(
      minisign, ["-V", "-m", scratch["a.takt-bundle"], "-p", scratch["ours.pub"]])
    #expect(verified.code == 0, "\(verified)")
    #expect(verified.output.contains("Trusted comment: \(Self.comment)\n"), "\(verified)")
    // And so it does when ours sign with a key of minisign.
    try ok(
      Program.run(
        "bundle", "sign", scratch["a.takt-bundle"], "--key", scratch["theirs.key"], "--force"))
    let theirs = try Program.call(
      minisign, ["-V", "-m", scratch["a.takt-bundle"], "-p", scratch["theirs.pub"]])
    #expect(theirs.code == 0, "\(theirs)")
  }

  @Test(arguments: ["ours", "theirs"])
  func `we accept a signature of Debian's minisign`(key: String) throws {
    let scratch = try office()
    let comment = try Files.read(scratch["a.takt-bundle.comment"]).dropLast()
    #expect(String(decoding: comment, as: UTF8.self) == Self.comment)
    try ok(
      Program.call(
        minisign,
        [
          "-S", "-s", scratch["\(key).key"], "-m", scratch["a.takt-bundle"], "-t",
          String(decoding: comment, as: UTF8.self),
        ]))
    let verified = try Program.run(
      "bundle", "verify", scratch["a.takt-bundle"], "--public", scratch["\(key).pub"], "--json")
    #expect(verified.code == 0, "\(verified)")
    #expect(verified.output.contains("\"serial\":43"))
    // One bit of the file, and neither of us does.
    var bytes = try Files.read(scratch["a.takt-bundle"])
    bytes[600] ^= 1
    try Files.replace(scratch["a.takt-bundle"], with: bytes)
    let refused = try Program.run(
      "bundle", "verify", scratch["a.takt-bundle"], "--public", scratch["\(key).pub"])
    #expect(refused.code == 1)
    #expect(refused.errors.contains("does not fit the file"), "\(refused)")
    let theirs = try Program.call(
      minisign, ["-V", "-m", scratch["a.takt-bundle"], "-p", scratch["\(key).pub"]])
    #expect(theirs.code != 0)
  }

  @Test func `show says what is in it and proves nothing`() throws {
    let scratch = try office()
    let shown = try ok(Program.run("bundle", "show", scratch["a.takt-bundle"]))
    #expect(shown.output.contains("  10.json5  15 bytes\n"), "\(shown)")
    #expect(shown.output.contains(Self.comment))
    #expect(shown.output.contains("nothing was verified"))
  }

  @Test func `a key that others can read, or that exists, is refused`() throws {
    let scratch = try office()
    let twice = try Program.run("bundle", "keygen", "--out", scratch["ours.key"])
    #expect(twice.code == 4)
    #expect(twice.errors.contains("it exists already; --force replaces it"), "\(twice)")
    #expect(try Files.status(scratch["ours.key"])?.mode == 0o600)
    try Files.replace(scratch["open.key"], with: try Files.read(scratch["ours.key"]), mode: 0o644)
    let open = try Program.run(
      "bundle", "sign", scratch["a.takt-bundle"], "--key", scratch["open.key"], "--force")
    #expect(open.code == 4)
    #expect(open.errors.contains("chmod 600"), "\(open)")
  }

  @Test(arguments: [
    (["bundle"], "keygen|make|keys|sign|verify|show is missing"),
    (["bundle", "mkae"], "\"mkae\" is none of keygen, make, keys, sign, verify and show"),
    (["bundle", "make"], "DIR is missing"),
    (["bundle", "make", "/nowhere", "--gateways", "a"], "listing /nowhere/"),
    (["bundle", "keys", "RWQ"], "opening RWQ"),
  ])
  func `a call that cannot be says why`(arguments: [String], why: String) throws {
    let run = try RunningProgram(arguments).end()
    #expect(run.code != 0)
    #expect(run.errors.contains(why), "\(run)")
  }
}
