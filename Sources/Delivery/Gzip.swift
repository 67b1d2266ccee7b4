// Bodies made smaller, for receivers that say that they take it: gzip (RFC 1952) around deflate
// (RFC 1951) with its fixed codes.
//
// Invariants
// - What any gzip unpacks is what was packed, bit by bit: events stay as they were committed.
// - Time and memory are bounded: `chain` earlier places are looked at for each byte, and 8 bytes
//   are kept for each.
//
// Why our own: zlib would be one more library on the box, for one direction of one header. Why the
// fixed codes: events repeat each other, so that nearly all is gained by repetitions (a batch of
// 100 shrinks to about a third); codes of its own for each body would gain a quarter of the rest.

internal import Primitives

/// Packs bytes.
public enum Gzip {
  private static let window = 32_768
  private static let shortest = 4
  private static let longest = 258
  private static let chain = 16
  private static let hashBits = 15

  /// The bytes as one member of gzip.
  public static func packed(_ bytes: [UInt8]) -> [UInt8] {
    var out = BitWriter(capacity: bytes.count / 2 + 64)
    // Deflate, no name, no time, an unknown file system.
    for byte in [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF] as [UInt8] { out.byte(byte) }
    out.bits(0b011, 3)  // The last block, with fixed codes.
    deflate(bytes, &out)
    out.symbol(256)
    out.align()
    out.number(crc(bytes))
    out.number(UInt32(truncatingIfNeeded: bytes.count))
    return out.bytes
  }

  private static func deflate(_ bytes: [UInt8], _ out: inout BitWriter) {
    var heads = [Int32](repeating: -1, count: 1 << hashBits)
    var before = [Int32](repeating: -1, count: bytes.count)
    var place = 0
    while place < bytes.count {
      let match = longestMatch(bytes, place, heads, before)
      if let match {
        out.length(match.length)
        out.distance(match.distance)
      } else {
        out.symbol(Int(bytes[place]))
      }
      let end = place + (match?.length ?? 1)
      for seen in place..<end where seen + shortest <= bytes.count {
        let hash = hash(bytes, seen)
        before[seen] = heads[hash]
        heads[hash] = Int32(truncatingIfNeeded: seen)
      }
      place = end
    }
  }

  /// Four bytes as a place in the table of heads.
  private static func hash(_ bytes: [UInt8], _ place: Int) -> Int {
    let four =
      UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8 | UInt32(bytes[place + 2]) << 16
      | UInt32(bytes[place + 3]) << 24
    return Int((four &* 2_654_435_761) >> UInt32(32 - hashBits))
  }

  private struct Match {
    var length: Int
    var distance: Int
  }

  private static func longestMatch(
    _ bytes: [UInt8], _ place: Int, _ heads: [Int32], _ before: [Int32]
  ) -> Match? {
    guard place + shortest <= bytes.count else { return nil }
    let most = min(longest, bytes.count - place)
    var best = Match(length: shortest - 1, distance: 0)
    var earlier = Int(heads[hash(bytes, place)])
    var looks = 0
    while earlier >= 0, place - earlier <= window, looks < chain, best.length < most {
      if bytes[earlier + best.length] == bytes[place + best.length] {
        var length = 0
        while length < most, bytes[earlier + length] == bytes[place + length] { length += 1 }
        if length > best.length { best = Match(length: length, distance: place - earlier) }
      }
      earlier = Int(before[earlier])
      looks += 1
    }
    return best.length >= shortest ? best : nil
  }

  /// CRC-32 as gzip has it.
  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    let table = (0..<256 as Range<UInt32>).map { byte in
      (0..<8).reduce(byte) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~bytes.reduce(~0) { sum, byte in
      table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8
    }
  }
}

/// Bits into bytes, the lowest first.
private struct BitWriter {
  private(set) var bytes: [UInt8] = []
  private var held: UInt64 = 0
  private var count = 0

  /// The first length of each code from 257 on, with the bits that follow it; and of distances.
  private static let lengths = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]
  private static let distances = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
  ]

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  mutating func byte(_ byte: UInt8) { bytes.append(byte) }

  mutating func number(_ number: UInt32) {
    for shift in [0, 8, 16, 24] as [UInt32] {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  mutating func bits(_ value: Int, _ width: Int) {
    held |= UInt64(truncatingIfNeeded: value) << UInt64(count)
    count += width
    while count >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: held))
      held >>= 8
      count -= 8
    }
  }

  mutating func align() { if count > 0 { bits(0, 8 - count) } }

  /// A code of Huffman's stands with its highest bit first.
  private mutating func code(_ code: Int, _ width: Int) {
    bits((0..<width).reduce(0) { $0 | (code >> $1 & 1) << (width - 1 - $1) }, width)
  }

  /// A byte, a length's code or the end, by the fixed codes.
  mutating func symbol(_ symbol: Int) {
    switch symbol {
    case ..<144: code(0x30 + symbol, 8)
    case ..<256: code(0x190 + symbol - 144, 9)
    case ..<280: code(symbol - 256, 7)
    default: code(0xC0 + symbol - 280, 8)
    }
  }

  mutating func length(_ length: Int) {
    let index = (Self.lengths.firstIndex { $0 > length } ?? Self.lengths.count) - 1
    symbol(257 + index)
    // Eight codes without, then four with each number of bits; the last one stands for itself.
    let width = index < 8 || index == 28 ? 0 : (index - 4) / 4
    bits(length - Self.lengths[index], width)
  }

  mutating func distance(_ distance: Int) {
    let index = (Self.distances.firstIndex { $0 > distance } ?? Self.distances.count) - 1
    code(index, 5)
    bits(distance - Self.distances[index], index < 4 ? 0 : (index - 2) / 2)
  }
}
