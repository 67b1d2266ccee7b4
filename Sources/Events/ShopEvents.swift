// From sums over a window or a shift to what is told of them.
//
// Why the sums of a shift travel with the gateway's health: the vocabulary has no event of its own
// for them, and a receiver that sums the events of a machine between the edges of a shift gets the
// same numbers, because windows of short stops and of confirmations end with it. What it cannot
// know is which shift that was, and that nothing more comes of it; both stand here, beside the sums
// to check its own against. A later correction is told again with a higher `revision`.

public import Machines
internal import Primitives

/// The sums of one machine over one shift that ended.
public struct ShiftTotals: Equatable, Sendable {
  /// Sums told in one event: 12 × 600 B = 7 KiB of 16, beside the gateway's own health.
  public static let inOneEvent = 12

  public var line: String
  public var machine: String
  public var name: String
  /// The date on which it began.
  public var date: String
  public var bucket: TotalsBucket

  /// Nil for a bucket that is not of a shift, or still runs.
  public init?(line: String, machine: String, _ bucket: TotalsBucket) {
    guard case .shift(let name, let date) = bucket.scope, bucket.until != nil else { return nil }
    self.line = line
    self.machine = machine
    self.name = name
    self.date = date.text
    self.bucket = bucket
  }

  var member: JSONValue {
    let sums = bucket.sums
    func times(_ of: (MachineActivity) -> Int64) -> JSONValue {
      let kept = MachineActivity.allCases.filter { of($0) != 0 }
      return .object(
        Dictionary(kept.map { ($0.rawValue, EventValue.integer(of($0))) }) { first, _ in first })
    }
    let figures = sums.kpiSums
    var members: [String: JSONValue] = [
      "line": .string(line), "machine": .string(machine), "shift": .string(name),
      "date": .string(date), "from": .string(bucket.from.wall.text),
      "goodQuantity": EventValue.integer(sums.good),
      "scrapQuantity": EventValue.integer(sums.scrap),
      "reworkQuantity": EventValue.integer(sums.rework),
      "workMs": times(sums.busy), "plannedStopMs": times(sums.free),
      "failures": EventValue.integer(figures[.fe] ?? 0),
      "failureMs": EventValue.integer(figures[.ttr] ?? 0),
      "approximate": .bool(bucket.approximate), "revision": .integer(bucket.revision),
    ]
    members["to"] = bucket.until.map { .string($0.wall.text) }
    if sums.piecesWithoutIdeal == 0 {
      members["idealMs"] = EventValue.integer(sums.idealNanoseconds / 1_000_000)
    }
    return .object(members)
  }
}

extension EventDraft {
  /// The event of a machine's short stops in one window, by cause.
  public init(_ window: MinorStops.Window, machine: String) {
    let causes = window.sums.map { sum -> JSONValue in
      [
        "cause": Self.member(sum.cause), "count": EventValue.integer(sum.count),
        "durationMs": EventValue.integer(sum.milliseconds),
      ]
    }
    self.init(
      type: .stopsMinor, unit: .machine(machine), at: window.to, partitionKey: machine,
      data: [
        "from": .string(window.from.wall.text), "to": .string(window.to.wall.text),
        "count": EventValue.integer(window.count),
        "durationMs": EventValue.integer(window.milliseconds), "causes": .array(causes),
      ])
  }
}
