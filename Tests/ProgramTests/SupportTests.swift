// takt support: what is in the archive, what is not, and that no secret gets through.

import Foundation
import LinuxEdge
import Primitives
import Testing

@testable import takt

@Suite("takt support") struct SupportTests {
  /// A site with secrets in every place where somebody could have put one.
  private func site() throws -> RunSite {
    let site = try RunSite()
    try Files.create(site.scratch["token"], with: Array("tok-4711-planted\n".utf8), mode: 0o600)
    try Files.create(
      site.scratch["proxy"], with: Array("proxyuser:pass-0815-planted\n".utf8), mode: 0o600)
    try site.change(
      "caFile:",
      "bearerFile: \"\(site.scratch["token"])\", proxy: { host: \"127.0.0.1\", port: 9,"
        + " credentialsFile: \"\(site.scratch["proxy"])\" }, caFile:")
    let path = site.scratch["takt.json5"]
    let text = String(decoding: try Files.read(path), as: UTF8.self)
    try Files.replace(path, with: Array("// password: comment-1234-planted\n\(text)".utf8))
    return site
  }

  private static let planted = [
    "tok-4711-planted", "pass-0815-planted", "comment-1234-planted", "PRIVATE KEY",
    "BEGIN CERTIFICATE",
  ]

  @Test func `F57: planted secrets are not in it, with the gateway running and without`() throws {
    let site = try site()
    let path = site.scratch["takt.json5"]
    let key = String(decoding: try Files.read(site.scratch["gateway.key"]), as: UTF8.self)
    let secrets =
      Self.planted + key.split(separator: "\n").map(String.init).filter { $0.count > 20 }
    let alone = try Program.run("support", "--config", path, "--out", site.scratch["a.tar"])
    #expect(alone.code == 0, "\(alone)")
    let gateway = try site.startGateway()
    try site.wait { $0.machineState == "running" }
    let beside = try Program.run("support", "--config", path, "--out", site.scratch["b.tar"])
    #expect(beside.code == 0, "\(beside)")
    for name in ["a.tar", "b.tar"] {
      let bytes = try Files.read(site.scratch[name], limit: 64 << 20)
      let text = String(decoding: bytes, as: UTF8.self)
      for secret in secrets { #expect(!text.contains(secret), "\(name) holds \(secret)") }
      #expect(try Files.status(site.scratch[name])?.mode == 0o600)
    }
    #expect(gateway.process > 0)
  }

  @Test func `tar unpacks it, and its manifest says what is in it and what is not`() throws {
    let site = try site()
    let gateway = try site.startGateway()
    try site.wait { $0.machineState == "running" }
    let out = site.scratch["support.tar"]
    let run = try Program.run(
      "support", "--config", site.scratch["takt.json5"], "--out", out, "--json")
    let json = try JSONValue(parsing: Array(run.output.utf8))
    let names = (json["files"]?.array ?? []).compactMap { $0["name"]?.string }
    #expect(
      names == [
        "doctor.txt", "status.json", "status.txt", "log.json", "configuration.json", "plan.json",
        "journal.txt", "system.txt", "version.txt",
      ])
    try Files.makeDirectory(site.scratch["unpacked"])
    let tar = try Program.call("/bin/tar", ["-xf", out, "-C", site.scratch["unpacked"]])
    #expect(tar.code == 0 && tar.errors.isEmpty, "\(tar)")
    let folder = try #require(try Files.list(site.scratch["unpacked"]).first)
    func text(_ name: String) throws -> String {
      let path = site.scratch["unpacked"] + "/" + folder + "/" + name
      return String(decoding: try Files.read(path, limit: 8 << 20), as: UTF8.self)
    }
    for name in names { #expect(try text("MANIFEST.txt").contains(name), "\(name)") }
    #expect(try text("MANIFEST.txt").contains("keys, certificates, secret files"))
    #expect(try text("status.txt").contains("gateway gw-1"))
    #expect(try text("doctor.txt").contains("bus hall"))
    #expect(try text("log.json").contains("T-102"))
    #expect(try text("system.txt").contains("/proc/meminfo"))
    // Never over a file that is there.
    let again = try Program.run("support", "--config", site.scratch["takt.json5"], "--out", out)
    #expect(again.code == 4, "\(again)")
    #expect(gateway.process > 0)
  }

  @Test func `F57: secrets go by name, by value and by form, and nothing else does`() throws {
    let redaction = SupportRedaction(secrets: ["abc", "s3cr3t-value"])
    let document = try JSONValue(
      parsing: Array(
        """
        {"password":"x","oauth":{"clientSecret":"y","clientSecretFile":"/etc/takt/secret"},
        "url":"https://u:p@mes.example/e","note":"it is s3cr3t-value","abc":"abc","token":7}
        """.utf8))
    #expect(
      redaction.clean(document).canonicalText
        == "{\"abc\":\"abc\",\"note\":\"it is [left out]\","
        + "\"oauth\":{\"clientSecret\":\"[left out]\",\"clientSecretFile\":\"/etc/takt/secret\"},"
        + "\"password\":\"[left out]\",\"token\":\"[left out]\","
        + "\"url\":\"https://[left out]@mes.example/e\"}")
    for (text, clean) in [
      ("Authorization: Bearer abcdefgh12345", "Authorization: Bearer [left out]"),
      ("answered 401 to password=hunter2 today", "answered 401 to password=[left out] today"),
      ("x -----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY----- y", "x [left out] y"),
      ("-----BEGIN PRIVATE KEY-----\ncut off", "[left out]"),
      ("unit 7: no answer within 500ms", "unit 7: no answer within 500ms"),
    ] { #expect(redaction.clean(text) == clean) }
  }

  @Test func `it is bounded, and what was cut is marked`() {
    var archive = SupportArchive(
      folder: "f", redaction: SupportRedaction(secrets: []), WallTime(milliseconds: 0))
    let large = String(repeating: "x", count: SupportLimits.fileBytes + 7)
    for index in 0..<8 { archive.add("\(index).txt", large, "large") }
    #expect(archive.finished().count < SupportLimits.totalBytes + 64 << 10)
    #expect(archive.manifest.contains("0.txt  1.0 MiB  large (cut)"))
    #expect(archive.manifest.contains("7.txt  the archive is full"))
  }
}

@Suite("Every subcommand") struct EverySubcommandTests {
  /// Those that print no facts, and why.
  private static let without = [
    "run": "its log has fields", "watch": "a picture; status has the facts",
    "simulate": "it is a device", "receive": "it prints events, and writes them as they are",
  ]

  @Test func `what prints facts prints them as JSON too, and every help has its parts`() throws {
    for command in commands {
      let run = try Program.run(command, "--help")
      #expect(run.code == 0, "\(command)")
      for part in ["Usage: takt \(command)", "Options\n", "Exit codes\n"] {
        #expect(run.output.contains(part), "\(command): \(run.output)")
      }
      let hasJSON = run.output.contains("--json")
      #expect(hasJSON != (Self.without[command] != nil), "\(command): --json")
    }
  }

  private var commands: [String] { takt.Program.commands.map(\.name) }
}
