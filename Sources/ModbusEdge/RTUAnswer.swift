// What a server sends back to one RTU request: the values of its memory, or a refusal.
//
// Invariants
// - Function codes 1 to 4 are answered, every other one gets exception 1: nobody can write here.
// - An answer never holds more than the request asked for, and fits `ModbusLimits.rtuFrameBytes`.

import Polling

enum RTUAnswer {
  /// The frame for the eight bytes of a request; nil for a unit that says nothing.
  static func bytes(to request: [UInt8], _ reply: ModbusReply) -> [UInt8]? {
    guard request.count == ModbusLimits.rtuRequestBytes else { return nil }
    switch reply {
    case .silent: return nil
    case .exception(let code): return refusal(request, code)
    case .memory(let memory):
      guard (1...4).contains(request[1]) else { return refusal(request, 1) }
      let start = Int(request[2]) << 8 | Int(request[3])
      let count = Int(request[4]) << 8 | Int(request[5])
      let most = request[1] <= 2 ? 2000 : 125
      guard (1...most).contains(count) else { return refusal(request, 3) }
      guard let values = values(request[1], start, count, memory) else {
        return refusal(request, 2)
      }
      return sealed([request[0], request[1], UInt8(truncatingIfNeeded: values.count)] + values)
    }
  }

  private static func values(
    _ function: UInt8, _ start: Int, _ count: Int, _ memory: ModbusMemory
  ) -> [UInt8]? {
    switch function {
    case 1: bits(memory.coils, start, count)
    case 2: bits(memory.discrete, start, count)
    case 3: registers(memory.holding, start, count)
    default: registers(memory.input, start, count)
    }
  }

  private static func registers(
    _ table: ModbusMemory.Registers, _ start: Int, _ count: Int
  ) -> [UInt8]? {
    guard let range = range(Int(table.start), table.values.count, start, count) else { return nil }
    return table.values[range].flatMap {
      [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)]
    }
  }

  /// Eight in a byte, the first in its lowest bit.
  private static func bits(_ table: ModbusMemory.Bits, _ start: Int, _ count: Int) -> [UInt8]? {
    guard let range = range(Int(table.start), table.values.count, start, count) else { return nil }
    var bytes = [UInt8](repeating: 0, count: (count + 7) / 8)
    for (place, value) in table.values[range].enumerated() where value {
      bytes[place / 8] |= 1 << UInt8(place % 8)
    }
    return bytes
  }

  /// Where the addresses lie in a table; nil when some are outside.
  private static func range(_ first: Int, _ held: Int, _ start: Int, _ count: Int) -> Range<Int>? {
    guard start >= first, start + count <= first + held else { return nil }
    return start - first..<start - first + count
  }

  private static func refusal(_ request: [UInt8], _ code: UInt8) -> [UInt8] {
    sealed([request[0], request[1] | 0x80, code])
  }

  private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    let sum = RTUChecksum.of(bytes.span)
    return bytes + [UInt8(truncatingIfNeeded: sum), UInt8(truncatingIfNeeded: sum >> 8)]
  }
}
