// What bytes and silences of a serial line cost in time (Modbus over serial line V1.02, 2.5.1.1).

import Polling
import Primitives

struct RTUTiming {
  /// Nanoseconds of one character on the wire.
  let character: Int64
  /// Nanoseconds of silence that end a frame.
  let silence: Int64

  /// Speeds outside `ModbusLimits.baudRates` count as the nearest inside.
  init(_ speed: SerialSpeed) {
    let baud = min(
      max(speed.baud, ModbusLimits.baudRates.lowerBound), ModbusLimits.baudRates.upperBound)
    let bits = speed.parity == .none ? 9 : 10
    character = Int64(bits + (speed.stopBits == 2 ? 2 : 1)) * 1_000_000_000 / Int64(baud)
    // 3.5 characters; above 19,200 baud the standard fixes it at 1.75 ms.
    silence = baud > 19_200 ? 1_750_000 : character * 7 / 2
  }

  /// How long `count` bytes are on the wire; a count is never more than two frames.
  func wire(_ count: Int) -> Duration { .nanoseconds(character * Int64(count)) }
}
