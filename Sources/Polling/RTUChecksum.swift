// The checksum of RTU frames, for the links that check it and the traces that show it.

/// CRC-16 of Modbus over serial line V1.02, 6.2.2: polynomial A001, reflected, from FFFF.
public enum RTUChecksum {
  /// The checksum of some bytes; on the wire its low byte comes first (2.5.1.2).
  public static func of(_ bytes: Span<UInt8>) -> UInt16 {
    var sum: UInt16 = 0xFFFF
    for index in bytes.indices {
      sum ^= UInt16(bytes[index])
      for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xA001 }
    }
    return sum
  }
}
