// Buses of the plan: which line each one is.

import Polling
import Primitives

extension Planner {
  static func bus(_ record: Record, _ units: [UnitDefinition]) -> BusDefinition {
    BusDefinition(
      name: record.text("name") ?? "", line: line(record),
      connectTimeout: record.duration("connectTimeout") ?? .seconds(3),
      connectPause: record.duration("connectPause") ?? .zero,
      requestPause: record.duration("requestPause") ?? .zero, units: units)
  }

  private static func line(_ record: Record) -> BusLine {
    let host = record.text("host") ?? ""
    let port = UInt16(clamping: record.integer("port") ?? 502)
    switch record.text("type").flatMap(BusType.init) ?? .tcp {
    case .tcp: return .tcp(host: host, port: port)
    case .tls:
      return .tls(
        host: host, port: port,
        identity: TLSIdentity(
          caFile: record.text("caFile"), certificateFile: record.text("certificateFile"),
          keyFile: record.text("keyFile"), serverName: record.text("serverName") ?? host))
    case .rtu:
      return .rtu(
        SerialLine(
          path: record.text("device") ?? "", speed: speed(record),
          direction: record.text("direction").flatMap(SerialLine.Direction.init) ?? .automatic,
          hasEcho: record.boolean("echo") ?? false))
    case .rtuOverTCP: return .rtuOverTCP(host: host, port: port, behind: speed(record))
    }
  }

  private static func speed(_ record: Record) -> SerialSpeed {
    SerialSpeed(
      baud: Int(record.integer("baud") ?? 19_200),
      parity: record.text("parity").flatMap(SerialSpeed.Parity.init) ?? .even,
      stopBits: Int(record.integer("stopBits") ?? 1))
  }
}
