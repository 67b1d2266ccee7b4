// How many lines a condition may have: one for each change, and when it flaps, a count (F54).
//
// Invariants
// - A condition has at most `linesPerWindow` lines when it begins to flap, then one a window.
// - The line that ends a window tells the newest state, so nobody is left with an old one.
// - A condition is the code of its bad news and what it is about: two units never share a budget.
// - Bounded: `conditions` accounts at most; the oldest makes room and tells what it held back.

import Primitives

/// One line for the operator.
struct LogLine: Equatable, Sendable {
  var priority: Log.Priority
  var code: LogCode
  var text: String
  var about: [LogSubject: String] = [:]
}

/// Decides which lines are written; keeps no clock.
struct LogBudget: Sendable {
  static let linesPerWindow = 6
  static let window = Duration.seconds(600)
  /// 64 buses, 1,000 units and uplinks seldom flap together; 100 bytes and a line each.
  static let conditions = 512

  /// What was written under one code since the start.
  struct Seen: Equatable, Sendable {
    var count: UInt64 = 0
    var lastAt: Instant
    var lastText: String
  }

  private struct Condition: Hashable {
    var code: LogCode
    var about: [LogSubject: String]
  }

  private struct Account {
    var since: Instant
    var told: Int
    var held = 0
    var last: LogLine?
  }

  private var accounts: [Condition: Account] = [:]
  /// Every code that came, held back or not.
  private(set) var seen: [LogCode: Seen] = [:]

  /// The lines to write now that this one has come.
  mutating func take(_ line: LogLine, at now: Instant) -> [LogLine] {
    seen[line.code, default: Seen(lastAt: now, lastText: "")].count += 1
    seen[line.code]?.lastAt = now
    seen[line.code]?.lastText = line.text
    var lines = due(now)
    let condition = Condition(code: line.code.condition, about: line.about)
    if accounts[condition] == nil, accounts.count >= Self.conditions { lines += makeRoom(now) }
    var account = accounts[condition] ?? Account(since: now, told: 0)
    if account.told < Self.linesPerWindow {
      account.told += 1
      var told = line
      if account.told == Self.linesPerWindow {
        told.text += "; it changes often, so from now on it is told once in \(Self.window.text)"
      }
      lines.append(told)
    } else {
      account.held += 1
      account.last = line
    }
    accounts[condition] = account
    return lines
  }

  /// The summaries of windows that have ended.
  mutating func due(_ now: Instant) -> [LogLine] {
    var lines: [LogLine] = []
    for (condition, account) in accounts where now - account.since >= Self.window {
      if let summary = Self.summary(account) {
        lines.append(summary)
        accounts[condition] = Account(since: now, told: Self.linesPerWindow)
      } else {
        accounts[condition] = nil
      }
    }
    return lines
  }

  private mutating func makeRoom(_ now: Instant) -> [LogLine] {
    guard let oldest = accounts.min(by: { $0.value.since < $1.value.since }) else { return [] }
    accounts[oldest.key] = nil
    return Self.summary(oldest.value).map { [$0] } ?? []
  }

  private static func summary(_ account: Account) -> LogLine? {
    guard var line = account.last, account.held > 0 else { return nil }
    line.text +=
      "; this and \(account.held - 1) changes before were not told in the last "
      + window.text
    return line
  }
}
