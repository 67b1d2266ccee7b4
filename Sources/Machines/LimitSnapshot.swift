// What the limits of one machine remember over a restart, as canonical JSON with a version.
//
// Invariants
// - A limit that was exceeded stays so, and is cleared once; the time nobody looked is told too.
// - Limits are found by name and side: one that was declared otherwise begins anew.
// - Reading is tolerant: what cannot be read costs the state of that limit, never the rest.

public import Primitives

extension LimitWatch {
  /// The version that this program writes and reads.
  public static let snapshotVersion: Int64 = 1

  /// Everything that must survive a restart, to be committed with the facts before it.
  public func snapshot(reading: ClockReading) -> [UInt8] {
    var members = Carry.head(version: Self.snapshotVersion, reading)
    members["limits"] = .array(guards.compactMap(\.json))
    return JSONValue.object(members).canonicalBytes
  }

  /// Goes on where a snapshot ends; false when nothing of it could be read.
  @discardableResult
  public mutating func resume(_ snapshot: [UInt8], reading: ClockReading) -> Bool {
    guard let tree = try? JSONValue(parsing: snapshot),
      tree["version"]?.integer == Self.snapshotVersion, let limits = tree["limits"]?.array
    else { return false }
    let carry = Carry(tree, to: reading)
    let told = carry.instant(tree["monotonic"]) ?? reading.monotonic
    for entry in limits {
      guard let name = entry["name"]?.string, let side = entry["side"]?.string,
        let since = carry.stamp(entry["since"]),
        let index = guards.firstIndex(where: {
          $0.rules.name == name && $0.rules.side.rawValue == side
        })
      else { continue }
      guards[index].state = .exceeded(since: since)
      guards[index].unseen = .nanoseconds(max(0, entry["unseen"]?.integer ?? 0))
      guards[index].unreadSince = carry.instant(entry["unreadSince"]) ?? told
    }
    return true
  }
}

extension LimitWatch.Guard {
  /// Nil for a limit that is not exceeded: its delay begins anew after a restart.
  fileprivate var json: JSONValue? {
    let since: Stamp
    switch state {
    case .inside, .rising: return nil
    case .exceeded(let from), .falling(let from, _): since = from
    }
    var members: [String: JSONValue] = [
      "name": .string(rules.name), "side": .string(rules.side.rawValue), "since": since.json,
      "unseen": .integer(unseen.nanoseconds),
    ]
    members["unreadSince"] = unreadSince?.json
    return .object(members)
  }
}
