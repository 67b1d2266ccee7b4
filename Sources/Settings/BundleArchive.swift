// The bytes of a bundle: a tar archive in the ustar form (POSIX.1-2017, pax, "ustar Interchange
// Format"), which `tar -tvf` lists and `tar --format=ustar -cf` makes.
//
// Invariants
// - Read: only plain files, each name once, only names of a configuration
//   (`NAME.json5`, `conf.d/NAME.json5`, `profiles/NAME.json5`), so that nothing can be written
//   anywhere else; text in UTF-8; nothing behind the end but zeros; everything bounded.
// - Written: the same files give the same bytes, whatever their owners, modes and times are.

import Primitives

/// One text of a bundle.
public struct BundleFile: Equatable, Sendable {
  /// Relative: `conf.d/10-machines.json5`.
  public var name: String
  public var bytes: [UInt8]

  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }
}

/// Writes and reads the archive.
public enum BundleArchive {
  private static let block = 512
  /// Two empty blocks end it.
  private static let ending = 2 * block

  /// Whether a file of that name may be in a bundle.
  public static func isName(_ name: String) -> Bool {
    var parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard let file = parts.popLast(), parts.isEmpty || parts == ["conf.d"] || parts == ["profiles"],
      file.hasSuffix(".json5"), name.utf8.count <= 100
    else { return false }
    let stem = String(file.dropLast(6))
    return Words.isName(stem) && !stem.hasPrefix(".")
  }

  /// The archive of these files, in the order of their names.
  public static func write(_ files: [BundleFile]) throws(BundleRefusal) -> [UInt8] {
    var archive: [UInt8] = []
    for file in files.sorted(by: { $0.name < $1.name }) {
      try check(file)
      archive += header(file)
      archive += file.bytes
      archive += zeros(padding(file.bytes.count))
    }
    archive += zeros(ending)
    // What cannot be read is not written: duplicates, too many or too large ones.
    _ = try read(archive)
    return archive
  }

  /// The files of an archive, in its order.
  public static func read(_ archive: [UInt8]) throws(BundleRefusal) -> [BundleFile] {
    guard archive.count <= BundleLimits.bytes else { throw .tooLarge(limit: BundleLimits.bytes) }
    guard archive.count.isMultiple(of: block) else {
      throw .archive("its length is no multiple of \(block) bytes; it was cut off")
    }
    var files: [BundleFile] = []
    var names: Set<String> = []
    var rest = archive[...]
    while let head = next(&rest, block), head.contains(where: { $0 != 0 }) {
      let (name, size) = try entry(head)
      guard files.count < BundleLimits.files else {
        throw .archive("it has more than \(BundleLimits.files) files")
      }
      guard names.insert(name).inserted else { throw .archive("\(name) is in it twice") }
      guard let content = next(&rest, size), let filling = next(&rest, padding(size)) else {
        throw .archive("\(name) is cut off")
      }
      guard filling.allSatisfy({ $0 == 0 }) else { throw .archive("garbage stands behind \(name)") }
      let file = BundleFile(name: name, bytes: Array(content))
      try check(file)
      files.append(file)
    }
    guard rest.count >= block, rest.allSatisfy({ $0 == 0 }) else {
      throw .archive("its end is missing, or something stands behind it")
    }
    guard !files.isEmpty else { throw .archive("it is empty") }
    return files
  }

  private static func check(_ file: BundleFile) throws(BundleRefusal) {
    guard isName(file.name) else {
      throw .archive(
        "\(Words.quoted(file.name)) is no name for it; allowed: NAME.json5, conf.d/NAME.json5 and"
          + " profiles/NAME.json5")
    }
    guard file.bytes.count <= SettingsLimits.fileBytes else {
      throw .archive("\(file.name) has more than \(SettingsLimits.fileBytes) bytes")
    }
    guard String(validating: file.bytes, as: UTF8.self) != nil else {
      throw .archive("\(file.name) is no text in UTF-8")
    }
  }

  // MARK: Blocks

  private static func next(_ rest: inout ArraySlice<UInt8>, _ count: Int) -> ArraySlice<UInt8>? {
    guard rest.count >= count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  private static func padding(_ size: Int) -> Int { (block - size % block) % block }
  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  private static func header(_ file: BundleFile) -> [UInt8] {
    var head = zeros(block)
    func put(_ text: String, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { head[offset + index] = byte }
    }
    func octal(_ number: Int, _ digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
    put(file.name, at: 0)
    put(octal(0o644, 7), at: 100)
    put(octal(0, 7), at: 108)
    put(octal(0, 7), at: 116)
    put(octal(file.bytes.count, 11), at: 124)
    put(octal(0, 11), at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar\u{0}00", at: 257)
    put(octal(sum(head[...]), 6) + "\u{0} ", at: 148)
    return head
  }

  private static func sum(_ head: ArraySlice<UInt8>) -> Int { head.reduce(0) { $0 + Int($1) } }

  /// The name and the size in a header.
  private static func entry(
    _ head: ArraySlice<UInt8>
  ) throws(BundleRefusal) -> (name: String, size: Int) {
    let head = Array(head)
    var blank = head
    for index in 148..<156 { blank[index] = 32 }
    guard number(head[148..<156]) == sum(blank[...]) else {
      throw .archive("the checksum of a header is wrong; it is no tar archive, or was changed")
    }
    guard head[257..<265].elementsEqual("ustar\u{0}00".utf8) else {
      throw .archive("it is no archive in the ustar form; make it with \"takt bundle make\"")
    }
    guard let name = text(head[0..<100]) else { throw .archive("a name in it is no text") }
    guard head[345..<500].allSatisfy({ $0 == 0 }), head[157..<257].allSatisfy({ $0 == 0 }) else {
      throw .archive("\(Words.quoted(name)) has a prefix or a link")
    }
    guard head[156] == UInt8(ascii: "0") else {
      throw .archive("\(Words.quoted(name)) is no plain file; pack the files, not the directories")
    }
    guard let size = number(head[124..<136]), size <= SettingsLimits.fileBytes else {
      throw .archive("\(Words.quoted(name)) has no size, or one that is too large")
    }
    return (name, size)
  }

  /// Text up to the first zero, with nothing but zeros behind it.
  private static func text(_ field: ArraySlice<UInt8>) -> String? {
    let bytes = field.prefix { $0 != 0 }
    guard field.dropFirst(bytes.count).allSatisfy({ $0 == 0 }) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Octal digits, ended by zeros or spaces.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.prefix { (48...55).contains($0) }
    guard !digits.isEmpty, field.dropFirst(digits.count).allSatisfy({ $0 == 0 || $0 == 32 })
    else { return nil }
    return digits.reduce(0) { $0 << 3 | Int($1 - 48) }  // 12 digits at most: 36 bits.
  }
}
