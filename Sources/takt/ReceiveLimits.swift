// The bounds of the bench receiver.

import Delivery

/// What one receiver takes at most.
enum ReceiveLimits {
  /// 64 connections × (2 MiB of body + 2 × 64 KiB of TLS) stay below 140 MiB.
  static let server = ServerLimits(
    connections: 64, idle: .seconds(300), patience: .seconds(30), request: .request)

  /// Bytes of a key, certificate or JWKS file.
  static let keyFileBytes = 256 * 1024

  /// The longest delay of an answer that can be asked for.
  static let longestDelay: Duration = .seconds(3600)
}
