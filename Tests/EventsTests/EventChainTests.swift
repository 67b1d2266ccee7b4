// Sealing: canonical bytes, sequence, chain and signature of every event.

import Events
import Machines
import Primitives
import Signals
import Testing

@Suite("Sealing events")
struct EventChainTests {
  @Test func `the bytes are these and no others`() throws {
    var chain = try testChain()
    var notary = TestNotary()
    var draft = testDraft(12)
    draft.subject = "1000042/0010"
    let event = try chain.seal(draft, reading: testReading, notary: &notary)
    let signature = String(decoding: event.bytes, as: UTF8.self)
      .split(separator: "..")[1].prefix { $0 != "\"" }
    let zeros = String(repeating: "A", count: 43)
    #expect(
      String(decoding: event.bytes, as: UTF8.self)
        == """
        {"bootid":"6b1f7c1e-0000-4000-8000-000000000001","clock":"synchronised",\
        "data":{"goodQuantity":12,"uom":"PCE"},"datacontenttype":"application/json",\
        "epoch":"00c0ffee","id":"gw17-00c0ffee-0000000000000001",\
        "jws":"eyJhbGciOiJFUzI1NiIsImtpZCI6Imd3MTctMjAyNmEifQ..\(signature)",\
        "monotonicms":"4938","partitionkey":"filler1","previousdigest":"\(zeros)",\
        "recordedtime":"2026-03-02T07:15:30.312Z","sequence":"00000000000000000001",\
        "source":"urn:isa95:acme:vienna:packaging:line3:filler1","specversion":"1.0",\
        "subject":"1000042/0010","time":"2026-03-02T07:15:30.250Z",\
        "type":"takt.production.count.v1"}
        """)
    #expect(event.sequence == 1)
    #expect(event.digest == testDigest(event.bytes))
  }

  @Test func `F56: the signature is over the canonical bytes without jws, at commit`() throws {
    var chain = try testChain()
    var notary = TestNotary()
    let event = try chain.seal(testDraft(1), reading: testReading, notary: &notary)
    guard case .object(var members) = try JSONValue(parsing: event.bytes) else { return }
    let parts = members["jws"]?.string?.split(separator: ".", omittingEmptySubsequences: false)
    members["jws"] = nil
    let payload = Base64.encodeURL(JSONValue.object(members).canonicalBytes)
    let input = Array("\(parts?[0] ?? "").\(payload)".utf8)
    let signature = try notary.sign(input)
    #expect(parts?[2] == Base64.encodeURL(signature)[...])
  }

  @Test(arguments: [
    "plain", "quote \" and \\", "line\nbreak\ttab", "\u{1}\u{1F}", "Füllstand °C", "日本", "🏭", "",
  ])
  func `whatever a text holds, the bytes are those of RFC 8785`(text: String) throws {
    var chain = try testChain()
    var notary = TestNotary()
    let draft = EventDraft(
      type: .gatewayStopped, unit: .gateway, at: testStamp, partitionKey: text,
      data: [
        "why": .string(text), text: [true, false, .null, 1, -5, ["b": [], "a": .object([:])]],
      ])
    let event = try chain.seal(draft, reading: testReading, notary: &notary)
    let value = try JSONValue(parsing: event.bytes)
    #expect(value.canonicalBytes == event.bytes)
    #expect(value["data"]?["why"]?.string == text)
    #expect(value["source"]?.string == "urn:isa95:acme:vienna:packaging:line3:gateway:gw17")
  }

  @Test(arguments: [
    WallTime.earliest, WallTime.latest, WallTime(milliseconds: 0), WallTime(milliseconds: -1),
    WallTime(milliseconds: 951_782_400_000), WallTime(milliseconds: .min),
    WallTime(milliseconds: .max),
  ])
  func `times are written as the calendar says, at both ends of it too`(wall: WallTime) throws {
    var chain = try testChain()
    var notary = TestNotary()
    var reading = testReading
    reading.wall = wall
    for _ in 0..<2 {
      let event = try chain.seal(testDraft(1), reading: reading, notary: &notary)
      #expect(try JSONValue(parsing: event.bytes)["recordedtime"]?.string == wall.text)
    }
  }

  @Test func `each event chains to the bytes of the one before`() throws {
    let events = try testEvents(3)
    for (before, event) in zip(events, events.dropFirst()) {
      let previous = try JSONValue(parsing: event)["previousdigest"]?.string
      #expect(previous == Base64.encodeURL(testDigest(before)))
    }
  }

  @Test func `what is too large or cannot be signed leaves the chain as it was`() throws {
    var chain = try testChain()
    var notary = TestNotary()
    _ = try chain.seal(testDraft(1), reading: testReading, notary: &notary)
    let digest = chain.lastDigest
    var large = testDraft(2)
    large.data = ["text": .string(String(repeating: "x", count: EventLimits.eventBytes))]
    do {
      _ = try chain.seal(large, reading: testReading, notary: &notary)
      Issue.record("sealed an event of more than 16 KiB")
    } catch {
      #expect(
        error.description.hasPrefix("sealing takt.production.count.v1: 17")
          && error.description.contains("an event may have 16384"))
    }
    notary.isRefusing = true
    do {
      _ = try chain.seal(testDraft(2), reading: testReading, notary: &notary)
      Issue.record("sealed without a key")
    } catch {
      #expect(error.description == "signing takt.production.count.v1: the key is gone")
    }
    #expect(chain.lastSequence == 1)
    #expect(chain.lastDigest == digest)
  }

  @Test func `F58: names are a strict set`() {
    for name in ["", "a:b", "a/b", "..\u{2F}", "ä", "a b", String(repeating: "a", count: 65)] {
      #expect(!EventSource.isName(name), "\(name)")
      do {
        _ = try EventSource(enterprise: "e", site: name, area: "a", line: "l", gateway: "g")
        Issue.record("took \(name) for a site")
      } catch {
        #expect(error.part == "site")
      }
    }
    #expect(EventSource.isName("Line_3.b-1"))
  }
}
