// The bytes of RTU frames: a request and its checksum, and how long other people's frames are.
// No port, no library.
//
// Invariants
// - Only function codes 1 to 4 can be written: the code comes from `ModbusTable.readFunction`.
// - Nothing here trusts a length that a frame claims: a checksum over that length has to agree.

import Polling

enum RTUFrame {
  /// The eight bytes that ask for `request`.
  static func encode(_ request: ReadRequest) -> InlineArray<8, UInt8> {
    var bytes: InlineArray<8, UInt8> = [
      request.unitAddress, request.table.readFunction,
      UInt8(truncatingIfNeeded: request.start >> 8), UInt8(truncatingIfNeeded: request.start),
      UInt8(truncatingIfNeeded: request.count >> 8), UInt8(truncatingIfNeeded: request.count),
      0, 0,
    ]
    let sum = RTUChecksum.of(bytes.span.extracting(first: 6))
    bytes[6] = UInt8(truncatingIfNeeded: sum)
    bytes[7] = UInt8(truncatingIfNeeded: sum >> 8)
    return bytes
  }

  /// Whether the last two of these bytes are the checksum of the others, low byte first.
  static func isSealed(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 2 else { return false }
    let sum = RTUChecksum.of(bytes.extracting(first: bytes.count - 2))
    return bytes[bytes.count - 2] == UInt8(truncatingIfNeeded: sum)
      && bytes[bytes.count - 1] == UInt8(truncatingIfNeeded: sum >> 8)
  }

  /// Bytes of the whole answer: unit, function, byte count, values, checksum.
  static func answerBytes(_ request: ReadRequest) -> Int { request.valueBytes + 5 }

  /// How long the frame that begins with these bytes may be, whoever sent it to whomever; nil when
  /// that can not be said yet. The first length is that of an answer, where both are possible.
  static func lengths(_ bytes: Span<UInt8>) -> (answer: Int, request: Int?)? {
    guard bytes.count > 1 else { return nil }
    switch bytes[1] {
    case 1...4:
      return bytes.count > 2 ? (Int(bytes[2]) + 5, ModbusLimits.rtuRequestBytes) : nil
    case 5, 6, 8: return (8, nil)
    // The answer repeats address and count; the request goes on with a byte count and values.
    case 15, 16: return bytes.count > 6 ? (8, Int(bytes[6]) + 9) : nil
    case 0x81...0x90: return (ModbusLimits.rtuExceptionBytes, nil)
    default: return (0, nil)
    }
  }
}
