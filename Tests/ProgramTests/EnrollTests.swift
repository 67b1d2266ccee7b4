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
