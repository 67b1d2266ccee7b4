// takt scan: who is on a line, at which speed, and what can be read from it.
//
// Invariants
// - Reads only, one request at a time, with a pause between; unit 0 is never asked.
// - It says what it is going to do, and how long that takes at most, before the first request; on a
//   terminal it asks, elsewhere it needs --yes.
// - A line that the running gateway owns is scanned through it, in the gaps of its schedule.
//
// Why it asks: old controllers have been stopped by scans (NIST SP 800-82), and whoever stands in
// front of the machine knows whether now is the time.

import Glibc
import LinuxEdge
import Polling
import Primitives
import Settings
import Signals

enum ScanCommand {
  /// Options of lines that name several speeds here, and what this command adds.
  private static let several: Set = ["baud", "parity", "stop"]

  static let usage = CommandUsage(
    name: "scan", summary: "find units on a line, its speed, and what can be read",
    operands: ["BUS"], operandCount: 0...1,
    options: [
      .value("units", "LIST", "unit numbers to ask", default: "1-247"),
      .value("baud", "LIST", "speeds to try", default: "9600,19200,38400,115200,57600,4800"),
      .value("parity", "LIST", "parities to try", default: "none,even"),
      .value("stop", "LIST", "stop bits to try", default: "1"),
      .switch("all", "go on with the other speeds when one is found"),
      .switch("quick", "ask for holding registers only, not again for input registers"),
      .switch("registers", "find readable addresses of each unit found, or of --unit"),
      .value("unit", "N", "with --registers: of this unit, without looking for others"),
      .value("table", "LIST", "tables to look at: holding, input, coil, discrete", default: tables),
      .value("from", "N", "the first address", default: "0"),
      .value("to", "N", "the last address", default: "9999"),
      .switch("thorough", "ask for every address of a gap by itself"),
      .value(
        "timeout", "TIME", "how long a unit may take", default: "200ms; 500ms straight over TCP"),
      .value("pause", "TIME", "silence between two requests", default: ScanLimits.pause.text),
      .value("max-requests", "N", "end after so many requests"),
      .value("stub", "FILE", "write the configuration there instead of printing it"),
      .switch("yes", "start without asking"),
      .switch("json", "print what was found as one JSON object, and no configuration"),
    ] + ReadTarget.gatewayOptions + ReadTarget.lineOptions.filter { !several.contains($0.name) },
    notes: [
      """
      Examples
        takt scan --device /dev/serial/by-id/usb-X
        takt scan --host 192.168.1.5 --units 1-32
        takt scan line-2                                  (through the gateway when it runs)
        takt scan line-2 --registers --unit 3 --table holding --to 65535
      """,
      """
      Control-C ends it; what was found until then is told.
      """,
    ],
    exits: [.ok, .empty, .configuration, .storage, .internal, .network])

  private static let tables = "holding,input"

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let job = try ScanJob(options)
      StandardStream.error.line(job.announcement)
      guard try confirmed(options) else { return .empty }
      let signals = try asking(.internal) { () throws(LinuxFault) in
        SignalBox(try SignalDescriptor())
      }
      let findings = job.run(signals)
      if options.has("json") {
        StandardStream.output.line(findings.json.canonicalText)
      } else {
        StandardStream.output.write(Array((findings.text(job) + "\n").utf8))
        try tell(findings, job, options)
      }
      if findings.isEmpty, let cause = findings.lost {
        throw CommandFault(.network, "scanning \(job.target.line.text): \(cause)")
      }
      return findings.isEmpty ? .empty : .ok
    }
  }

  private static func tell(
    _ findings: ScanFindings, _ job: ScanJob, _ options: CommandLineOptions
  ) throws(CommandFault) {
    guard !findings.isEmpty else { return }
    let stub = ScanStub(findings, job).text
    guard let path = options.text("stub") else {
      StandardStream.output.write(Array(("\n" + stub).utf8))
      return
    }
    try asking(.storage) { () throws(LinuxFault) in try Files.create(path, with: Array(stub.utf8)) }
    StandardStream.error.line("the configuration stands in \(path)")
  }

  /// On a terminal asks; elsewhere --yes must be there.
  private static func confirmed(_ options: CommandLineOptions) throws(CommandFault) -> Bool {
    if options.has("yes") { return true }
    guard isatty(0) == 1, StandardStream.error.isTerminal else {
      throw .usage("nobody can be asked here whether to start; add --yes")
    }
    StandardStream.error.write(Array("start? [Y/n] ".utf8))
    let answer = readLine()?.lowercased() ?? "n"
    return answer.isEmpty || answer == "y" || answer == "yes"
  }
}
