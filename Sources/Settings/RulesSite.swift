// What machines share of a device, where events go, and whether the rings are large enough.

import Events
import Outbox
import Primitives
import Signals

extension Rules {
  /// Machines on one device should agree how it is asked.
  mutating func sharedUnits() {
    var firstByUnit: [String: Record] = [:]
    for machine in root.records("machines") {
      guard let bus = machine.text("bus"), let unit = machine.integer("unit") else { continue }
      guard let first = firstByUnit["\(bus)/\(unit)"] else {
        firstByUnit["\(bus)/\(unit)"] = machine
        continue
      }
      guard let mine = machine.duration("timeout"), let other = first.duration("timeout"),
        mine != other
      else { continue }
      mistakes.warn(
        machine.place(of: "timeout"), machine.path(of: "timeout"),
        "unit \(unit) of \(bus) gets \(mine.text) here and \(other.text) in"
          + " \(first.text("name") ?? "another machine"); the longer one holds",
        "the same timeout for one unit")
    }
  }

  /// What contradicts the order of keys.
  private mutating func keysInOrder(of uplink: Record) {
    let order = uplink.text("order").flatMap(LaneRules.Order.init)
    let onRefusal = uplink.text("onRefusal").flatMap(LaneRules.OnRefusal.init)
    if order == .lanes, onRefusal == .holdKey {
      mistakes.error(
        uplink.place(of: "onRefusal"), uplink.path(of: "onRefusal"),
        "with two lanes the new events of a key overtake its old ones anyway",
        "order: \"strict\" or \"key\" beside holdKey")
    }
    if order == .key, onRefusal == .quarantine {
      mistakes.error(
        uplink.place(of: "onRefusal"), uplink.path(of: "onRefusal"),
        "what follows a refused event of its key cannot go on and stay in order",
        "\"holdKey\", or order: \"strict\"")
    }
  }

  mutating func upstream() {
    for uplink in root.records("uplinks") {
      ownCertificate(uplink)
      keysInOrder(of: uplink)
      if uplink.text("bearerFile") != nil, uplink.record("oauth") != nil {
        mistakes.error(
          uplink.place(of: "oauth"), uplink.path(of: "oauth"),
          "there is a bearerFile beside it, and a request carries one token", "one of the two")
      }
      if let backoff = uplink.record("backoff"), let floor = backoff.duration("floor"),
        let ceiling = backoff.duration("ceiling"), floor > ceiling
      {
        mistakes.error(
          backoff.place(of: "floor"), backoff.path(of: "floor"),
          "the floor of \(floor.text) is above the ceiling of \(ceiling.text)",
          "\(ceiling.text) or less")
      }
    }
    messaging()
    let uplinks = root.records("uplinks").compactMap { $0.text("name") }
    let machines = root.records("machines").compactMap { $0.text("name") }
    for route in root.records("routes") {
      if let name = route.text("uplink"), !uplinks.contains(name) {
        mistakes.error(
          route.place(of: "uplink"), route.path(of: "uplink"),
          "there is no uplink named \(Words.quoted(name))" + Nearest.hint(name, uplinks),
          uplinks.joined(separator: ", "))
      }
      for (index, word) in route.words("machines").enumerated()
      where !machines.contains(word.text) {
        mistakes.error(
          word.place, route.path(of: "machines") + "[#\(index + 1)]",
          "there is no machine named \(Words.quoted(word.text))"
            + Nearest.hint(word.text, machines),
          machines.prefix(8).joined(separator: ", "))
      }
      conditions(of: route)
    }
  }

  /// A condition of a route that none of its types can ever meet.
  private mutating func conditions(of route: Record) {
    let types = route.words("types").map(\.text)
    func hasNone(of asked: [EventType]) -> Bool {
      !types.isEmpty
        && !asked.contains { type in
          types.contains { RouteSettings.matches(type.rawValue, pattern: $0) }
        }
    }
    if let least = route.duration("minimumDuration"), hasNone(of: [.stopEnded, .stopClassified]) {
      mistakes.error(
        route.place(of: "minimumDuration"), route.path(of: "minimumDuration"),
        "stops of \(least.text) or more are told when they have ended, and the types name no such "
          + "event",
        "types with \(Words.quoted(EventType.stopEnded.rawValue)) or \"takt.stop.*\"")
    }
    if !route.words("severities").isEmpty, hasNone(of: [.limitExceeded, .limitCleared]) {
      mistakes.error(
        route.place(of: "severities"), route.path(of: "severities"),
        "only limits have a severity, and the types name none of their events",
        "types with \"takt.limit.*\"")
    }
  }

  /// Samples a second of each bus against the ring that holds them while the disk stalls.
  mutating func rings() {
    for bus in root.records("buses") {
      guard let name = bus.text("name") else { continue }
      let rate = Self.samplesPerSecond(of: name, in: root)
      let needed = SettingsLimits.ringSamples(forSamplesPerSecond: rate)
      let stall = SettingsLimits.worstDiskStall.text
      let sum =
        "\(Int(rate.rounded(.up))) samples a second × \(stall) stall of the disk"
        + " × \(SettingsLimits.ringSafety)"
      if needed > SettingsLimits.ringSamples.upperBound {
        mistakes.error(
          bus.place, bus.path, "its signals need a ring beyond the limit: \(sum)",
          "\(SettingsLimits.ringSamples.upperBound) samples; longer periods or fewer signals")
      } else if let limits = root.record("limits"), let given = limits.integer("ringSamples"),
        Int(given) < needed
      {
        mistakes.error(
          limits.place(of: "ringSamples"), limits.path(of: "ringSamples"),
          "\(given) is too small for bus \(name): \(sum)", "\(needed) or more")
      }
    }
  }

  /// The most that can come: every signal changes at every scan, and each scan leaves a mark.
  static func samplesPerSecond(of bus: String, in root: Record) -> Double {
    var rate = 0.0
    for machine in root.records("machines") where machine.text("bus") == bus {
      var periods: Set<Int64> = []
      for signal in machine.records("signals") {
        guard let every = signal.duration("every"), every > .zero else { continue }
        let pieces = signal.address("at").map(Self.samplesPerValue) ?? 1
        rate += Double(pieces) * 1e9 / Double(every.nanoseconds)
        if periods.insert(every.nanoseconds).inserted { rate += 1e9 / Double(every.nanoseconds) }
      }
    }
    return rate
  }

  /// A text takes a sample for each eight bytes.
  private static func samplesPerValue(_ address: ParsedAddress) -> Int {
    address.format.type == .string ? max(1, (address.format.characterCount + 7) / 8) : 1
  }
}
