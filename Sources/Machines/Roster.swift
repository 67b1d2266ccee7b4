// The signals of one machine: what each of them is for, what it last said, and whether its unit
// answers.
//
// Invariants
// - A unit is lost with the first of its signals that turns noContact, and found with the first
//   that turns from noContact to good: an answer proves contact, however slow the others are.
// - A unit that refuses every signal of this machine tells nothing and is lost too.
// - Which signals decide about a state is for the evidence to say; here they have a role each.

import Primitives
import Signals

struct Roster: Sendable {
  struct Role: OptionSet, Sendable {
    let rawValue: UInt8
    /// Evidence of a state.
    static let evidence = Role(rawValue: 1)
    static let counting = Role(rawValue: 2)
    /// Shows the running order, or its operation.
    static let order = Role(rawValue: 4)
  }

  enum Seen: UInt8, Sendable { case never, good, noContact, unusable }

  struct Slot: Sendable {
    let unit: Int
    var role: Role
    var seen: Seen = .never
    /// The quality last let into the buffer; nil before the first sample.
    var taken: Quality?
  }

  struct Unit: Sendable {
    let id: UnitID
    var lost: Stamp?
    var signals = 0
    var unusable = 0
    /// What the samples of the moment being handled say: lost, found, or nothing.
    var news: News = .none
  }

  /// Up to when everything of each unit has been told. The first stands apart, because nearly every
  /// machine has one unit, and what is asked with each mark must not lie behind a reference.
  struct Marks: Sendable {
    private var first = Instant.distantPast
    private var others: [Instant]

    init(count: Int) { others = Array(repeating: .distantPast, count: max(0, count - 1)) }

    subscript(unit: Int) -> Instant {
      get { unit == 0 ? first : others[unit - 1] }
      set { if unit == 0 { first = newValue } else { others[unit - 1] = newValue } }
    }
  }

  enum News: Sendable { case none, found, lost(Quality) }

  var slots: [Slot] = []
  /// Each signal once, in the order of the configuration: the signal of each slot.
  private(set) var interest: [SignalID] = []
  var units: [Unit]
  var marks: Marks
  /// Which of the first 64 slots said last that they are good, a bit each: the usual sample is
  /// known to bring nothing new without a look at its slot.
  private var good: UInt64 = 0
  /// A unit is lost or found in the moment being handled.
  var hasNews = false
  /// The number of its only unit, when it has one and waits for it.
  private var only: Int?
  /// Nobody said which signal belongs to which unit, so that every unit may bring one.
  private let waitsForAll: Bool
  private var dense: [Int32] = []
  private var sparse: [UInt32: Int32] = [:]
  private var lowest: UInt32 = 0

  init(rules: MachineRules) {
    units = rules.units.map { Unit(id: $0) }
    marks = Marks(count: rules.units.count)
    waitsForAll = rules.unitOfSignal.isEmpty
    var signals = rules.signals
    let named =
      [rules.running?.signal, rules.faultCode].compactMap { $0 } + rules.declaredEvidence
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
      slots.append(Slot(unit: unit, role: role))
      interest.append(signal)
      if unit < units.count { units[unit].signals += 1 }
    }
    index(known)
    if units.count == 1, waitsForAll || units[0].signals > 0 { only = Int(units[0].id.index) }
  }

  private static func role(of signal: SignalID, in rules: MachineRules) -> Role {
    var role: Role = []
    if rules.order?.order == signal || rules.order?.operation == signal { role.insert(.order) }
    if rules.allCounters.contains(where: { $0.rules.signal == signal }) { role.insert(.counting) }
    return role
  }

  /// The signals that are evidence of a state.
  mutating func follow(_ signals: [SignalID]) {
    for signal in signals {
      if let slot = slot(of: signal.index) { slots[slot].role.insert(.evidence) }
    }
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
    if only != nil { return marks[0] }
    var earliest: Instant?
    for index in units.indices where waitsForAll || units[index].signals > 0 {
      earliest = min(earliest ?? .distantFuture, marks[index])
    }
    return earliest
  }

  mutating func mark(_ unit: UInt32, at: Instant) {
    for index in units.indices where units[index].id.index == unit {
      marks[index] = max(marks[index], at)
    }
  }

  /// Hears how far every unit of the field is known, by number.
  mutating func hear(_ known: [Instant]) {
    if let only {
      if only < known.count, marks[0] < known[only] { marks[0] = known[only] }
      return
    }
    for index in units.indices {
      let unit = Int(units[index].id.index)
      if unit < known.count, marks[index] < known[unit] { marks[index] = known[unit] }
    }
  }

  /// What a slot said last is good.
  func isGood(_ slot: Int) -> Bool {
    slot < 64 ? good >> UInt64(slot) & 1 == 1 : slots[slot].seen == .good
  }

  /// Notes what a sample says of its slot and its unit.
  mutating func note(_ sample: Sample, slot: Int) {
    if sample.quality == .good, isGood(slot) { return }
    let before = slots[slot].seen
    let seen: Seen =
      switch sample.quality {
      case .good: .good
      case .noContact: .noContact
      case .refused, .invalid: .unusable
      }
    slots[slot].seen = seen
    if slot < 64 {
      if seen == .good { good |= 1 << UInt64(slot) } else { good &= ~(1 << UInt64(slot)) }
    }
    let unit = slots[slot].unit
    guard unit < units.count else { return }
    if before == .unusable, seen != .unusable { units[unit].unusable -= 1 }
    if before != .unusable, seen == .unusable { units[unit].unusable += 1 }
    switch seen {
    case .noContact:
      if before != .noContact { tell(.lost(.noContact), of: unit) }
    case .unusable:
      if before != .unusable, units[unit].unusable == units[unit].signals {
        tell(.lost(sample.quality), of: unit)
      }
    case .good:
      if case .lost = units[unit].news { break }
      if units[unit].lost != nil, before != .good { tell(.found, of: unit) }
    case .never: break
    }
  }

  private mutating func tell(_ news: News, of unit: Int) {
    units[unit].news = news
    hasNews = true
  }
}
