// A site whose configuration changes while it works: a serial server that counts its connections,
// a PLC, a receiver, and files that the test writes anew.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

/// What stands in the file of a reload test.
struct ReloadFile {
  /// The debounce of the run bit of press-1, on the bus that may change.
  var debounce = "0s"
  /// Up to what length a stop of press-1 is a short one.
  var shortStop = "1s"
  /// Where the bus of press-1 leads.
  var port: UInt16
  /// The serial server of the bus that stays as it is; nil leaves it out.
  var linePort: UInt16?
  /// A further bus with a machine.
  var extraPort: UInt16?
  var gatewayName = "gw-1"
  var rollsBack = false

  func text(_ site: RunSite) -> String {
    """
    {
      gateway: {
        name: "\(gatewayName)", enterprise: "acme", site: "ulm", area: "press", line: "line1",
        keyFile: "\(site.scratch["gateway.key"])", stateDirectory: "\(site.scratch["state"])",
        controlSocket: "\(site.scratch["takt.sock"])",
      },
      uplinks: [{
        name: "mes", type: "https", url: "https://127.0.0.1:\(site.uplinkPort)/events",
        caFile: "\(site.scratch["ca.pem"])", backoff: { floor: "100ms", ceiling: "1s" },
      }],
      reload: { rollBack: \(rollsBack) },
      buses: [
        { name: "hall", host: "127.0.0.1", port: \(port), connectTimeout: "1s" },
        \(linePort.map(serialServer) ?? "")
        \(extraPort.map { #"{ name: "extra", host: "127.0.0.1", port: \#($0) },"# } ?? "")
      ],
      machines: [
        \(extraPort.map { _ in machine("extra-1", bus: "extra", debounce: "0s") } ?? "")
        \(machine("press-1", bus: "hall", debounce: debounce))
        \(linePort.map { _ in oven } ?? "")
      ],
    }
    """
  }

  private func machine(_ name: String, bus: String, debounce: String) -> String {
    """
    {
      name: "\(name)", bus: "\(bus)", unit: 1, timeout: "200ms",
      signals: [
        { name: "run", at: "holding 0.0", every: "100ms", debounce: "\(debounce)" },
        { name: "fault", at: "holding 1", every: "100ms" },
        { name: "good", at: "holding 2", every: "100ms" },
      ],
      running: "run", faultCode: "fault", causes: { "12": "Guard door open" },
      good: { signal: "good", piecesPerSecond: 1000 }, shortStop: "\(shortStop)", countWindow: "1s",
    },
    """
  }

  private func serialServer(_ port: UInt16) -> String {
    #"{ name: "line", type: "modbus-rtu-over-tcp", host: "127.0.0.1", port: \#(port) },"#
  }

  private var oven: String {
    """
    {
      name: "oven-1", bus: "line", unit: 3,
      signals: [{ name: "level", at: "holding 5", every: "50ms" }], running: "level > 0",
    },
    """
  }
}

extension RunSite {
  func write(_ file: ReloadFile) throws {
    try Files.replace(scratch["takt.json5"], with: Array(file.text(self).utf8))
  }

  /// Writes the file and has it read; returns the line that says what came of it.
  func reload(
    _ gateway: RunningProgram, _ file: ReloadFile, until outcome: String
  ) throws -> String {
    try write(file)
    gateway.signal(SIGHUP)
    return try #require(gateway.line(holding: outcome), "\(gateway.end().errors)")
  }
}

extension JSONValue {
  func machine(_ name: String) -> JSONValue? {
    self["machines"]?.array?.first { $0["name"]?.string == name }
  }

  var lastReload: String { self["configuration"]?["last"]?["text"]?.string ?? "" }
}
