// The part of a Takt configuration that fits the simulated line: its bus and its machines.

import LinuxEdge
import Polling
import Primitives
import Simulation

enum SimulateConfiguration {
  /// A fragment for `conf.d`, in JSON5.
  static func text(_ options: SimulateOptions) -> String {
    let machines = (0..<options.plant.machines).map { machine($0, options) }
    return """
      // For the line of "takt simulate", printed by its option --config.
      {
        buses: [{ name: "plant", \(way(options)) }],
        machines: [
      \(machines.joined(separator: "\n"))
        ],
      }
      """
  }

  /// How the gateway gets there; of a serial line only the simulator's own end is known.
  private static func way(_ options: SimulateOptions) -> String {
    guard let serial = options.serial else {
      return "host: \"\(options.address.host)\", port: \(options.address.port)"
    }
    let speed = serial.speed
    return "type: \"modbus-rtu\", device: \"the other end of \(serial.path)\", "
      + "baud: \(speed.baud), parity: \"\(speed.parity.rawValue)\", stopBits: \(speed.stopBits)"
  }

  private static func machine(_ index: Int, _ options: SimulateOptions) -> String {
    let kind = PlantRegisters.kind(index)
    var lines = [
      "name: \"\(PlantRegisters.name(index))\", bus: \"plant\", unit: \(index + 1),",
      "timeout: \"250ms\",",
      "signals: [",
    ]
    lines += PlantRegisters.signals(index).map { "  " + signal($0) }
    lines.append("],")
    if kind == .runBitAndCode { lines.append("running: \"run\",") }
    if kind != .countOnly {
      lines.append("faultCode: \"fault\",")
      let causes = PlantRegisters.faults.map { "\"\($0.code)\": \"\($0.text)\"" }
      lines.append("causes: { \(causes.joined(separator: ", ")) },")
    } else {
      lines.append("standstill: \"\(options.standstill.text)\",")
    }
    lines.append("good: { signal: \"good\", piecesPerSecond: \(piecesPerSecond(options)) },")
    lines.append("scrap: { signal: \"scrap\", piecesPerSecond: \(piecesPerSecond(options)) },")
    lines.append("shortStop: \"1s\", countWindow: \"2s\",")
    let body = lines.map { "      " + $0 }.joined(separator: "\n")
    return "    {\n\(body)\n    },"
  }

  private static func signal(_ signal: PlantSignal) -> String {
    var members = ["name: \"\(signal.name)\"", "at: \"\(signal.address)\""]
    switch signal.name {
    case "temperature": members += ["every: \"1s\"", "deadband: 0.5", "publish: true"]
    case "speed": members += ["every: \"1s\""]
    default: members += ["every: \"250ms\""]
    }
    if let unit = signal.unit { members.append("unitOfMeasure: \"\(unit)\"") }
    return "{ \(members.joined(separator: ", ")) },"
  }

  /// The most a machine makes, rounded up: pieces come at 0.9 cycles, 1000 / 0.9 < 1250.
  private static func piecesPerSecond(_ options: SimulateOptions) -> Int64 {
    let cycle = max(1, options.plant.cycle.wholeMilliseconds)
    return (1250 + cycle - 1) / cycle
  }
}
