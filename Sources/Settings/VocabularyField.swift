// The names of the way down to the devices: buses, what a device can bear, and its profile.

import Polling
import Primitives

/// The types of buses, as they are written.
enum BusType: String, CaseIterable {
  case tcp = "modbus-tcp"
  case tls = "modbus-tls"
  case rtu = "modbus-rtu"
  case rtuOverTCP = "modbus-rtu-over-tcp"

  /// What each of some types says about a member; the others do not know it.
  fileprivate static func typed(_ types: [(BusType, Presence)]) -> Presence {
    .typed(types.map { (type: $0.rawValue, presence: $1) })
  }

  fileprivate static func typed(_ types: [BusType], _ presence: Presence) -> Presence {
    typed(types.map { ($0, presence) })
  }
}

extension Vocabulary {
  private static let streams: [BusType] = [.tcp, .tls, .rtuOverTCP]
  private static let serial: [BusType] = [.rtu, .rtuOverTCP]

  static let bus = Table(
    "bus", "One connection to a PLC, to a gateway of serial devices, or one serial line.",
    [
      Member("name", .name, .required, "The name machines refer to."),
      Member(
        "type", .choice(BusType.allCases.map(\.rawValue)),
        .standard(.string(BusType.tcp.rawValue)), "How its frames travel."),
      Member(
        "host", .host, BusType.typed(streams, .required),
        "Host name or IP address of the PLC or of the serial server."),
      Member(
        "port", .integer(1...65_535),
        BusType.typed([(.tcp, .standard(502)), (.tls, .standard(802)), (.rtuOverTCP, .required)]),
        "TCP port: 502 for modbus-tcp and 802 for modbus-tls unless told."),
      Member(
        "device", .serialPort, BusType.typed([.rtu], .required),
        "The serial port, by a name that stays: \"/dev/serial/by-id/…\"."),
      Member(
        "baud", .integer(SettingsLimits.baud), BusType.typed(serial, .standard(19_200)),
        "Bits a second; behind a serial server, what its line is set to."),
      Member(
        "parity", .choice(SerialSpeed.Parity.allCases.map(\.rawValue)),
        BusType.typed(serial, .standard("even")), "The parity bit of each character."),
      Member(
        "stopBits", .integer(1...2), BusType.typed(serial, .standard(1)),
        "Stop bits of each character."),
      Member(
        "direction", .choice(["automatic", "kernel", "rts", "rts-inverted"]),
        BusType.typed([.rtu], .standard("automatic")),
        "Who switches the transmitter of a two-wire line: the adapter, the kernel, or RTS."),
      Member(
        "echo", .boolean, BusType.typed([.rtu], .standard(false)),
        "Whether the adapter hears its own sending."),
      Member(
        "caFile", .file, BusType.typed([.tls], .optional),
        "PEM of the issuers that are trusted; without it, those of the system."),
      Member(
        "certificateFile", .file, BusType.typed([.tls], .optional),
        "PEM of our own certificate, for devices that ask for one."),
      Member(
        "keyFile", .secretFile, BusType.typed([.tls], .optional),
        "PEM of the key of our own certificate."),
      Member(
        "serverName", .host, BusType.typed([.tls], .optional),
        "The name in the device's certificate; without it, the host."),
      Member(
        "connectTimeout", .duration(SettingsLimits.connectTimeout), .standard("3s"),
        "How long opening the connection may take."),
      Member(
        "connectPause", .duration(SettingsLimits.pause), .standard("0s"),
        "Silence after opening, before the first request."),
      Member(
        "requestPause", .duration(SettingsLimits.pause), .standard("0s"),
        "Silence between an answer and the next request on this bus."),
    ])

  /// What a device can bear; on a machine and in a profile.
  static let device = [
    Member(
      "timeout", .duration(SettingsLimits.unitTimeout), .standard("500ms"),
      "How long the unit may take to answer."),
    Member(
      "registersPerRequest", .integer(SettingsLimits.registersPerRequest), .standard(125),
      "Most registers the unit can answer at once."),
    Member(
      "bitsPerRequest", .integer(SettingsLimits.bitsPerRequest), .standard(2000),
      "Most bits the unit can answer at once."),
    Member(
      "gapLimit", .integer(SettingsLimits.gapLimit), .optional,
      "Unused addresses read along to save a request; without it, what the line makes worth it."),
    Member(
      "pause", .duration(SettingsLimits.pause), .standard("0s"),
      "Silence between an answer of this unit and the next request to it."),
    Member(
      "functions", .functions, .standard([1, 2, 3, 4]),
      "Function codes the device offers: 1 coil, 2 discrete, 3 holding, 4 input."),
    Member(
      "forbidden", .addressRanges, .standard([]),
      "Addresses never asked for, not even in between: [\"holding 100-120\"]."),
    Member(
      "requestStart", .object(requestStart), .standard([:]),
      "Tables in which every request must begin at one address."),
  ]

  static let requestStart = Table(
    "requestStart", "The address at which every request to a table begins.",
    ModbusTable.allCases.map { table in
      Member(
        table.rawValue, .integer(SettingsLimits.addresses), .optional,
        "Where requests to \(table.rawValue) begin.")
    })

  static let profileFile = Table(
    "profileFile", "A device profile: profiles/<name>.json5 beside the configuration.",
    [Member("profile", .object(profile), .required, "Which device this is.")]
      + device.map(\.asOptional) + [
        Member("signals", .list(signal), .required, "What the device has to read.")
      ])

  static let profile = Table(
    "profile", "Which device a profile describes, and by which manual.",
    [
      Member("name", .name, .required, "The name of the file without .json5."),
      Member("device", .text, .required, "Maker and model, in one line."),
      Member("source", .prose, .required, "The manual: title, version, section, address."),
      Member("notes", .prose, .optional, "What else a technician should know."),
    ])
}
