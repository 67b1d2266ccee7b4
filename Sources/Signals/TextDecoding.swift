// Texts from registers, in pieces of eight bytes that fit a sample, and the way back.
//
// Invariants
// - A register holds two characters, or one in its low or high byte (F22); of half a register the
//   other byte means nothing, whatever stands there.
// - A text ends at its first NUL, as PLCs leave old bytes behind it; trailing spaces are dropped.
// - The empty text is one piece of zeros. A text holds no NUL, so the last piece needs no length.
// - Pieces of one text stand together in the ring: `push(all:)` is all or nothing.

/// A text in pieces of eight bytes, first byte lowest; unused bytes are 0.
public struct TextPieces: Sendable {
  public internal(set) var pieces = InlineArray<32, UInt64>(repeating: 0)
  /// Pieces in use, 1…32.
  public internal(set) var count = 1
}

extension RegisterFormat {
  /// The text in registers, or nil when it is not UTF-8; of whole registers the high byte first.
  ///
  /// `badc` and `dcba` mean the low byte first; registers of a text keep their order.
  public func decodeText(_ words: Span<UInt16>) -> TextPieces? {
    var bytes = InlineArray<256, UInt8>(repeating: 0)
    let width = characters.charactersPerRegister
    let wordCount = min(words.count, TextLimits.bytes / width)
    for index in 0..<wordCount {
      switch characters {
      case .both:
        let word = order.swapsBytes ? words[index].byteSwapped : words[index]
        bytes[2 * index] = UInt8(word >> 8)
        bytes[2 * index + 1] = UInt8(word & 0xFF)
      case .low: bytes[index] = UInt8(words[index] & 0xFF)
      case .high: bytes[index] = UInt8(words[index] >> 8)
      }
    }
    var length = 0
    while length < width * wordCount, bytes[length] != 0 { length += 1 }
    while length > 0, bytes[length - 1] == UInt8(ascii: " ") { length -= 1 }
    guard (try? UTF8Span(validating: bytes.span.extracting(0..<length))) != nil else { return nil }
    var text = TextPieces()
    for index in 0..<length {
      text.pieces[index / 8] |= UInt64(bytes[index]) << UInt64(8 * (index % 8))
    }
    text.count = max(1, (length + 7) / 8)
    return text
  }
}

/// Puts the pieces of texts together again, at the consumer's end of one ring.
public struct TextAssembler: Sendable {
  private var subject: UInt32 = 0
  private var awaited: UInt8?
  private var bytes: [UInt8] = []

  public init() {}

  /// Takes one sample of a ring; returns the text when this was its last piece.
  public mutating func take(_ sample: Sample) -> String? {
    guard sample.kind == .value, case .text(let piece) = sample.value else {
      awaited = nil
      return nil
    }
    if awaited != sample.remaining || subject != sample.subject {
      bytes.removeAll(keepingCapacity: true)
      subject = sample.subject
    }
    for shift in 0..<8 {
      let byte = UInt8(truncatingIfNeeded: piece >> UInt64(8 * shift))
      if byte != 0, bytes.count < TextLimits.bytes { bytes.append(byte) }
    }
    guard sample.remaining == 0 else {
      awaited = sample.remaining - 1
      return nil
    }
    awaited = nil
    defer { bytes.removeAll(keepingCapacity: true) }
    return String(validating: bytes, as: UTF8.self)
  }
}
