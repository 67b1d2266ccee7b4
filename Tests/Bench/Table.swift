// The table that the bench prints: name, ours, anchor, ratio, goal, met; one line a figure.
//
// Invariants
// - A line is printed as soon as it is measured, so that a run that is ended early has shown it.
// - What has a goal says yes or no; what has none says "-".

import Glibc

/// What a figure should be.
enum Goal {
  /// Ours ÷ anchor, at most.
  case ratioAtMost(Double)
  /// Ours ÷ anchor, at least.
  case ratioAtLeast(Double)
  /// Ours alone, in the unit of the line.
  case atMost(Double)
  case atLeast(Double)
  case none
}

/// Prints figures and counts how many missed their goal.
struct Table {
  private var met = 0
  private var missed: [String] = []

  /// Every goal so far was met, and there was one.
  var isMet: Bool { met > 0 && missed.isEmpty }

  func head() {
    print(Self.line("figure", "ours", "anchor", "ratio", "goal", "met"))
    print(String(repeating: "-", count: 104))
  }

  mutating func row(
    _ name: String, _ ours: Double, _ unit: String = "", anchor: Double? = nil, goal: Goal = .none
  ) {
    let ratio = anchor.flatMap { $0 > 0 ? ours / $0 : nil }
    let verdict = Self.verdict(ours, ratio, goal)
    print(
      Self.line(
        unit.isEmpty ? name : "\(name), \(unit)", number(ours), anchor.map(number) ?? "-",
        ratio.map { fixed($0, 2) } ?? "-", Self.text(goal),
        verdict.map { $0 ? "yes" : "NO" } ?? "-"))
    fflush(nil)
    switch verdict {
    case true?: met += 1
    case false?: missed.append(name)
    case nil: break
    }
  }

  func foot() {
    print(String(repeating: "-", count: 104))
    print("\(met) goals met, \(missed.count) missed")
    for name in missed { print("  missed: \(name)") }
  }

  private static func verdict(_ ours: Double, _ ratio: Double?, _ goal: Goal) -> Bool? {
    switch goal {
    case .ratioAtMost(let limit): ratio.map { $0 <= limit }
    case .ratioAtLeast(let limit): ratio.map { $0 >= limit }
    case .atMost(let limit): ours <= limit
    case .atLeast(let limit): ours >= limit
    case .none: nil
    }
  }

  private static func text(_ goal: Goal) -> String {
    switch goal {
    case .ratioAtMost(let limit): "ratio <= \(fixed(limit, 2))"
    case .ratioAtLeast(let limit): "ratio >= \(fixed(limit, limit > 0.99 ? 3 : 2))"
    case .atMost(let limit): "<= \(number(limit))"
    case .atLeast(let limit): ">= \(number(limit))"
    case .none: "-"
    }
  }

  private static func line(
    _ name: String, _ ours: String, _ anchor: String, _ ratio: String, _ goal: String,
    _ met: String
  ) -> String {
    left(name, 52) + right(ours, 11) + right(anchor, 11) + right(ratio, 8) + "  "
      + left(goal, 15) + met
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(1, width - text.count)) + text
  }
}

/// The middle of several measurements.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return sorted.isEmpty ? .nan : sorted[sorted.count / 2]
}

/// Measures ours and the anchor in turns, so that both meet the same weather; the medians.
func inTurns(
  _ ours: () -> Double, _ anchor: () -> Double
) -> (ours: Double, anchor: Double) {
  var (left, right): ([Double], [Double]) = ([], [])
  for _ in 0..<5 {
    left.append(ours())
    right.append(anchor())
  }
  return (median(left), median(right))
}

private func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite else { return "?" }
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let whole = Int64((abs(value) * scale).rounded())
  let text = String(whole)
  let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
  let sign = value < 0 && whole != 0 ? "-" : ""
  return digits == 0 ? sign + padded : sign + padded.dropLast(digits) + "." + padded.suffix(digits)
}

private func number(_ value: Double) -> String {
  fixed(value, abs(value) >= 1000 ? 0 : abs(value) >= 100 ? 1 : 2)
}
