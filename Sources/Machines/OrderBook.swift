// The orders of one line: what is in force where, since when, and what was before.
//
//   none ──start──▶ running ──pause──▶ paused ──resume, start again──▶ running
//    ▲                │  ▲               │
//    └──────end───────┘  └──start another┴── (the one before is replaced)
//
// Invariants
// - A machine with an order of its own, running or paused, has that one; else the line's.
// - Changes of one place are in order of time: what comes with an earlier time is taken as of the
//   last change, and as of what has been booked already.
// - The same request, the same order again and a register that still shows the same number change
//   nothing. A register acts when what it shows changes, so it cannot undo a dropped file.
// - An order that only a PLC knows runs without a plan; nothing it counts is lost, and what is
//   confirmed of it waits for its master data.
//
// Why a count belongs to the order *before* its end, and a stop to the order *at* its start: the
// window is closed at the change, so its last piece was made under the order that ended there.

public import Primitives

/// What became of a request, with a sentence for who asked.
public struct OrderAnswer: Equatable, Sendable {
  /// The effect of a request.
  public enum Effect: String, Sendable, CaseIterable {
    case started, resumed, updated, ended, paused, remembered, unchanged, refused
  }

  public var effect: Effect
  public var sentence: String

  public init(_ effect: Effect, _ sentence: String) {
    self.effect = effect
    self.sentence = sentence
  }
}

/// The orders of one line and its machines.
public struct OrderBook: Equatable, Sendable {
  enum Force: Equatable, Sendable {
    case none
    case running(Int64)
    case paused(Int64)

    var run: Int64? {
      switch self {
      case .none: nil
      case .running(let run), .paused(let run): run
      }
    }
  }

  /// From this moment on, until the next change.
  struct Change: Equatable, Sendable {
    var at: Stamp
    var force: Force
  }

  /// Counts up when another order may be in force somewhere, or one is described anew; two books
  /// that say the same are equal, however often either has changed.
  package struct Turn: Equatable, Sendable {
    package private(set) var number: UInt64 = 0

    package static func == (left: Turn, right: Turn) -> Bool { true }

    mutating func pass() { number &+= 1 }
  }

  public let line: String
  public let machines: [String]
  var changes: [OrderPlace: [Change]] = [:] { didSet { turn.pass() } }
  var runs: [Int64: OrderRun] = [:] { didSet { turn.pass() } }
  package private(set) var turn = Turn()
  var nextRun: Int64 = 1
  /// Master data, the oldest first.
  var known: [Order] = []
  /// Ids of requests that were carried out, the oldest first.
  var requests: [String] = []
  /// What the register of a place showed last.
  var shown: [OrderPlace: String] = [:]

  public init(line: String, machines: [String]) {
    self.line = line
    self.machines = machines
  }

  func has(_ place: OrderPlace) -> Bool {
    switch place {
    case .line(let name): name == line
    case .machine(let name): machines.contains(name)
    }
  }

  func force(at place: OrderPlace) -> Force { changes[place]?.last?.force ?? .none }

  /// The run of a place that is running or paused; nil for none.
  public func current(at place: OrderPlace) -> OrderRun? {
    force(at: place).run.flatMap { runs[$0] }
  }

  /// Whether the order of a place is paused.
  public func isPaused(at place: OrderPlace) -> Bool {
    if case .paused = force(at: place) { true } else { false }
  }

  /// The last change of a place; nil before the first.
  func lastChange(of place: OrderPlace) -> Instant? { changes[place]?.last?.at.instant }
}

extension OrderBook {
  /// The run in force at a machine at a moment; nil for none, or while it is paused.
  public func tag(machine: String, at moment: Instant) -> OrderRun? {
    run(machine) { $0 <= moment }
  }

  /// The run in force at a machine right before a moment: what a count that ends there belongs to.
  public func tag(machine: String, before moment: Instant) -> OrderRun? {
    run(machine) { $0 < moment }
  }

  /// The run that is paused at a machine after all changes known; nil for none.
  public func paused(machine: String) -> OrderRun? {
    let own = force(at: .machine(machine))
    if case .paused(let run) = own == .none ? force(at: .line(line)) : own { return runs[run] }
    return nil
  }

  private func run(_ machine: String, _ applies: (Instant) -> Bool) -> OrderRun? {
    let own = force(.machine(machine), applies)
    let force = own == .none ? force(.line(line), applies) : own
    if case .running(let run) = force { return runs[run] }
    return nil
  }

  private func force(_ place: OrderPlace, _ applies: (Instant) -> Bool) -> Force {
    changes[place]?.last { applies($0.at.instant) }?.force ?? .none
  }

  /// The next moment after this one at which another order may be in force at a machine.
  func nextChange(machine: String, after moment: Instant) -> Stamp? {
    [OrderPlace.machine(machine), .line(line)].compactMap { place in
      changes[place]?.first { $0.at.instant > moment }?.at
    }.min { $0.instant < $1.instant }
  }

  /// Forgets changes and runs that nothing told later can belong to.
  ///
  /// `told` is the moment before which everything of a place has been told; `kept` are runs that
  /// are still needed elsewhere.
  mutating func forget(_ told: (OrderPlace) -> Instant, keeping kept: () -> Set<Int64>) {
    guard hasMore else { return }
    for (place, list) in changes where list.count > 1 {
      let until = told(place)
      let old = list.lastIndex { $0.at.instant < until } ?? 0
      if old > 0 { changes[place] = Array(list[old...]) }
    }
    var needed = kept()
    for list in changes.values { needed.formUnion(list.compactMap(\.force.run)) }
    if runs.count > needed.count { runs = runs.filter { needed.contains($0.key) } }
  }

  /// Whether it knows more than what is in force: something that may be forgotten.
  private var hasMore: Bool {
    var inForce = 0
    for list in changes.values {
      guard list.count < 2 else { return true }
      if list.last?.force.run != nil { inForce += 1 }
    }
    return runs.count > inForce
  }

  mutating func set(_ force: Force, at place: OrderPlace, _ at: Stamp) {
    changes[place, default: []].append(Change(at: at, force: force))
  }

  /// The moment of a change that is asked for: never before the last one or before `floor`.
  func moment(_ at: Stamp, of place: OrderPlace, floor: Stamp?) -> Stamp {
    var moment = at
    if let floor, floor.instant > moment.instant { moment = floor }
    if let last = changes[place]?.last?.at, last.instant > moment.instant { moment = last }
    return moment
  }
}

extension OrderBook {
  /// Whether a request was carried out before; remembers it if not.
  mutating func repeats(_ request: String?) -> Bool {
    guard let request else { return false }
    guard !requests.contains(request) else { return true }
    requests.append(request)
    if requests.count > OrderLimits.rememberedRequests { requests.removeFirst() }
    return false
  }

  /// The master data of an order: of that operation, or the only one where none was named.
  func description(of key: OrderKey) -> Order? {
    if let exact = known.last(where: { $0.key == key }) { return exact }
    guard key.operationID == nil else { return nil }
    let named = known.filter { $0.key.orderID == key.orderID }
    return named.count == 1 ? named.first : nil
  }

  /// Keeps master data; the key of the oldest when there was no more room.
  mutating func remember(_ order: Order) -> OrderKey? {
    guard order.isDescribed else { return nil }
    known.removeAll { $0.key == order.key }
    known.append(order)
    return known.count > OrderLimits.knownOrders ? known.removeFirst().key : nil
  }
}
