// Parts that do not fit each other.

extension Broken {
  static let sites: [Broken] = [
    Broken(
      "a condition over an unknown signal",
      [(#"running: "run""#, #"running: "!rnu""#)],
      """
      7:12: error: machines[press-1].running.signal: there is no signal of this machine \
      named "rnu", did you mean "run"?; allowed: run, good
      """),
    Broken(
      "a condition that is no condition",
      [(#"running: "run""#, #"running: "run >= 1""#)],
      """
      7:12: error: machines[press-1].running: found "run >= 1"; allowed: "run", "!run", \
      "state = 4", "state = 4, 5", "speed > 3.5" or "speed < 3.5", or { signal: … }
      """),
    Broken(
      "two comparisons at once",
      [(#"running: "run""#, #"running: { signal: "run", isTrue: true, above: 1 }"#)],
      """
      7:12: error: machines[press-1].running: found isTrue and above; allowed: one \
      comparison
      """),
    Broken(
      "no comparison at all",
      [(#"running: "run""#, #"running: { signal: "run" }"#)],
      """
      7:12: error: machines[press-1].running: nothing is compared; allowed: isTrue, \
      isFalse, equals, above or below
      """),
    Broken(
      "a counter that is a bit",
      [(#"good: "good""#, #"good: "run""#)],
      """
      7:25: error: machines[press-1].good.signal: run is a bit and cannot count; allowed: \
      u16, i16, u32, i32, u64 or i64; or pulse: true for a bit that rises with each piece
      """),
    Broken(
      "a counter beyond its register",
      [(#"good: "good""#, #"good: { signal: "good", highest: 5000000000 }"#)],
      """
      7:52: error: machines[press-1].good.highest: found 5000000000, but u32 ends at \
      4294967295; allowed: 1 to 4294967295
      """),
    Broken(
      "a scaled counter",
      [(#"100 u32""#, #"100 u32", scale: 0.1"#)],
      """
      7:25: error: machines[press-1].good.signal: good is scaled; its roll-over could not \
      be told; allowed: an unscaled signal, and piecesPerCount
      """),
    Broken(
      "one signal for good and scrap",
      [(#"good: "good""#, #"good: "good", scrap: "good""#)],
      """
      7:40: error: machines[press-1].scrap.signal: good is the counter of good already; \
      its pieces would be booked twice; allowed: a signal of its own
      """),
    Broken(
      "a standstill without a count",
      [(#"good: "good""#, #"standstill: "5s""#)],
      """
      7:31: error: machines[press-1].standstill: standstill needs a count that can stand \
      still; allowed: good: the counter of good pieces
      """),
    Broken(
      "a fault code that is a real number",
      [("100 u32", "100 f32"), (#"good: "good""#, #"faultCode: "good""#)],
      """
      7:30: error: machines[press-1].faultCode: good is f32 and gives no whole numbers; \
      allowed: a bit or an unscaled integer register
      """),
    Broken(
      "a cause whose code is no number",
      [(#"good: "good""#, #"faultCode: "run", causes: { E12: "Door" }"#)],
      """
      7:47: error: machines[press-1].causes[E12]: "E12" is no code; allowed: a whole \
      number in quotes: "12"
      """),
    Broken(
      "a cause of an unknown category",
      [
        (
          #"good: "good""#,
          #"faultCode: "run", causes: { "12": { text: "Door", category: "planed" } }"#
        )
      ],
      """
      7:79: error: machines[press-1].causes[12].category: found "planed", did you mean \
      "planned"?; allowed: "planned", "unplanned", "minor" or "external"
      """),
    Broken(
      "an address that is not encrypted",
      [("https://", "http://")],
      """
      8:31: error: uplinks[mes].url: found "http://mes.example.com/takt": http:// is not \
      encrypted; allowed: "https://host/path" or "https://host:8443/path"
      """),
    Broken(
      "a password in the address",
      [("https://", "https://user:secret@")],
      """
      8:31: error: uplinks[mes].url: found a password or user name in an address; use \
      bearerFile or certificateFile; allowed: "https://host/path" or \
      "https://host:8443/path"
      """),
    Broken(
      "a certificate without its key",
      [(#"takt" }"#, #"takt", certificateFile: "/c.pem" }"#)],
      """
      8:80: error: uplinks[mes].certificateFile: certificateFile is given without keyFile; \
      allowed: both or none
      """),
    Broken(
      "a pin that is no hash",
      [(#"takt" }"#, #"takt", pins: ["sha256/abc"] }"#)],
      """
      8:70: error: uplinks[mes].pins[#1]: found "sha256/abc"; allowed: a list of SHA-256 of \
      public keys in Base64: ["sha256/…"]
      """),
    Broken(
      "two tokens for one request",
      [
        (
          #"takt" }"#,
          #"takt", bearerFile: "/b", oauth: { tokenUrl: "https://l/t", clientId: "c", "#
            + #"clientSecretFile: "/s" } }"#
        )
      ],
      """
      8:88: error: uplinks[mes].oauth: there is a bearerFile beside it, and a request carries \
      one token; allowed: one of the two
      """),
    Broken(
      "a proxy without a port",
      [(#"takt" }"#, #"takt", proxy: { host: "p", port: 0 } }"#)],
      """
      8:89: error: uplinks[mes].proxy.port: found the number 0; allowed: a whole number \
      from 1 to 65535
      """),
    Broken(
      "a batch size with a wrong unit",
      [(#"takt" }"#, #"takt", batchBytes: "64Mb" }"#)],
      """
      8:75: error: uplinks[mes].batchBytes: found "64Mb"; allowed: a size from "16KiB" to \
      "4MiB"
      """),
    Broken(
      "a floor above the ceiling",
      [(#"takt" }"#, #"takt", backoff: { floor: "10min", ceiling: "1min" } }"#)],
      """
      8:81: error: uplinks[mes].backoff.floor: the floor of 10min is above the ceiling of \
      1min; allowed: 1min or less
      """),
    Broken(
      "a route to an unknown uplink",
      [("\n}", "\nroutes: [{ uplink: \"mess\" }],\n}")],
      """
      9:20: error: routes[#1].uplink: there is no uplink named "mess", did you mean \
      "mes"?; allowed: mes
      """),
    Broken(
      "a route with an unknown event",
      [("\n}", "\nroutes: [{ uplink: \"mes\", types: [\"takt.stop.*\", \"takt.stpo.*\"] }],\n}")],
      """
      9:50: error: routes[#1].types[#2]: no event has the type "takt.stpo.*", did you mean \
      "takt.stop.*"?; allowed: a list of event types such as ["takt.stop.*"]
      """),
    Broken(
      "a route with an unknown machine",
      [("\n}", "\nroutes: [{ uplink: \"mes\", machines: [\"press-2\"] }],\n}")],
      """
      9:38: error: routes[#1].machines[#1]: there is no machine named "press-2", did you \
      mean "press-1"?; allowed: press-1
      """),
    Broken(
      "a route for long stops that names no end of a stop",
      [
        (
          "\n}",
          "\nroutes: [{ uplink: \"mes\", types: [\"takt.stop.started.v1\"],"
            + " minimumDuration: \"10min\" }],\n}"
        )
      ],
      """
      9:77: error: routes[#1].minimumDuration: stops of 10min or more are told when they \
      have ended, and the types name no such event; allowed: types with \
      "takt.stop.ended.v1" or "takt.stop.*"
      """),
    Broken(
      "a route with a severity that is none",
      [("\n}", "\nroutes: [{ uplink: \"mes\", severities: [\"alarms\"] }],\n}")],
      """
      9:40: error: routes[#1].severities[#1]: found "alarms", did you mean "alarm"?; \
      allowed: a list of "info", "warning" or "alarm", each once at most
      """),
    Broken(
      "a route for severities that names no limit",
      [
        (
          "\n}",
          "\nroutes: [{ uplink: \"mes\", types: [\"takt.stop.*\"],"
            + " severities: [\"alarm\"] }],\n}"
        )
      ],
      """
      9:63: error: routes[#1].severities: only limits have a severity, and the types name \
      none of their events; allowed: types with "takt.limit.*"
      """),
    Broken(
      "a journal that is too small",
      [("\n}", "\nlimits: { journal: \"1MB\" },\n}")],
      """
      9:20: error: limits.journal: found "1MB"; allowed: a size from "16MB" to "1TB"
      """),
    Broken(
      "a ring that is no power of two",
      [("\n}", "\nlimits: { ringSamples: 5000 },\n}")],
      """
      9:24: error: limits.ringSamples: found the number 5000; allowed: a power of two from \
      1024 to 4194304
      """),
    Broken(
      "a ring too small for its signals",
      [
        (#"at: "coil 0" }"#, #"at: "coil 0", every: "5ms" }"#),
        ("\n}", "\nlimits: { ringSamples: 1024 },\n}"),
      ],
      """
      5:39: warning: machines[press-1].signals[run].every: run is read every 5ms, but the \
      unit may take 500ms to answer; one lost answer skips scans; allowed: a shorter \
      timeout or a longer period
      9:24: error: limits.ringSamples: 1024 is too small for bus plc: 402 samples a second \
      × 2s stall of the disk × 4; allowed: 4096 or more
      """),
    Broken(
      "a value longer than a request",
      [(#"bus: "plc""#, #"bus: "plc", registersPerRequest: 1"#)],
      """
      6:23: error: machines[press-1].signals[good].at: the value takes 2 registers, but \
      registersPerRequest is 1 (takt.json5:4:64); allowed: a shorter value or more \
      registersPerRequest
      """),
    Broken(
      "null",
      [(#"bus: "plc""#, "bus: null")],
      """
      4:36: error: machines[press-1].bus: found null; allowed: the name of a bus
      """),
    Broken(
      "a number beyond all numbers",
      [(#"100 u32""#, #"100 u32", scale: 1e999"#)],
      """
      6:49: error: this value cannot be read; allowed: a number within ±1.7e308
      """),
  ]
}
