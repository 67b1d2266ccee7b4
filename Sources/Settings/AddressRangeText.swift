// Runs of addresses as technicians write them: "holding 100-120", "input 7", "40101-40121".
//
// Invariants
// - Both ends lie in one table, the lower one first.
// - What `text` writes reads back as the same range.

import Polling
import Signals

extension AddressRange {
  static let example = "\"holding 100-120\" or \"input 7\""

  /// Reads one address or two with a hyphen between them; the second may leave its table out.
  init(text: String) throws(AddressFault) {
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let first = try Self.end(String(ends.first ?? ""))
    guard ends.count == 2 else {
      self.init(first.table, first.start...first.start)
      return
    }
    let word = ends[0].split { $0 == " " || $0 == "\t" }.first ?? ""
    let isNamed = word.first?.isLetter ?? false
    let rest = ends[1].drop { $0 == " " || $0 == "\t" }
    let hasTable = rest.first?.isLetter ?? false
    let last = try Self.end(isNamed && !hasTable ? "\(word) \(rest)" : String(rest))
    guard first.table == last.table else {
      throw AddressFault(
        found: "the range begins in \(first.table.rawValue) and ends in \(last.table.rawValue)",
        allowed: "one range for each table: \(Self.example)")
    }
    guard first.start <= last.start else {
      throw AddressFault(
        found: "the range ends before it begins",
        allowed: "\(first.table.rawValue) \(last.start)-\(first.start)")
    }
    self.init(first.table, first.start...last.start)
  }

  private static func end(_ text: String) throws(AddressFault) -> ParsedAddress {
    let address = try ParsedAddress(text: text)
    let words = text.split { $0 == " " || $0 == "\t" }.count
    let places = text.first { $0 != " " && $0 != "\t" }?.isLetter ?? false ? 2 : 1
    guard words == places, address.format.bit == nil else {
      throw AddressFault(found: "a range has addresses only", allowed: example)
    }
    return address
  }

  /// The text as a regular expression, for the schema; lower case only.
  static let pattern =
    "^ *\(ParsedAddress.placePattern)"
    + "( *- *(\(ParsedAddress.placePattern)|\(ParsedAddress.digits)))? *$"
}
