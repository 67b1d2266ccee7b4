// What a machine is told beside its samples: planned time, the change of an order, its ideal cycle,
// and what people say of its stops.
//
// Invariants
// - An input is handled in the order of time, when the machine gets there: planned time and the
//   cycle with the samples of their moment, the change of an order after the counts of its moment
//   and before its states. One for a time that is over is handled at once.
// - What people say of a stop is done as it is accepted, so nothing accepted is lost however many
//   stops come after it; its fact is the first of the next turn.
// - Bounded by `MachineLimits.inputs`: beyond it the oldest is handled early; several changes of an
//   order that are handled early are one.
// - Inputs are not in the snapshot: whoever owns them says them again after a restart.

public import Primitives

/// Inputs that wait for their time.
struct MachineInputs: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    case cut
    case plan(Bool)
    case cycle(Duration?)
  }

  struct Entry: Equatable, Sendable {
    var kind: Kind
    var at: Stamp
  }

  /// In the order of time; those of one time in the order in which they came.
  private var entries: [Entry] = []
  /// Classifications that are done and not told yet.
  var said: [Fact] = []

  var count: Int { entries.count }
  /// The time of the earliest; the end of time when none waits.
  private(set) var firstTime = Instant.distantFuture

  /// Keeps an input; returns the oldest when there is no room.
  mutating func insert(_ kind: Kind, _ at: Stamp) -> Entry? {
    var index = entries.count
    while index > 0, at.instant < entries[index - 1].at.instant { index -= 1 }
    entries.insert(Entry(kind: kind, at: at), at: index)
    let early = entries.count > MachineLimits.inputs ? entries.removeFirst() : nil
    firstTime = entries[0].at.instant
    return early
  }

  /// Takes the earliest if it is not after a moment.
  mutating func popFirst(upTo moment: Instant) -> Entry? {
    guard firstTime <= moment else { return nil }
    let entry = entries.removeFirst()
    firstTime = entries.first?.at.instant ?? .distantFuture
    return entry
  }
}

extension Machine {
  /// The order changes then: what was counted before is told before.
  public mutating func cut(at: Stamp) { keep(.cut, at) }

  /// A shift ends, or planned time begins or ends then: what was counted before is told before.
  public mutating func plan(_ isPlanned: Bool, at: Stamp) { keep(.plan(isPlanned), at) }

  /// The ideal cycle is another one from then on; nil when nobody knows it.
  public mutating func setIdealCycle(_ cycle: Duration?, at: Stamp) { keep(.cycle(cycle), at) }

  /// Everything before it has been told.
  public var toldUntil: Instant { now }

  private mutating func keep(_ kind: MachineInputs.Kind, _ at: Stamp) {
    guard let early = inputs.insert(kind, at) else { return }
    take(early)
  }

  private mutating func take(_ input: MachineInputs.Entry) {
    switch input.kind {
    // A change that the machine itself has shown was handled when it did.
    case .cut: if input.at.instant != order.changedAt { isCutDue = true }
    case .plan(let isPlanned):
      states.plan(isPlanned)
      isHeard = true
      isEdge = true
    case .cycle(let cycle):
      states.setIdealCycle(cycle)
      isHeard = true
    }
  }

  /// Takes the inputs of the moment that is being handled; true when the order changes in it.
  mutating func takeInputs() -> Bool {
    while let input = inputs.popFirst(upTo: now) { take(input) }
    defer { isCutDue = false }
    return isCutDue
  }
}

extension Machine {
  /// Gives an open or recently ended stop the reason that somebody says; told with the next turn.
  public mutating func classify(
    _ stopID: String, reason: String, by: String
  ) throws(ReasonFault) {
    guard inputs.said.count < MachineLimits.spoken else { throw .tooManyAtOnce }
    try states.classify(
      stopID, reason: reason, by: by, at: Stamp(now, reading), into: &inputs.said)
  }

  /// The stops that wait for a reason, oldest first.
  public var unclassified: [StopRecord] { states.unclassified }

  /// Stops that made room for newer ones before anybody said why: they get no reason here.
  public var forgottenStops: Int64 { states.forgotten }

  /// Tells what people said of its stops, before anything that comes after it.
  mutating func speak(into facts: inout [Fact]) {
    revision &+= 1
    facts.append(contentsOf: inputs.said)
    inputs.said.removeAll(keepingCapacity: true)
  }
}
