// A generated site for `takt run`: so many PLCs with so many registers each, one machine a PLC.
//
// Register 0 of every PLC is not 0 (the machine runs), register 1 counts, all others are values
// of which a tenth changes every 100 ms.

import LinuxEdge
import Primitives

/// What a generated site has.
struct DaemonSite {
  var plcs: Int
  var signals: Int
  var every: String
  /// All values go upstream; else only counts and stops do.
  var publishes = false
  var modbusPort: UInt16
  /// Where the PLCs are, when not at the bench's own server.
  var modbusHost: String?
  var uplinkPort: UInt16?
  /// The most that the journal may take; the default when nil.
  var journal: String?
  /// How long changes are gathered; the default when nil.
  var window: String?

  /// Writes the configuration into a folder that has keys and certificates; its path.
  func write(_ folder: String, _ name: String) -> String {
    let state = "\(folder)/\(name).state"
    let path = "\(folder)/\(name).json5"
    var text = """
      {
        gateway: { name: "gw-bench", enterprise: "acme", site: "vienna", area: "stamping",
          line: "line1", keyFile: "\(folder)/gateway.key", stateDirectory: "\(state)",
          controlSocket: "\(folder)/\(name).sock" },
        uplinks: [\(uplink(folder))],
        \(journal.map { "limits: { journal: \"\($0)\" }," } ?? "")
        \(window.map { "publish: { window: \"\($0)\" }," } ?? "")
        buses: [

      """
    for plc in 0..<plcs {
      // Each PLC has an address of its own; all of 127.0.0.0/8 is this machine.
      let host = modbusHost ?? "127.0.0.\(plc + 1)"
      text += "    { name: \"plc-\(plc)\", host: \"\(host)\", port: \(modbusPort) },\n"
    }
    text += "  ],\n  machines: [\n"
    for plc in 0..<plcs { text += machine(plc) }
    text += "  ],\n}\n"
    try? Files.replace(path, with: Array(text.utf8))
    return path
  }

  private func uplink(_ folder: String) -> String {
    guard let uplinkPort else { return "" }
    return """
      { name: "mes", url: "https://127.0.0.1:\(uplinkPort)/events",
            caFile: "\(folder)/tls/ca.pem", backoff: { floor: "100ms", ceiling: "1s" } }
      """
  }

  private func machine(_ plc: Int) -> String {
    let count = signals / plcs + (plc < signals % plcs ? 1 : 0)
    var text = "    { name: \"m-\(plc)\", bus: \"plc-\(plc)\", running: \"s0\", good: \"s1\",\n"
    text += "      signals: [\n"
    for index in 0..<count {
      text += "        { name: \"s\(index)\", at: \"holding \(index)\", every: \"\(every)\""
      text += publishes && index > 1 ? ", publish: true },\n" : " },\n"
    }
    return text + "      ] },\n"
  }
}
