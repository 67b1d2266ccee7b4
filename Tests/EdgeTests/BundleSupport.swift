// Head office and a gateway in memory: real keys, real signatures, no files.

import OpenSSLEdge
import Primitives
import Settings
import Testing

@testable import takt

/// Keys that sign, and what they make.
struct Office {
  let key: MinisignSecretKey
  var known: BundleKey

  init() throws {
    key = try MinisignSecretKey.make()
    known = try #require(BundleKey(id: key.id, point: key.point))
  }

  func sign(_ file: [UInt8], _ comment: String) throws -> [UInt8] {
    var signature = BundleSignature(
      keyID: key.id, signature: try key.sign(Minisign.digest(file)), comment: comment,
      commentSignature: [])
    signature.commentSignature = try key.sign(signature.commentMessage)
    return signature.file
  }

  func sign(_ file: [UInt8], _ comment: BundleComment) throws -> [UInt8] {
    try sign(file, comment.text)
  }
}

/// A site with a gate, an online key and a root key.
struct GateSite {
  var office: Office
  var root: Office
  var gate: BundleGate

  static let day: Int64 = 86_400_000
  static let noon = WallTime(milliseconds: 1_795_262_400_000)  // 2026-11-21T12:00:00Z

  init() throws {
    office = try Office()
    root = try Office()
    gate = BundleGate(
      gateway: "line-7", group: "press-shop", program: try #require(ProgramVersion("0.6.0")),
      root: root.known, localKeys: [office.known], trust: BundleTrust())
  }

  static func comment(
    _ serial: UInt64, kind: BundleComment.Kind = .bundle, gateways: [String] = ["line-7"]
  ) -> BundleComment {
    BundleComment(
      kind, serial: serial, gateways: gateways,
      from: WallTime(milliseconds: noon.milliseconds - day),
      until: WallTime(milliseconds: noon.milliseconds + 30 * day))
  }

  static func archive(_ text: String = "{ machines: [] }") throws -> [UInt8] {
    try BundleArchive.write([BundleFile(name: "conf.d/10.json5", bytes: Array(text.utf8))])
  }

  func time(_ days: Int64 = 0, quality: ClockQuality = .synchronised) -> BundleTime {
    BundleTime(
      ClockReading(
        monotonic: .distantPast,
        wall: WallTime(milliseconds: Self.noon.milliseconds + days * Self.day), quality: quality,
        bootID: ""), floor: .earliest)
  }

  func judge(_ file: [UInt8], _ signature: [UInt8], days: Int64 = 0) throws -> AcceptedBundle {
    try gate.judge(file, signature: signature, at: time(days), MinisignNotary())
  }

  /// Judges and remembers.
  mutating func take(_ file: [UInt8], _ signature: [UInt8]) throws {
    gate.trust = gate.taking(try judge(file, signature))
  }

  /// The sentence of the refusal; "taken" when there is none.
  func refusal(_ file: [UInt8], _ signature: [UInt8], days: Int64 = 0) -> String {
    do {
      _ = try judge(file, signature, days: days)
      return "taken"
    } catch {
      return "\(error)"
    }
  }
}
