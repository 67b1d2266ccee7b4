// What an event may weigh and what a verifier remembers.

/// Limits of events, each with its unit.
public enum EventLimits {
  /// Final bytes of one event, with its signature: 16 KiB, what every receiver must take.
  public static let eventBytes = 16 * 1024

  /// Room kept for envelope and signature when a window of signals is cut into events, in bytes:
  /// 17 members of at most 20 + 90 bytes, four names of at most 64 bytes twice, rounded up.
  public static let envelopeBytes = 3 * 1024

  /// The longest name of an enterprise, site, area, line, gateway or machine, in bytes.
  public static let nameBytes = 64

  /// The largest integer that every JSON reader keeps exact: 2^53.
  public static let exactInteger: Int64 = 1 << 53

  /// Digests a verifier remembers for each stream to tell a duplicate from a forgery:
  /// 65,536 × about 80 bytes = 5 MiB.
  public static let rememberedEvents = 65_536

  /// Ranges of passed-over sequences that a verifier knows of each chain: 1024 × 16 bytes.
  public static let rememberedGaps = 1024

  /// Streams (gateway and epoch) that a verifier follows at once; 16 × 5 MiB = 80 MiB.
  public static let rememberedStreams = 16
}
