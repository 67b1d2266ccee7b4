// takt receive as a process, with curl as its client over real TLS.

import Events
import Foundation
import Glibc
import LinuxEdge
import OpenSSLEdge
import Primitives
import Testing

@Suite("takt receive") struct ReceiveTests {
  let scratch: Scratch
  let notary: ES256Notary
  let certificates: BenchCertificates

  init() throws {
    scratch = try Scratch()
    notary = try ES256Notary.ephemeral()
    try notary.jwks().write(to: scratch["jwks.json"])
    certificates = try BenchCertificates.make(
      directory: scratch.path, hosts: ["localhost", "127.0.0.1"])
  }

  /// The least that the receiver must be told.
  var words: [String] {
    [
      "receive", "--listen", "127.0.0.1:0", "--certificate", certificates.certificateFile,
      "--key", certificates.keyFile, "--jwks", scratch["jwks.json"], "--out", scratch["out"],
    ]
  }

  /// A running receiver and its address.
  func start(_ more: String...) throws -> (RunningProgram, url: String) {
    let program = try RunningProgram(words + more)
    let line = try #require(program.line(holding: "listening on "), "\(program.end())")
    return (program, url: String(line.dropFirst("listening on ".count)) + "/events")
  }

  /// Posts with curl over TLS; the status is 0 when no answer came.
  @discardableResult
  func post(
    _ url: String, _ body: [UInt8], type: String = "application/cloudevents-batch+json",
    _ fields: String...
  ) throws -> (status: Int, body: String) {
    var random = SystemRandom()
    let file = scratch["body-\(random.next())"]
    try Files.replace(file, with: body)
    let digest = "Content-Digest: sha-256=:\(Base64.encode(SHA256.digest(body))):"
    var words = ["-sS", "--cacert", certificates.caFile, "--data-binary", "@" + file]
    words += ["-H", "Content-Type: " + type, "-w", "\n%{http_code}", url]
    for field in fields.isEmpty ? [digest] : fields { words += ["-H", field] }
    let run = try Program.call("/usr/bin/curl", words)
    let parts = run.output.split(separator: "\n", omittingEmptySubsequences: false)
    return (Int(parts.last ?? "") ?? 0, parts.dropLast().joined(separator: "\n"))
  }

  func stop(_ program: RunningProgram) -> Run {
    program.signal(SIGTERM)
    return program.end()
  }

  func stored() throws -> [UInt8] { try Files.read(scratch["out"], limit: 1 << 24) }

  @Test func `events are verified, stored as sent, shown, and copies dropped`() throws {
    var mill = try EventMill(notary: notary)
    let events = [try mill.stop(), try mill.count(good: 3), try mill.count(good: 4)]
    let (program, url) = try start()
    let first = try post(url, Array(events[..<2]).batch)
    #expect(first == (200, #"{"duplicates":0,"stored":2}"#))
    let second = try post(url, events.batch)
    #expect(second == (200, #"{"duplicates":2,"stored":1}"#))
    #expect(try stored() == events.lines)
    let run = stop(program)
    #expect(run.code == 0)
    #expect(
      run.output == """
        07:15:30.250  press-1     stop ended          12 Guard door open  34.2 s  #1 ✓
        07:15:30.250  press-1     production count    +3 good  +1 scrap  total 999  reset  #2 ✓
        07:15:30.250  press-1     production count    +4 good  +1 scrap  total 999  reset  #3 ✓
        3 events stored, 2 duplicates dropped, 0 out of place, 0 refused

        """)
  }

  @Test func `one event alone is taken too, and after a restart the chain goes on`() throws {
    var mill = try EventMill(notary: notary)
    let events = try mill.counts(3)
    let single = "application/cloudevents+json"
    let (program, url) = try start()
    #expect(try post(url, events[0], type: single).status == 200)
    #expect(stop(program).code == 0)
    // What a crash in the middle of a line leaves behind.
    try Files.replace(scratch["out"], with: [events[0]].lines + events[1].prefix(100))
    let (again, next) = try start("--events", "3")
    #expect(try post(next, Array(events[..<2]).batch).body == #"{"duplicates":1,"stored":1}"#)
    #expect(try post(next, events[2], type: single).status == 200)
    let run = again.end()
    #expect(run.code == 0, "\(run)")
    #expect(try stored() == events.lines)
  }

  @Test func `a forged event is refused, its neighbours are not`() throws {
    var mill = try EventMill(notary: notary)
    var events = try mill.counts(2)
    let forged = events[1].replacing("\"goodQuantity\":1", with: "\"goodQuantity\":2")
    let (program, url) = try start("--quiet")
    let mixed = try post(url, [events[0], forged].batch)
    #expect(mixed.status == 207)
    #expect(mixed.body.hasPrefix(#"[{"status":200},{"error":"checking event 2: the signature"#))
    #expect(try post(url, [forged].batch).status == 422)
    #expect(try post(url, [events.removeLast()].batch).status == 200)
    let run = stop(program)
    #expect(run.code == 1)
    #expect(run.output.contains("✗ refused: checking event 2: the signature does not fit"))
    #expect(run.output.contains("2 events stored"))
    #expect(run.output.contains("2 refused"))
  }

  @Test func `a gap is stored and told loudly, or refused when strict`() throws {
    var mill = try EventMill(notary: notary)
    let events = try mill.counts(4)
    let (program, url) = try start()
    #expect(try post(url, [events[0], events[3]].batch).status == 200)
    let run = stop(program)
    #expect(run.code == 1)
    #expect(run.output.contains("✗ checking event 4: events 2 to 3 are missing"))
    #expect(run.output.contains("1 out of place"))

    try Files.remove(scratch["out"])
    let (strict, address) = try start("--strict")
    #expect(try post(address, [events[0], events[3]].batch).status == 503)
    #expect(try post(address, events.batch).status == 200)
    #expect(stop(strict).code == 0)
    #expect(try stored() == events.lines)
  }

  @Test func `filtered streams have gaps only where Takt-Previous says so`() throws {
    var mill = try EventMill(notary: notary)
    let events = try mill.counts(9)
    let (program, url) = try start("--filtered")
    #expect(try post(url, [events[1], events[4]].batch, "Takt-Previous: 0").status == 200)
    #expect(try post(url, [events[6]].batch, "Takt-Previous: 5").status == 200)
    #expect(try post(url, [events[8]].batch, "Takt-Previous: 8").status == 200)
    let run = stop(program)
    #expect(run.output.contains("✗ checking event 9: event 8 was due before it and is missing"))
    #expect(run.output.contains("4 events stored"))
    #expect(run.output.contains("1 out of place"))
    #expect(run.code == 1)
  }

  @Test func `failing on request stores nothing`() throws {
    var mill = try EventMill(notary: notary)
    let (program, url) = try start("--fail", "503", "--rate", "1")
    #expect(try post(url, try mill.counts(1).batch).status == 503)
    #expect(try stored() == [])
    #expect(stop(program).code == 0)
  }

  @Test func `a share of failures leaves no gap and no copy when the sender repeats`() throws {
    var mill = try EventMill(notary: notary)
    let events = try mill.counts(12)
    let (program, url) = try start("--fail", "500", "--rate", "0.3", "--drop-answers", "0.3")
    var statuses: [Int: Int] = [:]
    for event in events {
      while true {
        let status = try post(url, [event].batch).status
        statuses[status, default: 0] += 1
        if status == 200 { break }
      }
    }
    let run = stop(program)
    #expect(run.code == 0, "\(run)")
    #expect(statuses[200] == 12)
    #expect(statuses[500, default: 0] > 0)
    #expect(statuses[0, default: 0] > 0)
    #expect(try stored() == events.lines)
  }

  @Test func `a dropped answer has stored its events`() throws {
    var mill = try EventMill(notary: notary)
    let events = try mill.counts(2)
    let (program, url) = try start("--drop-answers", "1")
    #expect(try post(url, events.batch).status == 0)
    #expect(try stored() == events.lines)
    #expect(stop(program).code == 0)
  }

  @Test func `a delayed answer comes, and other clients do not wait for it`() throws {
    var mill = try EventMill(notary: notary)
    let (program, url) = try start("--delay", "20ms")
    #expect(try post(url, try mill.counts(2).batch).status == 200)
    #expect(stop(program).code == 0)
  }

  @Test func `a file that takes no more is answered with 503, and holds whole lines only`() throws {
    var mill = try EventMill(notary: notary)
    let events = try mill.counts(8)
    // A limit of 4 KiB holds three events and a part of the fourth.
    let program = try RunningProgram(
      ["-c", "ulimit -f 4; exec \"$0\" \"$@\"", Program.path] + words, path: "/bin/bash")
    let line = try #require(program.line(holding: "listening on "))
    let url = String(line.dropFirst("listening on ".count))
    let statuses = try events.map { try post(url, [$0].batch).status }
    let count = statuses.prefix { $0 == 200 }.count
    #expect((2..<8).contains(count))
    #expect(statuses.dropFirst(count).allSatisfy { $0 == 503 })
    #expect(try stored() == Array(events.prefix(count)).lines)
    #expect(stop(program).output.contains("file too large; raise LimitFSIZE (EFBIG)"))
    let (again, next) = try start()
    #expect(try post(next, events.batch).status == 200)
    #expect(try stored() == events.lines)
    #expect(stop(again).code == 0)
  }

  @Test func `with a client authority only its clients are let in`() throws {
    var mill = try EventMill(notary: notary)
    let authority = try CertifiedKey(
      CertificateRequest(commonName: "clients", purpose: .authority))
    let client = try CertifiedKey(
      CertificateRequest(commonName: "gw-1", purpose: .client), issuer: authority)
    try Files.create(scratch["clients.pem"], with: authority.certificatePEM)
    try Files.create(scratch["gw-1.pem"], with: client.certificatePEM + client.keyPEM())
    let (program, url) = try start("--client-ca", scratch["clients.pem"])
    let body = try mill.counts(1).batch
    #expect(try post(url, body).status == 0)
    try Files.create(scratch["body"], with: body)
    let type = "Content-Type: application/cloudevents-batch+json"
    let run = try Program.call(
      "/usr/bin/curl",
      [
        "-sS", "--cacert", certificates.caFile, "--cert", scratch["gw-1.pem"], "-H", type,
        "--data-binary", "@" + scratch["body"], url,
      ])
    #expect(run.output == #"{"duplicates":0,"stored":1}"#, "\(run)")
    #expect(stop(program).code == 0)
  }

  @Test func `requests that are none of ours get the status that says why`() throws {
    let (program, url) = try start()
    let digest = "Content-Digest: sha-256=:\(Base64.encode(SHA256.digest([1]))):"
    #expect(try post(url, Array("[]".utf8), digest).status == 400)
    #expect(try post(url, Array("[]".utf8)).status == 200)
    #expect(try post(url, Array("[]".utf8), type: "text/plain").status == 415)
    #expect(try post(url, Array("[1]".utf8)).status == 400)
    #expect(try post(url, Array("[{}".utf8)).status == 400)
    #expect(try post(url, Array(repeating: 32, count: 3 << 20)).status == 413)
    let get = try Program.call(
      "/usr/bin/curl",
      ["-s", "--cacert", certificates.caFile, "-o", "/dev/null", "-w", "%{http_code}", url])
    #expect(get.output == "405")
    #expect(stop(program).code == 0)
  }

  @Test func `a client that does not trust the certificate is named, and others are served`() throws
  {
    var mill = try EventMill(notary: notary)
    let (program, url) = try start()
    let stranger = try Program.call("/usr/bin/curl", ["-sS", "--data", "[]", url])
    #expect(stranger.code == 60)
    #expect(try post(url, try mill.counts(1).batch).status == 200)
    let run = stop(program)
    #expect(run.output.contains("✗ a client and this server did not agree on TLS: "))
  }

  @Test func `many connections at once are served`() throws {
    var mill = try EventMill(notary: notary)
    let body = scratch["many"]
    try Files.create(body, with: try mill.counts(3).batch)
    let (program, url) = try start()
    let words = [
      "-sS", "--parallel", "--parallel-max", "50", "--cacert", certificates.caFile, "--data-binary",
      "@" + body, "-H", "Content-Type: application/cloudevents-batch+json", "-w", "%{http_code}\n",
      "-o", "/dev/null", url + "?[1-100]",
    ]
    let run = try Program.call("/usr/bin/curl", words)
    #expect(run.output.split(separator: "\n").count { $0 == "200" } == 100, "\(run)")
    #expect(stop(program).output.contains("3 events stored, 297 duplicates dropped"))
  }

  @Test func `a client that leaves before its held answer is forgotten`() throws {
    var mill = try EventMill(notary: notary)
    try Files.create(scratch["body"], with: try mill.counts(1).batch)
    let (program, url) = try start("--delay", "1h", "--events", "1")
    let type = "Content-Type: application/cloudevents-batch+json"
    let impatient = try Program.call(
      "/usr/bin/curl",
      [
        "-sS", "--max-time", "0.5", "--cacert", certificates.caFile, "-H", type, "--data-binary",
        "@" + scratch["body"], url,
      ])
    #expect(impatient.code == 28)
    let run = program.end()
    #expect(run.code == 0)
    #expect(run.output.contains("1 events stored"))
  }

  @Test func `clients that say nothing do not take the places of others`() throws {
    var mill = try EventMill(notary: notary)
    let (program, url) = try start()
    let port = try #require(URL(string: url)?.port)
    let silent = try (0..<80).map { _ in try connect(port) }
    #expect(try post(url, try mill.counts(1).batch).status == 200)
    for number in silent { close(number) }
    #expect(stop(program).code == 0)
  }

  private func connect(_ port: Int) throws -> Int32 {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(result == 0)
    return number
  }

  @Test func `escape sequences in an event do not reach the terminal`() throws {
    var mill = try EventMill(notary: notary)
    let (program, url) = try start()
    #expect(try post(url, [try mill.stop(text: "\u{1B}[2J\u{202E}x")].batch).status == 200)
    let run = stop(program)
    #expect(run.output.contains("12 ?[2J?x  34.2 s"))
    #expect(!run.output.contains("\u{1B}"))
  }

  @Test func `what cannot work is told before listening`() throws {
    let base = words
    func code(_ words: [String]) throws -> Int32 { try RunningProgram(words).end().code }
    func with(_ name: String, _ value: String) -> [String] {
      var words = base
      if let index = words.firstIndex(of: name) { words[index + 1] = value }
      return words
    }
    #expect(try code(with("--listen", "127.0.0.1")) == 64)
    #expect(try code(base + ["--rate", "0.3"]) == 64)
    #expect(try code(base + ["--fail", "503", "--rate", "3"]) == 64)
    #expect(try code(base + ["--delay", "soon"]) == 64)
    #expect(try code(with("--key", certificates.certificateFile)) == 3)
    #expect(try code(with("--certificate", scratch["none"])) == 3)
    #expect(try code(with("--jwks", scratch["none"])) == 3)
    #expect(try code(with("--out", scratch["none/out"])) == 4)
    #expect(try code(with("--listen", "192.0.2.1:0")) == 6)
    try Files.create(scratch["foreign"], with: Array("hello\n".utf8))
    let run = try RunningProgram(with("--out", scratch["foreign"])).end()
    #expect(run.code == 4)
    #expect(run.errors.contains("line 1 is no event that follows the lines before it"))
    #expect(try Files.read(scratch["foreign"]) == Array("hello\n".utf8))
  }
}
