// Which broker is next, and which version it speaks.
//
// Invariants
// - Only addresses of the configuration are ever connected to, wherever a broker points.
// - The list is tried from one end to the other before a wait; the broker that works is kept.

import Primitives

struct MQTTBrokers: Equatable, Sendable {
  private let list: [MQTTAddress]
  private let allowed: [MQTTAddress]
  private let speech: MQTTPolicy.Speech
  private var index = 0
  private var redirected: MQTTAddress?
  private var redirections = 0
  /// Brokers that speak 3.1.1 only, and until when that is believed.
  private var older: [MQTTAddress: Instant] = [:]
  /// Connections in a row that the current broker closed instead of answering CONNECT.
  private var silentCloses = 0

  /// How long a broker is taken for an old one before 5.0 is tried again.
  static let olderFor: Duration = .seconds(3600)

  init(_ policy: MQTTPolicy) {
    list = policy.brokers
    allowed = policy.brokers + policy.redirections
    speech = policy.speech
  }

  var current: MQTTAddress {
    redirected ?? (list.indices.contains(index) ? list[index] : MQTTAddress(host: "localhost"))
  }

  func version(now: Instant) -> MQTTVersion {
    switch speech {
    case .five: return .five
    case .three: return .three
    case .automatic:
      if let until = older[current], until > now { return .three }
      return silentCloses >= 2 ? .three : .five
    }
  }

  /// The broker accepted us in this version.
  mutating func accepted(_ version: MQTTVersion, now: Instant) {
    silentCloses = 0
    if version == .three { older[current] = now + Self.olderFor } else { older[current] = nil }
  }

  /// The session holds: the next redirection is the first of its row.
  mutating func settled() { redirections = 0 }

  /// Brokers send us from one to the other.
  var isLost: Bool { redirections >= MQTTLimits.redirections }

  /// The broker said that it does not speak 5.0; false when there is nothing to fall back to.
  mutating func fallBack(now: Instant) -> Bool {
    guard speech == .automatic, version(now: now) == .five else { return false }
    older[current] = now + Self.olderFor
    return true
  }

  /// The broker closed the connection instead of answering: an old one may do so.
  mutating func closedAtGreeting() {
    // The third of them was the trial with 3.1.1.
    silentCloses = silentCloses >= 2 ? 0 : silentCloses + 1
  }

  /// Goes to the next of the list; true when all have been tried.
  mutating func advance() -> Bool {
    if redirected != nil {
      redirected = nil
      return true
    }
    // A broker that may be an old one is tried in its own language before the next.
    guard silentCloses == 0 else { return true }
    index += 1
    guard index >= list.count else { return false }
    index = 0
    return true
  }

  /// Follows a reference of the broker to an allowed address; nil when there is none.
  mutating func follow(_ reference: String?) -> MQTTAddress? {
    guard let reference else { return nil }
    let isSecure = current.isSecure
    for place in reference.split(separator: " ").prefix(MQTTLimits.references) {
      guard let address = MQTTAddress(place: String(place), isSecure: isSecure),
        allowed.contains(address), address != current
      else { continue }
      redirections = min(redirections + 1, MQTTLimits.redirections)
      silentCloses = 0
      redirected = address
      return address
    }
    return nil
  }
}
