// What a courier tells people and its driver about itself.

public import Outbox
public import Primitives

/// What the driver of a courier has to do, in this order.
public enum CourierAction: Equatable, Sendable {
  case open(StreamTarget)
  case send([UInt8])
  case close
  /// Hand this to the outbox.
  case report(Answer)
  /// The last parcel is done: the next may be offered.
  case wantParcel
  /// The receiver does not accept the token: read its file again and call `useToken`.
  case reloadToken
}

/// The condition of an uplink, for `takt status` and the health event.
public struct CourierStatus: Equatable, Sendable {
  /// One word: offline, connecting, ready, pausing, sending, retrying, parked.
  public var state = "offline"
  /// When the next attempt is made, if one is being waited for.
  public var nextAttempt: Instant?
  /// When something was last delivered.
  public var lastSuccess: Stamp?
  /// What went wrong last, as a sentence; stays after a recovery.
  public var lastError: String?
  public var lastErrorAt: Stamp?
  /// What a person has to put right; nil as soon as something is delivered.
  public var alarm: String?
  /// The status of the last answer.
  public var lastStatus: Int?
  /// The receiver's clock as its last answer told it, from a verified peer.
  public var peerDate: WallTime?
  /// Connections tried since the start.
  public var connections: UInt64 = 0
  /// Requests sent since the start, repeats included.
  public var requests: UInt64 = 0
  public var deliveredEvents: UInt64 = 0
  public var deliveredBatches: UInt64 = 0
  public var refusedEvents: UInt64 = 0
  /// Events that a broker took although nobody subscribes to their topic.
  public var unheardEvents: UInt64 = 0
  /// Protocol, version and peer of the last session, where there is something to agree on.
  public var speaks: String?
  /// What a person should know of although events are delivered; each with what to do.
  public var conditions: [String] = []
  /// Failures since the last delivery.
  public var consecutiveFailures = 0
  /// Failures since the start.
  public var failures: UInt64 = 0

  public init() {}
}

extension StreamFault {
  /// The fault as a sentence about an address, and what to do.
  func sentence(_ address: HTTPAddress) -> String { sentence("\(address.host):\(address.port)") }

  /// The fault as a sentence about a host and port, and what to do.
  public func sentence(_ peer: String) -> String {
    switch self {
    case .nameUnknown(let why):
      "connecting to \(peer): no address is known for the name (\(why))"
    case .unreachable(let why):
      "connecting to \(peer): not reachable; check the address and that the receiver runs (\(why))"
    case .timeout:
      "connecting to \(peer): no answer in the time allowed; check network and firewall"
    case .certificate(let why): "connecting to \(peer): \(why)"
    case .handshake(let why): "connecting to \(peer): no agreement on TLS: \(why)"
    case .proxy(let why, _): "connecting to \(peer): \(why)"
    case .finished: "waiting for the answer of \(peer): it ended the connection instead"
    case .closed(let why): "talking to \(peer): the connection broke (\(why))"
    }
  }
}

extension Duration {
  /// Seconds or milliseconds, for a sentence.
  var sentence: String {
    let milliseconds = wholeMilliseconds
    return milliseconds.isMultiple(of: 1000) ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
  }
}
