// Orders, figures, limits and holds of the status document as a person reads them.
//
// Invariants
// - Every member may be missing: then its words are left out; nothing traps.
// - Figures stand with the sums they came from, in times that a person can add up.

import Primitives

enum StatusShopText {
  /// Lines below a machine: its order and its shift.
  static func notes(_ machine: JSONValue) -> [String] {
    var notes: [String] = []
    if let order = machine["order"] { notes.append("order  " + text(order)) }
    for (word, member) in [("shift", "shift"), ("in it", "orderSums")] {
      guard let bucket = machine[member] else { continue }
      // The order's own sums stand below it.
      let at = member == "orderSums" ? min(1, notes.count) : notes.count
      notes.insert("\(word)  " + figures(bucket), at: at)
    }
    return notes
  }

  /// What needs attention about a machine.
  static func remarks(_ machine: JSONValue) -> [String] {
    var remarks = (machine["limits"]?.array ?? []).map { limit in
      "limit \(limit["name"]?.string ?? "-") is exceeded (\(limit["severity"]?.string ?? "-"))"
    }
    if let count = machine["unclassified"]?.integer, count > 0 {
      let stops = count == 1 ? "1 stop waits" : "\(count) stops wait"
      remarks.append("\(stops) for a reason; \"takt reason\" lists them")
    }
    if let count = machine["forgotten"]?.integer, count > 0 {
      let stops = count == 1 ? "1 stop" : "\(count) stops"
      remarks.append(
        "\(stops) left that list without a reason; give it in the system that got the events")
    }
    if machine["order"]?["paused"]?.bool == true {
      remarks.append("the order is paused: what is made belongs to no order")
    }
    if machine["order"]?["released"]?.bool == false {
      remarks.append("the order is not released: what it makes is held")
    }
    return remarks
  }

  /// "4711/0010  350/1000 PCE (35.0%)  M-1".
  private static func text(_ order: JSONValue) -> String {
    var words = [ShopText.key(order)]
    if order["paused"]?.bool == true { words.append("paused") }
    var progress = "good " + ShopText.progress(order)
    if let made = order["goodQuantity"]?.integer, let planned = order["plannedQuantity"]?.integer,
      planned > 0
    {
      let tenths = Int128(made) * 1000 / Int128(planned)
      progress += " (\(tenths / 10).\(tenths % 10)%)"
    }
    words.append(progress)
    for (name, member) in [("scrap", "scrapQuantity"), ("rework", "reworkQuantity")] {
      if let count = order[member]?.integer, count > 0 { words.append("\(name) \(count)") }
    }
    if let material = order["materialId"]?.string { words.append(material) }
    if let lot = order["lotId"]?.string { words.append("lot \(lot)") }
    return words.joined(separator: "  ")
  }

  /// "early since 06:00:00  availability 91.2% (run 3 h 12 min of 3 h 30 min)  …".
  private static func figures(_ bucket: JSONValue) -> String {
    let sums = bucket["sums"]
    func sum(_ name: String) -> Int64 { sums?[name]?.integer ?? 0 }
    func time(_ name: String) -> String { Human.duration(milliseconds: sum(name)) }
    var words = [head(bucket)]
    let sources = [
      ("availability", "availability", "ran \(time("APT")) of \(time("PBT"))"),
      (
        "performance", "effectiveness",
        "\(sum("PQ")) made, ideally in \(Human.duration(milliseconds: sum("PRI*PQ") / 1_000_000))"
      ),
      ("quality", "qualityRatio", "\(sum("GQ")) good of \(sum("PQ"))"), ("OEE", "oee", ""),
      ("MTBF", "mtbf", "\(sum("FE")) failures"), ("MTTR", "mttr", "stood \(time("TTR"))"),
    ]
    for (word, member, source) in sources {
      guard let text = bucket["kpis"]?[member]?.string else { continue }
      words.append("\(word) \(text)" + (source.isEmpty ? "" : " (\(source))"))
    }
    if bucket["approximate"]?.bool == true { words.append("approximate") }
    return words.joined(separator: "  ")
  }

  private static func head(_ bucket: JSONValue) -> String {
    let since = bucket["from"]?.string.map { "since " + Human.timeOfDay($0) } ?? ""
    switch bucket["scope"]?.string {
    case "shift": return "\(bucket["name"]?.string ?? "-") \(since)"
    case "outside": return "none \(since)"
    case "unknown": return "unknown, because the clock is, \(since)"
    default: return since
    }
  }

  /// Lines on which something is held, or nobody is meant to work; empty when there is none.
  static func lines(_ status: JSONValue) -> String {
    let rows = (status["lines"]?.array ?? []).compactMap { line -> String? in
      let confirmations = line["heldConfirmations"]?.integer ?? 0
      let holds = line["holds"]?.integer ?? 0
      let planned = line["planned"]?.string
      guard confirmations + holds > 0 || planned != nil else { return nil }
      var words = [line["name"]?.string ?? "-"]
      if let planned { words.append(planned) }
      var text = "  " + words.joined(separator: "  ")
      if confirmations > 0 {
        text += "\n    ! \(confirmations) confirmations are held back; \"takt held\" says why"
      }
      if holds > 0 { text += "\n    ! quality holds: \(holds); \"takt held\" lists them" }
      return text
    }
    return rows.isEmpty ? "" : (["lines"] + rows).joined(separator: "\n")
  }

  /// What happens to dropped files; empty when none ever came.
  static func drop(_ status: JSONValue) -> String {
    guard let drop = status["drop"] else { return "" }
    let (taken, refused) = (drop["taken"], drop["refused"])
    let waiting = drop["waiting"]?.integer ?? 0
    guard waiting > 0 || taken != nil || refused != nil || drop["fault"] != nil else { return "" }
    var text = "dropped orders\n  \(drop["directory"]?.string ?? "-")  waiting \(waiting)"
    if let taken {
      text +=
        "  last \(taken["name"]?.string ?? "-") at "
        + Human.timeOfDay(taken["at"]?.string ?? "-")
    }
    if let refused {
      text +=
        "\n    ! \(refused["name"]?.string ?? "-") refused at "
        + Human.timeOfDay(refused["at"]?.string ?? "-") + ": \(refused["why"]?.string ?? "-")"
    }
    if let fault = drop["fault"]?.string { text += "\n    ! \(fault)" }
    return text
  }
}
