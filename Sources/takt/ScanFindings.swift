// What a scan found, and how it is told before and after.

import Gateway
import Polling
import Primitives

/// What came of a scan.
struct ScanFindings {
  var units: [FoundUnit] = []
  var ranges: [RangeScan] = []
  /// Every number answers: one device that does not look at it.
  var ignoresUnitNumber = false
  var isNoisy = false
  var isInterrupted = false
  var requestsUsed = false
  /// Why the line did not hold.
  var lost: String?

  var isEmpty: Bool { units.isEmpty && ranges.allSatisfy(\.readable.isEmpty) }
}

extension ScanJob {
  /// Units first, where they are looked for; then the addresses of each.
  func run(_ signals: SignalBox) -> ScanFindings {
    var findings = ScanFindings()
    if let units {
      let trip = ScanTrip(UnitScan(units), pause: units.pause, name: "units", signals: signals)
      trip.run(target)
      findings.units = trip.steps.found
      findings.ignoresUnitNumber = trip.steps.ignoresUnitNumber
      findings.isNoisy = !trip.steps.noises.isEmpty
      findings.take(trip)
    }
    guard let ranges else { return findings }
    let found = findings.ignoresUnitNumber ? Array(findings.units.prefix(1)) : findings.units
    let wanted =
      units == nil ? [(ranges.unit, ranges.speed)] : found.map { ($0.address, $0.speed) }
    for (unit, speed) in wanted where !findings.isInterrupted && findings.lost == nil {
      var order = ranges
      (order.unit, order.speed) = (unit, speed)
      let trip = ScanTrip(
        RangeScan(order), pause: order.pause, name: "unit \(unit)", signals: signals)
      trip.run(target)
      findings.ranges.append(trip.steps)
      findings.take(trip)
    }
    return findings
  }

  /// What is going to be done, before the first request.
  var announcement: String {
    var lines: [String] = []
    let by =
      isGuest ? ", through the running gateway, which keeps its own schedule" : ""
    lines.append("reading from \(target.line.text)\(by); nothing is written to any device")
    if let units {
      let estimate = UnitScan(units).estimate
      let speeds = units.speeds.compactMap { $0?.text }
      lines.append(
        "looking for units: \(units.units.count) unit numbers"
          + (speeds.isEmpty
            ? "" : " × \(speeds.count) settings (\(speeds.joined(separator: ", ")))")
          + (units.asksInput ? ", holding 0 and then input 0" : ", holding 0"))
      lines.append("  " + text(estimate, units.timeout, pause: units.pause))
    }
    if let ranges {
      let estimate = RangeScan(ranges).estimate
      let tables = ranges.tables.map(\.rawValue).joined(separator: ", ")
      let span = "\(ranges.addresses.lowerBound)-\(ranges.addresses.upperBound)"
      let who = units == nil ? "unit \(ranges.unit)" : "each unit found"
      lines.append("looking for readable addresses of \(who): \(tables) \(span)")
      lines.append("  " + text(estimate, ranges.timeout, pause: ranges.pause))
    }
    return lines.joined(separator: "\n")
  }

  private func text(
    _ estimate: ScanEstimate, _ timeout: Duration, pause: Duration
  ) -> String {
    let count =
      "at most \(Human.count(Int64(estimate.mostRequests))) requests, one at a time, "
      + "\(pause.text) apart: \(Self.text(estimate.mostTime))"
    guard isGuest else { return count + "; likely \(Self.text(estimate.likelyTime))" }
    // Where nobody answers and the schedule never leaves the bus alone for so long.
    let payback = timeout * Int(GuestLimits.delayPayback)
    let busy = estimate.mostTime + payback * min(estimate.mostRequests, 1_000_000)
    return count + " where the gateway's requests leave\n  the bus alone for \(timeout.text) at a "
      + "time; where not, up to \(Self.text(busy)), since a unit that says nothing\n  costs up to "
      + "\(Self.text(payback)) of waiting: a shorter --timeout costs less"
  }

  private static func text(_ time: Duration) -> String {
    Human.duration(milliseconds: time.nanoseconds / 1_000_000)
  }
}

extension ScanFindings {
  mutating func take<Steps: ScanSteps>(_ trip: ScanTrip<Steps>) {
    isInterrupted = isInterrupted || trip.isInterrupted
    switch trip.end {
    case .lost(let cause): lost = cause
    case .requestsUsed: requestsUsed = true
    case .complete, nil: break
    }
  }

  /// What was found, for people.
  func text(_ job: ScanJob) -> String {
    var lines: [String] = []
    if job.units != nil { lines += unitLines }
    lines += ranges.flatMap(Self.lines)
    if isInterrupted { lines.append("ended early; this is what was found until then") }
    if requestsUsed { lines.append("ended at --max-requests; there may be more") }
    if let lost, !isEmpty { lines.append("the line was lost: \(lost)") }
    return lines.joined(separator: "\n")
  }

  private var unitLines: [String] {
    guard !units.isEmpty else {
      return [
        "no unit answered"
          + (isNoisy
            ? ", but something unreadable was heard: check that the two wires are not swapped, "
              + "that no second master is on the line, and try --parity odd"
            : "; check the cable, the power of the devices, and for serial lines the two wires")
      ]
    }
    let rows = units.sorted { $0.address < $1.address }.map { unit in
      [
        "unit \(unit.address)", unit.speed?.text, "answered in \(unit.took.answerText)",
        Self.text(unit),
      ].compactMap(\.self)
    }
    var lines = [
      units.count == 1 ? "1 unit" : "\(units.count) units", Columns.text(rows, indent: 2),
    ]
    if ignoresUnitNumber {
      lines.append(
        "every number answers: most likely one device that does not look at it; take unit 1")
    }
    return lines
  }

  private static func text(_ unit: FoundUnit) -> String {
    switch unit.answer {
    case .words(let words): "\(unit.table.rawValue) 0 = \(words.first ?? 0)"
    case .exception(let code):
      "\(unit.table.rawValue) 0: exception \(code), \(ExceptionText.meaning(of: code))"
    case .silence, .noise, .lost: ""
    }
  }

  private static func lines(_ scan: RangeScan) -> [String] {
    let parts = scan.order.tables.map { table in
      let runs = scan.runs(table)
      switch scan.outcomes[table] ?? .unfinished {
      case .refused: return "\(table.rawValue) not offered"
      case .ignored: return "\(table.rawValue) not answered"
      case .offered: return "\(table.rawValue) " + (runs.isEmpty ? "-" : runs)
      case .unfinished: return "\(table.rawValue) " + (runs.isEmpty ? "not asked" : runs)
      }
    }
    var line = "unit \(scan.order.unit): " + parts.joined(separator: "; ")
    if let limit = scan.registerLimit { line += "; at most \(limit) registers a request" }
    if let limit = scan.bitLimit { line += "; at most \(limit) bits a request" }
    guard !scan.order.isThorough else { return [line] }
    return [line, "  (gaps were looked at where lists usually begin; --thorough asks everywhere)"]
  }
}

extension RangeScan {
  /// "0-99, 200-249".
  func runs(_ table: ModbusTable) -> String {
    readable.filter { $0.table == table }.map { range in
      let (first, last) = (range.addresses.lowerBound, range.addresses.upperBound)
      return first == last ? "\(first)" : "\(first)-\(last)"
    }.joined(separator: ", ")
  }
}

extension SerialSpeed {
  /// "9600 8N1".
  var text: String {
    let letter =
      switch parity {
      case .none: "N"
      case .even: "E"
      case .odd: "O"
      }
    return "\(baud) 8\(letter)\(stopBits)"
  }
}
