import Events
import LinuxEdge
import OpenSSLEdge
import Primitives
import Testing

@Suite("takt verify") struct VerifyTests {
  let scratch: Scratch
  let notary: ES256Notary

  init() throws {
    scratch = try Scratch()
    notary = try ES256Notary.ephemeral()
    try notary.jwks().write(to: scratch["jwks.json"])
  }

  func verify(_ bytes: [UInt8], _ more: String...) throws -> Run {
    try Files.replace(scratch["events.jsonl"], with: bytes)
    return try RunningProgram(
      ["verify", scratch["events.jsonl"], "--jwks", scratch["jwks.json"]] + more
    ).end()
  }

  func events(_ number: Int) throws -> [[UInt8]] {
    var mill = try EventMill(notary: notary)
    return try mill.counts(number)
  }

  @Test func `a whole chain verifies`() throws {
    let run = try verify(try events(50).lines)
    #expect(
      run.output == """
        acme:ulm:press:line-1/gw-1  epoch 5e1f0a2b  sequence 1 to 50
        50 events verified: signatures, canonical form, sequence and chain

        """)
    #expect(run.code == 0)
  }

  @Test func `an empty file is not a verified one`() throws {
    let run = try verify([])
    #expect(run.code == 2)
    #expect(run.output.contains("is empty: there is nothing to verify"))
  }

  @Test func `every kind of forgery is named with its line`() throws {
    let good = try events(6)
    var stranger = try EventMill(notary: try ES256Notary.ephemeral())
    let cases: [([[UInt8]], Int, String)] = [
      (
        good.replacing(2, good[2].replacing("\"goodQuantity\":1", with: "\"goodQuantity\":2")), 3,
        "the signature does not fit the bytes"
      ),
      (
        good.replacing(2, good[2].replacing("{\"bootid\"", with: "{ \"bootid\"")), 3,
        "not canonical"
      ),
      (Array(good[..<3] + good[4...]), 4, "event 4 is missing"),
      (Array(good[..<2] + [good[3], good[2]] + good[4...]), 3, "event 3 is missing"),
      (try stranger.counts(1), 1, "which is not known here"),
      ([Array("{}".utf8)], 1, "member sequence"),
      ([Array("oops".utf8)], 1, "reading JSON"),
      ([Array(repeating: UInt8(ascii: "x"), count: 16_385)], 1, "longer than the 16384 bytes"),
      (Array(good[1...]), 1, "event 1 is missing"),
    ]
    for (lines, number, sentence) in cases {
      let run = try verify(lines.lines)
      #expect(run.code == 1)
      #expect(run.output.hasPrefix("line \(number): "), "\(run.output)")
      #expect(run.output.contains(sentence), "\(run.output)")
    }
  }

  @Test func `a second copy is harmless and counted`() throws {
    let good = try events(3)
    let run = try verify((good + [good[1]]).lines, "--json")
    let report = try JSONValue(parsing: Array(run.output.utf8.dropLast()))
    #expect(run.code == 0)
    #expect(report["verified"] == true)
    #expect(report["accepted"] == 3)
    #expect(report["duplicates"] == 1)
    #expect(report["findings"] == [])
    #expect(report["chains"]?.array?.first?["lastSequence"] == 3)
  }

  @Test func `the same sequence with another content is a forgery, although signed`() throws {
    var twin = try EventMill(notary: notary)
    let run = try verify((try events(2) + [try twin.count(good: 7)]).lines)
    #expect(run.code == 1)
    #expect(run.output.contains("line 3: "))
    #expect(run.output.contains("with other bytes"))
  }

  @Test func `gaps are fine in a stream that is said to be filtered`() throws {
    let good = try events(9)
    let some = [good[1], good[2], good[6]]
    #expect(try verify(some.lines).code == 1)
    #expect(try verify(some.lines, "--filtered").code == 0)
  }

  @Test func `a torn last line is named, a missing last line feed is not`() throws {
    let bytes = try events(2).lines
    #expect(try verify(bytes.dropLast()).code == 0)
    let run = try verify(bytes.dropLast(20))
    #expect(run.code == 1)
    #expect(run.output.contains("line 2: the file ends in the middle of this line"))
  }

  @Test func `only the first findings are shown, all are counted`() throws {
    let run = try verify(Array(repeating: Array("{}\n".utf8), count: 30).flatMap { $0 })
    #expect(run.output.contains("line 20: "))
    #expect(!run.output.contains("line 21: "))
    #expect(run.output.contains("and 10 more"))
    #expect(run.output.contains("30 of 30 lines did not verify"))
  }

  @Test func `files that are not there have codes of their own`() throws {
    let jwks = scratch["jwks.json"]
    let missing = try Program.run("verify", scratch["none"], "--jwks", jwks)
    #expect(missing.code == 4)
    #expect(missing.errors.contains("no such file or directory"))
    let keyless = try Program.run("verify", scratch["none"], "--jwks", scratch["no"])
    #expect(keyless.code == 3)
    #expect(try Program.run("verify", "--jwks", jwks).errors.contains("FILE is missing"))
    #expect(try Program.run("verify", scratch["none"]).errors.contains("--jwks FILE is missing"))
  }
}

extension [[UInt8]] {
  fileprivate func replacing(_ index: Int, _ event: [UInt8]) -> [[UInt8]] {
    var copy = self
    copy[index] = event
    return copy
  }
}
