// What is told of a configuration, and that it stays within bounds.

import Events
import Primitives
import Testing

@Suite("Events of a configuration") struct ConfigurationEventsTests {
  @Test func `each outcome says which configuration, by whose wish, and why`() throws {
    let source = try testSource()
    let applied = EventDraft.configuration(
      source, at: testStamp,
      ConfigurationNews(
        .applied, version: 17, digest: "ab", signedBy: "site-2026", by: "inbox",
        changed: ["bus hall: restarted"]))
    #expect(applied.type == .configurationApplied)
    #expect(
      applied.data.canonicalText
        == #"{"by":"inbox","changed":["bus hall: restarted"],"configurationDigest":"ab","#
        + #""signedBy":"site-2026","version":17}"#)
    let rejected = EventDraft.configuration(
      source, at: testStamp,
      ConfigurationNews(
        .rejected, runningDigest: "cd", by: "SIGHUP", why: "1 mistake", mistakes: ["a:1:2: x"]))
    #expect(rejected.type == .configurationRejected)
    #expect(
      rejected.data.canonicalText
        == #"{"by":"SIGHUP","mistakes":["a:1:2: x"],"runningDigest":"cd","why":"1 mistake"}"#)
    let back = EventDraft.configuration(
      source, at: testStamp,
      ConfigurationNews(.rolledBack, digest: "ab", runningDigest: "cd", by: "probation"))
    #expect(back.type == .configurationRolledBack && back.partitionKey == "gw17")
  }

  @Test func `a thousand mistakes with long texts are one event that can be sealed`() throws {
    let long = String(repeating: "ä", count: 2000)
    let news = ConfigurationNews(
      .rejected, signedBy: long, by: long, why: long,
      changed: Array(repeating: long, count: 1000),
      mistakes: Array(repeating: long, count: 1000))
    let draft = EventDraft.configuration(try testSource(), at: testStamp, news)
    #expect(draft.data["mistakesCount"]?.integer == 1000)
    var chain = try testChain()
    var notary = TestNotary()
    let sealed = try chain.seal(draft, reading: testReading, notary: &notary)
    #expect(sealed.bytes.count <= 16_384)
  }
}
