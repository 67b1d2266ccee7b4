// Which changes of condition at the field are worth a line in the log.
//
// One line when a bus or a unit goes and one when it comes back, whatever happens in between (F54).
// What a unit refuses is told once it has been narrowed down, and at most every half minute (F2);
// so is what it does not give for the time being.

import Gateway
import Polling
import Primitives
import Signals

/// What the log last said about one bus.
struct FieldConditions {
  /// Narrowing a refusal down takes this long; what is found together is told together.
  static let refusalDelay = Duration.seconds(2)
  static let refusalInterval = Duration.seconds(30)
  /// Signals named in one line.
  static let namedSignals = 5

  private let bus: BusDefinition
  private let signals: [SignalDefinition]
  private let clock: any Clock
  private var isUp: Bool?
  private var isLost: [Bool]
  private var refused: [[Int]]
  private var unread: [[Int]]
  private var refusals = Telling()
  private var silences = Telling()

  /// When something that comes in pieces is told, all of it together.
  private struct Telling {
    var changes: UInt64?
    var tellAt: Instant?
    var toldAt = Instant.distantPast

    /// Whether it is time to tell what has moved to `newest`.
    mutating func isDue(_ newest: UInt64, _ now: Instant) -> Bool {
      let due = tellAt ?? max(now + refusalDelay, toldAt + refusalInterval)
      tellAt = due
      guard now >= due else { return false }
      (tellAt, toldAt, changes) = (nil, now, newest)
      return true
    }
  }

  /// `signals` is the gateway's whole table, by the index of their ids.
  init(_ bus: BusDefinition, _ signals: [SignalDefinition], _ clock: any Clock) {
    self.bus = bus
    self.signals = signals
    self.clock = clock
    isLost = bus.units.map { _ in false }
    refused = bus.units.map { _ in [] }
    unread = bus.units.map { _ in [] }
  }

  /// Compares with the last look, and logs what has changed.
  mutating func look(_ poller: Poller, _ log: Log) {
    for (index, unit) in bus.units.enumerated() {
      let lost = if case .lost = poller.health(of: index).state { true } else { false }
      guard lost != isLost[index] else { continue }
      isLost[index] = lost
      let why = lost ? poller.lastError(of: index) : nil
      log.line(
        lost ? .warning : .notice, lost ? .unitLost : .unitAnswers,
        "unit \(unit.name): \(lost ? why ?? "no contact" : "answers again")", about(unit))
    }
    if poller.learntChanges != refusals.changes { lookAtRefusals(poller, log) }
    if poller.givenUpChanges != silences.changes { lookAtSilences(poller, log) }
    let up: Bool
    switch poller.linkState {
    case .up: up = true
    case .coolingOff: up = false
    case .down, .connecting, .breaking: return
    }
    guard up != isUp else { return }
    isUp = up
    let why = up ? nil : poller.lastError
    log.line(
      up ? .notice : .warning, up ? .busConnected : .busLost,
      up
        ? "bus \(bus.name) at \(bus.line.text): connected"
        : "bus \(bus.name): \(why ?? "no link to \(bus.line.text)")",
      [.bus: bus.name])
  }

  private mutating func lookAtRefusals(_ poller: Poller, _ log: Log) {
    guard refusals.isDue(poller.learntChanges, clock.now()) else { return }
    for index in bus.units.indices {
      let unit = bus.units[index]
      let slots = poller.refusedSlots(of: index)
      let more = slots.filter { !refused[index].contains($0) }
      let fewer = refused[index].filter { !slots.contains($0) }
      refused[index] = slots
      if !more.isEmpty {
        log.line(
          .warning, .addressesRefused,
          "unit \(unit.name): refuses \(list(more, unit, poller.learnt)); its other signals are "
            + "read on; check the addresses in the manual of the device; it is asked again rarely",
          about(unit))
      }
      if !fewer.isEmpty {
        log.line(
          .notice, .addressesAnswered,
          "unit \(unit.name): answers for \(list(fewer, unit, [])) again", about(unit))
      }
    }
  }

  /// What a unit that answers does not give, busy or failed as it says.
  private mutating func lookAtSilences(_ poller: Poller, _ log: Log) {
    guard silences.isDue(poller.givenUpChanges, clock.now()) else { return }
    for index in bus.units.indices {
      let unit = bus.units[index]
      let slots = poller.unreadSlots(of: index)
      guard slots != unread[index] else { continue }
      unread[index] = slots
      if slots.isEmpty {
        guard !isLost[index] else { continue }
        log.line(
          .notice, .signalsRead, "unit \(unit.name): gives all of its values again", about(unit))
      } else {
        let why = poller.lastError(of: index).map { "; \($0)" } ?? ""
        log.line(
          .warning, .signalsUnread,
          "unit \(unit.name): answers, but without values for \(list(slots, unit, []))\(why)",
          about(unit))
      }
    }
  }

  private func about(_ unit: UnitDefinition) -> [LogSubject: String] {
    [.bus: bus.name, .unit: unit.name]
  }

  /// `pressure (holding 37, exception 2), speed (…) and 12 more`
  private func list(
    _ slots: [Int], _ unit: UnitDefinition, _ refusals: [LearntRefusal]
  ) -> String {
    let named = slots.prefix(Self.namedSignals).map { slot in
      let binding = unit.bindings[slot]
      let index = Int(binding.signal.index)
      let name = index < signals.count ? signals[index].name : "signal \(index)"
      let last = UInt16(clamping: Int(binding.address) + max(1, Int(binding.count)) - 1)
      let refusal = refusals.first {
        $0.unit == unit.address && $0.table == binding.table && $0.forbids(binding.address...last)
      }
      let code = refusal.map { ", \($0.cause)" } ?? ""
      return "\(name) (\(binding.table.rawValue) \(binding.address)\(code))"
    }
    let rest = slots.count - named.count
    return named.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}
