// A gateway with several buses, and what its process holds open.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

extension RunSite {
  /// One bus of a configuration with its units; each unit is a machine with these signals.
  struct FieldBus {
    var name: String
    /// How to get there, as members of the bus.
    var way: String
    var units: [UInt8]
    var signals: String
    /// Members of each machine.
    var members = ""
  }

  /// Puts these buses into the configuration instead of the site's own.
  func install(_ buses: [FieldBus], hasUplink: Bool = false) throws {
    try configure("takt", hasUplink: hasUplink)
    let path = scratch["takt.json5"]
    let text = String(decoding: try Files.read(path), as: UTF8.self)
    let head = text.prefix(upTo: try #require(text.firstRange(of: "buses: [")).lowerBound)
    let ways = buses.map { "{ name: \"\($0.name)\", \($0.way) }" }
    let machines = buses.flatMap { bus in
      bus.units.map {
        "{ name: \"\(bus.name)-\($0)\", bus: \"\(bus.name)\", unit: \($0), \(bus.members) "
          + "signals: [\(bus.signals)] }"
      }
    }
    let tail =
      "buses: [\(ways.joined(separator: ",\n"))],\n"
      + "machines: [\(machines.joined(separator: ",\n"))],\n}\n"
    try Files.replace(path, with: Array((head + tail).utf8))
    let check = try Program.run("check", "--config", path)
    try #require(check.code == 0, "\(check.output)\(check.errors)")
  }

  /// A serial bus of the gateway at 115,200 baud.
  func serialWay(_ device: String) -> String {
    "type: \"modbus-rtu\", device: \"\(scratch[device])\", baud: 115200"
  }

  /// Ends a program in good order.
  func end(_ program: RunningProgram) {
    program.signal(SIGTERM)
    let end = program.end()
    #expect(end.code == 0, "\(end.errors)")
  }
}

extension JSONValue {
  /// A bus of the status document.
  func bus(_ name: String) -> JSONValue? {
    self["buses"]?.array?.first { $0["name"]?.string == name }
  }

  /// A unit of a bus of the status document.
  func unit(_ number: Int64, of bus: String) -> JSONValue? {
    self.bus(bus)?["units"]?.array?.first { $0["unit"]?.integer == number }
  }

  /// Whether every unit of a bus of the status document is in contact.
  func isGood(_ bus: String) -> Bool {
    self.bus(bus)?["link"]?.string == "up"
      && self.bus(bus)?["units"]?.array?.allSatisfy { $0["contact"]?.string == "good" } == true
  }
}

/// What a process holds open: descriptors by kind, and threads by name.
struct Holdings: Equatable {
  var descriptors: [String: Int] = [:]
  var threads: [String: Int] = [:]

  init(of process: Int32) throws {
    for name in try Files.list("/proc/\(process)/fd") {
      let path = "/proc/\(process)/fd/\(name)"
      // One that was closed meanwhile.
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
        continue
      }
      let isTerminal = target.hasPrefix("/dev/pts/")
      let kind = isTerminal ? "terminal" : String(target.prefix { $0 != "[" })
      descriptors[kind, default: 0] += 1
    }
    for task in try Files.list("/proc/\(process)/task") {
      guard let bytes = try? Files.read("/proc/\(process)/task/\(task)/comm", limit: 64) else {
        continue
      }
      threads[String(decoding: bytes.dropLast(), as: UTF8.self), default: 0] += 1
    }
  }
}
