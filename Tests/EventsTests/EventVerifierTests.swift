// Verifying: what a receiver finds in bytes that were altered, lost or doubled.

import Events
import Primitives
import Testing

@Suite("Verifying what arrived")
struct EventVerifierTests {
  /// The verdicts on a list of bytes as short words: the finding's sentence, or its kind.
  func verdicts(
    _ events: [[UInt8]], _ completeness: StreamCompleteness = .complete,
    previous: [Int: UInt64] = [:]
  ) -> [String] {
    var verifier = EventVerifier(completeness)
    return events.enumerated().map { index, bytes in
      switch verifier.check(bytes, previous: previous[index], verifier: TestNotary()) {
      case .accepted(let event): "ok \(event.sequence)"
      case .duplicate(let event): "again \(event.sequence)"
      case .misplaced(_, let finding), .rejected(let finding): finding.description
      }
    }
  }

  @Test func `an unbroken chain is accepted`() throws {
    #expect(verdicts(try testEvents(4)) == ["ok 1", "ok 2", "ok 3", "ok 4"])
  }

  @Test func `F45: a second copy is harmless, whenever it comes`() throws {
    let events = try testEvents(3)
    #expect(
      verdicts([events[0], events[0], events[1], events[2], events[0], events[2]])
        == ["ok 1", "again 1", "ok 2", "ok 3", "again 1", "again 3"])
  }

  @Test func `F45: an event marked as a replay fills its gap, once, and nothing else`() throws {
    let events = try testEvents(6)
    for completeness in [StreamCompleteness.complete, .filtered] {
      var verifier = EventVerifier(completeness)
      for index in [1, 4, 5] { _ = verifier.check(events[index], verifier: TestNotary()) }
      guard case .rejected = verifier.check(events[2], verifier: TestNotary()) else {
        Issue.record("an event out of its place was taken without a mark")
        return
      }
      for index in [2, 3, 0] {
        let late = verifier.check(events[index], isReplay: true, verifier: TestNotary())
        #expect(late.finding == nil, "event \(index + 1)")
        let again = verifier.check(events[index], isReplay: true, verifier: TestNotary())
        guard case .duplicate = again else {
          Issue.record("event \(index + 1) was taken twice")
          return
        }
      }
      #expect(verifier.heads[0].lastSequence == 6 && verifier.heads[0].accepted == 6)
      var altered = events[2]
      altered[20] ^= 1
      #expect(verifier.check(altered, isReplay: true, verifier: TestNotary()).finding != nil)
    }
  }

  @Test func `every altered byte of an event is found`() throws {
    let events = try testEvents(2)
    var verifier = EventVerifier()
    _ = verifier.check(events[0], verifier: TestNotary())
    for index in events[1].indices {
      var altered = events[1]
      altered[index] ^= 1
      var copy = verifier
      guard case .rejected = copy.check(altered, verifier: TestNotary()) else {
        Issue.record("byte \(index) was altered and nobody saw it")
        continue
      }
    }
  }

  @Test func `an altered event is named, and the one after it too`() throws {
    var events = try testEvents(3)
    let text = String(decoding: events[1], as: UTF8.self)
    events[1] = Array(text.replacing("\"goodQuantity\":2", with: "\"goodQuantity\":9").utf8)
    #expect(
      verdicts(events) == [
        "ok 1", "checking event 2: the signature does not fit the bytes",
        "checking event 3: event 2 is missing",
      ])
  }

  @Test func `a deleted event is named`() throws {
    var events = try testEvents(5)
    events.removeSubrange(1...2)
    #expect(
      verdicts(events) == ["ok 1", "checking event 4: events 2 to 3 are missing", "ok 5"])
  }

  @Test func `a missing head is named, a missing tail when its end is known`() throws {
    let events = Array(try testEvents(4)[1...2])
    var verifier = EventVerifier()
    let first = verifier.check(events[0], verifier: TestNotary())
    #expect(first.finding?.description == "checking event 2: event 1 is missing")
    _ = verifier.check(events[1], verifier: TestNotary())
    let head = try #require(verifier.heads.first)
    #expect(head.gateway == "acme:vienna:packaging:line3/gw17")
    #expect(
      verifier.missing(gateway: head.gateway, epoch: head.epoch, through: 4)?.description
        == "checking event 4: event 4 is missing")
    #expect(verifier.missing(gateway: head.gateway, epoch: head.epoch, through: 3) == nil)
  }

  @Test func `swapped events are named`() throws {
    var events = try testEvents(4)
    events.swapAt(1, 2)
    #expect(
      verdicts(events) == [
        "ok 1", "checking event 3: event 2 is missing",
        "checking event 2: it comes after event 3 and was not received before: moved or inserted",
        "ok 4",
      ])
  }

  @Test func `an inserted event breaks the chain, even with a stolen key`() throws {
    let events = try testEvents(3)
    var notary = TestNotary()
    var forger = EventChain(
      source: try testSource(), epoch: "00c0ffee", lastSequence: 1, lastDigest: testDigest([1]))
    let forged = try forger.seal(testDraft(99), reading: testReading, notary: &notary).bytes
    #expect(
      verdicts([events[0], forged, events[1], events[2]]) == [
        "ok 1",
        "checking event 2: the chain is broken: it was not made after event 1 as received here",
        "checking event 2: this id was received before with other bytes: forged, or the journal "
          + "was restored from an old copy",
        "checking event 3: the chain is broken: it was not made after event 2 as received here",
      ])
  }

  @Test func `a new epoch continues the one before, and a restored one is seen`() throws {
    let old = try testEvents(2)
    let new = try testEvents(2, epoch: "00000002", after: testDigest(old[1]))
    #expect(verdicts(old + new) == ["ok 1", "ok 2", "ok 1", "ok 2"])
    let fresh = try testEvents(1, epoch: "00000003")
    #expect(verdicts(old + fresh) == ["ok 1", "ok 2", "ok 1"])
    let astray = try testEvents(1, epoch: "00000004", after: testDigest(old[0]))
    #expect(
      verdicts(old + astray).last
        == "checking event 1: epoch 00000004 does not continue epoch 00c0ffee, which ended here "
        + "with event 2")
  }

  @Test func `a filtered stream shows its gaps by what is told beside it`() throws {
    let events = try testEvents(9)
    let some = [events[1], events[3], events[4], events[8]]
    let filtered = StreamCompleteness.filtered
    #expect(verdicts(some, filtered) == ["ok 2", "ok 4", "ok 5", "ok 9"])
    #expect(
      verdicts(some, filtered, previous: [0: 0, 1: 2, 3: 5]) == ["ok 2", "ok 4", "ok 5", "ok 9"])
    #expect(
      verdicts(some, filtered, previous: [3: 7]).last
        == "checking event 9: event 7 was due before it and is missing; the last one received is 5")
    #expect(
      verdicts([events[3]], filtered, previous: [0: 2]) == [
        "checking event 4: event 2 was due before it and is missing; this is the first one "
          + "received of epoch 00c0ffee"
      ])
  }

  @Test func `form is checked before anything is believed`() throws {
    let event = String(decoding: try testEvents(1)[0], as: UTF8.self)
    func finding(_ bytes: [UInt8]) -> String { verdicts([bytes])[0] }
    func finding(_ old: String, _ new: String) -> String {
      finding(Array(event.replacing(old, with: new).utf8))
    }
    #expect(finding([]).contains("the text ends where a value should be"))
    #expect(finding(Array("[]".utf8)) == "checking an event: a JSON object was expected")
    #expect(finding(",\"epoch", ", \"epoch").contains("the bytes are not canonical"))
    #expect(finding(":1,\"uom", ":1.50,\"uom").contains("the bytes are not canonical"))
    #expect(finding(#""sequence":"0"#, #""sequence":"x"#).contains("not 20 digits"))
    #expect(finding("0001\",\"jws", "0002\",\"jws").contains("does not end in its epoch"))
    #expect(finding("00c0ffee\",\"id", "00C0FFEE\",\"id").contains("8 hexadecimal digits"))
    #expect(finding("urn:isa95", "urn:other").contains("urn:isa95: and five names"))
    #expect(finding(#""1.0""#, #""0.3""#) == #"checking event 1: member specversion is not "1.0""#)
    #expect(finding("07:15:30.250Z", "07:15:30Z").contains("member time is no time"))
    #expect(finding("synchronised", "sundial").contains("none of its four words"))
    #expect(finding("takt.production", "other.production").contains("takt.<noun>"))
    #expect(finding(#"{"bootid""#, #"{"admin":true,"bootid""#).contains("member admin does not"))
    #expect(finding(Array(repeating: 32, count: 20_000)).contains("at most 16384"))
  }

  @Test func `a key that nobody knows is named`() throws {
    var chain = try testChain()
    var notary = TestNotary(keyID: "other")
    let event = try chain.seal(testDraft(1), reading: testReading, notary: &notary)
    #expect(
      verdicts([event.bytes]) == [
        #"checking event 1: signed with key "other", which is not known here"#
      ])
  }

  @Test func `memory stays bounded however many chains and events come`() throws {
    var verifier = EventVerifier()
    for number in 0..<(EventLimits.rememberedStreams * 3) {
      let epoch = "0000" + Hex.encode([UInt8(number / 256), UInt8(number % 256)])
      _ = verifier.check(try testEvents(1, epoch: epoch)[0], verifier: TestNotary())
    }
    #expect(verifier.heads.count == EventLimits.rememberedStreams)
  }
}
