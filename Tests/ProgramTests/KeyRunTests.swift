// The signing key of a running gateway: changed without a restart, and handed over by systemd.

import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("Keys of takt run", .serialized) struct KeyRunTests {
  private func kids(_ path: String) throws -> [String] {
    let set = try JSONValue(parsing: try Files.read(path))
    return (set["keys"]?.array ?? []).compactMap { $0["kid"]?.string }
  }

  /// What arrived, as far as its lines are whole: the receiver may be writing.
  private func arrived(_ site: RunSite) throws -> [JSONValue] {
    let bytes = try Files.read(site.scratch["received.jsonl"])
    let whole = bytes.prefix((bytes.lastIndex(of: 10) ?? -1) + 1)
    return try whole.split(separator: 10).map { try JSONValue(parsing: Array($0)) }
  }

  /// The names of the keys that signed what arrived, in order, each once in a row.
  private func signers(_ site: RunSite) throws -> [String] {
    var names: [String] = []
    for event in try arrived(site) {
      let header = try #require(event["jws"]?.string?.split(separator: ".").first)
      let bytes = try #require(Base64.decodeURL(String(header)))
      let name = try #require(try JSONValue(parsing: bytes)["kid"]?.string)
      if names.last != name { names.append(name) }
    }
    return names
  }

  @Test func `a key is changed while the gateway runs, and everything verifies with both`() throws {
    let site = try RunSite()
    let files = ["--key", site.scratch["gateway.key"], "--jwks", site.scratch["jwks.json"]]
    // The receiver knows one key, and learns of the other when it meets it.
    let receiver = try site.startReceiver()
    let next = try RunningProgram(["keygen", "--next"] + files).end()
    #expect(next.code == 0, "\(next)")
    let names = try kids(site.scratch["jwks.json"])
    try #require(names.count == 2)
    let gateway = try site.startGateway()
    try site.wait { $0.isDelivered && $0.machineState == "running" }
    let rotated = try RunningProgram(["keygen", "--rotate"] + files).end()
    #expect(rotated.code == 0 && rotated.output.contains(names[1]), "\(rotated)")
    // The file is looked at once a second, by who signs.
    for round in 1...60 {
      if try signers(site).count > 1 { break }
      site.plc.show { $0.good = UInt16(round) }
      let before = try arrived(site).count
      let end = SystemClock().now() + .seconds(20)
      while try arrived(site).count == before, SystemClock().now() < end { poll(nil, 0, 50) }
    }
    gateway.signal(SIGTERM)
    let ended = gateway.end()
    #expect(ended.code == 0)
    #expect(ended.errors.contains("events are signed with key \(names[1]) from now on"))
    receiver.signal(SIGTERM)
    #expect(receiver.end().code == 0)
    #expect(try signers(site) == names)
    let verified = try Program.run(
      "verify", site.scratch["received.jsonl"], "--jwks", site.scratch["jwks.json"])
    #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
  }

  @Test func `a key that systemd hands over signs, and its absence is told with what to do`() throws
  {
    let site = try RunSite()
    let path = site.scratch["takt.json5"]
    let text = String(decoding: try Files.read(path), as: UTF8.self)
    try Files.replace(
      path,
      with: Array(
        text.replacing(site.scratch["gateway.key"], with: "credential:takt-key").utf8))
    let without = try RunningProgram(["run", "--config", path]).end()
    #expect(without.code == 3)
    #expect(without.errors.contains("LoadCredentialEncrypted=takt-key"), "\(without.errors)")
    try Files.makeDirectory(site.scratch["credentials"], mode: 0o700)
    try #require(rename(site.scratch["gateway.key"], site.scratch["credentials/takt-key"]) == 0)
    let receiver = try site.startReceiver()
    let gateway = try RunningProgram(
      [
        "CREDENTIALS_DIRECTORY=\(site.scratch["credentials"])", Program.path, "run", "--config",
        path,
      ],
      path: "/usr/bin/env")
    try site.wait { $0.isDelivered }
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
    receiver.signal(SIGTERM)
    #expect(receiver.end().code == 0)
    #expect(try signers(site) == kids(site.scratch["jwks.json"]))
  }
}
