// The sizes of a QR code at level M: how much each holds, and how its bytes become codewords.
//
// Invariants
// - Data is split into blocks, each with its own Reed-Solomon codewords; blocks are interleaved,
//   so that one stain hits a little of each.
// - The last blocks may be longer by one codeword of data.

/// One size of a QR code.
struct QRVersion: Equatable, Sendable {
  var number: Int
  /// Codewords of data and of error correction together.
  private var total: Int
  /// Codewords of error correction in each block.
  private var correction: Int
  private var blocks: Int
  /// Centres of the alignment patterns, in both directions.
  var alignment: [Int]

  /// Versions 1 to 10, from the tables of the standard.
  static let all = [
    QRVersion(number: 1, total: 26, correction: 10, blocks: 1, alignment: []),
    QRVersion(number: 2, total: 44, correction: 16, blocks: 1, alignment: [6, 18]),
    QRVersion(number: 3, total: 70, correction: 26, blocks: 1, alignment: [6, 22]),
    QRVersion(number: 4, total: 100, correction: 18, blocks: 2, alignment: [6, 26]),
    QRVersion(number: 5, total: 134, correction: 24, blocks: 2, alignment: [6, 30]),
    QRVersion(number: 6, total: 172, correction: 16, blocks: 4, alignment: [6, 34]),
    QRVersion(number: 7, total: 196, correction: 18, blocks: 4, alignment: [6, 22, 38]),
    QRVersion(number: 8, total: 242, correction: 22, blocks: 4, alignment: [6, 24, 42]),
    QRVersion(number: 9, total: 292, correction: 22, blocks: 5, alignment: [6, 26, 46]),
    QRVersion(number: 10, total: 346, correction: 26, blocks: 5, alignment: [6, 28, 50]),
  ]

  var size: Int { 17 + 4 * number }
  private var data: Int { total - correction * blocks }
  /// The length of the bytes has 8 bits, from version 10 on 16; the mode has 4.
  private var lengthBits: Int { number < 10 ? 8 : 16 }
  var bytesAtMost: Int { (data * 8 - 4 - lengthBits) / 8 }

  /// Mode, length, bytes, padding and error correction, in the order in which they are drawn.
  func codewords(_ bytes: [UInt8]) -> [UInt8] {
    var bits: [Bool] = []
    func append(_ value: Int, _ count: Int) {
      for place in (0..<count).reversed() { bits.append(value >> place & 1 == 1) }
    }
    append(0b0100, 4)
    append(bytes.count, lengthBits)
    for byte in bytes { append(Int(byte), 8) }
    append(0, min(4, data * 8 - bits.count))
    while !bits.count.isMultiple(of: 8) { bits.append(false) }
    var words = stride(from: 0, to: bits.count, by: 8).map { start in
      bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
    }
    while words.count < data {
      words.append((words.count - bits.count / 8).isMultiple(of: 2) ? 0xEC : 0x11)
    }
    return interleaved(words)
  }

  private func interleaved(_ words: [UInt8]) -> [UInt8] {
    let short = data / blocks
    let longOnes = data % blocks
    let divisor = GaloisField.divisor(correction)
    var parts: [(data: [UInt8], correction: [UInt8])] = []
    var start = 0
    for block in 0..<blocks {
      let length = short + (block >= blocks - longOnes ? 1 : 0)
      let part = Array(words[start..<start + length])
      start += length
      parts.append((part, GaloisField.remainder(part, divisor)))
    }
    var mixed: [UInt8] = []
    for place in 0...short {
      for part in parts where place < part.data.count { mixed.append(part.data[place]) }
    }
    for place in 0..<correction { for part in parts { mixed.append(part.correction[place]) } }
    return mixed
  }
}

/// Arithmetic modulo x^8 + x^4 + x^3 + x^2 + 1, as Reed-Solomon codes of QR want it.
enum GaloisField {
  static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
    var result = 0
    for place in (0..<8).reversed() {
      result = result << 1 ^ (result >> 7) * 0x11D
      if right >> UInt8(place) & 1 == 1 { result ^= Int(left) }
    }
    return UInt8(truncatingIfNeeded: result)
  }

  /// The product of (x - 2^i) for each i below the degree, without its leading 1.
  static func divisor(_ degree: Int) -> [UInt8] {
    var terms = [UInt8](repeating: 0, count: degree - 1) + [1]
    var root: UInt8 = 1
    for _ in 0..<degree {
      for place in terms.indices {
        terms[place] = product(terms[place], root)
        if place + 1 < terms.count { terms[place] ^= terms[place + 1] }
      }
      root = product(root, 2)
    }
    return terms
  }

  static func remainder(_ data: [UInt8], _ divisor: [UInt8]) -> [UInt8] {
    var rest = [UInt8](repeating: 0, count: divisor.count)
    for byte in data {
      let factor = byte ^ rest.removeFirst()
      rest.append(0)
      for place in rest.indices { rest[place] ^= product(divisor[place], factor) }
    }
    return rest
  }
}

/// How hard a masked code is to read, by the four rules of the standard.
struct QRPenalty {
  private let code: QRCode

  init(_ code: QRCode) { self.code = code }

  var cost: Int {
    let places = 0..<code.size
    let rows = places.map { y in places.map { code[$0, y] } }
    let columns = places.map { x in places.map { code[x, $0] } }
    let lines = (rows + columns).map(Self.line).reduce(0, +)
    return lines + squares(rows) + balance(rows)
  }

  /// Five modules of one colour cost 3, each further one 1; what looks like a finder costs 40.
  private static func line(_ line: [Bool]) -> Int {
    var (cost, run) = (0, 0)
    for place in line.indices {
      run = place > 0 && line[place] == line[place - 1] ? run + 1 : 1
      if run == 5 { cost += 3 } else if run > 5 { cost += 1 }
    }
    let finder = [true, false, true, true, true, false, true]
    let light = [false, false, false, false]
    for start in line.indices where start + 11 <= line.count {
      let piece = line[start..<start + 11]
      if piece.elementsEqual(finder + light) || piece.elementsEqual(light + finder) { cost += 40 }
    }
    return cost
  }

  private func squares(_ rows: [[Bool]]) -> Int {
    var cost = 0
    for y in rows.indices.dropLast() {
      for x in rows.indices.dropLast() {
        let colour = rows[y][x]
        if rows[y][x + 1] == colour, rows[y + 1][x] == colour, rows[y + 1][x + 1] == colour {
          cost += 3
        }
      }
    }
    return cost
  }

  /// Each 5 % away from as many dark as light ones costs 10.
  private func balance(_ rows: [[Bool]]) -> Int {
    let all = code.size * code.size
    let dark = rows.reduce(0) { sum, row in sum + row.count { $0 } }
    return abs(dark * 20 - all * 10) / all * 10
  }
}
