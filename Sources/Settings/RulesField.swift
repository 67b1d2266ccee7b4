// Lines and the numbers on them: serial ports, shared endpoints, unit numbers, own certificates.

import Primitives

extension Rules {
  mutating func lines() {
    var busByName: [String: Record] = [:]
    for bus in root.records("buses") {
      if let name = bus.text("name") { busByName[name] = bus }
      ownCertificate(bus)
      serial(bus)
    }
    sharedPorts()
    for machine in root.records("machines") {
      guard let bus = machine.text("bus").flatMap({ busByName[$0] }) else { continue }
      number(machine, bus)
    }
  }

  /// A certificate is of no use without its key, and the other way round.
  mutating func ownCertificate(_ record: Record) {
    for (one, other) in [("certificateFile", "keyFile"), ("keyFile", "certificateFile")]
    where record[one] != nil && record[other] == nil {
      mistakes.error(
        record.place(of: one), record.path(of: one), "\(one) is given without \(other)",
        "both or none")
    }
  }

  private mutating func serial(_ bus: Record) {
    if let baud = bus.integer("baud"), !SettingsLimits.usualBaud.contains(baud) {
      mistakes.warn(
        bus.place(of: "baud"), bus.path(of: "baud"),
        "\(baud) is no usual rate; the device and the adapter must both know it",
        "9600, 19200, 38400, 57600 or 115200 as a rule")
    }
    guard let device = bus.text("device").map(Self.plain) else { return }
    // The kernel numbers these in the order of plugging (F15).
    if ["/dev/ttyUSB", "/dev/ttyACM"].contains(where: device.hasPrefix) {
      mistakes.warn(
        bus.place(of: "device"), bus.path(of: "device"),
        "\(device) is numbered in the order of plugging and may be another adapter after a"
          + " restart",
        "a name that stays; \"ls -l /dev/serial/by-id\" shows those of this machine")
    }
  }

  /// One line carries one transaction at a time, so one bus owns it (F9).
  private mutating func sharedPorts() {
    var firstByDevice: [String: Record] = [:]
    for bus in root.records("buses") {
      guard let device = bus.text("device").map(Self.plain) else { continue }
      guard let first = firstByDevice[device] else {
        firstByDevice[device] = bus
        continue
      }
      mistakes.error(
        bus.place(of: "device"), bus.path(of: "device"),
        "\(device) is the device of bus \(first.text("name") ?? "") already, at"
          + " \(first.place(of: "device")); requests of two buses would collide on its line",
        "one bus for one line; its machines differ by unit")
    }
  }

  /// A path without empty parts, so that one file has one spelling.
  private static func plain(_ path: String) -> String {
    "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
  }

  mutating func sharedEndpoints() {
    var firstByEndpoint: [String: Record] = [:]
    for bus in root.records("buses") {
      guard let host = bus.text("host"), let port = bus.integer("port") else { continue }
      let endpoint = "\(host.lowercased()):\(port)"
      guard let first = firstByEndpoint[endpoint] else {
        firstByEndpoint[endpoint] = bus
        continue
      }
      let isLine = bus.text("type") == BusType.rtuOverTCP.rawValue
      mistakes.warn(
        bus.place(of: "host"), bus.path(of: "host"),
        "\(endpoint) is also bus \(first.text("name") ?? "");"
          + (isLine
            ? " requests of two connections collide on its line"
            : " many PLCs take few connections"),
        isLine ? "one bus for one line; its machines differ by unit" : "one bus for one PLC")
    }
  }

  /// On a serial line 0 is for everybody, and nobody answers it.
  private mutating func number(_ machine: Record, _ bus: Record) {
    guard let type = bus.text("type").flatMap(BusType.init), let unit = machine.integer("unit")
    else { return }
    switch type {
    case .tcp, .tls: return
    case .rtu, .rtuOverTCP: break
    }
    let units = SettingsLimits.serialUnits
    guard !units.contains(unit) else { return }
    mistakes.error(
      machine.place(of: "unit"), machine.path(of: "unit"),
      unit == 0
        ? "unit 0 is the broadcast address of a serial line; no device answers it"
        : "unit \(unit) is reserved on a serial line",
      "\(units.lowerBound) to \(units.upperBound)")
  }
}
