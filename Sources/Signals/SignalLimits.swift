// The limits of this room, each with its unit and arithmetic.

/// Bounds of a ring.
public enum RingLimits {
  /// Samples at most in one ring: 2^22 × 32 bytes = 128 MiB.
  public static let largest = 1 << 22
}

/// Bounds of a text read from registers.
public enum TextLimits {
  /// Bytes at most: 125 registers of one Modbus answer × 2 bytes.
  public static let bytes = 250
  /// Pieces of 8 bytes at most: 250 / 8, rounded up.
  public static let pieces = 32
}
