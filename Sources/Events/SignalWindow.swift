// The raw signals of one machine in one window, cut so that each event keeps within its limit.
//
// Invariants
// - Samples keep their order; every sample is in exactly one draft.
// - A draft's estimate is never below its real size, so a draft of ours is never oversize.

public import Primitives
public import Signals

/// One told change of one signal.
public struct WindowSample: Equatable, Sendable {
  public var signal: SignalID
  public var at: Stamp
  /// nil when nothing is known of it.
  public var value: JSONValue?
  public var quality: Quality

  public init(signal: SignalID, at: Stamp, value: JSONValue?, quality: Quality) {
    self.signal = signal
    self.at = at
    self.value = value
    self.quality = quality
  }

  public init(signal: SignalID, at: Stamp, value: Value, quality: Quality) {
    self.init(signal: signal, at: at, value: EventValue.value(value), quality: quality)
  }
}

extension EventDraft {
  /// The events of a window of changes; none when nothing changed.
  public static func signalsChanged(
    _ samples: [WindowSample], machine: String, from: Stamp, to: Stamp, names: EventNames
  ) -> [EventDraft] {
    var drafts: [EventDraft] = []
    var part = WindowPart()
    for sample in samples {
      let signal = names.signal(sample.signal)
      if !part.append(sample, signal) {
        drafts.append(part.draft(machine: machine, from: from, to: to))
        part = WindowPart()
        _ = part.append(sample, signal)
      }
    }
    if !part.isEmpty { drafts.append(part.draft(machine: machine, from: from, to: to)) }
    return drafts
  }
}

private struct WindowPart {
  private var samples: [JSONValue] = []
  private var units: [String: JSONValue] = [:]
  private var bytes = EventLimits.envelopeBytes

  var isEmpty: Bool { samples.isEmpty }

  /// Takes a sample, the first one always; false when there is no room for it.
  mutating func append(_ sample: WindowSample, _ signal: EventNames.Signal) -> Bool {
    let weight = weight(sample, signal)
    guard isEmpty || bytes + weight <= EventLimits.eventBytes else { return false }
    bytes += weight
    var members: [String: JSONValue] = [
      "signal": .string(signal.name), "at": .string(sample.at.wall.text),
      "quality": .string(sample.quality.text),
    ]
    if let value = sample.value { members["value"] = value }
    samples.append(.object(members))
    if let unit = signal.unit { units[signal.name] = .string(unit) }
    return true
  }

  /// The most bytes that a sample and its unit add: every byte of a text may need six.
  private func weight(_ sample: WindowSample, _ signal: EventNames.Signal) -> Int {
    let frame = 100
    let unit = signal.unit.map { units[signal.name] == nil ? $0.utf8.count * 6 + 8 : 0 } ?? 0
    let names = signal.name.utf8.count * (unit > 0 ? 12 : 6)
    return frame + names + unit + (sample.value.map(Self.length) ?? 0)
  }

  /// The most bytes of a value; without writing it where that is easily told.
  private static func length(_ value: JSONValue) -> Int {
    switch value {
    case .integer: 20
    case .number(let text): text.utf8.count
    case .null, .bool: 5
    case .string, .array, .object: value.canonicalBytes.count
    }
  }

  func draft(machine: String, from: Stamp, to: Stamp) -> EventDraft {
    var members: [String: JSONValue] = [
      "from": .string(from.wall.text), "to": .string(to.wall.text), "samples": .array(samples),
    ]
    if !units.isEmpty { members["units"] = .object(units) }
    return EventDraft(
      type: .signalsChanged, unit: .machine(machine), at: to, partitionKey: machine,
      data: .object(members))
  }
}
