// What a person should know of a connection although it works: certificates that end, files that
// could not be taken, a clock that certificates are not checked by.
//
// Expiry is told in steps of 30, 14, 7 and 1 days, so that a condition changes when there is reason
// to look again and not every day.

public import Primitives

/// When a certificate ends.
public struct CertificateExpiry: Equatable, Sendable {
  /// Whose it is, as a sentence begins: "our own certificate /etc/takt/gw.pem".
  public var subject: String
  public var notAfter: WallTime

  public init(subject: String, notAfter: WallTime) {
    self.subject = subject
    self.notAfter = notAfter
  }

  /// Days before the end at which it is told, the last first.
  static let steps: [Int64] = [1, 7, 14, 30]

  /// What to say of it at a time; nil while there are more than 30 days.
  public func condition(at now: WallTime) -> String? {
    let left = notAfter.milliseconds.subtractingReportingOverflow(now.milliseconds)
    guard !left.overflow else { return nil }
    if left.partialValue < 0 { return "\(subject) expired on \(notAfter.text); renew it" }
    guard let days = Self.steps.first(where: { left.partialValue <= $0 * 86_400_000 }) else {
      return nil
    }
    let rest = days == 1 ? "1 day" : "\(days) days"
    return "\(subject) expires on \(notAfter.text), within \(rest); renew it"
  }
}

/// What a stream knows beside what it carries.
public struct StreamFacts: Equatable, Sendable {
  /// Our own certificate, and what ends first of the peer's verified chain.
  public var expiries: [CertificateExpiry] = []
  /// Why files that changed are not used; those read before still are.
  public var fileTrouble: String?
  /// The peer's own certificate as it was verified last: its dates bound what we believe of it.
  public var peerNotAfter: WallTime?

  public init() {}

  /// The conditions to tell at a time.
  public func conditions(at now: WallTime) -> [String] {
    (fileTrouble.map { [$0] } ?? []) + expiries.compactMap { $0.condition(at: now) }
  }
}

/// The time that certificates are checked at.
public enum TrustedTime {
  /// The clock's if something disciplines it, else at least as late as the newest evidence (F40).
  public static func verification(_ reading: ClockReading, evidence: WallTime?) -> WallTime {
    guard reading.quality != .synchronised, let evidence else { return reading.wall }
    return max(reading.wall, evidence)
  }
}
