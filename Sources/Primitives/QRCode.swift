// A QR code (ISO/IEC 18004) of bytes, for a terminal and the camera of a telephone.
//
//   bytes ─▶ codewords and error correction ─▶ a matrix with fixed patterns ─▶ the best of 8 masks
//
// Invariants
// - Byte mode and error level M only: a seventh of the code may be unreadable.
// - Versions 1 to 10, 213 bytes at most; the smallest version that holds the bytes.
// - The same bytes give the same code.
//
// Why our own: a gateway without a network has nobody to ask, and this is all that is needed.

/// A square of dark and light modules that says some bytes.
public struct QRCode: Equatable, Sendable {
  /// Modules in a row, without the quiet zone.
  public let size: Int
  /// Modules of light around the code that readers need.
  public static let quietZone = 4
  var modules: [Bool]
  /// What is not data: patterns and the words about version, level and mask.
  private var isFixed: [Bool]
  private let version: QRVersion

  /// Encodes bytes; nil for more than 213.
  public init?(_ bytes: [UInt8]) {
    guard let version = QRVersion.all.first(where: { bytes.count <= $0.bytesAtMost }) else {
      return nil
    }
    self.version = version
    size = version.size
    modules = Array(repeating: false, count: size * size)
    isFixed = modules
    drawPatterns()
    drawVersion()
    drawFormat(0)
    draw(version.codewords(bytes))
    chooseMask()
  }

  /// Whether a module is dark; outside it is light.
  public subscript(x: Int, y: Int) -> Bool {
    (0..<size).contains(x) && (0..<size).contains(y) && modules[y * size + x]
  }

  /// Two rows of modules as one line, quiet zone and all; light is what is drawn, so that a
  /// terminal with a dark ground shows it as it is.
  public var lines: [String] {
    let (first, last) = (-Self.quietZone, size + Self.quietZone)
    return stride(from: first, to: last, by: 2).map { y in
      (first..<last).map { x in
        switch (self[x, y], self[x, y + 1]) {
        case (false, false): "█"
        case (false, true): "▀"
        case (true, false): "▄"
        case (true, true): " "
        }
      }.joined()
    }
  }

  // MARK: fixed patterns

  private mutating func fix(_ x: Int, _ y: Int, _ isDark: Bool) {
    guard (0..<size).contains(x), (0..<size).contains(y) else { return }
    modules[y * size + x] = isDark
    isFixed[y * size + x] = true
  }

  private mutating func drawPatterns() {
    for place in 0..<size {
      fix(6, place, place.isMultiple(of: 2))
      fix(place, 6, place.isMultiple(of: 2))
    }
    for (x, y) in [(3, 3), (size - 4, 3), (3, size - 4)] {
      drawSquares(x, y, radius: 4) { $0 != 2 && $0 != 4 }
    }
    let places = version.alignment
    for (row, y) in places.enumerated() {
      for (column, x) in places.enumerated() {
        let last = places.count - 1
        let isCorner = [[0, 0], [0, last], [last, 0]].contains([row, column])
        if !isCorner { drawSquares(x, y, radius: 2) { $0 != 1 } }
      }
    }
  }

  private mutating func drawSquares(
    _ x: Int, _ y: Int, radius: Int, isDark: (_ distance: Int) -> Bool
  ) {
    for down in -radius...radius {
      for right in -radius...radius {
        fix(x + right, y + down, isDark(max(abs(down), abs(right))))
      }
    }
  }

  private mutating func drawVersion() {
    guard version.number >= 7 else { return }
    var rest = version.number
    for _ in 0..<12 { rest = rest << 1 ^ (rest >> 11) * 0x1F25 }
    let bits = version.number << 12 | rest
    for place in 0..<18 {
      let (far, near) = (size - 11 + place % 3, place / 3)
      fix(far, near, bits >> place & 1 == 1)
      fix(near, far, bits >> place & 1 == 1)
    }
  }

  /// Level M is 00 in its two bits.
  private mutating func drawFormat(_ mask: Int) {
    var rest = mask
    for _ in 0..<10 { rest = rest << 1 ^ (rest >> 9) * 0x537 }
    let bits = (mask << 10 | rest) ^ 0x5412
    func bit(_ place: Int) -> Bool { bits >> place & 1 == 1 }
    for place in 0...5 { fix(8, place, bit(place)) }
    fix(8, 7, bit(6))
    fix(8, 8, bit(7))
    fix(7, 8, bit(8))
    for place in 9..<15 { fix(14 - place, 8, bit(place)) }
    for place in 0..<8 { fix(size - 1 - place, 8, bit(place)) }
    for place in 8..<15 { fix(8, size - 15 + place, bit(place)) }
    fix(8, size - 8, true)
  }

  // MARK: data

  /// In pairs of columns from the right, upwards and downwards in turn, around the timing column.
  private mutating func draw(_ codewords: [UInt8]) {
    var next = 0
    for pair in stride(from: size - 1, through: 1, by: -2) {
      let right = pair <= 6 ? pair - 1 : pair
      for step in 0..<size {
        for x in [right, right - 1] {
          let isUpward = (right + 1) & 2 == 0
          let y = isUpward ? size - 1 - step : step
          guard !isFixed[y * size + x], next < codewords.count * 8 else { continue }
          modules[y * size + x] = codewords[next >> 3] >> (7 - UInt8(next & 7)) & 1 == 1
          next += 1
        }
      }
    }
  }

  // MARK: the mask

  private mutating func chooseMask() {
    let costs = (0..<8).map { mask in
      var tried = self
      tried.apply(mask)
      return QRPenalty(tried).cost
    }
    apply(costs.indices.min { costs[$0] < costs[$1] } ?? 0)
  }

  private mutating func apply(_ mask: Int) {
    drawFormat(mask)
    for y in 0..<size {
      for x in 0..<size where !isFixed[y * size + x] && Self.turns(mask, x, y) {
        modules[y * size + x].toggle()
      }
    }
  }

  private static func turns(_ mask: Int, _ x: Int, _ y: Int) -> Bool {
    switch mask {
    case 0: (x + y) % 2 == 0
    case 1: y % 2 == 0
    case 2: x % 3 == 0
    case 3: (x + y) % 3 == 0
    case 4: (x / 3 + y / 2) % 2 == 0
    case 5: x * y % 2 + x * y % 3 == 0
    case 6: (x * y % 2 + x * y % 3) % 2 == 0
    default: ((x + y) % 2 + x * y % 3) % 2 == 0
    }
  }
}
