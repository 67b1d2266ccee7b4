// What of the program and its libraries stays mapped after the start.
//
// Invariant
// - Only mappings of files are touched that cannot be written to and in which no page has ever been
//   changed (relocated constants are such pages): what is let go can be mapped again as it was.
//
// Why: reading and checking a configuration, opening the journal and the first handshake walk
// through megabytes of code that ten years of polling never see again.

import Glibc

/// The mapped part of the program's own files.
public enum ProgramMemory {
  /// Lets go of code and constants; what is needed again comes back from the page cache.
  ///
  /// Does nothing where proc(5) cannot be read. Wraps madvise(2) over /proc/self/smaps.
  public static func giveBack() {
    guard let text = try? Files.read("/proc/self/smaps", limit: LinuxLimits.smapsBytes) else {
      return
    }
    var mapping: UnsafeMutableRawBufferPointer?
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      if let start = Mapping(line) {
        mapping = start.isFileForReading ? start.memory : nil
      } else if line.hasPrefix("Anonymous:"), let unchanged = mapping {
        if line.split(separator: " ").dropFirst().first == "0" { HeapMemory.empty(unchanged) }
        mapping = nil
      }
    }
  }
}

/// The first line of a mapping in smaps: `start-end permissions offset device inode path`.
private struct Mapping {
  let memory: UnsafeMutableRawBufferPointer
  let isFileForReading: Bool

  init?(_ line: Substring) {
    let words = line.split(separator: " ", maxSplits: 5)
    guard words.count >= 5, !words[0].hasSuffix(":") else { return nil }
    let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
    guard ends.count == 2, ends[0] < ends[1] else { return nil }
    memory = UnsafeMutableRawBufferPointer(
      start: UnsafeMutableRawPointer(bitPattern: ends[0]), count: Int(clamping: ends[1] - ends[0]))
    let isReadOnly = words[1] == "r-xp" || words[1] == "r--p"
    isFileForReading = isReadOnly && words.count == 6 && words[5].drop { $0 == " " }.first == "/"
  }
}
