// What a machine remembers over a restart, as canonical JSON with a version.
//
// Version 2 holds the states of `MachineStates`; version 1, of the program before, held those of a
// simpler stop detector, and is still read (see SnapshotVersion1).
//
// Invariants
// - It holds stamps, not only instants: a stop told twice has the same label both times.
// - Instants of another boot are carried over through the wall times of both readings (see Carry).
//   When a wall clock cannot be trusted, how long ago a counter was read is unknown, and no rate is
//   held against it.
// - Reading is tolerant: a member that is missing or strange costs what it held (a counter starts
//   from its next reading), never the rest. Only what would give two stops one id is a fault.
// - Signals and units are named by their part in the machine, not by index, so that a changed
//   configuration of another machine changes nothing here.

public import Primitives
import Signals

/// Why a snapshot cannot be gone on from.
public enum SnapshotFault: Error, Equatable, Sendable, CustomStringConvertible {
  case notJSON(machine: String, JSONFault)
  case unknownVersion(machine: String, Int64?)
  case noStopNumber(machine: String)

  public var description: String {
    switch self {
    case .notJSON(let machine, let fault):
      "resuming machine \(machine): its snapshot is damaged (\(fault)); "
        + "start it anew under a new epoch"
    case .unknownVersion(let machine, let version):
      "resuming machine \(machine): its snapshot has version "
        + "\(version.map(String.init) ?? "none"), known are 1 to \(Machine.snapshotVersion); "
        + "run the program that wrote it, or start anew under a new epoch"
    case .noStopNumber(let machine):
      "resuming machine \(machine): its snapshot does not hold the number of the next stop; "
        + "start it anew under a new epoch"
    }
  }
}

extension Machine {
  /// The version that this program writes; it reads those before as well.
  public static let snapshotVersion: Int64 = 2

  /// Everything that must survive a restart, to be committed with the facts before it.
  public func snapshot(reading: ClockReading) -> [UInt8] {
    let seen = now == .distantPast ? reading.monotonic : now
    var members = Carry.head(version: Self.snapshotVersion, reading)
    members["seen"] = Stamp(seen, reading).json
    members["nextStop"] = .integer(states.nextStop)
    members["states"] = states.json
    members["ended"] = states.ledgerJSON
    members["book"] = book.json
    members["order"] = order.json
    members["lost"] = .array(
      roster.units.enumerated().compactMap { index, unit in
        unit.lost.map { ["unit": .integer(Int64(index)), "since": $0.json] }
      })
    for (name, counter) in zip(Self.counterNames(rules), counters) { members[name] = counter.json }
    return JSONValue.object(members).canonicalBytes
  }

  /// The member of each counter: the first of a role by its role, as ever; the others numbered.
  private static func counterNames(_ rules: MachineRules) -> [String] {
    var seen: [CountRole: Int] = [:]
    return rules.allCounters.map { counter in
      let number = seen[counter.role, default: 0] + 1
      seen[counter.role] = number
      return number == 1 ? counter.role.rawValue : "\(counter.role.rawValue)\(number)"
    }
  }

  mutating func resume(_ bytes: [UInt8]) throws(SnapshotFault) {
    let tree: JSONValue
    do { tree = try JSONValue(parsing: bytes) } catch {
      throw .notJSON(machine: rules.name, error)
    }
    let version = tree["version"]?.integer
    guard version == Self.snapshotVersion || version == 1 else {
      throw .unknownVersion(machine: rules.name, tree["version"]?.integer)
    }
    guard let number = tree["nextStop"]?.integer, number >= 0 else {
      throw .noStopNumber(machine: rules.name)
    }
    states.resume(nextStop: number)
    let carry = Carry(tree, to: reading)
    if version != 1, let kept = tree["states"] {
      states.resume(kept, ledger: tree["ended"], carry)
    }
    order.resume(tree["order"])
    guard let seen = carry.stamp(tree["seen"]) else { return }
    now = seen.instant
    for entry in tree["lost"]?.array ?? [] {
      guard let index = entry["unit"]?.integer, let since = carry.stamp(entry["since"]),
        let unit = Int(exactly: index), roster.units.indices.contains(unit)
      else { continue }
      roster.units[unit].lost = since
    }
    for (index, name) in Self.counterNames(rules).enumerated() where index < counters.count {
      counters[index] = carry.counter(tree[name], counters[index], seen)
    }
    findDoubt()
    if version == 1 { resumeVersion1(tree, carry) }
    stateDue = states.deadline ?? .distantFuture
    if let kept = tree["book"] { book = carry.book(kept, derivesGood: rules.derivesGood) }
    // What was summed is told as of then: nobody looked since.
    book.window?.deadline = now
  }
}
