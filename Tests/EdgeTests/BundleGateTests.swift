// Who gets in and who does not: each attack with the sentence it gets, and a storm of ten thousand.
//
// TAKT_BUNDLE_STORM sets how many bundles the storm has; TAKT_SEED its seed.

import Foundation
import OpenSSLEdge
import Primitives
import Settings
import Testing

@testable import takt

@Suite("Signed bundles") struct BundleGateTests {
  @Test func `a bundle for this gateway, signed by a known key, is taken`() throws {
    var site = try GateSite()
    let file = try GateSite.archive()
    let accepted = try site.judge(file, try site.office.sign(file, GateSite.comment(43)))
    #expect(accepted.comment.serial == 43)
    #expect(!accepted.isAgain)
    #expect(
      accepted.content
        == .files([BundleFile(name: "conf.d/10.json5", bytes: Array("{ machines: [] }".utf8))]))
    try site.take(file, try site.office.sign(file, GateSite.comment(43)))
    #expect(try site.judge(file, site.office.sign(file, GateSite.comment(43))).isAgain)
  }

  @Test func `a bundle for its group or for everybody is taken, for another one it is not`() throws
  {
    let site = try GateSite()
    let file = try GateSite.archive()
    var comment = GateSite.comment(1, gateways: [])
    comment.groups = ["saw-shop", "press-shop"]
    #expect(site.refusal(file, try site.office.sign(file, comment)) == "taken")
    comment = GateSite.comment(1, gateways: ["*"])
    #expect(site.refusal(file, try site.office.sign(file, comment)) == "taken")
    comment = GateSite.comment(1, gateways: ["line-70"])
    comment.groups = ["saw-shop"]
    #expect(
      site.refusal(file, try site.office.sign(file, comment))
        == "it is for gateway line-70 and group saw-shop; this is gateway line-7 of group"
        + " press-shop"
    )
  }

  @Test func `rollback: an older bundle of the same key is refused`() throws {
    var site = try GateSite()
    let (old, new) = (try GateSite.archive("{ health: {} }"), try GateSite.archive())
    try site.take(new, try site.office.sign(new, GateSite.comment(43)))
    let why = site.refusal(old, try site.office.sign(old, GateSite.comment(42)))
    #expect(why.hasPrefix("its serial number 42 is behind 43"), "\(why)")
    let other = site.refusal(old, try site.office.sign(old, GateSite.comment(43)))
    #expect(other.hasPrefix("another bundle with the serial number 43 was taken"), "\(other)")
  }

  @Test func `freeze: an expired bundle is refused, one of tomorrow waits`() throws {
    let site = try GateSite()
    let file = try GateSite.archive()
    let signature = try site.office.sign(file, GateSite.comment(43))
    #expect(
      site.refusal(file, signature, days: 30)
        == "it was valid until 2026-12-21T12:00:00Z, and now it is 2026-12-21T12:00:00Z; sign it"
        + " again with a later end")
    #expect(site.refusal(file, signature, days: 29) == "taken")
    #expect(site.refusal(file, signature, days: -2).hasSuffix("; it waits until then"))
    #expect(throws: BundleRefusal.self) { try site.judge(file, signature, days: -2) }
    let unset = BundleTime(
      ClockReading(
        monotonic: .distantPast, wall: WallTime(milliseconds: 0), quality: .neverset, bootID: ""),
      floor: WallTime(milliseconds: 1000))
    do {
      _ = try site.gate.judge(file, signature: signature, at: unset, MinisignNotary())
      Issue.record("taken in 1970")
    } catch {
      #expect(error.isEarly)
      #expect(error.description.contains("nothing has set the clock"))
    }
  }

  @Test func `a clock that nobody set is helped by what is known to have passed`() throws {
    let site = try GateSite()
    let file = try GateSite.archive()
    let signature = try site.office.sign(file, GateSite.comment(43))
    let reading = ClockReading(
      monotonic: .distantPast, wall: WallTime(milliseconds: 0), quality: .neverset, bootID: "")
    let floor = BundleTime(reading, floor: GateSite.noon)
    _ = try site.gate.judge(file, signature: signature, at: floor, MinisignNotary())
    let late = WallTime(milliseconds: GateSite.noon.milliseconds + 31 * GateSite.day)
    #expect(throws: BundleRefusal.expired(until: GateSite.comment(1).until, now: late)) {
      try site.gate.judge(
        file, signature: signature, at: BundleTime(reading, floor: late), MinisignNotary())
    }
  }

  @Test func `mix-and-match: a signature or a comment of another bundle is refused`() throws {
    let site = try GateSite()
    let (first, second) = (try GateSite.archive(), try GateSite.archive("{ health: {} }"))
    let signed = try site.office.sign(first, GateSite.comment(43))
    let newer = try site.office.sign(second, GateSite.comment(44))
    #expect(site.refusal(second, signed).contains("does not fit the file"))
    var mixed = try BundleSignature(file: signed)
    let other = try BundleSignature(file: newer)
    (mixed.comment, mixed.commentSignature) = (other.comment, other.commentSignature)
    #expect(site.refusal(first, mixed.file).contains("signed comment was changed"))
    mixed = try BundleSignature(file: signed)
    mixed.comment = other.comment
    #expect(site.refusal(first, mixed.file).contains("signed comment was changed"))
  }

  @Test func `fast-forward: the root key takes a stolen key's highest number back`() throws {
    var site = try GateSite()
    let thief = try GateSite.archive("{ health: {} }")
    let highest = GateSite.comment(BundleLimits.serials.upperBound)
    try site.take(thief, try site.office.sign(thief, highest))
    let file = try GateSite.archive()
    #expect(site.refusal(file, try site.office.sign(file, GateSite.comment(44))).contains("behind"))

    let fresh = try Office()
    let statement = KeyStatementText.write([fresh.known])
    try site.take(statement, try site.root.sign(statement, GateSite.comment(1, kind: .keys)))
    #expect(site.gate.keys == [fresh.known])
    #expect(site.refusal(file, try fresh.sign(file, GateSite.comment(1))) == "taken")
    #expect(
      site.refusal(thief, try site.office.sign(thief, highest)).contains("which is not known here"))

    // Back to the stolen key with the statement before it: refused as well.
    let back = KeyStatementText.write([site.office.known])
    try site.take(statement, try site.root.sign(statement, GateSite.comment(5, kind: .keys)))
    let old = site.refusal(back, try site.root.sign(back, GateSite.comment(4, kind: .keys)))
    #expect(old.contains("4 is behind 5"), "\(old)")
    // And if the root key names it again, its number still stands.
    try site.take(back, try site.root.sign(back, GateSite.comment(6, kind: .keys)))
    #expect(site.refusal(file, try site.office.sign(file, GateSite.comment(44))).contains("behind"))
  }

  @Test func `a key does what it is for: online keys name no keys, the root key signs no bundle`()
    throws
  {
    var site = try GateSite()
    let statement = KeyStatementText.write([site.office.known])
    let keys = GateSite.comment(1, kind: .keys)
    #expect(
      site.refusal(statement, try site.office.sign(statement, keys)).hasPrefix(
        "key statements are signed by the root key"))
    let file = try GateSite.archive()
    #expect(
      site.refusal(file, try site.root.sign(file, GateSite.comment(1))).hasPrefix(
        "it is signed by the root key"))
    site.gate.root = nil
    #expect(
      site.refusal(statement, try site.office.sign(statement, keys)).contains("names none"))
    #expect(site.refusal(statement, try site.root.sign(statement, keys)).contains("not known"))
    // A statement holds for the root key of the local file only.
    site.gate.root = site.root.known
    let fresh = KeyStatementText.write([try Office().known])
    try site.take(fresh, try site.root.sign(fresh, keys))
    #expect(site.gate.keys != [site.office.known])
    site.gate.root = try Office().known
    #expect(site.gate.keys == [site.office.known])
  }

  @Test func `a key with the name of a known one is a stranger`() throws {
    let site = try GateSite()
    let stranger = try Office()
    let file = try GateSite.archive()
    var forged = try BundleSignature(file: try stranger.sign(file, GateSite.comment(1)))
    #expect(site.refusal(file, forged.file).contains("which is not known here"))
    forged.keyID = site.office.key.id
    #expect(site.refusal(file, forged.file).contains("does not fit the file"))
  }

  @Test func `a program that is too old says so`() throws {
    let site = try GateSite()
    let file = try GateSite.archive()
    var comment = GateSite.comment(1)
    comment.program = ProgramVersion("0.10.0")
    #expect(
      site.refusal(file, try site.office.sign(file, comment))
        == "it needs takt 0.10.0 or newer, and this is 0.6.0; upgrade the program first")
    comment.program = ProgramVersion("0.6.0")
    #expect(site.refusal(file, try site.office.sign(file, comment)) == "taken")
  }

  @Test(arguments: [
    ("takt-bundle 2 serial=1 gateways=* from=2026-11-20 until=2027-01-01", "does not begin with"),
    ("serial=1", "does not begin with"),
    ("takt-bundle 1 serial=0 gateways=* from=2026-11-20 until=2027-01-01", "\"serial\""),
    ("takt-bundle 1 serial=01 gateways=* from=2026-11-20 until=2027-01-01", "\"serial\""),
    (
      "takt-bundle 1 serial=9223372036854775808 gateways=* from=2026-11-20 until=2027-01-01",
      "\"serial\""
    ),
    ("takt-bundle 1 serial=1 from=2026-11-20 until=2027-01-01", "neither \"gateways\" nor"),
    ("takt-bundle 1 serial=1 gateways=a,,b from=2026-11-20 until=2027-01-01", "no list of names"),
    ("takt-bundle 1 serial=1 gateways=* until=2027-01-01", "\"from\" and \"until\""),
    ("takt-bundle 1 serial=1 gateways=* from=2026-02-30 until=2027-01-01", "\"from\" and"),
    ("takt-bundle 1 serial=1 gateways=* from=2027-01-02 until=2027-01-01", "ends before"),
    (
      "takt-bundle 1 serial=1 serial=2 gateways=* from=2026-11-20 until=2027-01-01", "stands in it"
    ),
    ("takt-bundle 1 serial=1 gateways=* from=2026-11-20 until=2027-01-01 tpm=2", "is not known"),
    (
      "takt-bundle 1 serial=1 gateways=* from=2026-11-20 until=2027-01-01 digest=md5",
      "the digest \"md5\" is not known"
    ),
    ("takt-bundle 1 serial=1  gateways=* from=2026-11-20 until=2027-01-01", "is not known"),
  ])
  func `a signed comment that says something else is refused`(text: String, why: String) throws {
    let site = try GateSite()
    let file = try GateSite.archive()
    let refusal = site.refusal(file, try site.office.sign(file, text))
    #expect(refusal.contains(why), "\(refusal)")
  }

  @Test func `the signed comment is read as it was written`() throws {
    var comment = GateSite.comment(43, gateways: ["line-7", "line-8"])
    comment.groups = ["press-shop"]
    comment.program = ProgramVersion("0.6.0")
    #expect(
      comment.text
        == "takt-bundle 1 serial=43 gateways=line-7,line-8 groups=press-shop"
        + " from=2026-11-20T12:00:00Z until=2026-12-21T12:00:00Z program=0.6.0 digest=blake2b512")
    #expect(try BundleComment(text: comment.text) == comment)
  }
}
