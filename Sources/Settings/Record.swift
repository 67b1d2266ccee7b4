// The checked values of one object, in the order of its table; what is missing or wrong is nil.

import Polling
import Primitives

/// A value after its kind was read.
indirect enum Reading: Sendable {
  case text(String)
  case integer(Int64)
  case number(Double)
  case boolean(Bool)
  case duration(Duration)
  case address(ParsedAddress)
  case addressRanges([PlacedRange])
  case web(WebAddress)
  case percent(Double)
  case range(ClosedRange<Double>)
  case integers([Int64])
  case words([Word])
  case record(Record)
  case records([Record])
  case codes([(code: Int64, record: Record)])
  /// By language; one text for every language has no name.
  case texts([Entry<String>])
  case numbers([Entry<Int64>])
  /// Reasons by code, range of codes, or `*`.
  case meanings([Entry<String>])
}

/// One named value of an object whose names the configuration chooses.
struct Entry<Value: Sendable>: Sendable {
  var name: String
  var value: Value
  /// The place of the value.
  var place: Place
}

/// One text of a list, with its place.
struct Word: Sendable {
  var text: String
  var place: Place
}

/// One range of a list, with its place.
struct PlacedRange: Sendable {
  var range: AddressRange
  var place: Place
}

/// One member's value and where it comes from.
struct Setting: Sendable {
  var reading: Reading
  var place: Place
  /// No file says it.
  var isDefault: Bool
}

/// One object.
struct Record: Sendable {
  var table: Table
  var path: String
  var place: Place
  var isDefault: Bool
  /// A member was unknown or could not be read, so what is missing may only be misspelt.
  var isWrong = false
  var settings: [Setting?]

  init(_ table: Table, path: String, place: Place, isDefault: Bool) {
    self.table = table
    self.path = path
    self.place = place
    self.isDefault = isDefault
    settings = Array(repeating: nil, count: table.members.count)
  }

  /// Nothing is said, and nothing holds unsaid.
  var isEmpty: Bool { settings.allSatisfy { $0 == nil } }

  subscript(name: String) -> Setting? {
    get { table.index(name).flatMap { settings[$0] } }
    set { if let index = table.index(name) { settings[index] = newValue } }
  }

  /// Where a mistake about this member is shown: its value, or the object when it is not given.
  func place(of name: String) -> Place { self[name]?.place ?? place }
  func path(of name: String) -> String { Path.member(path, name) }

  func text(_ name: String) -> String? {
    if case .text(let value) = self[name]?.reading { value } else { nil }
  }
  func integer(_ name: String) -> Int64? {
    if case .integer(let value) = self[name]?.reading { value } else { nil }
  }
  func number(_ name: String) -> Double? {
    if case .number(let value) = self[name]?.reading { value } else { nil }
  }
  func boolean(_ name: String) -> Bool? {
    if case .boolean(let value) = self[name]?.reading { value } else { nil }
  }
  func duration(_ name: String) -> Duration? {
    if case .duration(let value) = self[name]?.reading { value } else { nil }
  }
  func address(_ name: String) -> ParsedAddress? {
    if case .address(let value) = self[name]?.reading { value } else { nil }
  }
  func addressRanges(_ name: String) -> [PlacedRange] {
    if case .addressRanges(let value) = self[name]?.reading { value } else { [] }
  }
  func web(_ name: String) -> WebAddress? {
    if case .web(let value) = self[name]?.reading { value } else { nil }
  }
  func range(_ name: String) -> ClosedRange<Double>? {
    if case .range(let value) = self[name]?.reading { value } else { nil }
  }
  func integers(_ name: String) -> [Int64]? {
    if case .integers(let value) = self[name]?.reading { value } else { nil }
  }
  func words(_ name: String) -> [Word] {
    if case .words(let value) = self[name]?.reading { value } else { [] }
  }
  func record(_ name: String) -> Record? {
    if case .record(let value) = self[name]?.reading { value } else { nil }
  }
  func records(_ name: String) -> [Record] {
    if case .records(let value) = self[name]?.reading { value } else { [] }
  }
  func codes(_ name: String) -> [(code: Int64, record: Record)] {
    if case .codes(let value) = self[name]?.reading { value } else { [] }
  }
  func texts(_ name: String) -> [Entry<String>] {
    if case .texts(let value) = self[name]?.reading { value } else { [] }
  }
  func numbers(_ name: String) -> [Entry<Int64>] {
    if case .numbers(let value) = self[name]?.reading { value } else { [] }
  }
  func meanings(_ name: String) -> [Entry<String>] {
    if case .meanings(let value) = self[name]?.reading { value } else { [] }
  }
  func percent(_ name: String) -> Double? {
    if case .percent(let value) = self[name]?.reading { value } else { nil }
  }
}
