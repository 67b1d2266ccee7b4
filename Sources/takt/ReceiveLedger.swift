// The receiver's file and what it knows of the chains in it.
//
// Invariants
// - An event is reported as stored only when its line is durable in the file (fdatasync).
// - The file holds the events' bytes as they were sent, one a line, each once; what was refused is
//   not in it.
// - After a failed append the memory is built anew from the file: the file is the truth.
// - A last line that a crash has torn was never answered, so it is cut off.
//
// Why the lines of the file are not checked for their signatures at the start: they were before
// they were written, and 100,000 events would cost ten seconds; `takt verify` does it.

import Events
import LinuxEdge
import Primitives

/// What became of one event.
enum ReceiveOutcome: Equatable {
  case stored
  case duplicate
  case refused(String)

  var refusal: String? { if case .refused(let reason) = self { reason } else { nil } }
}

/// Sums over the life of the receiver.
struct ReceiveTally: Equatable {
  var stored = 0
  var duplicates = 0
  /// Events stored out of their place: something is missing or the chain is broken before them.
  var misplaced = 0
  /// Of these, what a later event of the gateway has told as lost.
  var explained = 0
  var refused = 0

  var isClean: Bool { misplaced == explained && refused == 0 }

  var text: String {
    "\(Human.count(Int64(stored))) events stored, \(Human.count(Int64(duplicates))) duplicates "
      + "dropped, \(Human.count(Int64(misplaced))) out of place"
      + (explained > 0 ? " (\(Human.count(Int64(explained))) explained by a told loss), " : ", ")
      + "\(Human.count(Int64(refused))) refused"
  }
}

/// Verifies, drops duplicates, and appends.
struct ReceiveLedger: ~Copyable {
  /// How strictly the place of an event in its chain is taken.
  struct Rules: Equatable {
    var completeness: StreamCompleteness
    /// Refuse what is out of its place, so that the gateway sends it again later.
    var isStrict: Bool
    /// Say nothing about events that are right.
    var isQuiet: Bool
  }

  private let path: String
  private let keys: any Verifier
  private let rules: Rules
  private var file: DurableAppender
  private var memory: EventVerifier
  private var gaps = GapBook()
  private(set) var tally = ReceiveTally()
  /// Events in the file.
  private(set) var count: Int

  init(path: String, keys: any Verifier, rules: Rules) throws(CommandFault) {
    var file = try asking(.storage) { () throws(LinuxFault) in try DurableAppender(path) }
    (memory, count) = try Self.recall(&file, path, keys, rules.completeness)
    self.path = path
    self.keys = keys
    self.rules = rules
    self.file = file
  }

  /// Judges and stores the events of one request; throws when the file did not take them.
  mutating func take(
    _ events: [[UInt8]], previous: UInt64?, isReplay: Bool = false, tell: (String) -> Void
  ) throws(CommandFault) -> [ReceiveOutcome] {
    let before = rules.isStrict ? memory : nil
    var outcomes: [ReceiveOutcome] = []
    var lines: [UInt8] = []
    var spoken: [String] = []
    var sums = ReceiveTally()
    for (index, bytes) in events.enumerated() {
      let verdict = memory.check(
        bytes, previous: index == 0 ? previous : nil, isReplay: isReplay, verifier: keys)
      if let before, case .misplaced(_, let finding) = verdict {
        memory = before
        throw CommandFault(.unverified, "\(finding) (--strict)")
      }
      outcomes.append(Self.outcome(verdict, &sums))
      if outcomes[index] == .stored { lines += bytes + [10] }
      if let line = self.line(verdict) { spoken.append(line) }
      for gap in explained(verdict) {
        sums.explained += 1
        spoken.append("✓ \(ReceiveLine.plain(gap.text))")
      }
    }
    try store(lines)
    count += sums.stored
    tally.add(sums)
    spoken.forEach(tell)
    return outcomes
  }

  /// Gaps that an event explains.
  private mutating func explained(_ verdict: EventVerdict) -> [ExplainedGap] {
    switch verdict {
    case .accepted(let event): return gaps.hear(event)
    case .misplaced(let event, let finding):
      _ = gaps.take(event, finding, tag: count)
      return gaps.hear(event)
    case .duplicate, .rejected: return []
    }
  }

  private static func outcome(
    _ verdict: EventVerdict, _ sums: inout ReceiveTally
  ) -> ReceiveOutcome {
    switch verdict {
    case .accepted: sums.stored += 1
    case .misplaced:
      sums.stored += 1
      sums.misplaced += 1
    case .duplicate:
      sums.duplicates += 1
      return .duplicate
    case .rejected(let finding):
      sums.refused += 1
      return .refused(finding.description)
    }
    return .stored
  }

  /// What the person who watches reads about one event; nil for nothing.
  private func line(_ verdict: EventVerdict) -> String? {
    switch verdict {
    case .accepted(let event):
      rules.isQuiet ? nil : ReceiveLine(.object(event.members)).text(mark: "✓")
    case .misplaced(let event, let finding):
      ReceiveLine(.object(event.members)).text(mark: "✗ \(finding)")
    case .duplicate: nil
    case .rejected(let finding): "✗ refused: \(ReceiveLine.plain(finding.description))"
    }
  }

  private mutating func store(_ lines: [UInt8]) throws(CommandFault) {
    guard !lines.isEmpty else { return }
    do throws(LinuxFault) {
      try file.append(lines)
    } catch {
      (memory, count) = try Self.recall(&file, path, keys, rules.completeness)
      throw CommandFault(.storage, error.description)
    }
  }

  /// Builds the memory from the file, and cuts a torn last line off.
  private static func recall(
    _ file: inout DurableAppender, _ path: String, _ keys: any Verifier,
    _ completeness: StreamCompleteness
  ) throws(CommandFault) -> (EventVerifier, Int) {
    var memory = EventVerifier(completeness)
    var count = 0
    let trusting = TrustingVerifier(digests: keys)
    do throws(LinuxFault) {
      var reader = try LineReader(path, lineLimit: EventLimits.eventBytes)
      while let line = try reader.next() {
        switch line.content {
        case .torn: try file.truncate(to: line.offset)
        case .tooLong: throw foreign(path, line.number, "too long")
        case .whole(let bytes):
          if case .rejected(let finding) = memory.check(
            bytes, isReplay: true, verifier: trusting)
          {
            throw foreign(path, line.number, finding.description)
          }
          count += 1
        }
      }
    } catch {
      throw CommandFault(.storage, error.description)
    }
    return (memory, count)
  }

  private static func foreign(_ path: String, _ number: Int, _ why: String) -> LinuxFault {
    LinuxFault(
      "reading \(path)",
      reason: "line \(number) is no event that follows the lines before it (\(why)); "
        + "move the file away or name another with --out")
  }
}

extension ReceiveTally {
  fileprivate mutating func add(_ more: ReceiveTally) {
    stored += more.stored
    duplicates += more.duplicates
    misplaced += more.misplaced
    explained += more.explained
    refused += more.refused
  }
}

/// Believes signatures and computes digests: for lines that were verified before.
private struct TrustingVerifier: Verifier {
  let digests: any Verifier

  func digest(_ bytes: [UInt8]) -> [UInt8] { digests.digest(bytes) }

  func verify(_ bytes: [UInt8], signature: [UInt8], keyID: String) -> SignatureVerdict { .valid }
}
