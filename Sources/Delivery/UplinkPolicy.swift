// How one uplink is served: where it is, how much at once, how long to wait.

import Primitives

/// The settings of one uplink; every default is the one of the configuration file.
public struct UplinkPolicy: Equatable, Sendable {
  /// How events are put into requests.
  public enum Packing: String, Equatable, Sendable, CaseIterable {
    /// A JSON array: `application/cloudevents-batch+json`.
    case batch
    /// One event a request: `application/cloudevents+json`.
    case single
  }

  public var address: HTTPAddress
  public var packing: Packing = .batch
  /// Events in a batch.
  public var maxEvents = 100
  /// Bytes of a batch's body; one event may be larger and then travels alone.
  public var maxBytes = 256 * 1024
  /// From the first packet to the end of the TLS handshake.
  public var connectTimeout: Duration = .seconds(10)
  /// Without a byte of the answer.
  public var idleTimeout: Duration = .seconds(30)
  /// From the request to the end of the answer.
  public var answerTimeout: Duration = .seconds(60)
  /// An unused connection is closed after this time; below the 60 s of common proxies.
  public var keepAlive: Duration = .seconds(50)
  /// First step of the waits between attempts.
  public var firstRetry: Duration = .seconds(1)
  /// Largest step of these waits: with full jitter 24 attempts an hour on average.
  public var lastRetry: Duration = .seconds(300)
  public var userAgent = "takt"
  /// The later events of a partition key are given back unsent behind a refused one.
  public var holdsKeys = false
  /// Where the token of the requests comes from.
  public var secret = SecretSource.none

  public init(address: HTTPAddress) { self.address = address }

  var contentType: String {
    switch packing {
    case .batch: "application/cloudevents-batch+json"
    case .single: "application/cloudevents+json"
    }
  }
}
