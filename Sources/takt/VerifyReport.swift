// What was found in a file of events.
//
// Invariants
// - Memory is bounded: findings are counted all and kept up to a limit, the first ones.
// - The result is good only when every line verified and there was at least one. A gap that a loss
//   event of the file explains is no finding: the gateway has told it itself.

import Events
import LinuxEdge
import Primitives

/// The growing result of a verification.
struct VerifyReport {
  /// Findings that are shown; the rest is only counted.
  static let shownFindings = 20

  struct Finding: Equatable {
    var line: Int
    var text: String
  }

  let path: String
  private var memory: EventVerifier
  /// The file may hold what came late: an event that fills a gap is in its place.
  private let isFiltered: Bool
  private(set) var lines = 0
  private(set) var accepted = 0
  private(set) var duplicates = 0
  private var gaps = GapBook()
  private var notedCount = 0
  private var noted: [Finding] = []

  /// What was found, gaps that nothing explains among them.
  var findingCount: Int { notedCount + gaps.open.count }
  /// The first of them.
  var findings: [Finding] {
    let open = gaps.open.map { Finding(line: $0.tag, text: $0.text) }
    return Array((noted + open).sorted { $0.line < $1.line }.prefix(Self.shownFindings))
  }

  init(path: String, completeness: StreamCompleteness) {
    self.path = path
    memory = EventVerifier(completeness)
    isFiltered = completeness == .filtered
  }

  /// Judges one line.
  mutating func take(_ line: FileLine, _ keys: some Verifier) {
    lines += 1
    switch line.content {
    case .tooLong:
      note(line, "longer than the \(EventLimits.eventBytes) bytes that an event may have")
    case .whole(let bytes): judge(bytes, line, keys)
    case .torn(let bytes):
      // An editor may have dropped the last line feed: then the event is whole nevertheless.
      if (try? ReceivedEvent(parsing: bytes)) == nil {
        note(line, "the file ends in the middle of this line")
      } else {
        judge(bytes, line, keys)
      }
    }
  }

  private mutating func judge(_ bytes: [UInt8], _ line: FileLine, _ keys: some Verifier) {
    switch memory.check(bytes, isReplay: isFiltered, verifier: keys) {
    case .accepted(let event):
      accepted += 1
      _ = gaps.hear(event)
    case .duplicate: duplicates += 1
    case .misplaced(let event, let finding):
      if !gaps.take(event, finding, tag: line.number) { note(line, finding.description) }
      _ = gaps.hear(event)
    case .rejected(let finding): note(line, finding.description)
    }
  }

  private mutating func note(_ line: FileLine, _ text: String) {
    notedCount += 1
    guard noted.count < Self.shownFindings else { return }
    noted.append(Finding(line: line.number, text: text))
  }

  var code: ExitCode { findingCount > 0 ? .unverified : lines == 0 ? .empty : .ok }

  /// For people: the findings, the chains, the verdict.
  var text: String {
    guard lines > 0 else { return "\(path) is empty: there is nothing to verify\n" }
    var rows = findings.map { "line \($0.line): \(ReceiveLine.plain($0.text))" }
    if findingCount > findings.count {
      rows.append("and \(Human.count(Int64(findingCount - findings.count))) more")
    }
    for head in memory.heads {
      rows.append(
        "\(head.gateway)  epoch \(head.epoch)  sequence \(head.firstSequence) to "
          + "\(head.lastSequence)")
    }
    if gaps.explainedGaps > 0 {
      let (count, events) = (gaps.explainedGaps, Human.count(Int64(clamping: gaps.explainedEvents)))
      rows.append(
        "\(count) \(count == 1 ? "gap" : "gaps") of \(events) events in all "
          + "\(count == 1 ? "is" : "are") explained: the gateway has told them as lost "
          + "(\(EventType.eventsDropped.rawValue))")
    }
    let duplicateText = duplicates > 0 ? ", \(Human.count(Int64(duplicates))) duplicates" : ""
    // An event behind a gap that is explained is as good as any other.
    let count = Human.count(Int64(accepted + gaps.explainedGaps + gaps.filledGaps))
    rows.append(
      findingCount == 0
        ? "\(count) events verified\(duplicateText): signatures, canonical form, sequence and chain"
        : "\(Human.count(Int64(findingCount))) of \(Human.count(Int64(lines))) lines did not "
          + "verify\(duplicateText); \(count) did")
    return rows.joined(separator: "\n") + "\n"
  }

  /// For programs.
  var json: JSONValue {
    [
      "file": .string(path), "verified": .bool(code == .ok), "lines": .integer(Int64(lines)),
      "accepted": .integer(Int64(accepted)), "duplicates": .integer(Int64(duplicates)),
      "findingCount": .integer(Int64(findingCount)),
      "explainedGaps": .integer(Int64(gaps.explainedGaps)),
      "explainedEvents": .integer(Int64(clamping: gaps.explainedEvents)),
      "findings": .array(
        findings.map { ["line": .integer(Int64($0.line)), "text": .string($0.text)] }),
      "chains": .array(
        memory.heads.map { head in
          [
            "gateway": .string(head.gateway), "epoch": .string(head.epoch),
            "firstSequence": .integer(Int64(clamping: head.firstSequence)),
            "lastSequence": .integer(Int64(clamping: head.lastSequence)),
          ]
        }),
    ]
  }
}
