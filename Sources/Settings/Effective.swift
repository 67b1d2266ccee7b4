// The effective configuration as values: every default filled in, one spelling for each value.
//
// The digest is taken over RFC 8785 bytes. They are written record by record: a tree of 10,000
// signals built for this alone would be the largest thing the program ever holds.

import Polling
import Primitives

enum Effective {
  /// Canonical JSON of all that holds, in the spelling of a configuration file.
  static func canonicalBytes(_ record: Record) -> [UInt8] {
    var bytes: [UInt8] = []
    write(record, to: &bytes)
    return bytes
  }

  private static func write(_ record: Record, to bytes: inout [UInt8]) {
    let members = record.table.canonicalOrder.compactMap { index in
      record.settings[index].map { (record.table.members[index], $0) }
    }
    list(members, "{", "}", to: &bytes) { element, bytes in
      let (member, setting) = element
      bytes.append(contentsOf: "\"\(member.name)\":".utf8)
      write(setting.reading, member.kind, to: &bytes)
    }
  }

  private static func write(_ reading: Reading, _ kind: Kind, to bytes: inout [UInt8]) {
    switch reading {
    case .record(let record): write(record, to: &bytes)
    case .records(let records): list(records, "[", "]", to: &bytes) { write($0, to: &$1) }
    case .codes(let codes):
      let named = codes.map { ("\"\($0.code)\"", $0.record) }
        .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
      list(named, "{", "}", to: &bytes) { entry, bytes in
        bytes.append(contentsOf: (entry.0 + ":").utf8)
        write(entry.1, to: &bytes)
      }
    case .text, .integer, .number, .boolean, .duration, .address, .addressRanges, .web, .percent,
      .range, .integers, .words, .texts, .numbers, .meanings:
      bytes.append(contentsOf: json(reading, kind).canonicalBytes)
    }
  }

  private static func list<Element>(
    _ elements: [Element], _ opening: String, _ closing: String, to bytes: inout [UInt8],
    _ write: (Element, inout [UInt8]) -> Void
  ) {
    bytes.append(contentsOf: opening.utf8)
    for (index, element) in elements.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      write(element, &bytes)
    }
    bytes.append(contentsOf: closing.utf8)
  }

  /// A value that holds no others; an empty list or object for one that does.
  static func json(_ reading: Reading, _ kind: Kind) -> JSONValue {
    switch reading {
    case .text(let text): .string(text)
    case .integer(let value):
      switch kind {
      case .size: .string(Words.sizeText(value))
      case .timeOfDay: .string(ClockText.text(Int(value)))
      default: .integer(value)
      }
    case .number(let value): number(value)
    case .boolean(let value): .bool(value)
    case .duration(let value): .string(value.text)
    case .address(let address): .string(address.text)
    case .addressRanges(let ranges): .array(ranges.map { .string($0.range.text) })
    case .web(let address): .string(address.text)
    case .percent(let value): .string("\(number(value).canonicalText)%")
    case .range(let range): .array([number(range.lowerBound), number(range.upperBound)])
    case .integers(let values): .array(values.map { .integer($0) })
    case .words(let words): .array(words.map { .string($0.text) })
    case .texts(let entries):
      entries.first { $0.name.isEmpty }.map { .string($0.value) }
        ?? object(entries) { .string($0) }
    case .numbers(let entries): object(entries) { .integer($0) }
    case .meanings(let entries): object(entries) { .string($0) }
    case .records: .array([])
    case .record, .codes: .object([:])
    }
  }

  private static func object<Value>(
    _ entries: [Entry<Value>], _ json: (Value) -> JSONValue
  ) -> JSONValue {
    .object(Dictionary(entries.map { ($0.name, json($0.value)) }) { first, _ in first })
  }

  private static func number(_ value: Double) -> JSONValue {
    Int64(exactly: value).map { .integer($0) } ?? .number("\(value)")
  }
}
