// Conditions, checked against the signals they name.

import Primitives
import Signals

extension Rules {
  /// The signal's record, if it is declared and its address could be read.
  func find(_ name: String?, _ signals: [Record]) -> (
    signal: Record, address: ParsedAddress
  )? {
    guard let name, let signal = signals.first(where: { $0.text("name") == name }),
      let address = signal.address("at")
    else { return nil }
    return (signal, address)
  }

  /// Whether scaling leaves the integers of the register as they are.
  func isScaled(_ signal: Record) -> Bool {
    signal.number("scale") ?? 1 != 1 || signal.number("offset") ?? 0 != 0
  }

  /// Codes and compared values must be whole numbers.
  mutating func integral(
    _ name: String, _ record: Record, _ member: String, _ signals: [Record]
  ) {
    guard let (signal, address) = find(name, signals) else { return }
    let type = address.format.type
    guard type == .f32 || type == .f64 || type == .string || isScaled(signal) else { return }
    let what = isScaled(signal) ? "scaled" : type.rawValue
    mistakes.error(
      record.place(of: member), record.path(of: member),
      "\(name) is \(what) and gives no whole numbers", "a bit or an unscaled integer register")
  }

  mutating func check(condition: Record, _ signals: [Record], _ known: [String]) {
    if let name = condition.text("signal"), !known.contains(name) {
      mistakes.error(
        condition.place(of: "signal"), condition.path(of: "signal"),
        "there is no signal of this machine named \(Words.quoted(name))"
          + Nearest.hint(name, known),
        known.isEmpty ? "" : known.prefix(8).joined(separator: ", "))
    }
    let comparisons = ["isTrue", "isFalse", "equals", "above", "below"]
    let given = comparisons.filter { condition[$0] != nil }
    if given.count > 1 {
      mistakes.error(
        condition.place, condition.path, "found " + given.joined(separator: " and "),
        "one comparison")
    }
    if given.isEmpty, condition["signal"] != nil {
      mistakes.error(
        condition.place, condition.path, "nothing is compared", Words.either(comparisons))
    }
    guard let name = condition.text("signal"), let (_, address) = find(name, signals) else {
      return
    }
    if given == ["equals"] { integral(name, condition, "equals", signals) }
    if address.format.type == .string {
      mistakes.error(
        condition.place(of: "signal"), condition.path(of: "signal"),
        "\(name) is a text", "a bit or a number")
    }
  }
}

extension RegisterType {
  /// The highest count before it starts again at 0; nil for what cannot count.
  var highestCount: UInt64? {
    switch self {
    case .u16: UInt64(UInt16.max)
    case .i16: UInt64(Int16.max)
    case .u32: UInt64(UInt32.max)
    case .i32: UInt64(Int32.max)
    case .u64: UInt64.max
    case .i64: UInt64(Int64.max)
    case .f32, .f64, .bit, .string: nil
    }
  }
}
