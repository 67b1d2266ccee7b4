// The effective configuration as values: every default filled in, one spelling for each value.

import Primitives

enum Effective {
  /// The object with all that holds, in the spelling of a configuration file.
  static func json(_ record: Record) -> JSONValue {
    var members: [String: JSONValue] = [:]
    for (index, member) in record.table.members.enumerated() {
      guard let setting = record.settings[index] else { continue }
      members[member.name] = json(setting.reading, member.kind)
    }
    return .object(members)
  }

  static func json(_ reading: Reading, _ kind: Kind) -> JSONValue {
    switch reading {
    case .text(let text): .string(text)
    case .integer(let value):
      if case .size = kind { .string(Words.sizeText(value)) } else { .integer(value) }
    case .number(let value): number(value)
    case .boolean(let value): .bool(value)
    case .duration(let value): .string(value.text)
    case .address(let address): .string(address.text)
    case .web(let address): .string(address.text)
    case .percent(let value): .string(numberText(value) + "%")
    case .range(let range): .array([number(range.lowerBound), number(range.upperBound)])
    case .integers(let values): .array(values.map { .integer($0) })
    case .words(let words): .array(words.map { .string($0.text) })
    case .record(let record): json(record)
    case .records(let records): .array(records.map { json($0) })
    case .codes(let codes):
      .object(Dictionary(codes.map { ("\($0.code)", json($0.record)) }) { first, _ in first })
    }
  }

  private static func number(_ value: Double) -> JSONValue {
    Int64(exactly: value).map { .integer($0) } ?? .number("\(value)")
  }

  private static func numberText(_ value: Double) -> String {
    Int64(exactly: value).map(String.init) ?? "\(value)"
  }
}
