// Ten thousand bundles that are not right: mutated, replayed, mixed, expired, foreign. None is in.

import Foundation
import OpenSSLEdge
import Primitives
import Settings
import Testing

@testable import takt

@Suite("A storm of bundles") struct BundleStormTests {
  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
  }

  /// A few kinds of wrong bundle, told apart for the sums.
  private enum Wrong: CaseIterable {
    case bit, byte, cut, appended, signature, comment, replay, mixed, expired, early, foreign,
      stranger, keys
  }

  @Test func `none of thousands of mutated, replayed, mixed, expired or foreign bundles is taken`()
    throws
  {
    let count = Self.number("TAKT_BUNDLE_STORM") ?? 1000
    let seed = Self.number("TAKT_SEED") ?? 6
    var random = SeededGenerator(seed: seed)
    var site = try GateSite()
    let stranger = try Office()
    let good = try GateSite.archive()
    let goodSignature = try site.office.sign(good, GateSite.comment(1001))
    let old = try GateSite.archive("{ health: {} }")
    try site.take(old, try site.office.sign(old, GateSite.comment(1000)))
    #expect(site.refusal(good, goodSignature) == "taken")
    var sums: [String: Int] = [:]
    for index in 0..<count {
      var (file, signature, days) = (good, goodSignature, Int64(0))
      let kind = Wrong.allCases[Int(random.next() % UInt64(Wrong.allCases.count))]
      let choice = random.next()
      switch kind {
      case .bit: file[Int(choice >> 3) % file.count] ^= 1 << (choice & 7)
      case .byte: file[Int(choice >> 8) % file.count] ^= UInt8(choice & 0xFF) | 1
      case .cut: file.removeLast(1 + Int(choice % UInt64(file.count)))
      case .appended: file += [UInt8](repeating: 0, count: 1 + Int(choice % 1024))
      case .signature:
        // Anywhere in the file but in the first line, which nobody signs.
        let start = (signature.firstIndex(of: 10) ?? 0) + 1
        let place = start + Int(choice >> 8) % (signature.count - start - 1)
        signature[place] ^= UInt8(choice & 0x7F) | 1
      case .comment:
        var parts = try BundleSignature(file: signature)
        parts.comment = GateSite.comment(1002 + choice % 1_000_000).text
        signature = parts.file
      case .replay:
        file = old
        signature = try site.office.sign(old, GateSite.comment(choice % 1000 + 1))
        if choice % 1000 + 1 == 1000 { file = good }
      case .mixed:
        var parts = try BundleSignature(file: signature)
        let other = try BundleSignature(
          file: site.office.sign(old, GateSite.comment(1002 + choice % 1000)))
        if choice & 1 == 0 { parts.signature = other.signature } else { file = old }
        parts.comment = other.comment
        if choice & 2 == 0 { parts.commentSignature = other.commentSignature }
        signature = parts.file
      case .expired: days = 30 + Int64(choice % 10_000)
      case .early: days = -1 - Int64(choice % 10_000) - 1
      case .foreign:
        signature = try site.office.sign(
          good, GateSite.comment(1002, gateways: ["line-\(8 + choice % 1000)"]))
      case .stranger:
        var parts = try BundleSignature(file: stranger.sign(good, GateSite.comment(1002)))
        if choice & 1 == 0 { parts.keyID = site.office.key.id }
        signature = parts.file
      case .keys:
        file = KeyStatementText.write([stranger.known])
        signature = try (choice & 1 == 0 ? site.office : stranger).sign(
          file, GateSite.comment(1002, kind: .keys))
      }
      let why = site.refusal(file, signature, days: days)
      #expect(
        why != "taken", "bundle \(index) of TAKT_SEED=\(seed) (\(kind)) was taken")
      sums["\(kind)", default: 0] += 1
    }
    #expect(sums.count == Wrong.allCases.count, "\(sums)")
    // The gate is not simply shut.
    #expect(site.refusal(good, goodSignature) == "taken")
  }
}
