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

  /// When the run before was last known to be alive, on the clock of this boot; nil for unknown.
  func aliveUntil(_ reading: ClockReading) -> Instant? {
    guard isKnown else { return nil }
    if bootID == reading.bootID {
      return min(Instant(nanoseconds: saturated(monotonic)), reading.monotonic)
    }
    let away = reading.wall.milliseconds &- wall
    guard reading.quality != .neverset, away >= 0 else { return nil }
    return reading.monotonic.advanced(nanoseconds: 0 - saturated(away))
  }

  private func saturated(_ milliseconds: Int64) -> Int64 {
    let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? .max : product
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
