// All machines of the gateway, and which sample belongs to which.
//
// Invariants
// - A sample that decides nothing touches no machine: what is needed to know that lies in one entry
//   of a table. Nor does a mark, unless a machine of its unit has something to do at it; a machine
//   hears of the marks when it is touched. So a scan in which nothing happens costs a comparison a
//   unit, however many machines stand behind it.
// - What a machine wants next changes only when it is touched; so its deadline is kept beside it,
//   and the earliest of a bus is looked for only when the one that was the earliest is over.
// - A machine on several buses waits for the slowest of them: each bus that is still behind what
//   waits is asked to say when it gets there, and one that is not is left alone.
// - A machine is due for a snapshot from its first fact until `takeSnapshots` has returned it.

package import Machines
package import Outbox
package import Primitives
package import Signals

/// A fact with the index of the machine it happened at.
package struct FloorFact: Equatable, Sendable {
  package var machine: Int
  package var fact: Fact
}

/// What happened at several machines, in order.
///
/// Facts and machines stand apart, so that each machine tells its facts where they stay.
package struct FloorFacts: RandomAccessCollection, Sendable {
  fileprivate var facts: [Fact] = []
  fileprivate var machines: [Int] = []

  package init() {}

  package var startIndex: Int { 0 }
  package var endIndex: Int { machines.count }
  package subscript(index: Int) -> FloorFact {
    FloorFact(machine: machines[index], fact: facts[index])
  }

  package mutating func removeAll(keepingCapacity: Bool = false) {
    facts.removeAll(keepingCapacity: keepingCapacity)
    machines.removeAll(keepingCapacity: keepingCapacity)
  }
}

/// The machines with their routing tables.
package struct Floor: Sendable {
  /// Where a signal goes, and whether its next sample matters.
  private struct Route: Sendable {
    /// Its machine, and its slot there; -1 when no machine wants it.
    var machine: Int32 = -1
    var slot: Int32 = -1
    /// Its unit, -1 for none.
    var unit: Int32 = -1
    /// Every sample of it matters; of another one only a change of quality does.
    var decides = false
    var taken: Quality?
  }

  var machines: [Machine] = []
  private var routes: [Route]
  private let machinesOfUnit: IndexLists
  private let unitsOfMachine: IndexLists
  private let busesOfMachine: IndexLists
  /// Everything before it has been told.
  private var markOfUnit: [Instant]
  /// The earliest mark at which a machine of the unit has something to do; never too late.
  private var wakeOfUnit: [Instant]
  private var wakeOfMachine: [Instant]
  /// By place in `busesOfMachine`: the mark of the bus that the machine waits for.
  private var deadlineOfPlace: [Instant]
  private let busOfUnit: [Int]
  private var lastSample: [Instant]
  /// By bus, the earliest deadline of its machines; nil when it must be looked for.
  private var deadlineOfBus: [Instant?]
  private var marked: [Int] = []
  private var isMarked: [Bool]
  private var touched: [Int] = []
  private var isTouched: [Bool]
  private var isSnapshotDue: [Bool]
  /// Machines of which anything may be otherwise than at the last `settleMoved`; at first all.
  private(set) var moved: [Int]
  private var isMoved: [Bool]

  /// Continues each machine from its snapshot; `unread` gets a sentence for each that cannot be.
  package init(
    plan: RecorderPlan, state: StoreState, reading: ClockReading, unread: inout [String]
  ) {
    let epoch = state.epoch
    // A stop's number that no stop of this epoch can have had: each took a sequence of its own.
    let firstStop = Int64(clamping: state.lastSequence &+ 1)
    for rules in plan.machines {
      let name = Self.snapshotName(rules.name)
      do {
        machines.append(
          try Machine(rules: rules, epoch: epoch, snapshot: state.snapshots[name], reading: reading)
        )
      } catch {
        unread.append("machine \(rules.name): \(error.description)")
        machines.append(
          Self.fresh(rules, epoch: epoch, firstStop: firstStop, reading: reading))
      }
      if let fault = machines.last?.rulesFault {
        unread.append("\(fault); its states are not told until that is mended")
      }
    }
    let unitCount = plan.units.count
    var machinesOfUnit = Array(repeating: [Int](), count: unitCount)
    let unitsOfMachine = plan.machines.map { rules in
      Set(rules.units.map { Int($0.index) }).filter { $0 < unitCount }.sorted()
    }
    for (machine, units) in unitsOfMachine.enumerated() {
      for unit in units { machinesOfUnit[unit].append(machine) }
    }
    self.machinesOfUnit = IndexLists(machinesOfUnit)
    self.unitsOfMachine = IndexLists(unitsOfMachine)
    busesOfMachine = IndexLists(
      unitsOfMachine.map { units in Set(units.map { plan.busOfUnit[$0] }).sorted() })
    Self.share(&machines)
    routes = Self.routes(plan, machines)
    markOfUnit = Array(repeating: .distantPast, count: unitCount)
    wakeOfUnit = Array(repeating: .distantPast, count: unitCount)
    isMarked = Array(repeating: false, count: unitCount)
    // At once: the first mark looks at every machine.
    busOfUnit = plan.busOfUnit
    deadlineOfPlace = []
    for machine in machines.indices {
      let deadline = machines[machine].nextDeadline ?? .distantFuture
      deadlineOfPlace += busesOfMachine.places(of: machine).map { _ in deadline }
    }
    wakeOfMachine = machines.map { _ in .distantPast }
    lastSample = machines.map { _ in .distantPast }
    deadlineOfBus = Array(repeating: nil, count: (plan.busOfUnit.max() ?? -1) + 1)
    isTouched = Array(repeating: false, count: plan.machines.count)
    isSnapshotDue = Array(repeating: false, count: plan.machines.count)
    moved = Array(plan.machines.indices)
    isMoved = Array(repeating: true, count: plan.machines.count)
  }

  /// Goes on with what another floor knows of the same units and machines; `same` pairs machines
  /// with the indices that they had there, and `changed` those whose rules are others.
  mutating func goOn(
    from before: Floor, units: [Int], same: [(machine: Int, before: Int)],
    changed: [(machine: Int, before: Int)]
  ) {
    for (machine, old) in changed { machines[machine].goOn(from: before.machines[old]) }
    for unit in units { markOfUnit[unit] = before.markOfUnit[unit] }
    for (machine, old) in same {
      machines[machine] = before.machines[old]
      wakeOfMachine[machine] = before.wakeOfMachine[old]
      let deadline = machines[machine].nextDeadline ?? .distantFuture
      let buses = busesOfMachine.places(of: machine)
      for place in buses {
        deadlineOfPlace[place] =
          buses.count == 1
          ? deadline : self.deadline(of: machine, wakeOfMachine[machine], place)
      }
      lastSample[machine] = before.lastSample[old]
      isSnapshotDue[machine] = before.isSnapshotDue[old]
    }
  }

  /// Lets one machine tell what it has gathered so far: it is configured no more.
  mutating func flush(machine: Int, _ reading: ClockReading, into facts: inout FloorFacts) {
    machines[machine].flush(marks: markOfUnit, reading: reading, into: &facts.facts)
    collect(machine, machines[machine].findWish(), into: &facts)
    isSnapshotDue[machine] = true
  }

  /// Machines of one kind hold what never changes in one place.
  private static func share(_ machines: inout [Machine]) {
    var firstOfKind: [String: Int] = [:]
    for index in machines.indices {
      let kind = machines[index].kind
      if let first = firstOfKind[kind] {
        let kin = machines[first]
        machines[index].share(with: kin)
      } else {
        firstOfKind[kind] = index
      }
    }
  }

  private static func routes(_ plan: RecorderPlan, _ machines: [Machine]) -> [Route] {
    plan.signals.enumerated().map { index, signal in
      guard machines.indices.contains(signal.machine),
        let place = machines[signal.machine].place(of: SignalID(index))
      else { return Route() }
      let unit = place.unit.flatMap { Int($0.index) < plan.units.count ? Int32($0.index) : nil }
      // Without units there is no mark, and each sample carries the machine on.
      return Route(
        machine: Int32(clamping: signal.machine), slot: Int32(clamping: place.slot),
        unit: unit ?? -1, decides: place.decides || plan.machines[signal.machine].units.isEmpty)
    }
  }

  /// A machine that begins anew because its snapshot cannot be read.
  private static func fresh(
    _ rules: MachineRules, epoch: String, firstStop: Int64, reading: ClockReading
  ) -> Machine {
    do throws(SnapshotFault) {
      return try Machine(rules: rules, epoch: epoch, reading: reading, firstStop: firstStop)
    } catch {
      preconditionFailure("without a snapshot there is nothing that cannot be read: \(error)")
    }
  }

  static func snapshotName(_ machine: String) -> String { "machine/\(machine)" }

  /// Hands a sample to its machine if it matters there, or notes a mark of a unit.
  package mutating func take(_ sample: Sample) {
    let subject = Int(sample.subject)
    switch sample.kind {
    case .value:
      guard subject < routes.count else { return }
      let route = routes[subject]
      let machine = Int(route.machine)
      guard machine >= 0 else { return }
      if lastSample[machine] < sample.at { lastSample[machine] = sample.at }
      if !route.decides, route.taken == sample.quality { return }
      if route.taken != sample.quality { routes[subject].taken = sample.quality }
      let looked = route.unit >= 0 ? markOfUnit[Int(route.unit)] : .distantPast
      machines[machine].take(sample, slot: Int(route.slot), looked: looked)
      touch(machine)
    case .mark:
      guard subject < markOfUnit.count, markOfUnit[subject] < sample.at else { return }
      markOfUnit[subject] = sample.at
      if !isMarked[subject] {
        isMarked[subject] = true
        marked.append(subject)
      }
    }
  }

  mutating func touch(_ machine: Int) {
    if !isTouched[machine] {
      isTouched[machine] = true
      touched.append(machine)
    }
  }

  /// Lets every machine decide that has something to decide, and appends what happened.
  package mutating func advance(_ reading: ClockReading, into facts: inout FloorFacts) {
    for unit in marked {
      isMarked[unit] = false
      if wakeOfUnit[unit] <= markOfUnit[unit] { wake(unit) }
    }
    marked.removeAll(keepingCapacity: true)
    for machine in touched {
      isTouched[machine] = false
      let wish = machines[machine].advance(
        marks: markOfUnit, reading: reading, into: &facts.facts)
      collect(machine, wish, into: &facts)
    }
    touched.removeAll(keepingCapacity: true)
  }

  /// Touches the machines of a unit that have something to do at its mark.
  private mutating func wake(_ unit: Int) {
    var next = Instant.distantFuture
    for place in machinesOfUnit.places(of: unit) {
      let machine = machinesOfUnit.item(place)
      if wakeOfMachine[machine] <= markOfUnit[unit] {
        touch(machine)
      } else {
        next = min(next, wakeOfMachine[machine])
      }
    }
    wakeOfUnit[unit] = next
  }

  /// Lets every machine tell what it has gathered so far, before an orderly end.
  mutating func flush(_ reading: ClockReading, into facts: inout FloorFacts) {
    for machine in machines.indices {
      machines[machine].flush(marks: markOfUnit, reading: reading, into: &facts.facts)
      collect(machine, machines[machine].findWish(), into: &facts)
      isSnapshotDue[machine] = true
    }
  }

  private mutating func collect(
    _ machine: Int, _ wish: Wish, into facts: inout FloorFacts
  ) {
    wakeOfMachine[machine] = wish.wake
    if !isMoved[machine] {
      isMoved[machine] = true
      moved.append(machine)
    }
    for place in unitsOfMachine.places(of: machine) {
      let unit = unitsOfMachine.item(place)
      if wish.wake < wakeOfUnit[unit] { wakeOfUnit[unit] = wish.wake }
    }
    let buses = busesOfMachine.places(of: machine)
    for place in buses {
      // On a bus alone, what waits comes with the news that its own mark releases.
      let next = buses.count == 1 ? wish.deadline : deadline(of: machine, wish.wake, place)
      if next != deadlineOfPlace[place] { move(place, to: next) }
    }
    guard facts.facts.count > facts.machines.count else { return }
    isSnapshotDue[machine] = true
    while facts.machines.count < facts.facts.count { facts.machines.append(machine) }
  }

  /// The mark at which one bus of several lets a machine go on; the end of time for one whose units
  /// have all passed it.
  private func deadline(of machine: Int, _ wake: Instant, _ place: Int) -> Instant {
    let bus = busesOfMachine.item(place)
    for place in unitsOfMachine.places(of: machine) {
      let unit = unitsOfMachine.item(place)
      if busOfUnit[unit] == bus, markOfUnit[unit] < wake { return wake }
    }
    return .distantFuture
  }

  /// What a machine waits for on a bus is another moment now.
  private mutating func move(_ place: Int, to deadline: Instant) {
    let before = deadlineOfPlace[place]
    deadlineOfPlace[place] = deadline
    let bus = busesOfMachine.item(place)
    guard let earliest = deadlineOfBus[bus] else { return }
    if deadline <= earliest {
      deadlineOfBus[bus] = deadline
    } else if before <= earliest {
      deadlineOfBus[bus] = nil
    }
  }

  /// Every machine is due for a snapshot: the journal has none.
  mutating func wantSnapshots() {
    for machine in machines.indices { isSnapshotDue[machine] = true }
  }

  /// The snapshots of all machines that something happened at since the last call.
  mutating func takeSnapshots(_ reading: ClockReading) -> [(name: String, bytes: [UInt8])] {
    var snapshots: [(name: String, bytes: [UInt8])] = []
    for machine in machines.indices where isSnapshotDue[machine] {
      isSnapshotDue[machine] = false
      machines[machine].hear(markOfUnit)
      snapshots.append(
        (
          Self.snapshotName(machines[machine].rules.name),
          machines[machine].snapshot(reading: reading)
        ))
    }
    return snapshots
  }

  /// What has moved was looked at.
  mutating func settleMoved() {
    for machine in moved { isMoved[machine] = false }
    moved.removeAll(keepingCapacity: true)
  }

  /// Of no machine has more been told than up to here.
  func furthest(_ reading: ClockReading) -> Instant {
    markOfUnit.reduce(reading.monotonic) { max($0, $1) }
  }

  /// Everything before it has been told of a machine; only right after `advance`.
  ///
  /// A machine that nobody woke at the marks of its units had nothing to tell before them.
  func toldUntil(machine: Int) -> Instant {
    let units = unitsOfMachine.places(of: machine)
    var marked = units.isEmpty ? Instant.distantPast : .distantFuture
    for place in units { marked = min(marked, markOfUnit[unitsOfMachine.item(place)]) }
    return max(machines[machine].toldUntil, marked)
  }

  /// What every machine does now.
  func statuses(_ reading: ClockReading) -> [MachineStatus] {
    machines.indices.map { machine in
      var status = machines[machine].status(reading: reading)
      let last = lastSample[machine]
      status.lastSample = last == .distantPast ? nil : Stamp(last, reading)
      return status
    }
  }

  /// Hands over, for each bus, the next moment at which one of its machines wants to act.
  mutating func deadlines(_ body: (_ bus: Int, Instant) -> Void) {
    if deadlineOfBus.contains(where: { $0 == nil }) { findDeadlines() }
    for bus in deadlineOfBus.indices { body(bus, deadlineOfBus[bus] ?? .distantFuture) }
  }

  private mutating func findDeadlines() {
    for bus in deadlineOfBus.indices { deadlineOfBus[bus] = .distantFuture }
    for place in deadlineOfPlace.indices {
      let (bus, deadline) = (busesOfMachine.item(place), deadlineOfPlace[place])
      if deadline < deadlineOfBus[bus] ?? .distantFuture { deadlineOfBus[bus] = deadline }
    }
  }
}
