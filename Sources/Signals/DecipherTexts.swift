// Texts among registers: runs of printable characters in the four places where devices put them.

extension Decipher {
  /// Every longest run of printable characters, in each layout.
  func texts() -> [DecipherReading] {
    DecipherForm.TextLayout.allCases.flatMap { layout -> [DecipherReading] in
      var found: [DecipherReading] = []
      var offset = 0
      while offset < words.count {
        if let reading = text(at: offset, layout) {
          found.append(reading)
          offset += reading.form.registers
        } else {
          offset += 1
        }
      }
      return found
    }
  }

  /// The text that begins at an offset, up to its first NUL; nil when there is none.
  private func text(
    at offset: Int, _ layout: DecipherForm.TextLayout
  ) -> DecipherReading? {
    var bytes: [UInt8] = []
    var registers = 0
    for word in words[offset...] {
      guard let characters = Self.characters(word, layout) else { break }
      registers += 1
      bytes += characters
      if characters.count < layout.charactersPerRegister { break }
    }
    while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
    let letters = bytes.count { Self.isLetterOrDigit($0) }
    guard bytes.count >= 2, letters * 2 >= bytes.count else { return nil }
    let isLong = bytes.count >= DecipherLimits.textLength
    // What printing proves: an empty half byte counts as much as a character.
    let evidence = registers * 2
    let points = evidence < 6 ? 70 : min(97, 84 + evidence)
    return DecipherReading(
      offset: offset, form: .text(layout, registers: registers), value: nil,
      text: "\"" + String(decoding: bytes, as: UTF8.self) + "\"",
      // Swapped bytes are as printable as right ones: the usual layout goes first.
      likelihood: isLong ? points - (layout == .highFirst ? 0 : 4) : 28,
      reason: isLong ? "printable text" : "printable, but short")
  }

  /// The characters of a register: fewer than the layout has when a NUL ends the text, nil when
  /// one cannot be printed.
  private static func characters(
    _ word: UInt16, _ layout: DecipherForm.TextLayout
  ) -> [UInt8]? {
    let (high, low) = (UInt8(word >> 8), UInt8(word & 0xFF))
    let bytes: [UInt8]
    switch layout {
    case .highFirst: bytes = [high, low]
    case .lowFirst: bytes = [low, high]
    case .low: bytes = high == 0 ? [low] : []
    case .high: bytes = low == 0 ? [high] : []
    }
    let printable = bytes.prefix { (0x20...0x7E).contains($0) }
    guard !printable.isEmpty, printable.count == bytes.count || bytes[printable.count] == 0 else {
      return nil
    }
    return Array(printable)
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
  }
}
