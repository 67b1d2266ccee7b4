// Compares what physically happened (the plant's truth) with what arrived at the receiver.
//
// Rules
// - Every stop of the truth has exactly one stop at the receiver, with its start, end and code;
//   no stop at the receiver is without one in the truth.
// - Every piece of the truth is booked exactly once. What a PLC counted between the last read and
//   its own reset nobody can know: there the anomaly event tells the value last read, the truth
//   tells the value at the reset, and the difference is owed by nobody.
// - Duplicates are dropped by source and id before anything is compared, and counted.
// - Times may differ by a tolerance: one scan plus the debounce, more where an event says
//   `approximate` (nobody was looking).

public import Primitives

/// How far told times may lie from true ones.
public struct ComparisonTolerance: Sendable {
  /// For stops that were watched from start to end.
  public var watched: Duration
  /// For stops during which contact was lost or the gateway was down.
  public var approximate: Duration

  public init(watched: Duration, approximate: Duration) {
    self.watched = watched
    self.approximate = approximate
  }
}

/// What the comparison found.
public struct ComparisonReport: Sendable, Equatable {
  public var stopsInTruth = 0
  public var stopsMatched = 0
  public var piecesInTruth: Int64 = 0
  public var piecesBooked: Int64 = 0
  /// Pieces counted between the last read and a reset, which no gateway can know.
  public var piecesUnknowable: Int64 = 0
  public var events = 0
  public var duplicates = 0
  /// One sentence for each thing that does not agree; empty when all is well.
  public var findings: [String] = []

  /// Whether nothing was found.
  public var agrees: Bool { findings.isEmpty }

  public init() {}
}

/// One stop, of either side.
private struct ComparedStop {
  var machine: String
  var startedAt: Int64
  var endedAt: Int64?
  var code: Int64?
  var approximate: Bool
  var id: String
}

/// Compares a truth file with a received file, both as JSON lines already parsed.
public struct Comparison {
  private let tolerance: ComparisonTolerance
  private var report = ComparisonReport()
  private var truthStops: [String: [ComparedStop]] = [:]
  private var toldStops: [String: [ComparedStop]] = [:]
  private var truthTotals: [String: [String: Int64]] = [:]
  private var truthResets: [String: [JSONValue]] = [:]
  private var booked: [String: [String: Int64]] = [:]
  private var anomalies: [String: [(at: Int64, data: JSONValue)]] = [:]
  private var seen: Set<String> = []

  public init(tolerance: ComparisonTolerance) { self.tolerance = tolerance }

  /// Compares two lists of lines; the order of the truth's lines does not matter.
  public static func run(
    truth: [JSONValue], received: [JSONValue], tolerance: ComparisonTolerance
  ) -> ComparisonReport {
    var comparison = Comparison(tolerance: tolerance)
    for line in truth { comparison.takeTruth(line) }
    for event in received { comparison.takeEvent(event) }
    return comparison.judge()
  }

  private mutating func takeTruth(_ line: JSONValue) {
    let machine = line["machine"]?.string ?? "?"
    switch line["kind"]?.string {
    case "stop":
      guard let started = line["startedAt"]?.string.flatMap(WallTime.init(text:)) else { return }
      truthStops[machine, default: []].append(
        ComparedStop(
          machine: machine, startedAt: started.milliseconds,
          endedAt: line["endedAt"]?.string.flatMap(WallTime.init(text:))?.milliseconds,
          code: line["code"]?.integer, approximate: false, id: ""))
      report.stopsInTruth += 1
    case "total":
      for name in ["good", "scrap"] {
        truthTotals[machine, default: [:]][name] = line[name]?.integer
      }
    case "reset":
      truthResets[machine, default: []].append(line)
    default: break
    }
  }

  private mutating func takeEvent(_ event: JSONValue) {
    report.events += 1
    let identity = "\(event["source"]?.string ?? "") \(event["id"]?.string ?? "")"
    guard seen.insert(identity).inserted else {
      report.duplicates += 1
      return
    }
    guard let machine = event["source"]?.string?.split(separator: ":").last.map(String.init),
      let data = event["data"]
    else {
      report.findings.append("an event has no source or no data: \(identity)")
      return
    }
    switch event["type"]?.string {
    case "takt.stop.started.v1", "takt.stop.classified.v1", "takt.stop.ended.v1":
      takeStop(data, machine: machine)
    case "takt.production.count.v1":
      for (name, member) in [("good", "goodQuantity"), ("scrap", "scrapQuantity")] {
        booked[machine, default: [:]][name, default: 0] += data[member]?.integer ?? 0
      }
    case "takt.counter.anomaly.v1":
      anomalies[machine, default: []].append((moment(event, "time") ?? 0, data))
    default: break
    }
  }

  private mutating func takeStop(_ data: JSONValue, machine: String) {
    let id = data["stopId"]?.string ?? "?"
    var stops = toldStops[machine, default: []]
    let index =
      stops.firstIndex { $0.id == id }
      ?? {
        stops.append(
          ComparedStop(
            machine: machine, startedAt: 0, endedAt: nil, code: nil, approximate: false, id: id))
        return stops.count - 1
      }()
    if let started = data["startedAt"]?.string.flatMap(WallTime.init(text:)) {
      stops[index].startedAt = started.milliseconds
    }
    if let ended = data["endedAt"]?.string.flatMap(WallTime.init(text:)) {
      if stops[index].endedAt != nil {
        report.findings.append("\(machine): stop \(id) ended twice")
      }
      stops[index].endedAt = ended.milliseconds
    }
    if let code = data["cause"]?["code"]?.integer { stops[index].code = code }
    if data["approximate"]?.bool == true { stops[index].approximate = true }
    toldStops[machine] = stops
  }

  private mutating func judge() -> ComparisonReport {
    let machines = Set(truthStops.keys).union(toldStops.keys).union(truthTotals.keys)
    for machine in machines.sorted() {
      judgeStops(of: machine)
      for counter in ["good", "scrap"] { judgePieces(of: machine, counter: counter) }
    }
    return report
  }

  private mutating func judgeStops(of machine: String) {
    var told = (toldStops[machine] ?? []).sorted { $0.startedAt < $1.startedAt }
    for truth in (truthStops[machine] ?? []).sorted(by: { $0.startedAt < $1.startedAt }) {
      let candidates = told.indices.filter { fits(told[$0], truth) }
      let nearest = candidates.min {
        abs(told[$0].startedAt - truth.startedAt) < abs(told[$1].startedAt - truth.startedAt)
      }
      guard let nearest else {
        report.findings.append("\(machine): \(describe(truth)) never arrived")
        continue
      }
      report.stopsMatched += 1
      told.remove(at: nearest)
    }
    for invented in told {
      report.findings.append("\(machine): \(describe(invented)) arrived but never happened")
    }
  }

  private func fits(_ told: ComparedStop, _ truth: ComparedStop) -> Bool {
    let allowed =
      (told.approximate ? tolerance.approximate : tolerance.watched).wholeMilliseconds
    guard abs(told.startedAt - truth.startedAt) <= allowed else { return false }
    guard truth.code == nil || told.code == truth.code else { return false }
    switch (told.endedAt, truth.endedAt) {
    case (let toldEnd?, let trueEnd?): return abs(toldEnd - trueEnd) <= allowed
    case (nil, nil): return true
    case (nil, _?), (_?, nil): return false
    }
  }

  private func describe(_ stop: ComparedStop) -> String {
    let start = WallTime(milliseconds: stop.startedAt).text
    let end = stop.endedAt.map { WallTime(milliseconds: $0).text } ?? "still open"
    let code = stop.code.map { "code \($0)" } ?? "no code"
    return "the stop \(start) to \(end) (\(code)\(stop.id.isEmpty ? "" : ", " + stop.id))"
  }

  /// What was made must be what was booked plus what no read could have seen before a reset.
  private mutating func judgePieces(of machine: String, counter: String) {
    guard let made = truthTotals[machine]?[counter] else { return }
    let sum = booked[machine]?[counter] ?? 0
    let resets = (truthResets[machine] ?? []).compactMap { reset in
      moment(reset, "at").flatMap { at in
        reset[counter]?.integer.map { TrueReset(at: at, shown: $0) }
      }
    }
    let told = (anomalies[machine] ?? []).compactMap { anomaly in
      anomaly.data["signal"]?.string == counter ? ToldAnomaly(anomaly.at, anomaly.data) : nil
    }
    let pairing = ResetPairing(resets: resets, told: told)
    report.piecesInTruth += made
    report.piecesBooked += sum
    report.piecesUnknowable += pairing.unknowable
    if sum + pairing.unknowable != made {
      report.findings.append(
        "\(machine): \(made) \(counter) made, \(sum) booked, \(pairing.unknowable) unknowable:"
          + " \(made - sum - pairing.unknowable) missing (negative: invented)")
    }
  }

  private func moment(_ line: JSONValue, _ member: String) -> Int64? {
    line[member]?.string.flatMap(WallTime.init(text:))?.milliseconds
  }
}
