// The raw signals of one machine in one window, cut so that each event keeps within its limit.
//
// Invariants
// - Samples keep their order; every sample is in exactly one draft.
// - A draft is as large as it was counted: what a sample and its unit add is written, and taken
//   back where it does not fit, so a draft of ours is never oversize.
//
// Why written here and not made a tree first: everything published is thousands of samples a
// second, and members in dictionaries were half of what the recorder did.

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

/// The data of one event, written as it grows.
private struct WindowPart {
  private var samples = CanonicalWriter()
  /// The units told so far, each as a written member; sorted at the end.
  private var units: [String: [UInt8]] = [:]
  private var unitBytes = 0

  init() { samples.begin(reserving: 4096) }

  var isEmpty: Bool { samples.bytes.isEmpty }

  /// Takes a sample, the first one always; false when there is no room for it.
  mutating func append(_ sample: WindowSample, _ signal: EventNames.Signal) -> Bool {
    let before = samples.bytes.count
    if before > 0 { samples.raw(",") }
    samples.raw("{\"at\":\"")
    samples.time(sample.at.wall)
    samples.raw("\",\"quality\":")
    samples.string(sample.quality.text)
    samples.raw(",\"signal\":")
    samples.string(signal.name)
    if let value = sample.value {
      samples.raw(",\"value\":")
      samples.value(value)
    }
    samples.raw("}")
    let unit = signal.unit.flatMap {
      units[signal.name] == nil ? Self.member(signal.name, $0) : nil
    }
    let total = EventLimits.envelopeBytes + samples.bytes.count + unitBytes + (unit?.count ?? 0)
    guard before == 0 || total <= EventLimits.eventBytes else {
      samples.bytes.removeSubrange(before...)
      return false
    }
    if let unit {
      units[signal.name] = unit
      unitBytes += unit.count + 1
    }
    return true
  }

  private static func member(_ name: String, _ unit: String) -> [UInt8] {
    var writer = CanonicalWriter()
    writer.string(name)
    writer.raw(":")
    writer.string(unit)
    return writer.bytes
  }

  func draft(machine: String, from: Stamp, to: Stamp) -> EventDraft {
    var data = CanonicalWriter()
    data.begin(reserving: samples.bytes.count + unitBytes + 200)
    data.raw("{\"from\":\"")
    data.time(from.wall)
    data.raw("\",\"samples\":[")
    data.bytes.append(contentsOf: samples.bytes)
    data.raw("],\"to\":\"")
    data.time(to.wall)
    data.raw("\"")
    if !units.isEmpty {
      data.raw(",\"units\":{")
      let sorted = units.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
      for (index, unit) in sorted.enumerated() {
        if index > 0 { data.raw(",") }
        data.bytes.append(contentsOf: unit.value)
      }
      data.raw("}")
    }
    data.raw("}")
    return EventDraft(
      type: .signalsChanged, unit: .machine(machine), at: to, partitionKey: machine,
      content: .written(data.bytes))
  }
}
