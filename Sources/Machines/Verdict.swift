// What the evidence of a machine says at one moment, and who said it.

package import Primitives
import Signals

/// What the evidence says at one moment.
package struct Verdict: Equatable, Sendable {
  package var state: EvidenceState
  /// When it began, if earlier than when it was noticed: the last count before a standstill.
  package var began: Stamp?
  /// The value of the code that decided.
  package var code: Int64?
  package var reason: String?
  /// The reason stands beside a code, not beside a rule.
  package var reasonIsOfCode = false
  /// The calendar said so: the machine stands in planned time.
  package var byCalendar = false
  /// Nobody looked when it began, or for some of the time since.
  package var isAbout = false
  /// Nanoseconds without contact since it began that are known to have been stood through.
  package var unseen: Int64 = 0
  package var evidence: Evidence?
  /// It was inferred from a count or pulse that stood still for so many nanoseconds; nil for other
  /// evidence.
  package var stoodFor: Int64?

  package init(_ state: EvidenceState, code: Int64? = nil, reason: String? = nil) {
    (self.state, self.code, self.reason) = (state, code, reason)
  }

  /// Whether it says the same of a stop, whatever the value that it says it from.
  func says(_ other: Verdict) -> Bool {
    state == other.state && code == other.code && byCalendar == other.byCalendar
      && reason == other.reason && reasonIsOfCode == other.reasonIsOfCode
  }
}
