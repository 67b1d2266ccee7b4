// The port to the network: a stream of bytes that somebody else encrypts, and what can befall it.

public import Primitives

/// Where a stream leads and how the peer must prove itself.
public struct StreamTarget: Equatable, Sendable {
  public var host: String
  public var port: UInt16

  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }
}

/// Why a stream could not be opened, or ended.
public enum StreamFault: Error, Equatable, Sendable {
  /// The name has no address.
  case nameUnknown(String)
  /// Nobody listens, or no route.
  case unreachable(String)
  /// Not open within the time allowed.
  case timeout
  /// The peer's certificate is not acceptable: expired, wrong host, unknown issuer. Says which.
  case certificate(String)
  /// The peer and we did not agree on TLS, or it refused our certificate.
  case handshake(String)
  /// What stands between refuses the way. Says what to do; lasting when a person has to.
  case proxy(String, isLasting: Bool)
  /// The peer ended the stream in good order (TLS close_notify): nothing was cut off.
  case finished
  /// The connection broke, or ended without a farewell: what was being read may be cut off.
  case closed(String)
}

/// What a stream tells its owner.
public enum StreamEvent: Equatable, Sendable {
  /// Connected, and the peer verified.
  case opened
  case received([UInt8])
  case ended(StreamFault)
  /// Nothing but the deadline or the wake-up call.
  case idle
}

/// One outgoing connection, owned by one thread.
public protocol ByteStream: ~Copyable {
  /// Starts to connect; the result comes from `wait`.
  mutating func open(_ target: StreamTarget)

  /// Queues bytes to send; they leave during `wait`.
  mutating func send(_ bytes: [UInt8])

  /// Moves bytes until something happened, the deadline passed, or the owner was woken.
  mutating func wait(until deadline: Instant) -> StreamEvent

  /// Drops the connection; does nothing when there is none.
  mutating func close()

  /// What a person should know of it.
  var facts: StreamFacts { get }

  /// Takes the date that the peer told after it was verified, as evidence of the time.
  mutating func learn(peerDate: WallTime)
}

extension ByteStream where Self: ~Copyable {
  /// Nothing, for a stream without certificates.
  public var facts: StreamFacts { StreamFacts() }

  /// Learns nothing, for a stream that does not ask what time it is.
  public mutating func learn(peerDate: WallTime) {}
}
