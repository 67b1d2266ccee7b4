// Uplinks and refused events as lines of words.
//
// Invariants
// - Every member may be missing; its place says "-", so that columns can be counted.
// - What a receiver answered is its own: nothing of it steers a terminal, and no line feed of it
//   makes a line.

import Primitives

enum OutboxText {
  /// Characters of an answer shown in a list; all of them are in "show" and in --json.
  private static let answerShown = 60

  /// Name, waiting, oldest, refused, on their way once more, held behind refused ones.
  static func uplinks(_ document: JSONValue) -> [[String]] {
    (document["uplinks"]?.array ?? []).map { uplink in
      [
        "uplink", uplink["name"]?.string ?? "-", "waiting \(count(uplink["waiting"]))",
        "oldest "
          + (uplink["oldestMs"]?.integer.map { Human.word(milliseconds: $0) } ?? "-"),
        "refused \(count(uplink["refused"]))", "late \(count(uplink["late"]))",
        "held \(count(uplink["held"]))",
      ]
    }
  }

  /// Number, uplink, status, type, time, refused at, answer.
  static func refused(_ document: JSONValue) -> [[String]] {
    (document["refused"]?.array ?? []).map { row in
      let answer = plain(row["answer"])
      let shown = answer.count > answerShown ? answer.prefix(answerShown) + "…" : answer[...]
      let word = row["status"]?.integer == 0 ? "held" : "refused"
      return [
        word, count(row["number"]), row["uplink"]?.string ?? "-", count(row["status"]),
        row["type"]?.string ?? "-", row["time"]?.string ?? "-",
        row["refusedAt"]?.string ?? "-", String(shown),
      ]
    }
  }

  /// One event in full.
  static func details(_ row: JSONValue) -> [String] {
    var lines = ["number", "uplink", "id", "type", "time", "refusedAt", "status"].map { name in
      name + " "
        + (row[name]?.string.map { ReceiveLine.plain($0) } ?? count(row[name]))
    }
    lines.append("answer " + plain(row["answer"]))
    lines.append(ReceiveLine.plain(row["event"]?.string ?? "-"))
    return lines
  }

  private static func plain(_ value: JSONValue?) -> String {
    let text = ReceiveLine.plain(value?.string ?? "")
    return text.isEmpty ? "-" : text
  }

  private static func count(_ value: JSONValue?) -> String {
    value?.integer.map { String($0) } ?? "-"
  }
}
