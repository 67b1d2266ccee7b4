// The bounds of the bench receiver.

/// What one receiver takes at most.
enum ReceiveLimits {
  /// Connections at once; 64 × (2 MiB of body + 2 × 64 KiB of TLS) stays below 140 MiB.
  static let connections = 64

  /// A connection on which nothing came for this long is closed.
  static let idle: Duration = .seconds(300)

  /// A connection that has not finished its handshake or its request after this long is closed.
  static let patience: Duration = .seconds(30)

  /// Bytes of a key, certificate or JWKS file.
  static let keyFileBytes = 256 * 1024

  /// The longest delay of an answer that can be asked for.
  static let longestDelay: Duration = .seconds(3600)
}
