// What totals remember over a restart, as canonical JSON with a version.
//
// Invariants
// - Resumed in the same boot with the same calendar, they go on as if nothing had happened: at any
//   point, also while the clock is unknown.
// - Moments of another boot are carried over as those of a machine's snapshot are. What was booked
//   while the clock of that boot was unknown stays unknown: nobody can label it any more.
// - Reading is tolerant: what is missing or strange costs what it held, never the rest; a bucket
//   that cannot be read is not kept, and its time is no longer booked anywhere.
// - With another calendar the next call looks up anew where it stands; what was booked stays.

public import Primitives

/// Why a snapshot of totals cannot be gone on from.
public enum TotalsFault: Error, Equatable, Sendable, CustomStringConvertible {
  case notJSON(JSONFault)
  case unknownVersion(Int64?)

  public var description: String {
    switch self {
    case .notJSON(let fault):
      "resuming totals: the snapshot is damaged (\(fault)); start them anew"
    case .unknownVersion(let version):
      "resuming totals: the snapshot has version \(version.map(String.init) ?? "none"), known is "
        + "\(Totals.snapshotVersion); run the program that wrote it, or start them anew"
    }
  }
}

extension Totals {
  /// The version that this program writes and reads.
  public static let snapshotVersion: Int64 = 1

  /// Everything that must survive a restart, to be committed with the facts before it.
  public func snapshot(reading: ClockReading) -> [UInt8] {
    let head = Carry.head(version: Self.snapshotVersion, reading)
    let members = content.merging(head) { _, head in head }
    return JSONValue.object(members).canonicalBytes
  }

  /// Totals that go on where a snapshot ends.
  public init(
    calendar: WorkCalendar, snapshot: [UInt8], reading: ClockReading,
    idealNanoseconds: Int64? = nil
  ) throws(TotalsFault) {
    let tree: JSONValue
    do { tree = try JSONValue(parsing: snapshot) } catch { throw .notJSON(error) }
    guard tree["version"]?.integer == Self.snapshotVersion else {
      throw .unknownVersion(tree["version"]?.integer)
    }
    self.init(calendar: calendar, content: tree, carry: TotalsCarry(tree, reading))
    self.idealNanoseconds = idealNanoseconds
    let isOtherBoot = tree["boot"]?.string != reading.bootID
    if isOtherBoot, case .unknown = hold { hold = .fresh }
    guard !isOtherBoot, case .unknown = hold, let kept = tree["origin"] else { return }
    origin = [Totals(calendar: calendar, content: kept, carry: TotalsCarry(tree, reading))]
    origin[0].idealNanoseconds = idealNanoseconds
    let carry = TotalsCarry(tree, reading)
    deferred = (tree["deferred"]?.array ?? []).prefix(TotalsLimits.deferred).compactMap {
      TotalsInput($0, carry)
    }
  }

  private var content: [String: JSONValue] {
    var members: [String: JSONValue] = [
      "reached": .integer(reached),
      "activity": .string(activity.rawValue),
      "next": .integer(nextNumber),
      "late": .integer(lateMilliseconds),
      "shifts": .array(shifts.map(\.json)),
      "days": .array(days.map(\.json)),
      "orders": .array(orders.map(\.json)),
      "slices": .array(slices.map(\.json)),
      "stops": .array(ledgers.map(\.json)),
    ]
    members["openStop"] = openStop.map { .integer($0) }
    members["order"] = order?.json
    switch hold {
    case .fresh: break
    case .unknown: members["hold"] = "unknown"
    case .known(let from, let until):
      members["hold"] = .array([.integer(from.milliseconds), .integer(until.milliseconds)])
    }
    if let kept = origin.first {
      members["origin"] = .object(kept.content)
      members["deferred"] = .array(deferred.map(\.json))
    }
    return members
  }

  private init(calendar: WorkCalendar, content tree: JSONValue, carry: TotalsCarry) {
    self.init(calendar: calendar, start: carry.instant(tree["reached"]) ?? carry.now)
    activity = tree["activity"]?.string.flatMap(MachineActivity.init) ?? .unknown
    lateMilliseconds = max(0, tree["late"]?.integer ?? 0)
    openStop = tree["openStop"]?.integer
    order = tree["order"].flatMap(TotalsOrder.init)
    func buckets(_ name: String, _ limit: Int) -> [TotalsBucket] {
      (tree[name]?.array ?? []).suffix(limit).compactMap { TotalsBucket($0, carry) }
    }
    shifts = buckets("shifts", TotalsLimits.shifts)
    days = buckets("days", TotalsLimits.days)
    orders = buckets("orders", TotalsLimits.orders)
    ledgers = (tree["stops"]?.array ?? []).suffix(TotalsLimits.stops).compactMap(StopAccount.init)
    let read = (tree["slices"]?.array ?? []).compactMap { TotalsSlice($0, carry) }
    // Slices are only worth anything without a gap up to what is reached.
    let isWhole =
      read.last?.until == reached
      && zip(read, read.dropFirst()).allSatisfy { $0.until == $1.from }
    slices = isWhole ? Array(read.suffix(TotalsLimits.slices)) : []
    let numbers = (shifts + days + orders).map(\.number) + ledgers.map(\.number)
    nextNumber = max(tree["next"]?.integer ?? 1, saturating(numbers.max() ?? 0, plus: 1))
    switch tree["hold"] {
    case .string where !slices.isEmpty: hold = .unknown
    case .array(let pair) where pair.count == 2 && !slices.isEmpty:
      guard let from = pair[0].integer, let until = pair[1].integer else { break }
      hold = .known(
        from: WallTime(milliseconds: from), until: WallTime(milliseconds: until))
    default: break
    }
  }

  /// Looks up anew where it stands: the calendar is another one than before.
  public mutating func calendarChanged() {
    if case .known = hold { hold = .fresh }
  }
}
