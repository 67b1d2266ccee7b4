// What a device can bear, as all machines that read from it say together: the gentlest holds.
//
// Invariants
// - The same facts are checked (RulesDevice) and planned (Planner).
// - Each fact knows where it stands, so that a signal which breaks it can name both places.

import Polling
import Primitives

/// A value with the place that says so; nil where no file says it.
struct Fact<Value: Sendable>: Sendable {
  var value: Value
  var place: Place?
}

struct DeviceFacts: Sendable {
  private(set) var timeout: Duration
  private(set) var registersPerRequest: Fact<Int>
  private(set) var bitsPerRequest: Fact<Int>
  private(set) var gapLimit: Int?
  private(set) var pause: Duration
  /// Tables that a machine leaves out, with the place of its list.
  private(set) var lacking: [ModbusTable: Place] = [:]
  private(set) var forbidden: [PlacedRange]
  private(set) var requestStart: [ModbusTable: Fact<UInt16>] = [:]
  /// Tables for which two machines name different beginnings: the second one's place.
  private(set) var torn: [(table: ModbusTable, member: Record)] = []

  init(_ machine: Record) {
    timeout = machine.duration("timeout") ?? .milliseconds(500)
    registersPerRequest = Self.cap(machine, "registersPerRequest", 125)
    bitsPerRequest = Self.cap(machine, "bitsPerRequest", 2000)
    gapLimit = machine.integer("gapLimit").map { Int($0) }
    pause = machine.duration("pause") ?? .zero
    forbidden = machine.addressRanges("forbidden")
    if let functions = machine.integers("functions") {
      for table in ModbusTable.allCases where !functions.contains(Int64(table.readFunction)) {
        lacking[table] = machine.place(of: "functions")
      }
    }
    guard let starts = machine.record("requestStart") else { return }
    for table in ModbusTable.allCases {
      guard let start = starts.integer(table.rawValue) else { continue }
      requestStart[table] = Fact(
        value: UInt16(clamping: start), place: starts.place(of: table.rawValue))
    }
  }

  private static func cap(_ machine: Record, _ member: String, _ most: Int) -> Fact<Int> {
    let setting = machine[member]
    return Fact(
      value: machine.integer(member).map { Int($0) } ?? most,
      place: setting?.isDefault ?? true ? nil : setting?.place)
  }

  /// Adds what another machine on the same device says.
  private mutating func join(_ machine: Record) {
    let other = DeviceFacts(machine)
    timeout = max(timeout, other.timeout)
    pause = max(pause, other.pause)
    if other.registersPerRequest.value < registersPerRequest.value {
      registersPerRequest = other.registersPerRequest
    }
    if other.bitsPerRequest.value < bitsPerRequest.value { bitsPerRequest = other.bitsPerRequest }
    gapLimit = [gapLimit, other.gapLimit].compactMap(\.self).min()
    for range in other.forbidden where !forbidden.contains(where: { $0.range == range.range }) {
      forbidden.append(range)
    }
    lacking.merge(other.lacking) { mine, _ in mine }
    for (table, start) in other.requestStart {
      if let mine = requestStart[table], mine.value != start.value {
        torn.append((table, machine))
      } else {
        requestStart[table] = requestStart[table] ?? start
      }
    }
  }

  /// The facts of every device, by `<bus>/<unit number>`.
  static func byUnit(_ root: Record) -> [String: DeviceFacts] {
    var facts: [String: DeviceFacts] = [:]
    for machine in root.records("machines") {
      guard let name = unitName(machine) else { continue }
      if facts[name] == nil {
        facts[name] = DeviceFacts(machine)
      } else {
        facts[name]?.join(machine)
      }
    }
    return facts
  }

  static func unitName(_ machine: Record) -> String? {
    guard let bus = machine.text("bus"), let unit = machine.integer("unit") else { return nil }
    return "\(bus)/\(unit)"
  }

  var quirks: DeviceQuirks {
    DeviceQuirks(
      registersPerRequest: registersPerRequest.value, bitsPerRequest: bitsPerRequest.value,
      gapLimit: gapLimit, tables: Set(ModbusTable.allCases.filter { lacking[$0] == nil }),
      forbidden: forbidden.map(\.range), requestStart: requestStart.mapValues(\.value),
      pause: pause)
  }
}
