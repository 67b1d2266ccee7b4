// What `takt doctor` says of the clock: whether something sets it, and whether it can be right.

import LinuxEdge
import Primitives
import Settings

enum DoctorClock {
  /// A battery clock that is so far off sets the time wrong at the next start.
  static let batteryDrift: Int64 = 60_000

  static func findings(_ plan: SitePlan?) -> [DoctorFinding] {
    let bytes = (try? Files.read("/sys/class/rtc/rtc0/since_epoch", limit: 64)) ?? []
    let text = String(decoding: bytes, as: UTF8.self)
    let seconds = Int64(text.prefix { $0.isNumber })
    return findings(
      SystemClock().reading(), evidence: plan.map(TimeEvidence.newest) ?? LinuxLimits.wallFloor,
      battery: seconds.map { WallTime(milliseconds: $0 * 1000) })
  }

  /// From a reading, the newest time that is known to have passed, and the battery clock.
  static func findings(
    _ reading: ClockReading, evidence: WallTime, battery: WallTime?
  ) -> [DoctorFinding] {
    let how = "set it by \"timedatectl set-ntp true\" and a time server that is reachable from here"
    var findings: [DoctorFinding] = []
    if reading.wall < evidence {
      findings.append(
        .fail(
          "clock",
          "it says \(reading.wall.text), but it is \(evidence.text) at least; "
            + "certificates seem not to be valid yet", how))
    } else if reading.quality == .synchronised {
      findings.append(.ok("clock", "\(reading.wall.text), synchronised"))
    } else {
      findings.append(
        .warn("clock", "\(reading.wall.text), but nothing synchronises it", how))
    }
    guard let battery else {
      let text =
        "this machine has no battery clock; after a power cut the time is unknown until "
        + "a time server answers"
      return findings + [.warn("clock", text, "let it reach a time server at each start")]
    }
    let drift = abs(battery.milliseconds - reading.wall.milliseconds)
    if drift > batteryDrift {
      findings.append(
        .warn(
          "clock", "the battery clock is \(Human.duration(milliseconds: drift)) off",
          "\"hwclock --systohc\" once the time is right; if it comes again, change the battery"))
    }
    return findings
  }
}
