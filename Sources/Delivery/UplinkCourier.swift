// What the thread of an uplink drives, whatever protocol its courier speaks.

public import Outbox
public import Primitives

/// The session machine of one uplink: parcels, bytes and time in, actions out.
public protocol UplinkCourier: Sendable {
  /// Whether a parcel may be offered now.
  var wantsParcel: Bool { get }
  /// What is known, for people.
  var status: CourierStatus { get }
  /// When `handle(.idle, …)` is due at the latest; nil when only an offer changes anything.
  var nextDeadline: Instant? { get }

  /// The secret for the next requests or connections.
  mutating func useToken(_ token: String?)

  /// What became of asking for the secret.
  mutating func use(_ secret: Secret)

  /// Takes a parcel to carry.
  mutating func offer(
    _ parcel: Parcel, now: Stamp, using generator: inout some RandomNumberGenerator
  ) -> [CourierAction]

  /// Takes what the stream told, and acts on the deadlines that have passed.
  mutating func handle(
    _ event: StreamEvent, now: Stamp, using generator: inout some RandomNumberGenerator
  ) -> [CourierAction]

  /// What is said before the connection is dropped for good.
  mutating func farewell() -> [CourierAction]
}

extension UplinkCourier {
  /// A courier that knows tokens only goes on with what it has when there is no new one.
  public mutating func use(_ secret: Secret) {
    switch secret {
    case .none: useToken(nil)
    case .token(let token, _): useToken(token)
    case .kept, .fault: break
    }
  }
}

extension Courier: UplinkCourier {
  /// HTTP says nothing at its end.
  public mutating func farewell() -> [CourierAction] { [] }
}
