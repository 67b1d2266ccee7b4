// What is remembered of one machine beside its states, counts and totals: its short stops of the
// running window, and under which order each of its latest stops began.
//
// Why the order of a stop is written down: a stop is told again when it is classified and when it
// ends, hours later perhaps, and by then the line's book of orders may have forgotten the change
// before it. A stop belongs to one order, from its first event to its last.

public import Primitives

/// The short stops of a machine, and the orders of its stops.
public struct MachineLedger: Equatable, Sendable {
  /// Stops whose order is remembered: those that may still be classified, and the open one.
  static let stops = ReasonLimits.endedStops + 1

  public var minor: MinorStops
  /// The latest stops, the oldest first; nil for one that began under no order.
  private var orders: [(stop: String, order: String?)] = []

  /// One that sums short stops over this long.
  public init(minorStopWindow: Duration = MinorStops.usualWindow) {
    minor = MinorStops(window: minorStopWindow)
  }

  public static func == (left: MachineLedger, right: MachineLedger) -> Bool {
    left.minor == right.minor && left.orders.elementsEqual(right.orders) { $0 == $1 }
  }

  /// A stop began under an order, or under none.
  public mutating func began(stop: String, order: String?) {
    orders.removeAll { $0.stop == stop }
    orders.append((stop, order))
    if orders.count > Self.stops { orders.removeFirst() }
  }

  /// The order under which a stop began; nil for none, or when it is forgotten.
  public func order(ofStop stop: String) -> String? {
    orders.last { $0.stop == stop }?.order
  }
}

extension MachineLedger {
  /// The version that this program writes and reads.
  public static let snapshotVersion: Int64 = 1

  /// Everything that must survive a restart, to be committed with the facts before it.
  public func snapshot(reading: ClockReading) -> [UInt8] {
    var members = Carry.head(version: Self.snapshotVersion, reading)
    members["stops"] = .array(
      orders.map { entry in
        var members: [String: JSONValue] = ["stop": .string(entry.stop)]
        members["order"] = entry.order.map { .string($0) }
        return .object(members)
      })
    members["minor"] = minor.open?.json
    return JSONValue.object(members).canonicalBytes
  }

  /// Goes on where a snapshot ends; false when nothing of it could be read.
  public mutating func resume(_ snapshot: [UInt8], reading: ClockReading) -> Bool {
    guard let tree = try? JSONValue(parsing: snapshot),
      tree["version"]?.integer == Self.snapshotVersion
    else { return false }
    let carry = Carry(tree, to: reading)
    orders = (tree["stops"]?.array ?? []).suffix(Self.stops).compactMap { entry in
      entry["stop"]?.string.map { ($0, entry["order"]?.string) }
    }
    minor.open = tree["minor"].flatMap { MinorStops.Open($0, carry) }
    return true
  }
}

extension MinorStops.Open {
  fileprivate var json: JSONValue {
    [
      "from": from.json, "deadline": deadline.json,
      "sums": .array(
        sums.map { sum in
          var members: [String: JSONValue] = [
            "text": .string(sum.cause.text), "by": .string(sum.cause.from.rawValue),
            "count": .integer(sum.count), "ms": .integer(sum.milliseconds),
          ]
          members["code"] = sum.cause.code.map { .integer($0) }
          members["reason"] = sum.cause.reason.map { .string($0) }
          return .object(members)
        }),
    ]
  }

  fileprivate init?(_ tree: JSONValue, _ carry: Carry) {
    guard let from = carry.stamp(tree["from"]), let deadline = carry.instant(tree["deadline"])
    else { return nil }
    self.init(from: from, deadline: deadline)
    sums = (tree["sums"]?.array ?? []).prefix(TotalsLimits.reasons).compactMap { value in
      guard let text = value["text"]?.string else { return nil }
      let cause = Cause(
        code: value["code"]?.integer, text: text,
        from: value["by"]?.string.flatMap(Cause.Origin.init) ?? .inferred,
        reason: value["reason"]?.string)
      return MinorStops.Sum(
        cause: cause, count: max(0, value["count"]?.integer ?? 0),
        milliseconds: max(0, value["ms"]?.integer ?? 0))
    }
  }
}
