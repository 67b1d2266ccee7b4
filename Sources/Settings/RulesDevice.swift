// Whether every signal can be asked of its device: tables, forbidden addresses, longest requests.

import Polling
import Primitives
import Signals

extension Rules {
  mutating func devices() {
    let facts = DeviceFacts.byUnit(root)
    for machine in root.records("machines") {
      guard let name = DeviceFacts.unitName(machine), let device = facts[name] else { continue }
      for signal in machine.records("signals") {
        guard let address = signal.address("at") else { continue }
        check(signal, address, device)
      }
    }
    for (_, device) in facts.sorted(by: { $0.key < $1.key }) {
      for (table, machine) in device.torn { torn(table, machine, device) }
    }
  }

  private mutating func torn(_ table: ModbusTable, _ machine: Record, _ device: DeviceFacts) {
    guard let starts = machine.record("requestStart"), let first = device.requestStart[table],
      let mine = starts.integer(table.rawValue)
    else { return }
    mistakes.error(
      starts.place(of: table.rawValue), starts.path(of: table.rawValue),
      "requests to \(table.rawValue) begin at \(mine) here and at \(first.value)"
        + "\(Self.at(first.place)), but it is one device", "one beginning for one device")
  }

  private static func at(_ place: Place?) -> String { place.map { " (\($0))" } ?? "" }

  private mutating func check(_ signal: Record, _ address: ParsedAddress, _ device: DeviceFacts) {
    let table = address.table
    let (place, path) = (signal.place(of: "at"), signal.path(of: "at"))
    if let list = device.lacking[table] {
      mistakes.error(
        place, path,
        "function \(table.readFunction) (\(table.rawValue)) is not among the functions at \(list)",
        "a table that the device offers, or \(table.readFunction) among its functions")
      return
    }
    let last = Int(address.start) + Int(address.format.count) - 1
    var first = Int(address.start)
    var asked = "the value takes"
    var because = ""
    if let start = device.requestStart[table] {
      guard Int(start.value) <= first else {
        mistakes.error(
          place, path,
          "the value stands at \(first), but every request to \(table.rawValue) begins at"
            + " \(start.value)\(Self.at(start.place))",
          "an address from \(start.value), or another requestStart")
        return
      }
      first = Int(start.value)
      asked = "a request from \(first) to the value takes"
      because = ", and every request to \(table.rawValue) begins at \(first)\(Self.at(start.place))"
    }
    for forbidden in device.forbidden
    where forbidden.range.table == table && Int(forbidden.range.addresses.lowerBound) <= last
      && Int(forbidden.range.addresses.upperBound) >= first
    {
      mistakes.error(
        place, path,
        "\(table.rawValue) \(first)\(last > first ? "-\(last)" : "") meets"
          + " \(forbidden.range.text), which is forbidden at \(forbidden.place)\(because)",
        "an address outside, or a smaller forbidden range")
      return
    }
    let member = table.holdsBits ? "bitsPerRequest" : "registersPerRequest"
    let cap = table.holdsBits ? device.bitsPerRequest : device.registersPerRequest
    guard last - first + 1 > cap.value else { return }
    mistakes.error(
      place, path,
      "\(asked) \(last - first + 1) \(table.holdsBits ? "bits" : "registers"), but \(member) is"
        + " \(cap.value)\(Self.at(cap.place))\(because)",
      because.isEmpty ? "a shorter value or more \(member)" : "a lower address or more \(member)")
  }
}
