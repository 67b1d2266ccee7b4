// Buses and unit numbers that cannot be, each with what a technician is told.

extension Broken {
  static let lines: [Broken] = [
    Broken(
      "a serial bus without a device",
      [(#"host: "10.0.0.1""#, #"type: "modbus-rtu""#)],
      """
      3:9: error: buses[plc].device: device is missing; allowed: a serial port in quotes, such \
      as "/dev/serial/by-id/usb-FTDI_FT232R_A1-if00-port0"
      """),
    Broken(
      "a serial server without a port",
      [(#"host: "10.0.0.1""#, #"host: "10.0.0.1", type: "modbus-rtu-over-tcp""#)],
      """
      3:9: error: buses[plc].port: port is missing; allowed: a whole number from 1 to 65535
      """),
    Broken(
      "a secured bus without a host",
      [(#"host: "10.0.0.1""#, #"type: "modbus-tls""#)],
      """
      3:9: error: buses[plc].host: host is missing; allowed: a host name or an IP address, such \
      as "192.168.10.21"
      """),
    Broken(
      "a device on a bus over TCP",
      [(#"host: "10.0.0.1""#, #"host: "10.0.0.1", device: "/dev/line1""#)],
      """
      3:42: error: buses[plc].device: device belongs to modbus-rtu; this bus is modbus-tcp; \
      allowed: no device, or type: "modbus-rtu"
      """),
    Broken(
      "a host and a port on a serial line",
      [(#"host: "10.0.0.1""#, #"type: "modbus-rtu", device: "/dev/line1", host: "h", port: 502"#)],
      """
      3:66: error: buses[plc].host: host belongs to modbus-tcp, modbus-tls and \
      modbus-rtu-over-tcp; this bus is modbus-rtu; allowed: no host, or type: "modbus-tcp", \
      "modbus-tls" or "modbus-rtu-over-tcp"
      3:77: error: buses[plc].port: port belongs to modbus-tcp, modbus-tls and \
      modbus-rtu-over-tcp; this bus is modbus-rtu; allowed: no port, or type: "modbus-tcp", \
      "modbus-tls" or "modbus-rtu-over-tcp"
      """),
    Broken(
      "a certificate on a bus without TLS",
      [(#"host: "10.0.0.1""#, #"host: "10.0.0.1", caFile: "/ca.pem""#)],
      """
      3:42: error: buses[plc].caFile: caFile belongs to modbus-tls; this bus is modbus-tcp; \
      allowed: no caFile, or type: "modbus-tls"
      """),
    Broken(
      "a speed on a bus over TCP",
      [(#"host: "10.0.0.1""#, #"host: "10.0.0.1", baud: 9600"#)],
      """
      3:42: error: buses[plc].baud: baud belongs to modbus-rtu and modbus-rtu-over-tcp; this bus \
      is modbus-tcp; allowed: no baud, or type: "modbus-rtu" or "modbus-rtu-over-tcp"
      """),
    Broken(
      "a direction behind a serial server",
      [
        (
          #"host: "10.0.0.1""#,
          #"host: "10.0.0.1", type: "modbus-rtu-over-tcp", port: 4001, direction: "rts""#
        )
      ],
      """
      3:83: error: buses[plc].direction: direction belongs to modbus-rtu; this bus is \
      modbus-rtu-over-tcp; allowed: no direction, or type: "modbus-rtu"
      """),
    Broken(
      "a certificate of a bus without its key",
      [(#"host: "10.0.0.1""#, #"host: "10.0.0.1", type: "modbus-tls", certificateFile: "/c.pem""#)],
      """
      3:79: error: buses[plc].certificateFile: certificateFile is given without keyFile; \
      allowed: both or none
      """),
    Broken(
      "a speed that no line has",
      [(#"host: "10.0.0.1""#, #"type: "modbus-rtu", device: "/dev/line1", baud: 110"#)],
      """
      3:72: error: buses[plc].baud: found the number 110; allowed: a whole number from 300 to \
      4000000
      """),
    Broken(
      "a parity of another name",
      [(#"host: "10.0.0.1""#, #"type: "modbus-rtu", device: "/dev/line1", parity: "evn""#)],
      """
      3:74: error: buses[plc].parity: found "evn", did you mean "even"?; allowed: "none", "even" \
      or "odd"
      """),
    Broken(
      "three stop bits",
      [(#"host: "10.0.0.1""#, #"type: "modbus-rtu", device: "/dev/line1", stopBits: 3"#)],
      """
      3:76: error: buses[plc].stopBits: found the number 3; allowed: a whole number from 1 to 2
      """),
    Broken(
      "F22: a pause without a unit",
      [(#"host: "10.0.0.1""#, #"host: "10.0.0.1", connectPause: 2"#)],
      """
      3:56: error: buses[plc].connectPause: found the number 2 without a unit; allowed: a \
      duration from "0s" to "1min", with ms, s, min, h or d
      """),
    Broken(
      "F9: two buses on one serial port",
      [
        (
          #"host: "10.0.0.1" }"#,
          #"type: "modbus-rtu", device: "/dev/line1" },"# + "\n  "
            + #"{ name: "b", type: "modbus-rtu", device: "/dev/./line1" }"#
        )
      ],
      """
      4:44: error: buses[b].device: /dev/line1 is the device of bus plc already, at \
      takt.json5:3:52; requests of two buses would collide on its line; allowed: one bus for one \
      line; its machines differ by unit
      """),
    Broken(
      "the broadcast address on a serial line",
      [
        (#"host: "10.0.0.1""#, #"type: "modbus-rtu", device: "/dev/line1""#),
        (#"bus: "plc""#, #"bus: "plc", unit: 0"#),
      ],
      """
      4:49: error: machines[press-1].unit: unit 0 is the broadcast address of a serial line; no \
      device answers it; allowed: 1 to 247
      """),
    Broken(
      "a reserved address behind a serial server",
      [
        (#"host: "10.0.0.1""#, #"host: "10.0.0.1", type: "modbus-rtu-over-tcp", port: 4001"#),
        (#"bus: "plc""#, #"bus: "plc", unit: 248"#),
      ],
      """
      4:49: error: machines[press-1].unit: unit 248 is reserved on a serial line; allowed: 1 to \
      247
      """),
  ]
}
