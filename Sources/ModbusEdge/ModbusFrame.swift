// The bytes of a read request, and the judgement on what came back. No socket, no library.
//
// Invariants
// - Only function codes 1 to 4 can be written: the code comes from `ModbusTable.readFunction`.
// - An answer is believed only if protocol, length, transaction, unit, function and byte count all
//   agree with the request; anything else has a name of its own.
//
// - Where a frame ends is told by its header, and only if its own byte count agrees: a length that
//   nothing else confirms is not waited for.
//
// Why not modbus_read_registers(3) and its sisters: measured with libmodbus 3.1.6 against a peer
// that answered once too late, every later call failed with "Invalid data", each one transaction
// behind, for ever (F10); and an answer from another unit, with another protocol id or with a wrong
// MBAP length passed as good (F11).

import Polling

/// What one frame is, seen from the request that waits.
enum Verdict: Equatable {
  /// The answer; the values are in the buffer.
  case answer
  /// The unit refuses, with a code of the specification.
  case exception(UInt8)
  /// An answer to an earlier request: pass over it and go on waiting.
  case stale(transaction: UInt16)
  /// A whole frame for this request that does not answer it; the stream is still in step.
  case mismatch(String)
  /// No frame at all; where the next one begins is unknown.
  case noise(String)
}

/// How far a frame reaches, as its first bytes tell.
enum FrameExtent: Equatable {
  /// Not enough bytes to tell.
  case unknown
  /// So many bytes from its first one, here or still to come.
  case whole(Int)
  /// No frame begins with these bytes.
  case noise(String)
}

enum ModbusFrame {
  /// The last line before the wire: why a frame with this function code is not sent, whoever made
  /// it; nil for the four that read.
  static func objection(toSending function: UInt8) -> String? {
    switch function {
    case 1...4: nil
    default: "function \(function) was not sent: this program only reads"
    }
  }

  /// The twelve bytes that ask for `request`.
  static func encode(
    _ request: ReadRequest, transaction: UInt16
  ) -> InlineArray<12, UInt8> {
    [
      UInt8(truncatingIfNeeded: transaction >> 8), UInt8(truncatingIfNeeded: transaction),
      0, 0, 0, 6,
      request.unitAddress, request.table.readFunction,
      UInt8(truncatingIfNeeded: request.start >> 8), UInt8(truncatingIfNeeded: request.start),
      UInt8(truncatingIfNeeded: request.count >> 8), UInt8(truncatingIfNeeded: request.count),
    ]
  }

  /// Where the frame ends that begins with these bytes.
  static func extent(of bytes: Span<UInt8>) -> FrameExtent {
    guard bytes.count >= ModbusLimits.lengthBytes else { return .unknown }
    let proto = word(bytes, 2)
    guard proto == 0 else { return .noise("protocol id \(proto) instead of 0") }
    let length = Int(word(bytes, 4))
    guard ModbusLimits.lengths.contains(length) else {
      return .noise("the header announces \(length) bytes")
    }
    guard bytes.count >= ModbusLimits.answerHeaderBytes else { return .unknown }
    let told: Int? =
      switch bytes[7] {
      case 1...4: 3 + Int(bytes[8])
      case 0x80...: 3
      default: nil
      }
    guard told == nil || told == length else {
      return .noise("the header announces \(length) bytes, the answer has \(told ?? 0)")
    }
    return .whole(ModbusLimits.lengthBytes + length)
  }

  /// Judges a frame and, if it is the answer, replaces `words` by its values.
  static func judge(
    _ frame: Span<UInt8>, for request: ReadRequest, transaction: UInt16,
    into words: inout [UInt16]
  ) -> Verdict {
    guard frame.count >= ModbusLimits.answerHeaderBytes else {
      return .noise("\(frame.count) bytes are no answer")
    }
    let proto = word(frame, 2)
    let length = Int(word(frame, 4))
    guard proto == 0 else { return .noise("protocol id \(proto) instead of 0") }
    guard length == frame.count - 6 else {
      return .noise("the header announces \(length) bytes, \(frame.count - 6) follow")
    }
    guard word(frame, 0) == transaction else { return .stale(transaction: word(frame, 0)) }
    guard frame[6] == request.unitAddress else {
      return .mismatch("unit \(frame[6]) answered for unit \(request.unitAddress)")
    }
    let function = request.table.readFunction
    guard frame[7] != function | 0x80 else { return exception(frame) }
    guard frame[7] == function else {
      return .mismatch("function \(frame[7]) answered for function \(function)")
    }
    let bytes = request.valueBytes
    guard Int(frame[8]) == bytes, frame.count == ModbusLimits.answerHeaderBytes + bytes else {
      return .mismatch("\(frame[8]) bytes of values instead of \(bytes)")
    }
    take(request, from: frame, at: ModbusLimits.answerHeaderBytes, into: &words)
    return .answer
  }

  /// Replaces `words` by the values that begin at `first`; all of them must be there.
  static func take(
    _ request: ReadRequest, from frame: Span<UInt8>, at first: Int, into words: inout [UInt16]
  ) {
    words.removeAll(keepingCapacity: true)
    if request.table.holdsBits {
      for bit in 0..<Int(request.count) {
        words.append(UInt16((frame[first + bit / 8] >> UInt8(bit % 8)) & 1))
      }
    } else {
      for index in 0..<Int(request.count) { words.append(word(frame, first + index * 2)) }
    }
  }

  private static func exception(_ frame: Span<UInt8>) -> Verdict {
    guard frame.count == ModbusLimits.answerHeaderBytes,
      (1...ModbusLimits.highestException).contains(frame[8])
    else { return .mismatch("exception code \(frame[8]) is not in the specification") }
    return .exception(frame[8])
  }

  private static func word(_ frame: Span<UInt8>, _ index: Int) -> UInt16 {
    UInt16(frame[index]) << 8 | UInt16(frame[index + 1])
  }
}

extension ReadRequest {
  /// Bytes of values in an answer, which its byte count must name.
  var valueBytes: Int { table.valueBytes(count) }
}
