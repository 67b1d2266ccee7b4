// What buses and devices of the configuration become, and the risks of lines.

import Polling
import Primitives
import Signals
import Testing

@testable import Settings

/// The one bus of the right configuration with other members behind its name.
private func bus(_ members: String) throws -> BusDefinition {
  let outcome = check(Broken("", [("host: \"10.0.0.1\"", members)], "").text)
  return try #require(outcome.configuration?.plan.buses.first, "\(messages(outcome))")
}

/// The one device of the right configuration with members added to its machine.
private func unit(_ members: String) throws -> UnitDefinition {
  let outcome = check(Broken("", [("bus: \"plc\"", "bus: \"plc\", " + members)], "").text)
  return try #require(
    outcome.configuration?.plan.buses.first?.units.first, "\(messages(outcome))")
}

private func told(_ edits: (String, String)...) -> [String] {
  messages(check(Broken("", edits, "").text))
}

@Suite("Lines")
struct LinePlanTests {
  @Test(arguments: [
    (
      "host: \"drive.lan\", port: 1502",
      BusLine.tcp(host: "drive.lan", port: 1502)
    ),
    ("host: \"fd00::5\", type: \"modbus-tcp\"", .tcp(host: "fd00::5", port: 502)),
    (
      "host: \"drive.lan\", type: \"modbus-tls\"",
      .tls(
        host: "drive.lan", port: 802,
        identity: TLSIdentity(
          caFile: nil, certificateFile: nil, keyFile: nil, serverName: "drive.lan"))
    ),
    (
      "type: \"modbus-tls\", host: \"10.0.0.9\", port: 8802, caFile: \"/ca.pem\","
        + " certificateFile: \"/c.pem\", keyFile: \"/k.pem\", serverName: \"drive.lan\"",
      .tls(
        host: "10.0.0.9", port: 8802,
        identity: TLSIdentity(
          caFile: "/ca.pem", certificateFile: "/c.pem", keyFile: "/k.pem",
          serverName: "drive.lan"))
    ),
    (
      "type: \"modbus-rtu\", device: \"/dev/serial/by-id/a\"",
      .rtu(SerialLine(path: "/dev/serial/by-id/a"))
    ),
    (
      "device: \"/dev/line1\", baud: 9600, parity: \"none\", stopBits: 2,"
        + " direction: \"rts-inverted\", echo: true, type: \"modbus-rtu\"",
      .rtu(
        SerialLine(
          path: "/dev/line1", speed: SerialSpeed(baud: 9600, parity: .none, stopBits: 2),
          direction: .rtsInverted, hasEcho: true))
    ),
    (
      "type: \"modbus-rtu-over-tcp\", host: \"h\", port: 4001",
      .rtuOverTCP(host: "h", port: 4001, behind: SerialSpeed())
    ),
    (
      "type: \"modbus-rtu-over-tcp\", host: \"h\", port: 4001, baud: 38400, parity: \"odd\"",
      .rtuOverTCP(host: "h", port: 4001, behind: SerialSpeed(baud: 38_400, parity: .odd))
    ),
  ])
  func `each type of bus becomes its line, with its own defaults`(
    members: String, line: BusLine
  ) throws {
    #expect(try bus(members).line == line)
  }

  @Test(arguments: SerialLine.Direction.allCases)
  func `each direction is understood`(direction: SerialLine.Direction) throws {
    let members =
      "type: \"modbus-rtu\", device: \"/dev/line1\", direction: \"\(direction.rawValue)\""
    #expect(try bus(members).line == .rtu(SerialLine(path: "/dev/line1", direction: direction)))
  }

  @Test func `F22: a bus may want silence after connecting and before requests`() throws {
    let plain = try bus("host: \"h\"")
    #expect(plain.connectTimeout == .seconds(3))
    #expect(plain.connectPause == .zero && plain.requestPause == .zero)
    let slow = try bus(
      "host: \"h\", connectTimeout: \"5s\", connectPause: \"2s\", requestPause: \"20ms\"")
    #expect(slow.connectTimeout == .seconds(5))
    #expect(slow.connectPause == .seconds(2) && slow.requestPause == .milliseconds(20))
  }

  @Test(arguments: ["/dev/ttyUSB0", "//dev/ttyUSB12", "/dev/ttyACM3"])
  func `F15: a serial port with an unstable name is warned of`(device: String) {
    #expect(
      told(("host: \"10.0.0.1\"", "type: \"modbus-rtu\", device: \"\(device)\"")) == [
        "takt.json5:3:52: warning: buses[plc].device: \(device.replacingDoubleSlash) is numbered"
          + " in the order of plugging and may be another adapter after a restart; allowed: a"
          + " name that stays; \"ls -l /dev/serial/by-id\" shows those of this machine"
      ])
  }

  @Test(arguments: ["/dev/serial/by-id/usb-FTDI", "/dev/ttyS0", "/dev/ttyAMA0", "/dev/ttymxc2"])
  func `F15: a serial port with a stable name is not`(device: String) {
    #expect(told(("host: \"10.0.0.1\"", "type: \"modbus-rtu\", device: \"\(device)\"")) == [])
  }

  @Test func `an unusual speed is warned of`() {
    let line = "type: \"modbus-rtu\", device: \"/dev/line1\", baud: "
    #expect(
      told(("host: \"10.0.0.1\"", line + "9601")) == [
        "takt.json5:3:72: warning: buses[plc].baud: 9601 is no usual rate; the device and the"
          + " adapter must both know it; allowed: 9600, 19200, 38400, 57600 or 115200 as a rule"
      ])
    for baud in [300, 1200, 2400, 57_600, 115_200, 460_800, 500_000, 921_600, 4_000_000] {
      #expect(told(("host: \"10.0.0.1\"", line + "\(baud)")) == [], "\(baud)")
    }
  }

  @Test func `F9: two buses behind one serial server are warned of`() {
    let server = "host: \"s\", type: \"modbus-rtu-over-tcp\", port: 4001 }"
    #expect(
      told(("host: \"10.0.0.1\" }", "\(server), { name: \"b\", \(server)")) == [
        "takt.json5:3:97: warning: buses[b].host: s:4001 is also bus plc; requests of two"
          + " connections collide on its line; allowed: one bus for one line; its machines differ"
          + " by unit"
      ])
  }

  @Test func `the numbers 0 and 255 name a device that speaks TCP itself`() throws {
    for number in ["0", "255"] {
      #expect(told(("bus: \"plc\"", "bus: \"plc\", unit: \(number)")) == [])
    }
    for number in ["1", "247"] {
      #expect(
        told(
          ("host: \"10.0.0.1\"", "type: \"modbus-rtu\", device: \"/dev/line1\""),
          ("bus: \"plc\"", "bus: \"plc\", unit: \(number)")) == [])
    }
  }
}

extension String {
  fileprivate var replacingDoubleSlash: String { hasPrefix("//") ? String(dropFirst()) : self }
}

@Suite("Devices")
struct DevicePlanTests {
  @Test func `without a word a device can do what the protocol allows`() throws {
    let plain = try unit("unit: 7")
    #expect(plain.address == 7)
    #expect(plain.timeout == .milliseconds(500))
    #expect(plain.quirks == DeviceQuirks())
    #expect(plain.quirks.gapLimit == nil)
  }

  @Test func `F18, F22: what a manual says of a device is understood`() throws {
    let quirks = try unit(
      """
      timeout: "2s", registersPerRequest: 110, bitsPerRequest: 16, gapLimit: 0, pause: "50ms",
      functions: [4, 3, 1], forbidden: ["holding 0x66-120", "30008", "coil 9 - 12"],
      requestStart: { coil: 0, holding: 1 }
      """
    ).quirks
    #expect(
      quirks
        == DeviceQuirks(
          registersPerRequest: 110, bitsPerRequest: 16, gapLimit: 0,
          tables: [.coil, .holding, .input],
          forbidden: [
            AddressRange(.holding, 102...120), AddressRange(.input, 7...7),
            AddressRange(.coil, 9...12),
          ],
          requestStart: [.coil: 0, .holding: 1], pause: .milliseconds(50)))
  }

  @Test func `F18: machines on one device share it with its gentlest settings`() throws {
    let outcome = check(
      Broken.right,
      """
      { machines: [
        { name: "a", bus: "plc", signals: [{ name: "x", at: "coil 1" }], running: "x",
          timeout: "500ms", gapLimit: 4, bitsPerRequest: 32, functions: [1, 3, 4],
          forbidden: ["input 7"], requestStart: { coil: 0 }, pause: "5ms" },
        { name: "b", bus: "plc", signals: [{ name: "x", at: "coil 2" }], running: "x",
          registersPerRequest: 20, gapLimit: 9, bitsPerRequest: 64, functions: [1, 2, 3],
          forbidden: ["input 7", "holding 9"], requestStart: { coil: 0 }, pause: "1ms" },
      ] }
      """)
    #expect(messages(outcome) == [])
    #expect(
      outcome.configuration?.plan.buses[0].units.map(\.quirks) == [
        DeviceQuirks(
          registersPerRequest: 20, bitsPerRequest: 32, gapLimit: 4, tables: [.coil, .holding],
          forbidden: [AddressRange(.input, 7...7), AddressRange(.holding, 9...9)],
          requestStart: [.coil: 0], pause: .milliseconds(5))
      ])
  }

  @Test func `F18: what one machine says of a device holds for the signals of another`() {
    let outcome = check(
      Broken.right,
      """
      { machines: [{ name: "a", bus: "plc", signals: [{ name: "x", at: "input 1" }],
        running: "x", functions: [3, 4], forbidden: ["holding 101"] }] }
      """)
    #expect(
      messages(outcome) == [
        "takt.json5:5:22: error: machines[press-1].signals[run].at: function 1 (coil) is not among"
          + " the functions at conf.d/1.json5:2:28; allowed: a table that the device offers, or 1"
          + " among its functions",
        "takt.json5:6:23: error: machines[press-1].signals[good].at: holding 100-101 meets holding"
          + " 101, which is forbidden at conf.d/1.json5:2:48; allowed: an address outside, or a"
          + " smaller forbidden range",
      ])
  }

  @Test func `a machine that only measures needs no word on when it stands`() {
    let meter = "{ name: \"m\", bus: \"plc\", unit: 3, signals: [{ name: \"p\", at: \"input 0\""
    func told(_ signal: String) -> [String] {
      messages(check(Broken.right, "{ machines: [\(meter)\(signal) }] }] }"))
    }
    #expect(told(", publish: true") == [])
    #expect(
      told("") == [
        "conf.d/1.json5:1:14: warning: machines[m]: nothing says when this machine stands;"
          + " allowed: evidence; or running, faultCode, or good with standstill"
      ])
  }

  @Test func `F22: a text of half registers comes into the plan with its registers`() throws {
    let outcome = check(
      Broken(
        "",
        [
          (
            "\"coil 0\" }",
            "\"coil 0\" }, { name: \"order\","
              + " at: \"holding 20 string 16 low\" }"
          )
        ], ""
      ).text)
    let plan = try #require(outcome.configuration?.plan)
    #expect(
      plan.signals[1].definition.format
        == RegisterFormat(type: .string, count: 16, characters: .low))
    #expect(plan.buses[0].units[0].bindings[1].count == 16)
  }
}
