// takt compare: what really happened against what arrived, for benches and acceptance tests.

import LinuxEdge
import Primitives
import Simulation

enum CompareCommand {
  /// The most that is read of either file.
  static let fileBytes = 512 << 20

  static let usage = CommandUsage(
    name: "compare", summary: "compare a simulator's truth with what a receiver wrote",
    options: [
      .required("truth", "FILE", "the JSON lines of \"takt simulate --truth\""),
      .required("received", "FILE", "the JSON lines of \"takt receive --out\""),
      .value("watched", "TIME", "how far times of watched stops may lie apart", default: "1.5s"),
      .value(
        "approximate", "TIME", "the same for stops in which nobody looked for a while",
        default: "6s"),
      .switch("json", "print the result as one JSON object"),
    ],
    exits: [.ok, .unverified, .empty, .storage])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let tolerance = ComparisonTolerance(
        watched: try options.duration("watched") ?? .milliseconds(1500),
        approximate: try options.duration("approximate") ?? .seconds(6))
      let report = Comparison.run(
        truth: try lines(options.required("truth")),
        received: try lines(options.required("received")), tolerance: tolerance)
      StandardStream.output.line(
        options.has("json") ? json(report).canonicalText : text(report))
      if report.events == 0 || report.stopsInTruth == 0 { return .empty }
      return report.agrees ? .ok : .unverified
    }
  }

  private static func lines(_ path: String) throws(CommandFault) -> [JSONValue] {
    let bytes: [UInt8]
    do throws(LinuxFault) {
      bytes = try Files.read(path, limit: fileBytes)
    } catch {
      throw CommandFault(.storage, error.description)
    }
    var values: [JSONValue] = []
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
      do throws(JSONFault) {
        values.append(try JSONValue(parsing: Array(line)))
      } catch {
        throw CommandFault(.unverified, "reading line \(index + 1) of \(path): \(error)")
      }
    }
    return values
  }

  private static func text(_ report: ComparisonReport) -> String {
    var lines = report.findings.map { "  " + $0 }
    lines.append(
      "\(report.stopsMatched) of \(report.stopsInTruth) stops and \(report.piecesBooked) of "
        + "\(report.piecesInTruth) pieces arrived exactly once"
        + " (\(report.piecesUnknowable) pieces lost in resets before anybody could read them,"
        + " \(report.duplicates) duplicates dropped, \(report.events) events)")
    lines.append(report.agrees ? "the truth and the receiver agree" : "they do not agree")
    return lines.joined(separator: "\n")
  }

  private static func json(_ report: ComparisonReport) -> JSONValue {
    [
      "agrees": .bool(report.agrees), "duplicates": .integer(Int64(report.duplicates)),
      "events": .integer(Int64(report.events)),
      "findings": .array(report.findings.map { .string($0) }),
      "piecesBooked": .integer(report.piecesBooked),
      "piecesInTruth": .integer(report.piecesInTruth),
      "piecesUnknowable": .integer(report.piecesUnknowable),
      "stopsInTruth": .integer(Int64(report.stopsInTruth)),
      "stopsMatched": .integer(Int64(report.stopsMatched)),
    ]
  }
}
