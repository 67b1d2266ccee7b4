// What the gateway tells of itself.

public import Primitives

/// How the last run of the gateway ended, as far as its journal and this boot tell.
public enum LastRun: String, Sendable, CaseIterable {
  /// There was none: the journal is new.
  case none
  /// It said that it stopped.
  case stopped
  /// The program ended without saying so, in this boot.
  case killed
  /// The machine went down without it saying so.
  case powerLost
}

/// One uplink as the health event tells it.
public struct UplinkHealth: Equatable, Sendable {
  public var name: String
  /// Events committed and not yet acknowledged.
  public var depth: Int
  public var oldestAge: Duration?
  public var lastSuccess: WallTime?
  public var lastError: String?
  /// What a person should know of although events are delivered.
  public var conditions: [String]

  public init(
    name: String, depth: Int, oldestAge: Duration? = nil, lastSuccess: WallTime? = nil,
    lastError: String? = nil, conditions: [String] = []
  ) {
    self.name = name
    self.depth = depth
    self.oldestAge = oldestAge
    self.lastSuccess = lastSuccess
    self.lastError = lastError
    self.conditions = conditions
  }
}

/// What the gateway says about its own state.
public struct GatewayHealth: Equatable, Sendable {
  public var uplinks: [UplinkHealth]
  public var clock: ClockQuality
  public var diskFreeBytes: Int64?
  public var journalBytes: Int64?
  /// Samples lost in full rings since the start.
  public var samplesLost: Int64
  public var processorTime: Duration?
  public var memoryBytes: Int64?
  /// Stops that left the lists of their machines before anybody said why.
  public var stopsWithoutReason: StopsWithoutReason?

  public init(
    uplinks: [UplinkHealth], clock: ClockQuality, diskFreeBytes: Int64? = nil,
    journalBytes: Int64? = nil, samplesLost: Int64 = 0, processorTime: Duration? = nil,
    memoryBytes: Int64? = nil
  ) {
    self.uplinks = uplinks
    self.clock = clock
    self.diskFreeBytes = diskFreeBytes
    self.journalBytes = journalBytes
    self.samplesLost = samplesLost
    self.processorTime = processorTime
    self.memoryBytes = memoryBytes
  }
}

/// Stops that can no longer get a reason at the gateway; their events keep their ids.
public struct StopsWithoutReason: Equatable, Sendable {
  /// Machines named in one event, of those with the most.
  public static let named = 20

  public var count: Int64
  /// Those with the most first.
  public var machines: [String]

  public init(count: Int64, machines: [String]) {
    (self.count, self.machines) = (count, Array(machines.prefix(Self.named)))
  }
}

/// Something that was lost and what is known of it.
public struct Loss: Equatable, Sendable {
  /// What was lost, by sequence where it had one, else by time.
  public enum Range: Equatable, Sendable {
    case sequences(UInt64, through: UInt64)
    case times(WallTime, to: WallTime)
  }

  public var range: Range
  public var count: UInt64
  /// The place: "journal", "ring of bus press-hall".
  public var place: String
  public var why: String

  public init(range: Range, count: UInt64, place: String, why: String) {
    self.range = range
    self.count = count
    self.place = place
    self.why = why
  }
}

extension EventDraft {
  private init(
    _ type: EventType, _ source: EventSource, at: Stamp, _ members: [String: JSONValue]
  ) {
    self.init(
      type: type, unit: .gateway, at: at, partitionKey: source.gateway, data: .object(members))
  }

  /// The gateway has started: which program, which configuration, and how the last run ended.
  public static func gatewayStarted(
    _ source: EventSource, at: Stamp, version: String, configurationDigest: String,
    configurationVersion: String? = nil, lastRun: LastRun, outage: Duration? = nil,
    note: String? = nil
  ) -> EventDraft {
    var members: [String: JSONValue] = [
      "version": .string(version), "configurationDigest": .string(configurationDigest),
      "lastRun": .string(lastRun.rawValue),
    ]
    if let configurationVersion { members["configurationVersion"] = .string(configurationVersion) }
    if let outage { members["outageMs"] = .integer(outage.wholeMilliseconds) }
    if let note { members["note"] = .string(note) }
    return EventDraft(.gatewayStarted, source, at: at, members)
  }

  /// The gateway is about to stop, and why.
  public static func gatewayStopped(
    _ source: EventSource, at: Stamp, version: String, configurationDigest: String, why: String
  ) -> EventDraft {
    EventDraft(
      .gatewayStopped, source, at: at,
      [
        "version": .string(version), "configurationDigest": .string(configurationDigest),
        "why": .string(why),
      ])
  }

  /// The health of the gateway as an event, with the sums of the shifts that ended since.
  public static func gatewayHealth(
    _ source: EventSource, at: Stamp, _ health: GatewayHealth, shifts: [ShiftTotals] = []
  ) -> EventDraft {
    var members: [String: JSONValue] = [
      "clock": .string(health.clock.rawValue),
      "samplesLost": EventValue.integer(health.samplesLost),
      "uplinks": .array(health.uplinks.map(uplinkMembers)),
    ]
    if let free = health.diskFreeBytes { members["diskFreeBytes"] = EventValue.integer(free) }
    if let bytes = health.journalBytes { members["journalBytes"] = EventValue.integer(bytes) }
    if let time = health.processorTime { members["cpuMs"] = .integer(time.wholeMilliseconds) }
    if let bytes = health.memoryBytes { members["memoryBytes"] = EventValue.integer(bytes) }
    if let stops = health.stopsWithoutReason {
      members["stopsWithoutReason"] = [
        "count": EventValue.integer(stops.count),
        "machines": .array(stops.machines.map { .string($0) }),
      ]
    }
    if !shifts.isEmpty { members["shifts"] = .array(shifts.map(\.member)) }
    return EventDraft(.gatewayHealth, source, at: at, members)
  }

  private static func uplinkMembers(_ uplink: UplinkHealth) -> JSONValue {
    var members: [String: JSONValue] = [
      "name": .string(uplink.name), "depth": .integer(Int64(uplink.depth)),
    ]
    if let age = uplink.oldestAge { members["oldestAgeMs"] = .integer(age.wholeMilliseconds) }
    if let time = uplink.lastSuccess { members["lastSuccess"] = .string(time.text) }
    if let error = uplink.lastError { members["lastError"] = .string(error) }
    if !uplink.conditions.isEmpty {
      members["conditions"] = .array(uplink.conditions.map { .string($0) })
    }
    return .object(members)
  }

  /// The clock of a boot became known: add the offset to that boot's times.
  public static func clockCorrected(
    _ source: EventSource, at: Stamp, bootID: String, offsetMilliseconds: Int64
  ) -> EventDraft {
    EventDraft(
      .clockCorrected, source, at: at,
      ["bootid": .string(bootID), "offsetMs": EventValue.integer(offsetMilliseconds)])
  }

  /// Something was lost (F31): from, to, how many, where and why.
  public static func eventsDropped(_ source: EventSource, at: Stamp, _ loss: Loss) -> EventDraft {
    var members: [String: JSONValue] = [
      "count": EventValue.integer(loss.count), "where": .string(loss.place),
      "why": .string(loss.why),
    ]
    switch loss.range {
    case .sequences(let first, let last):
      members["fromSequence"] = EventValue.integer(first)
      members["toSequence"] = EventValue.integer(last)
    case .times(let from, let to):
      members["from"] = .string(from.text)
      members["to"] = .string(to.text)
    }
    return EventDraft(.eventsDropped, source, at: at, members)
  }
}
