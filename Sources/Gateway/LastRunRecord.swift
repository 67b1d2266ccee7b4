// How the last run ended, as a snapshot beside those of the machines.
//
// Each transaction with events says when this run was last alive; the one of an orderly end says
// so. The next start compares: same boot and not clean is a kill, another boot and not clean is a
// power cut or a crash of the machine.

import Events
import Primitives

/// What the previous run left behind.
struct LastRunRecord {
  static let name = "gateway"
  private let isKnown: Bool
  private let isClean: Bool
  private let bootID: String
  private let monotonic: Int64
  private let wall: Int64

  init(_ bytes: [UInt8]?) {
    let document = bytes.flatMap { try? JSONValue(parsing: $0) }
    isKnown = document != nil
    isClean = document?["clean"]?.bool ?? false
    bootID = document?["bootid"]?.string ?? ""
    monotonic = document?["monotonicms"]?.integer ?? 0
    wall = document?["wall"]?.string.flatMap(WallTime.init(text:))?.milliseconds ?? 0
  }

  static func bytes(_ reading: ClockReading, isClean: Bool) -> [UInt8] {
    let document: JSONValue = [
      "clean": .bool(isClean), "bootid": .string(reading.bootID),
      "monotonicms": .integer(reading.monotonic.milliseconds), "wall": .string(reading.wall.text),
    ]
    return document.canonicalBytes
  }

  /// The event that opens this run.
  func started(_ plan: RecorderPlan, _ reading: ClockReading, note: String?) -> EventDraft {
    let sameBoot = bootID == reading.bootID
    let lastRun: LastRun =
      !isKnown ? .none : isClean ? .stopped : sameBoot ? .killed : .powerLost
    let away =
      sameBoot
      ? reading.monotonic.milliseconds &- monotonic : reading.wall.milliseconds &- wall
    return .gatewayStarted(
      plan.source, at: Stamp(reading.monotonic, reading), version: plan.version,
      configurationDigest: plan.configurationDigest, lastRun: lastRun,
      outage: isKnown ? .milliseconds(max(0, away)) : nil, note: note)
  }
}
