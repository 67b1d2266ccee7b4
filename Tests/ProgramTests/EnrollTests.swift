// takt enroll: what it makes, what OpenSSL says to it, and the number on both ends of the phone.

import Foundation
import LinuxEdge
import Primitives
import Testing

@Suite("takt enroll") struct EnrollTests {
  private func number(_ run: Run) throws -> String {
    try #require(run.code == 0, "\(run)")
    let tree = try JSONValue(parsing: Array(run.output.utf8))
    return try #require(tree["number"]?.string)
  }

  @Test func `the request is one, the number is the same on both ends, and keys stay`() throws {
    let site = try RunSite()
    let scratch = site.scratch
    try Files.remove(scratch["gateway.key"])
    try Files.remove(scratch["jwks.json"])
    let enroll = ["enroll", "--config", scratch["takt.json5"], "--json"]
    let first = try number(RunningProgram(enroll).end())
    #expect(first.wholeMatch(of: /(\d{5} ){5}\d{5}/) != nil, "\(first)")
    for key in ["gateway.key", "client.key"] {
      #expect(try Files.status(scratch[key])?.mode == 0o600)
    }
    let key = try Files.read(scratch["gateway.key"])
    #expect(try number(RunningProgram(enroll).end()) == first)
    #expect(try Files.read(scratch["gateway.key"]) == key)

    let office = ["enroll", scratch["jwks.json"], scratch["client.csr"], "--json"]
    #expect(try number(RunningProgram(office).end()) == first)
    let said = try Program.call(
      "/usr/bin/openssl", ["req", "-in", scratch["client.csr"], "-noout", "-verify", "-text"])
    #expect(said.code == 0, "\(said)")
    for part in ["O = acme", "OU = ulm", "CN = gw-1", "TLS Web Client Authentication"] {
      #expect(said.output.contains(part), "\(said.output)")
    }

    // Another key on the way is another number.
    try Files.remove(scratch["client.key"])
    let stranger = try number(RunningProgram(enroll).end())
    #expect(stranger != first)
  }

  /// What Debian's zbar reads in half blocks, each module drawn as 4 × 4 points.
  private func read(_ lines: [Substring], _ scratch: Scratch) throws -> Run {
    var rows: [String] = []
    for line in lines {
      for isUpper in [true, false] {
        let row = line.map { block -> String in
          let isLight = block == "█" || block == (isUpper ? "▀" : "▄")
          return String(repeating: isLight ? "0 " : "1 ", count: 4)
        }
        rows += Array(repeating: row.joined(), count: 4)
      }
    }
    let width = (lines.first?.count ?? 0) * 4
    let picture = "P1\n\(width) \(rows.count)\n" + rows.joined(separator: "\n") + "\n"
    try Files.replace(scratch["code.pbm"], with: Array(picture.utf8))
    return try Program.call(
      "/usr/bin/zbarimg",
      [
        "--raw", "--quiet", "--set", "*.enable=0", "--set", "qrcode.enable=1",
        scratch["code.pbm"],
      ])
  }

  @Test func `the number is a QR code that a reader reads, and only where it is wanted`() throws {
    let site = try RunSite()
    let enroll = ["enroll", "--config", site.scratch["takt.json5"]]
    let plain = try RunningProgram(enroll).end()
    #expect(plain.code == 0 && !plain.output.contains("█"), "a pipe gets no picture")
    let drawn = try RunningProgram(enroll + ["--qr"]).end()
    let lines = drawn.output.split(separator: "\n").filter { $0.contains("█") }
    let line = try #require(drawn.output.split(separator: "\n").first { $0.hasPrefix("number") })
    let number = line.dropFirst("number".count).drop { $0 == " " }
    let seen = try read(lines, site.scratch)
    #expect(seen.output == "takt gw-1 \(number)\n", "\(seen)\(drawn.output)")
    #expect(!drawn.output.contains("\u{1B}"), "colours are for terminals")
    #expect(try !RunningProgram(enroll + ["--qr", "--json"]).end().output.contains("█"))
    // script(1) gives it a terminal: the code comes by itself, dark on light.
    let words = ([Program.path] + enroll).map { "'\($0)'" }.joined(separator: " ")
    let seenThere = try Program.call("/usr/bin/script", ["-qec", words, "/dev/null"])
    #expect(seenThere.output.contains("\u{1B}[40;97m█████"), "\(seenThere)")
  }

  @Test func `codes of every size are read, full and nearly empty`() throws {
    let scratch = try Scratch()
    for count in [1, 14, 15, 42, 62, 84, 106, 107, 122, 152, 180, 181, 213] {
      let text = String(repeating: "takt gw-01 12345 ", count: 13).prefix(count - 1) + "."
      let code = try #require(QRCode(Array(text.utf8)))
      let seen = try read(code.lines.map { $0[...] }, scratch)
      #expect(seen.output == text + "\n", "\(count) bytes: \(seen)")
    }
  }

  @Test func `a request that was changed on the way is refused`() throws {
    let site = try RunSite()
    let scratch = site.scratch
    _ = try number(RunningProgram(["enroll", "--config", scratch["takt.json5"], "--json"]).end())
    var lines = String(decoding: try Files.read(scratch["client.csr"]), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    let line = lines[lines.count - 3]
    lines[lines.count - 3] = (line.first == "A" ? "B" : "A") + line.dropFirst()
    try Files.replace(scratch["client.csr"], with: Array(lines.joined(separator: "\n").utf8))
    let run = try Program.run("enroll", scratch["jwks.json"], scratch["client.csr"])
    #expect(run.code == 4)
    #expect(run.errors.contains("no proper certificate request"), "\(run)")
  }
}
