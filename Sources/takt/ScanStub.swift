// The configuration that fits what a scan found: a beginning, valid as it stands.

import Polling
import Primitives
import Settings

/// A fragment for `conf.d`, in JSON5.
struct ScanStub {
  private let findings: ScanFindings
  private let job: ScanJob

  /// Machines in one stub at most: the line of one bus.
  static let machines = 64

  init(_ findings: ScanFindings, _ job: ScanJob) {
    self.findings = findings
    self.job = job
  }

  var text: String {
    let known = Set(job.target.units.map(\.address))
    let machines = units.prefix(Self.machines).map { unit in
      known.contains(unit) ? "    // Unit \(unit) is configured already." : machine(unit)
    }.joined(separator: "\n")
    return """
      // Found by "takt scan" on \(job.target.line.text): name the machines, and keep of the signals
      // what you need. "takt decode" tells types and byte orders.
      {
      \(bus)
        machines: [
      \(machines)
        ],
      }

      """
  }

  private var units: [UInt8] {
    let found = findings.units.isEmpty ? findings.ranges.map(\.order.unit) : addresses
    return findings.ignoresUnitNumber ? Array(found.prefix(1)) : found
  }

  private var addresses: [UInt8] { Array(Set(findings.units.map(\.address))).sorted() }

  /// The name of the bus: as configured, or a new one.
  private var name: String { isConfigured ? job.target.name : "line" }

  /// A text as it stands in JSON.
  private static func quoted(_ text: String) -> String { JSONValue.string(text).canonicalText }

  private var isConfigured: Bool { job.target.name != job.target.line.text }

  private var bus: String {
    guard !isConfigured else { return "  // The bus \"\(name)\" is configured already." }
    let members: [String] =
      switch job.target.line {
      case .tcp(let host, let port): ["host: \(Self.quoted(host))", "port: \(port)"]
      case .tls(let host, let port, _):
        ["type: \"modbus-tls\"", "host: \(Self.quoted(host))", "port: \(port)"]
      case .rtu(let line):
        ["type: \"modbus-rtu\"", "device: \(Self.quoted(line.path))"] + speed(found ?? line.speed)
      case .rtuOverTCP(let host, let port, let behind):
        ["type: \"modbus-rtu-over-tcp\"", "host: \(Self.quoted(host))", "port: \(port)"]
          + speed(behind)
      }
    return "  buses: [{ " + (["name: \"\(name)\""] + members).joined(separator: ", ") + " }],"
  }

  /// The speed at which units were found.
  private var found: SerialSpeed? {
    findings.units.compactMap(\.speed).first ?? findings.ranges.compactMap(\.order.speed).first
  }

  private func speed(_ speed: SerialSpeed) -> [String] {
    ["baud: \(speed.baud)", "parity: \"\(speed.parity.rawValue)\"", "stopBits: \(speed.stopBits)"]
  }

  private func machine(_ unit: UInt8) -> String {
    let scan = findings.ranges.first { $0.order.unit == unit }
    var lines = ["name: \"\(name)-unit-\(unit)\", bus: \"\(name)\", unit: \(unit),"]
    if let limit = scan?.registerLimit { lines.append("registersPerRequest: \(limit),") }
    if let limit = scan?.bitLimit { lines.append("bitsPerRequest: \(limit),") }
    for table in scan?.order.tables ?? [] {
      if let runs = scan?.runs(table), !runs.isEmpty {
        lines.append("// readable: \(table.rawValue) \(runs)")
      }
    }
    let (table, address) = first(unit, scan)
    lines.append(
      "signals: [{ name: \"\(table.rawValue)-\(address)\", at: \"\(table.rawValue) \(address)\" }],"
    )
    let body = lines.map { "      " + $0 }.joined(separator: "\n")
    return "    {\n\(body)\n    },"
  }

  /// An address that can be read; where none is known, the one that was asked.
  private func first(_ unit: UInt8, _ scan: RangeScan?) -> (ModbusTable, UInt16) {
    if let range = scan?.readable.first { return (range.table, range.addresses.lowerBound) }
    return (findings.units.first { $0.address == unit }?.table ?? .holding, 0)
  }
}
