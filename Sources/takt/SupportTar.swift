// A tar archive in memory: what POSIX calls ustar, which every system unpacks.

/// Puts files into one tar archive.
struct SupportTar {
  private static let block = 512

  private(set) var bytes: [UInt8] = []

  /// Adds a file; a name has 100 bytes at most, and `at` is in seconds since 1970.
  mutating func add(_ name: String, _ content: [UInt8], at seconds: Int64) {
    var head = [UInt8](repeating: 0, count: Self.block)
    func put(_ text: String, _ offset: Int, _ length: Int) {
      for (index, byte) in text.utf8.prefix(length).enumerated() { head[offset + index] = byte }
    }
    put(name, 0, 100)
    put("0000600\0", 100, 8)
    put("0000000\0", 108, 8)
    put("0000000\0", 116, 8)
    put(Self.octal(content.count, 11), 124, 12)
    put(Self.octal(Int(clamping: max(0, seconds)), 11), 136, 12)
    put("        ", 148, 8)
    put("0", 156, 1)
    put("ustar\u{0}00", 257, 8)
    let sum = head.reduce(0) { $0 + Int($1) }
    put(Self.octal(sum, 6) + "\0 ", 148, 8)
    bytes += head + content
    let rest = content.count % Self.block
    if rest > 0 { bytes += [UInt8](repeating: 0, count: Self.block - rest) }
  }

  /// Two empty blocks end it.
  mutating func end() { bytes += [UInt8](repeating: 0, count: 2 * Self.block) }

  private static func octal(_ number: Int, _ digits: Int) -> String {
    let text = String(number, radix: 8)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
