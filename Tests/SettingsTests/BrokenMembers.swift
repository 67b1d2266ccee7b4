// Members that are unknown, missing, or not what their kind allows.

extension Broken {
  static let members: [Broken] = [
    Broken(
      "an unknown member with a near one",
      [("running:", "runing:")],
      """
      7:3: error: machines[press-1].runing: "runing" is not known here, did you mean \
      "running"?; allowed: name, bus, unit, profile, timeout, registersPerRequest, \
      bitsPerRequest, gapLimit, pause, functions, forbidden, requestStart, signals, running, \
      faultCode, causes, good, scrap, rework, standstill, shortStop, countWindow, \
      minorStopWindow, uom, line, evidence, otherwise, precedence, packml, idealCycle, \
      ignoreUnder, minimumRun, slow, changeover, planned, counters, order, limits, words
      """),
    Broken(
      "an unknown member with none near",
      [(#"running: "run""#, #"colour: "red""#)],
      """
      7:3: error: machines[press-1].colour: "colour" is not known here; allowed: name, bus, \
      unit, profile, timeout, registersPerRequest, bitsPerRequest, gapLimit, pause, \
      functions, forbidden, requestStart, signals, running, faultCode, causes, good, scrap, \
      rework, standstill, shortStop, countWindow, minorStopWindow, uom, line, evidence, \
      otherwise, precedence, packml, idealCycle, ignoreUnder, minimumRun, slow, \
      changeover, planned, counters, order, limits, words
      """),
    Broken(
      "a missing member",
      [(#"site: "s", "#, "")],
      """
      2:10: error: gateway.site: site is missing; allowed: a name: letters A-Z and a-z, \
      digits, . _ and -, at most 64
      """),
    Broken(
      "a misspelt required member",
      [(", host:", ", hots:")],
      """
      3:24: error: buses[plc].hots: "hots" is not known here, did you mean "host"?; \
      allowed: name, type, host, port, device, baud, parity, stopBits, direction, echo, \
      caFile, certificateFile, keyFile, serverName, connectTimeout, connectPause, \
      requestPause
      """),
    Broken(
      "a name with a space",
      [(#""gw""#, #""gw 1""#)],
      """
      2:18: error: gateway.name: found "gw 1"; allowed: a name: letters A-Z and a-z, \
      digits, . _ and -, at most 64
      """),
    Broken(
      "a port out of range",
      [(#"host: "10.0.0.1""#, #"host: "10.0.0.1", port: 70000"#)],
      """
      3:48: error: buses[plc].port: found the number 70000; allowed: a whole number from 1 \
      to 65535
      """),
    Broken(
      "a host with a port",
      [(#""10.0.0.1""#, #""10.0.0.1:502""#)],
      """
      3:30: error: buses[plc].host: found "10.0.0.1:502"; allowed: a host name or an IP \
      address, such as "192.168.10.21"
      """),
    Broken(
      "an unknown bus type",
      [(#"host: "10.0.0.1""#, #"host: "10.0.0.1", type: "modbus-tpc""#)],
      """
      3:48: error: buses[plc].type: found "modbus-tpc", did you mean "modbus-tcp"?; \
      allowed: "modbus-tcp", "modbus-tls", "modbus-rtu" or "modbus-rtu-over-tcp"
      """),
    Broken(
      "a time zone that is no IANA name",
      [(#"line: "l""#, #"line: "l", timeZone: "Berlin""#)],
      """
      2:84: error: gateway.timeZone: found "Berlin"; allowed: an IANA name such as \
      "Europe/Berlin", or "UTC"
      """),
    Broken(
      "a relative path",
      [(#"line: "l""#, #"line: "l", keyFile: "key.pem""#)],
      """
      2:83: error: gateway.keyFile: found "key.pem"; allowed: a full path in quotes, such \
      as "/etc/takt/key.pem", or "credential:NAME" of systemd
      """),
    Broken(
      "a reference to a bus that is not there",
      [(#"bus: "plc""#, #"bus: "pcl""#)],
      """
      4:36: error: machines[press-1].bus: there is no bus named "pcl", did you mean \
      "plc"?; allowed: plc
      """),
    Broken(
      "a unit number out of range",
      [(#"bus: "plc""#, #"bus: "plc", unit: 256"#)],
      """
      4:49: error: machines[press-1].unit: found the number 256; allowed: a whole number \
      from 0 to 255
      """),
    Broken(
      "two machines of one name",
      [
        (
          #"good: "good" }]"#,
          #"good: "good" }, { name: "press-1", bus: "plc", signals: [], faultCode: "x" }]"#
        )
      ],
      """
      7:43: error: machines[press-1].name: the name "press-1" is already taken at \
      takt.json5:4:20; allowed: each name once
      7:90: error: machines[press-1].faultCode: there is no signal of this machine named \
      "x"; allowed: nothing, since no signal of this machine is declared
      """),
    Broken(
      "two signals of one name",
      [
        (
          #"{ name: "run", at: "coil 0" }"#,
          #"{ name: "run", at: "coil 0" }, { name: "run", at: "coil 1" }"#
        )
      ],
      """
      5:42: error: machines[press-1].signals[run].name: the name "run" is already taken at \
      takt.json5:5:11; allowed: each name once
      """),
    Broken(
      "a misspelt table",
      [(#""coil 0""#, #""coli 0""#)],
      """
      5:22: error: machines[press-1].signals[run].at: found "coli 0": "coli" is no table, \
      did you mean "coil"?; allowed: holding, input, coil or discrete, or a number such as \
      40101
      """),
  ]
}
