// The log: one line for each change of condition, on standard error.
//
// Under systemd (JOURNAL_STREAM is set) lines carry the priority prefix that journald reads
// (sd-daemon(3)) and no time, because the journal has its own; else the wall time stands first.

import LinuxEdge
import Primitives

/// Writes lines for the operator.
struct Log: Sendable {
  enum Priority: Int, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
  }

  private let isJournal = Environment.value("JOURNAL_STREAM") != nil
  private let clock = SystemClock()

  func line(_ priority: Priority, _ text: String) {
    let flat = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    if isJournal {
      StandardStream.error.line("<\(priority.rawValue)>\(flat)")
    } else {
      StandardStream.error.line("\(clock.reading().wall.text) \(flat)")
    }
  }
}

/// Remembers a condition and tells when it becomes another one.
struct Remembered<Value: Equatable> {
  private var last: Value

  init(_ initial: Value) { last = initial }

  /// True when the value is another one than the last time.
  mutating func becomes(_ value: Value) -> Bool {
    guard value != last else { return false }
    last = value
    return true
  }
}
