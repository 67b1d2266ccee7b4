// What a machine does at one moment: note the samples, book the counts, decide, tell.
//
// Order within a moment: contact, then counts, then the order, then the state; and a window of
// counts is told before a stop or a loss, so that its pieces lie before it in the journal, and at
// once during one.

import Primitives
import Signals

/// Where the signals that decide stand in the roster, and what is asked of them.
struct EvidencePlaces: Sendable {
  /// A slot of which somebody asks whether it stands still.
  struct Rest: Equatable, Sendable {
    var slot: Int
    var state: Int
    /// Its counter, or one of `CounterPlace`.
    var counter: Int32
    var isPulse: Bool
  }

  /// By slot of the roster, its slot among the states; -1 for one that decides nothing.
  private(set) var states: [Int32]
  /// By slot of the roster, whether a count that goes on changes nothing that is asked of it.
  private(set) var goesOn: [Bool]
  private(set) var rests: [Rest]
  /// What the counters count whose pieces prove that the machine ran.
  let leading: CountRole?

  init(_ rules: MachineRules, _ roster: Roster, _ machine: MachineStates) {
    let table = CounterPlace.table(rules, roster)
    let countsOnly = machine.countsOnly
    let places = roster.interest.map { machine.slot(of: $0) }
    states = places.map { Int32($0 ?? -1) }
    goesOn = places.indices.map { slot in
      !roster.slots[slot].role.contains(.order) && places[slot].map { countsOnly[$0] } ?? true
    }
    rests = machine.resting.compactMap { state, isPulse in
      places.firstIndex(of: state).map {
        Rest(slot: $0, state: state, counter: table[$0], isPulse: isPulse)
      }
    }
    leading = rules.leading?.role
  }

  /// Takes over the memory of what is the same in those of another machine.
  mutating func share(with kin: EvidencePlaces) {
    if states == kin.states { states = kin.states }
    if goesOn == kin.goesOn { goesOn = kin.goesOn }
    if rests == kin.rests { rests = kin.rests }
  }
}

/// Which counter a slot feeds.
enum CounterPlace {
  static let none: Int32 = -1
  static let several: Int32 = -2

  static func table(_ rules: MachineRules, _ roster: Roster) -> [Int32] {
    var table = Array(repeating: none, count: roster.slots.count)
    for (index, counter) in rules.allCounters.enumerated() {
      guard let slot = roster.slot(of: counter.rules.signal.index) else { continue }
      table[slot] = table[slot] == none ? Int32(index) : several
    }
    return table
  }
}

extension MachineRules {
  /// The rules of its states: those declared, else those that its simple rules mean.
  fileprivate func followed() throws(StateRulesFault) -> StateRules {
    if let states { return states }
    do throws(ReasonFault) {
      return try StateRules(simple: self)
    } catch {
      throw .reason(machine: name, error)
    }
  }
}

extension MachineStates {
  /// The states that a machine's rules ask for; none, and why, when they cannot be followed.
  static func following(
    _ rules: MachineRules, epoch: String, firstStop: Int64, at: Stamp
  ) -> (MachineStates, StateRulesFault?) {
    do throws(StateRulesFault) {
      let pieces = rules.allCounters.map { ($0.rules.signal, $0.rules.piecesPerCount) }
      let machine = try MachineStates(
        rules: rules.followed(), epoch: epoch, firstStop: firstStop, at: at,
        pieces: Dictionary(pieces, uniquingKeysWith: max))
      return (machine, nil)
    } catch {
      return (MachineStates(blind: rules.name, epoch: epoch, firstStop: firstStop, at: at), error)
    }
  }
}

extension Machine {
  /// The earliest moment at which it acts of itself; the end of time for none.
  mutating func ownDeadline() -> Instant { min(min(book.due, doubt), stateDue) }

  mutating func fireDeadlines(into facts: inout [Fact]) {
    let at = reading.stamp(now)
    if doubt <= now {
      var turn = CountTurn()
      for index in counters.indices where counters[index].deadline <= now {
        turn.add(counters[index].settle(until: now), counters[index].role)
      }
      findDoubt()
      tell(turn, at: at, into: &facts)
    }
    if book.due <= now { tellWindow(at: at, into: &facts) }
    if stateDue <= now {
      foresee()
      let told = facts.count
      states.fire(at: at, into: &facts)
      tellStates(after: told, at: at, into: &facts)
    }
  }

  /// Standing still is proved by looking: where the next count came after a time in which nobody
  /// looked, and that time holds the deadline, the count may have come before it.
  private mutating func foresee() {
    for rest in evidence.rests {
      guard let next = buffer.first(of: rest.slot), next.sample.quality == .good,
        moves(rest, to: next.sample.value)
      else { continue }
      states.foresee(slot: rest.state, looked: next.looked)
    }
  }

  private func moves(_ rest: EvidencePlaces.Rest, to value: Value) -> Bool {
    let known = states.value(of: rest.state)
    if rest.isPulse { return value.isSet == true && known.isSet == false }
    guard rest.counter >= 0 else { return value.count != known.count }
    let counter = counters[Int(rest.counter)]
    return counter.isRead && counter.climbs(to: value.count)
  }

  /// The commonest moment, one count of a running machine that goes on as it may: nothing is
  /// decided by it, so it is booked and no more. False when the moment must be handled in full.
  mutating func countOn(into facts: inout [Fact]) -> Bool {
    guard isIndifferent, let entry = buffer.lone(upTo: now),
      entry.sample.quality == .good, inputs.firstTime > now
    else { return false }
    let slot = Int(entry.slot)
    let index = Int(counterOfSlot[slot])
    guard index >= 0, roster.isGood(slot), evidence.goesOn[slot],
      let value = entry.sample.value.count,
      let pieces = counters[index].climb(to: value, at: now, looked: entry.looked)
    else { return false }
    buffer.dropFirst()
    guard pieces > 0 else { return true }
    let at = reading.stamp(now)
    let place = Int(evidence.states[slot])
    if place >= 0 { states.goOn(entry.sample.value, slot: place, at: at) }
    if book.goOn(pieces, counters[index].role, at: now) { return true }
    var sum = CountBook.Sum()
    sum.add(pieces, counters[index].role)
    if book.window == nil { book.open(at: at, window: rules.countWindow) }
    let unfit = book.add(sum, at: now)
    if !unfit.isEmpty { tellUnfit(unfit, at: at, into: &facts) }
    return true
  }

  mutating func handleMoment(into facts: inout [Fact]) {
    let at = reading.stamp(now)
    let isCut = takeInputs()
    if stateDue <= now { foresee() }
    var turn = CountTurn()
    while buffer.firstTime <= now, let entry = buffer.popFirst(upTo: now) {
      take(entry, at: at, into: &turn)
    }
    if roster.hasNews { tellContacts(at: at, into: &facts) }
    if turn.says { tell(turn, at: at, into: &facts) }
    if isEdge {
      isEdge = false
      cutWindow(at: at, into: &facts)
    }
    if isCut || showsOrder { changeOrder(isCut, at: at, into: &facts) }
    // A stop that a changed configuration left without evidence ends with the first look.
    guard isHeard || hasNoEvidence else {
      states.passMove()
      return tellWhileStopped(at, into: &facts)
    }
    isHeard = false
    let told = facts.count
    states.settle(at: at, into: &facts)
    tellStates(after: told, at: at, into: &facts)
    tellWhileStopped(at, into: &facts)
  }

  private var hasNoEvidence: Bool { states.interest.isEmpty && states.openStop != nil }

  /// Tells what was counted before what the states have said, which stands behind `told` already.
  mutating func tellStates(after told: Int, at: Stamp, into facts: inout [Fact]) {
    isIndifferent = states.isIndifferent
    stateDue = states.due
    guard book.window != nil, (told..<facts.count).contains(where: { facts[$0].breaksCounting }),
      let record = book.close(at: at)
    else { return }
    facts.insert(Fact(at: record.to, kind: .counted(record)), at: told)
  }

  /// Pieces that run out during a stop are told at once: the snapshot that is committed with them
  /// knows that they were seen, and a restart does not take them for the end of the stop.
  private mutating func tellWhileStopped(_ at: Stamp, into facts: inout [Fact]) {
    if book.window != nil, states.isStopped { tellWindow(at: at, into: &facts) }
  }

  /// Takes one sample of the moment: for the roster, its counters, the order and the states.
  private mutating func take(
    _ entry: SampleBuffer.Entry, at: Stamp, into turn: inout CountTurn
  ) {
    let slot = Int(entry.slot)
    roster.note(entry.sample, slot: slot)
    if showsOrder, roster.slots[slot].role.contains(.order) { order.take(entry.sample, slot: slot) }
    let place = counterOfSlot[slot]
    let state = Int(evidence.states[slot])
    var tally: Tally?
    if place >= 0 {
      tally = look(entry, Int(place), at: at, into: &turn)
    } else if place == CounterPlace.several {
      for index in counters.indices where counters[index].rules.signal == entry.sample.signal {
        let other = look(entry, index, at: at, into: &turn)
        if tally?.moved != true { tally = other }
      }
    }
    if tally != nil { findDoubt() }
    if state >= 0 {
      isHeard = true
      states.take(
        entry.sample.value, entry.sample.quality, slot: state, moved: tally?.moved,
        pieces: tally?.pieces, isSame: place < 0 || counters[Int(place)].stoodThrough, at: at)
    }
  }

  /// Shows one counter what its signal said.
  private mutating func look(
    _ entry: SampleBuffer.Entry, _ index: Int, at: Stamp, into turn: inout CountTurn
  ) -> Tally? {
    guard entry.sample.quality == .good, let value = entry.sample.value.count else {
      counters[index].interrupt(
        at: at, deviceIsAway: entry.sample.quality == .noContact)
      return nil
    }
    if book.toldUntil == nil { book.toldUntil = at }
    let tally = counters[index].read(value, at: at.instant, looked: entry.looked)
    turn.add(tally, counters[index].role)
    if tally.moved, counters[index].role == evidence.leading { states.move() }
    return tally
  }

  /// Looks anew when the next counter is to be settled.
  mutating func findDoubt() {
    doubt = .distantFuture
    for index in counters.indices { doubt = min(doubt, counters[index].deadline) }
  }
}

extension Sample {
  fileprivate var signal: SignalID { SignalID(Int(subject)) }
}

extension ClockReading {
  /// A moment with its label; unlike the initialiser of a stamp it takes no copy of the clocks.
  func stamp(_ moment: Instant) -> Stamp { Stamp(instant: moment, wall: label(moment)) }
}

extension Fact {
  /// The pieces before it are told before it.
  fileprivate var breaksCounting: Bool {
    switch kind {
    case .stopStarted: true
    case .stateChanged(let state, _, _, _): state == .noContact
    case .stopClassified, .stopEnded, .counted, .counterAnomaly, .contactLost, .contactRestored,
      .orderShown:
      false
    }
  }
}
