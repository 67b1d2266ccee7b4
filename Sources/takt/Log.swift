// The log: one line for each change of condition, each with a code (LogCode.swift).
//
// Under systemd, when standard error is the journal's stream, lines go to journald's own socket
// with fields to filter by (`journalctl TAKT_CODE=T-111 TAKT_UNIT=press-1`). When that socket is
// not to be had they go to standard error with the priority prefix that journald reads
// (sd-daemon(3)) and no time, because the journal has its own; without systemd the wall time
// stands first. A journal that takes no lines never holds up who writes them: they are counted.

import LinuxEdge
import Primitives
import Synchronization

/// Writes lines for the operator.
struct Log: Sendable {
  enum Priority: Int, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
  }

  private final class Book: Sendable {
    let budget = Mutex(LogBudget())
    let lost = Atomic<UInt64>(0)
  }

  private let journal: JournalSocket?
  private let isJournal: Bool
  private let clock = SystemClock()
  private let book = Book()

  init() {
    isJournal = JournalStream.isStandardError()
    journal = isJournal ? JournalSocket() : nil
  }

  /// A log that writes to this socket.
  init(journal: JournalSocket) {
    isJournal = true
    self.journal = journal
  }

  /// Writes a line, unless its condition has had its share; `about` names what can be filtered by.
  func line(
    _ priority: Priority, _ code: LogCode, _ text: String, _ about: [LogSubject: String] = [:]
  ) {
    let flat = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    let line = LogLine(priority: priority, code: code, text: flat, about: about)
    let now = clock.now()
    for line in book.budget.withLock({ $0.take(line, at: now) }) { write(line) }
  }

  /// A line that has no code of its own yet; a test asks for one.
  func line(_ priority: Priority, _ text: String) { line(priority, .lineWithoutCode, text) }

  /// Writes what was held back and is due; the main thread calls it in each turn.
  func turn() {
    let now = clock.now()
    for line in book.budget.withLock({ $0.due(now) }) { write(line) }
  }

  /// What has been told since the start, by code.
  var seen: [LogCode: LogBudget.Seen] { book.budget.withLock { $0.seen } }

  private func write(_ line: LogLine) {
    guard let journal else { return writePlain(line) }
    let lost = book.lost.exchange(0, ordering: .acquiringAndReleasing)
    if lost > 0 {
      let text = "\(lost) lines were lost, because the system's log did not take them in time"
      send(LogLine(priority: .warning, code: .linesLost, text: text), journal, weight: lost)
    }
    send(line, journal, weight: 1)
  }

  private func send(_ line: LogLine, _ journal: JournalSocket, weight: UInt64) {
    switch journal.send(line.fields) {
    case .sent: return
    case .full: book.lost.wrappingAdd(weight, ordering: .relaxed)
    case .unusable: writePlain(line)
    }
  }

  private func writePlain(_ line: LogLine) {
    let text = "\(line.code.name) \(line.text)"
    if isJournal {
      StandardStream.error.line("<\(line.priority.rawValue)>\(text)")
    } else {
      StandardStream.error.line("\(clock.reading().wall.text) \(text)")
    }
  }
}

extension LogLine {
  /// As journald takes it, in a fixed order.
  var fields: [(name: String, value: String)] {
    let subjects = LogSubject.allCases.compactMap { subject in
      about[subject].map { (name: subject.field, value: $0) }
    }
    return [
      ("MESSAGE", "\(code.name) \(text)"), ("PRIORITY", String(priority.rawValue)),
      ("SYSLOG_IDENTIFIER", "takt"), ("TAKT_CODE", code.name),
    ] + subjects
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
