// What `takt doctor` says: one finding for each thing that was looked at, and what to do about it.

import LinuxEdge
import Primitives

/// One thing that was looked at.
struct DoctorFinding: Equatable, Sendable {
  enum Verdict: String, Sendable, CaseIterable {
    case ok
    /// Works, and somebody should look.
    case warn
    case fail
  }

  var verdict: Verdict
  /// Where: "bus hall", "uplink mes", "clock".
  var place: String
  /// What was found.
  var what: String
  /// What to do; nil where nothing is.
  var remedy: String?

  static func ok(_ place: String, _ what: String) -> DoctorFinding {
    DoctorFinding(verdict: .ok, place: place, what: what)
  }

  static func warn(_ place: String, _ what: String, _ remedy: String? = nil) -> DoctorFinding {
    DoctorFinding(verdict: .warn, place: place, what: what, remedy: remedy)
  }

  static func fail(_ place: String, _ what: String, _ remedy: String? = nil) -> DoctorFinding {
    DoctorFinding(verdict: .fail, place: place, what: what, remedy: remedy)
  }

  /// "fail  bus hall: no answer — check the cable".
  var text: String {
    let word = verdict.rawValue + String(repeating: " ", count: 6 - verdict.rawValue.count)
    return word + "\(place): \(what)" + (remedy.map { " — \($0)" } ?? "")
  }

  var json: JSONValue {
    var members: [String: JSONValue] = [
      "verdict": .string(verdict.rawValue), "place": .string(place), "what": .string(what),
    ]
    members["remedy"] = remedy.map { .string($0) }
    return .object(members)
  }
}

/// All findings, in the order in which a technician would look.
struct DoctorReport: Equatable, Sendable {
  var findings: [DoctorFinding]
  var took: Duration

  func count(_ verdict: DoctorFinding.Verdict) -> Int {
    findings.count { $0.verdict == verdict }
  }

  /// One line a finding, and a sum.
  var text: String {
    let sum =
      "\(count(.ok)) ok, \(count(.warn)) to look at, \(count(.fail)) wrong; it took "
      + Human.duration(milliseconds: took.wholeMilliseconds)
    return (findings.map(\.text) + ["", sum]).joined(separator: "\n") + "\n"
  }

  var json: JSONValue {
    [
      "findings": .array(findings.map(\.json)), "ok": .integer(Int64(count(.ok))),
      "warn": .integer(Int64(count(.warn))), "fail": .integer(Int64(count(.fail))),
      "tookMs": .integer(took.wholeMilliseconds),
    ]
  }
}
