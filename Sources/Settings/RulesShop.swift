// Reasons, lines, calendars, orders and limits: whether they fit each other.

import Machines
import Primitives
import Signals

extension Rules {
  // MARK: Reasons

  mutating func reasons() {
    let reasons = root.records("reasons")
    let language = root.text("language") ?? "en"
    var parents: [String: String] = [:]
    for reason in reasons {
      if let code = reason.text("code"), let parent = reason.text("parent") {
        parents[code] = parent
      }
    }
    for reason in reasons {
      refer(reason: reason, "parent")
      lineage(reason, parents)
      let texts = reason.texts("text")
      guard let first = texts.min(by: { $0.name < $1.name }),
        !texts.contains(where: { $0.name == language || $0.name.isEmpty })
      else { continue }
      mistakes.warn(
        reason.place(of: "text"), reason.path(of: "text"),
        "there is no text in \(language), so events show that in \(first.name)",
        "a text in \(language), or another language of the configuration")
    }
  }

  private mutating func lineage(_ reason: Record, _ parents: [String: String]) {
    guard let code = reason.text("code"), let parent = reason.text("parent") else { return }
    var (next, steps): (String?, Int) = (parent, 0)
    while let ancestor = next, steps <= ReasonLimits.depth {
      if ancestor == code {
        mistakes.error(
          reason.place(of: "parent"), reason.path(of: "parent"),
          "\(code) would be its own ancestor", "a reason that does not belong to \(code)")
        return
      }
      steps += 1
      next = parents[ancestor]
    }
    guard steps > ReasonLimits.depth else { return }
    mistakes.error(
      reason.place(of: "parent"), reason.path(of: "parent"),
      "\(code) has more than \(ReasonLimits.depth) ancestors", "a shorter tree")
  }

  // MARK: Lines

  mutating func shopLines() {
    let lines = root.records("lines")
    let calendars = names(root.records("calendars"))
    let machines = root.records("machines")
    let gateway = root.record("gateway")?.text("line")
    let known = lines.isEmpty ? [gateway].compactMap { $0 } : names(lines)
    for machine in machines {
      refer(machine, "line", to: "line", known)
      if machine["line"] == nil, lines.count > 1, !machine.isWrong {
        mistakes.error(
          machine.place, machine.path(of: "line"),
          "line is missing, and \(lines.count) lines are declared",
          known.map { "\"\($0)\"" }.joined(separator: ", "))
      }
    }
    // A machine that says no line may belong to any of them.
    let isComplete = machines.allSatisfy { $0["line"] != nil }
    for line in lines {
      refer(line, "calendar", to: "calendar", calendars)
      guard let name = line.text("name") else { continue }
      let own = machines.filter { ($0.text("line") ?? (lines.count == 1 ? name : nil)) == name }
      if own.isEmpty, lines.count > 1, isComplete {
        mistakes.warn(line.place, line.path, "no machine belongs to this line")
      }
      confirming(line, names(own), names(machines))
    }
    let used = Set(lines.compactMap { $0.text("calendar") })
    for calendar in root.records("calendars") {
      guard let name = calendar.text("name"), !used.contains(name) else { continue }
      mistakes.warn(
        calendar.place, calendar.path, "no line works by this calendar, so its shifts never run",
        "lines: [{ name: \(Words.quoted(gateway ?? "…")), calendar: \(Words.quoted(name)) }]")
    }
  }

  private mutating func confirming(_ line: Record, _ own: [String], _ all: [String]) {
    guard let confirmations = line.record("confirmations") else { return }
    for (index, word) in confirmations.words("machines").enumerated()
    where !own.contains(word.text) {
      let path = confirmations.path(of: "machines") + "[#\(index + 1)]"
      guard all.contains(word.text) else {
        unknown(word.text, word.place, path, "machine", own)
        continue
      }
      mistakes.error(
        word.place, path, "\(word.text) belongs to another line",
        own.isEmpty ? "nothing, since the line has no machine" : shortList(own))
    }
  }

  // MARK: Orders and limits

  mutating func orderSignals(_ machine: Record) {
    guard let order = machine.record("order") else { return }
    let signals = machine.records("signals")
    for member in ["signal", "operation"] {
      refer(order, member, to: "signal of this machine", names(signals))
      guard let name = order.text(member), let (signal, address) = find(name, signals) else {
        continue
      }
      let type = address.format.type
      guard type == .bit || type == .f32 || type == .f64 || isScaled(signal) else { continue }
      mistakes.error(
        order.place(of: member), order.path(of: member),
        "\(name) is \(isScaled(signal) ? "scaled" : "a \(type.rawValue)") and names no order",
        "an unscaled integer register or a text")
    }
  }

  mutating func signalLimits(_ machine: Record) {
    let signals = machine.records("signals")
    let limits = machine.records("limits")
    if limits.count > WatchLimits.limitsOfMachine {
      mistakes.error(
        machine.place(of: "limits"), machine.path(of: "limits"), "found \(limits.count) limits",
        "\(WatchLimits.limitsOfMachine) at most for one machine")
    }
    for limit in limits {
      refer(limit, "signal", to: "signal of this machine", names(signals))
      let given = ["above", "below"].filter { limit[$0] != nil }
      if given.count != 1, !(given.isEmpty && limit.isWrong) {
        mistakes.error(
          limit.place, limit.path,
          given.isEmpty ? "nothing says which value is too far" : "found above and below",
          given.isEmpty ? "above or below" : "one of the two; two limits for both sides")
      }
      if let hysteresis = limit.number("hysteresis"), hysteresis < 0 {
        mistakes.error(
          limit.place(of: "hysteresis"), limit.path(of: "hysteresis"),
          "a hysteresis of \(Words.plain(hysteresis)) points outside", "0 or more")
      }
      guard let name = limit.text("signal"), let (signal, address) = find(name, signals) else {
        continue
      }
      if address.format.type == .bit || address.format.type == .string {
        mistakes.error(
          limit.place(of: "signal"), limit.path(of: "signal"),
          "\(name) is a \(address.format.type == .bit ? "bit" : "text") and has no limits",
          "a number; a bit is evidence: { state: …, when: \"\(name)\" }")
      }
      unreachable(limit, signal.range("range"))
    }
  }

  /// A limit outside of what the signal can show.
  private mutating func unreachable(_ limit: Record, _ range: ClosedRange<Double>?) {
    guard let range else { return }
    for (member, isReachable) in [
      ("above", limit.number("above").map { $0 < range.upperBound }),
      ("below", limit.number("below").map { $0 > range.lowerBound }),
    ] where isReachable == false {
      mistakes.warn(
        limit.place(of: member), limit.path(of: member),
        "the range of the signal ends at"
          + " \(Words.plain(member == "above" ? range.upperBound : range.lowerBound)), so the limit"
          + " is never exceeded", "a limit within the range")
    }
  }
}
