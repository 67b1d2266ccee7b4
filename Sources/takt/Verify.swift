// takt verify: checks a file of events, one a line, without believing anybody but the keys.

import Events
import LinuxEdge
import Primitives

enum VerifyCommand {
  static let usage = CommandUsage(
    name: "verify", summary: "check signatures, sequence and chain of a file of events",
    operands: ["FILE"],
    options: [
      .required("jwks", "FILE", "the public keys of the gateways"),
      .switch("filtered", "the file holds only some of the events: gaps are no findings"),
      .switch("json", "print the result as one JSON object"),
    ],
    notes: [
      """
      FILE holds events as "takt receive" writes them, or as a journal holds them: their bytes as
      they were signed, one a line. An event that comes twice is a duplicate: counted, harmless.
      A gap that a loss event in the file explains (takt.events.dropped) is no finding. Every other
      one is printed with its line, the first 20 of them.
      """
    ],
    exits: [.ok, .unverified, .empty, .configuration, .storage])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let keys = try KeyFile.verifier(options.required("jwks"))
      var report = VerifyReport(
        path: options.operands[0], completeness: options.has("filtered") ? .filtered : .complete)
      do throws(LinuxFault) {
        var reader = try LineReader(report.path, lineLimit: EventLimits.eventBytes)
        while let line = try reader.next() { report.take(line, keys) }
      } catch {
        throw CommandFault(.storage, error.description)
      }
      let text = options.has("json") ? report.json.canonicalText + "\n" : report.text
      StandardStream.output.write(Array(text.utf8))
      return report.code
    }
  }
}
