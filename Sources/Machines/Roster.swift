// The signals of one machine: what each of them is for, what it last said, and whether its unit
// answers.
//
// Invariants
// - A unit is lost with the first of its signals that turns noContact, and found with the first
//   that turns from noContact to good: an answer proves contact, however slow the others are.
// - A unit that refuses every signal of this machine tells nothing and is lost too.
// - Signals that decide about a stop are the running condition's, the fault code and the good
//   counter. Where one is refused or invalid it is treated as absent and the rest decides.

import Primitives
import Signals

struct Roster: Sendable {
  struct Role: OptionSet, Sendable {
    let rawValue: UInt8
    static let running = Role(rawValue: 1)
    static let code = Role(rawValue: 2)
    static let good = Role(rawValue: 4)
    static let scrap = Role(rawValue: 8)
    static let rework = Role(rawValue: 16)
    /// Counts, but neither decides nor is one of these.
    static let other = Role(rawValue: 32)
    /// Shows the running order, or its operation.
    static let order = Role(rawValue: 64)
    static let deciding: Role = [.running, .code, .good]
    static let counting: Role = [.good, .scrap, .rework, .other]
  }

  enum Seen: UInt8, Sendable { case never, good, noContact, unusable }

  struct Slot: Sendable {
    let unit: Int
    let role: Role
    var seen: Seen = .never
    /// The quality last let into the buffer; nil before the first sample.
    var taken: Quality?
    var value: Value = .none
  }

  struct Unit: Sendable {
    let id: UnitID
    /// Everything before it has been told.
    var mark: Instant = .distantPast
    var lost: Stamp?
    var signals = 0
    var unusable = 0
    /// What the samples of the moment being handled say: lost, found, or nothing.
    var news: News = .none
  }

  enum News: Sendable { case none, found, lost(Quality) }

  var slots: [Slot] = []
  /// Each signal once, in the order of the configuration: the signal of each slot.
  private(set) var interest: [SignalID] = []
  /// The slots that decide about a stop: three at most.
  private(set) var deciding: [Int] = []
  var units: [Unit]
  /// Nobody said which signal belongs to which unit, so that every unit may bring one.
  private let waitsForAll: Bool
  private var dense: [Int32] = []
  private var sparse: [UInt32: Int32] = [:]
  private var lowest: UInt32 = 0

  init(rules: MachineRules) {
    units = rules.units.map { Unit(id: $0) }
    waitsForAll = rules.unitOfSignal.isEmpty
    var signals = rules.signals
    let named =
      [rules.running?.signal, rules.faultCode].compactMap { $0 }
      + rules.allCounters.map(\.rules.signal)
      + [rules.order?.order, rules.order?.operation].compactMap { $0 }
    for signal in named where !signals.contains(signal) {
      signals.append(signal)
    }
    var known: [UInt32: Int32] = [:]
    for (index, signal) in signals.enumerated() where known[signal.index] == nil {
      let owner = index < rules.unitOfSignal.count ? rules.unitOfSignal[index] : rules.units.first
      let unit = owner.flatMap { rules.units.firstIndex(of: $0) } ?? 0
      known[signal.index] = Int32(slots.count)
      let role = Self.role(of: signal, in: rules)
      if !role.isDisjoint(with: .deciding) { deciding.append(slots.count) }
      slots.append(Slot(unit: unit, role: role))
      interest.append(signal)
      if unit < units.count { units[unit].signals += 1 }
    }
    index(known)
  }

  private static func role(of signal: SignalID, in rules: MachineRules) -> Role {
    var role: Role = []
    if rules.running?.signal == signal { role.insert(.running) }
    if rules.faultCode == signal { role.insert(.code) }
    if rules.order?.order == signal || rules.order?.operation == signal { role.insert(.order) }
    let leading = rules.leading?.role
    for counter in rules.allCounters where counter.rules.signal == signal {
      switch counter.role {
      case leading: role.insert(.good)
      case .scrap: role.insert(.scrap)
      case .rework: role.insert(.rework)
      case .good, .total: role.insert(.other)
      }
    }
    return role
  }

  private mutating func index(_ known: [UInt32: Int32]) {
    lowest = known.keys.min() ?? 0
    let span = Int((known.keys.max() ?? 0) - lowest) + 1
    guard span <= MachineLimits.denseSpan else {
      sparse = known
      return
    }
    dense = Array(repeating: -1, count: span)
    for (signal, slot) in known { dense[Int(signal - lowest)] = slot }
  }

  /// The slot of a signal; nil for a signal of another machine.
  func slot(of signal: UInt32) -> Int? {
    guard sparse.isEmpty else { return sparse[signal].map(Int.init) }
    guard signal >= lowest, signal - lowest < UInt32(clamping: dense.count) else { return nil }
    let slot = dense[Int(signal - lowest)]
    return slot < 0 ? nil : Int(slot)
  }

  /// Everything before this moment has been told by every unit; nil when there is none to wait for.
  var watermark: Instant? {
    var earliest: Instant?
    for index in units.indices where waitsForAll || units[index].signals > 0 {
      earliest = min(earliest ?? .distantFuture, units[index].mark)
    }
    return earliest
  }

  /// Whether everything that decides can be read.
  var contact: View.Contact {
    var (good, partial, unusable) = (0, false, false)
    for index in deciding {
      switch slots[index].seen {
      case .noContact: return .lost
      case .never: partial = true
      case .unusable: unusable = true
      case .good: good += 1
      }
    }
    if partial { return .partial }
    return good == 0 && unusable ? .lost : .full
  }

  mutating func mark(_ unit: UInt32, at: Instant) {
    for index in units.indices where units[index].id.index == unit {
      units[index].mark = max(units[index].mark, at)
    }
  }

  /// Notes what a sample says of its slot and its unit.
  mutating func note(_ sample: Sample, slot: Int) {
    let before = slots[slot].seen
    let seen: Seen =
      switch sample.quality {
      case .good: .good
      case .noContact: .noContact
      case .refused, .invalid: .unusable
      }
    slots[slot].seen = seen
    if seen == .good { slots[slot].value = sample.value }
    let unit = slots[slot].unit
    guard unit < units.count else { return }
    if before == .unusable, seen != .unusable { units[unit].unusable -= 1 }
    if before != .unusable, seen == .unusable { units[unit].unusable += 1 }
    switch seen {
    case .noContact:
      if before != .noContact { units[unit].news = .lost(.noContact) }
    case .unusable:
      if before != .unusable, units[unit].unusable == units[unit].signals {
        units[unit].news = .lost(sample.quality)
      }
    case .good:
      if case .lost = units[unit].news { break }
      if units[unit].lost != nil, before != .good { units[unit].news = .found }
    case .never: break
    }
  }
}
