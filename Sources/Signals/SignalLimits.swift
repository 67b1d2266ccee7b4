// The limits of this room, each with its unit and arithmetic.

/// Bounds of a ring.
public enum RingLimits {
  /// Samples at most in one ring: 2^22 × 32 bytes = 128 MiB.
  public static let largest = 1 << 22

  /// The longest that a disk is expected to hold the recorder up, in seconds: flash that collects
  /// garbage stalls a sync for hundreds of milliseconds, a worn card for two seconds.
  public static let worstStall = 2

  /// Bytes of a page of memory, and the samples in it, 32 bytes each.
  static let pageBytes = 4096
  static let pageSamples = pageBytes / 32

  /// Samples taken before their memory is given back: 8 pages, so that one call of the kernel
  /// (under a microsecond) is shared by 1,024 samples.
  static let keptSamples = 8 * pageSamples
  /// A ring that is no larger keeps its memory.
  static let keptBytes = 2 * keptSamples * 32

  /// Samples that a ring must hold: samples a second × worst stall × 4, at least 1,024 (32 KiB).
  public static func capacity(samplesPerSecond: Int) -> Int {
    let (product, overflow) = max(0, samplesPerSecond).multipliedReportingOverflow(
      by: worstStall * 4)
    return overflow ? largest : min(max(product, 1024), largest)
  }
}

/// Bounds of a text read from registers.
public enum TextLimits {
  /// Bytes at most: 125 registers of one Modbus answer × 2 bytes.
  public static let bytes = 250
  /// Pieces of 8 bytes at most: 250 / 8, rounded up.
  public static let pieces = 32
}
