// Lines of a file of any size, in bounded memory.
//
// Invariants
// - Memory is one line and one block; a line longer than the limit is given as `tooLong` and skipped.
// - The offset of a line is where it starts, so that a torn last line can be cut off.

import Glibc

/// One line of a file.
public struct FileLine: Equatable, Sendable {
  public enum Content: Equatable, Sendable {
    /// The bytes without the line feed.
    case whole([UInt8])
    /// The file ended before a line feed.
    case torn([UInt8])
    /// Longer than the limit.
    case tooLong
  }
  public var content: Content
  /// Counted from 1.
  public var number: Int
  /// Where it starts in the file, in bytes.
  public var offset: Int64

  public init(content: Content, number: Int, offset: Int64) {
    self.content = content
    self.number = number
    self.offset = offset
  }
}

/// Reads a file line by line. Wraps read(2).
public struct LineReader: ~Copyable {
  private let file: Descriptor
  private let path: String
  private let limit: Int
  private var block: ArraySlice<UInt8> = []
  private var number = 0
  private var offset: Int64 = 0
  private var ended = false

  public init(_ path: String, lineLimit: Int) throws(LinuxFault) {
    file = try Files.open(path, O_RDONLY)
    self.path = path
    limit = lineLimit
  }

  /// The next line; nil at the end of the file.
  public mutating func next() throws(LinuxFault) -> FileLine? {
    var line: [UInt8] = []
    var length = 0
    while true {
      if block.isEmpty, try !fill() { break }
      let end = block.firstIndex(of: 10)
      let piece = block[block.startIndex..<(end ?? block.endIndex)]
      length += piece.count
      if length <= limit { line.append(contentsOf: piece) }
      block = block[(end.map { $0 + 1 } ?? block.endIndex)...]
      if end != nil { return take(length > limit ? .tooLong : .whole(line), length + 1) }
    }
    return length == 0 ? nil : take(length > limit ? .tooLong : .torn(line), length)
  }

  private mutating func take(_ content: FileLine.Content, _ length: Int) -> FileLine {
    number += 1
    defer { offset += Int64(length) }
    return FileLine(content: content, number: number, offset: offset)
  }

  private mutating func fill() throws(LinuxFault) -> Bool {
    guard !ended else { return false }
    switch try Files.readChunk(file, path) {
    case .bytes(let bytes): block = bytes[...]
    case .end, .notNow: ended = true
    }
    return !ended
  }
}
