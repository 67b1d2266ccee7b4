// The desk of one line: its orders, what was made of them, what holds it back, and what is told.
//
//   count, time ──▶ open window ──interval, shift, order end──▶ closed ──rules met──▶ told
//                   (machine, run)                                │  ▲
//                                                     rule not met└──┘ when conditions change
//
// Invariants
// - Every piece counted under an order is in exactly one window, and every window is told once:
//   open, held and told together are what was counted. Pieces without an order are summed apart.
// - It is a function of its inputs: the same inputs give the same facts, with a restart between any
//   two of them or none. A count is taken once, by its sequence in the journal.
// - The facts and the snapshot belong in one transaction with the events they were made from.
// - A machine's windows are closed at a moment only when everything before it has been told.
// - Nothing held is dropped: see `OrderLimits.heldConfirmations`.
//
// Why counts come with their sequence: the desk sums events, not readings. Who checks a
// confirmation finds the events from the one sequence to the other and adds them up.

public import Primitives

/// The orders, confirmations and holds of one line.
public struct OrderDesk: Equatable, Sendable {
  /// An open window of one run at one machine.
  struct Window: Equatable, Sendable {
    var part: ConfirmationPart
    /// When it is closed if it has pieces.
    var deadline: Instant
  }

  /// One machine as the desk sees it.
  struct Station: Equatable, Sendable {
    let machine: String
    var time: TimeClass = .unseen
    /// Everything before it has been told and booked; nil before anything was.
    var accounted: Stamp?
    var conditions = Conditions()
    var windows: [Window] = []
    /// Ends of shift that wait until everything before them has been told.
    var cuts: [Stamp] = []
    /// Pieces counted while no order was in force.
    var unordered = Quantities()
    /// The sequence of the last count that was taken, in this epoch.
    var takenThrough: UInt64 = 0
    /// The order that it counted for last, and with which sequence; nil before the first.
    var counted: Counted?

    init(machine: String) { self.machine = machine }
  }

  /// What a machine counted for last.
  struct Counted: Equatable, Sendable {
    var key: OrderKey
    var sequence: UInt64
  }

  /// A run that is no longer in force, until each of its machines has told everything before.
  struct Ending: Equatable, Sendable {
    var run: Int64
    var at: Stamp
    var isFinal: Bool
    var waiting: [String]
  }

  public let rules: ConfirmationRules
  public internal(set) var orders: OrderBook
  var holdBook: HoldBook
  var stations: [Station]
  /// Where the station of a machine is.
  let places: [String: Int]
  var endings: [Ending] = []
  /// Closed and not told, by number.
  var held: [HeldPart] = []
  var nextNumber: Int64
  /// Good pieces by order and operation, the least recently counted first.
  var totals: [(key: OrderKey, good: Int64)] = []
  /// The epoch of the journal that gives the sequences.
  public internal(set) var epoch: String
  /// Something changed that a rule looks at.
  var isDirty = false
  /// Counts up when `totals` changes otherwise than by what a machine counts for its last order.
  var totalsTurn: UInt64 = 0
  /// What was written down last; nil when everything is due.
  var written: Written?

  /// A desk that starts anew; `firstNumber` is one that no confirmation of this epoch has had.
  public init(
    line: String, machines: [String], rules: ConfirmationRules, epoch: String,
    firstNumber: Int64 = 1
  ) {
    self.rules = rules
    self.epoch = epoch
    orders = OrderBook(line: line, machines: machines)
    holdBook = HoldBook(line: line)
    stations = machines.map { Station(machine: $0) }
    places = Dictionary(machines.enumerated().map { ($1, $0) }) { first, _ in first }
    nextNumber = max(1, firstNumber)
  }

  public static func == (left: OrderDesk, right: OrderDesk) -> Bool {
    left.rules == right.rules && left.orders == right.orders && left.holdBook == right.holdBook
      && left.stations == right.stations && left.endings == right.endings
      && left.held == right.held && left.nextNumber == right.nextNumber
      && left.epoch == right.epoch && left.isDirty == right.isDirty
      && left.totals.elementsEqual(right.totals) { $0 == $1 }
  }

  /// The holds in force, the oldest first.
  public var holds: [QualityHold] { holdBook.holds }

  /// What is held back, each with its reasons, the oldest first.
  public var heldConfirmations: [Confirmation] { held.indices.compactMap { examined($0) } }

  /// Pieces that a machine counted while no order was in force.
  public func withoutOrder(machine: String) -> Quantities {
    station(machine).map { stations[$0].unordered } ?? Quantities()
  }

  /// Pieces in windows that are still open, by order and operation.
  public func open(_ key: OrderKey) -> Quantities {
    var sum = Quantities()
    for window in stations.flatMap(\.windows) where orders.runs[window.part.run]?.order.key == key {
      sum.add(window.part.pieces)
    }
    return sum
  }

  /// The earliest moment at which a window wants to be closed; nil for none.
  public var nextDeadline: Instant? {
    stations.indices.compactMap { boundary($0)?.advanced(nanoseconds: 1) }.min()
  }

  /// The earliest moment at which a window of one machine wants to be closed; nil for none.
  public func nextDeadline(machine: String) -> Instant? {
    station(machine).flatMap { boundary($0)?.advanced(nanoseconds: 1) }
  }

  /// Windows that are being summed, and have pieces.
  public var openWindows: Int {
    stations.reduce(0) { $0 + $1.windows.count { !$0.part.pieces.isEmpty } }
  }

  /// Every piece that is not confirmed: in open windows, held, or counted without an order.
  public var unconfirmed: Quantities {
    var sum = Quantities()
    for window in stations.flatMap(\.windows) { sum.add(window.part.pieces) }
    for part in held { sum.add(part.part.pieces) }
    for station in stations { sum.add(station.unordered) }
    return sum
  }

  /// How many confirmations are held back.
  public var heldCount: Int { held.count }

  /// Good pieces of an order so far: told, held and open together; 0 when it is forgotten.
  public func counted(_ key: OrderKey) -> Int64 { totals.first { $0.key == key }?.good ?? 0 }

  func station(_ machine: String) -> Int? { places[machine] }
}

extension OrderDesk {
  /// Starts an order at a place, goes on with it, or takes its new master data.
  public mutating func start(
    _ order: Order, at place: OrderPlace, _ at: Stamp, request: String? = nil,
    into facts: inout [OrderFact]
  ) -> OrderAnswer {
    ask(request, into: &facts) { book, floor, facts in
      book.start(order, at: place, at, floor: floor(place), into: &facts)
    }
  }

  /// Takes the master data of an order that runs, or will be named by a PLC.
  public mutating func describe(
    _ order: Order, request: String? = nil, into facts: inout [OrderFact]
  ) -> OrderAnswer {
    ask(request, into: &facts) { book, _, _ in book.describe(order) }
  }

  /// Ends the order of a place, only if it is the one named, where one is named.
  public mutating func end(
    at place: OrderPlace, order: String? = nil, _ at: Stamp, request: String? = nil,
    into facts: inout [OrderFact]
  ) -> OrderAnswer {
    ask(request, into: &facts) { book, floor, facts in
      book.end(.ended, at: place, order: order, at, floor: floor(place), into: &facts)
    }
  }

  /// Pauses the order of a place: what is counted meanwhile belongs to no order.
  public mutating func pause(
    at place: OrderPlace, order: String? = nil, _ at: Stamp, request: String? = nil,
    into facts: inout [OrderFact]
  ) -> OrderAnswer {
    ask(request, into: &facts) { book, floor, facts in
      book.end(.paused, at: place, order: order, at, floor: floor(place), into: &facts)
    }
  }

  /// Goes on with the order that is paused at a place.
  public mutating func resume(
    at place: OrderPlace, _ at: Stamp, request: String? = nil, into facts: inout [OrderFact]
  ) -> OrderAnswer {
    ask(request, into: &facts) { book, floor, facts in
      book.resume(at: place, at, floor: floor(place), into: &facts)
    }
  }

  /// Takes what the register or text of a place shows.
  public mutating func show(
    _ text: String, operation: String? = nil, at place: OrderPlace, _ at: Stamp,
    into facts: inout [OrderFact]
  ) -> OrderAnswer {
    ask(nil, into: &facts) { book, floor, facts in
      book.show(
        text, operation: operation, at: place, at, floor: floor(place), into: &facts)
    }
  }

  private mutating func ask(
    _ request: String?, into facts: inout [OrderFact],
    _ body: (inout OrderBook, (OrderPlace) -> Stamp?, inout [OrderFact]) -> OrderAnswer
  ) -> OrderAnswer {
    let request = request?.cut(to: OrderLimits.reasonBytes)
    if let request, orders.requests.contains(request) {
      return OrderAnswer(.unchanged, "this was carried out before, and is not done twice")
    }
    let stations = self.stations
    var told: [OrderFact] = []
    let answer = body(
      &orders,
      { place in
        stations.filter { place == .machine($0.machine) || place.isLine }
          .compactMap(\.accounted).max { $0.instant < $1.instant }
      }, &told)
    // What was refused may be corrected and come again under the same name.
    if answer.effect != .refused { _ = orders.repeats(request) }
    facts += told
    for fact in told {
      if case .ended(let run, let end) = fact.kind { finish(run, end, fact.at) }
    }
    switch answer.effect {
    case .refused, .unchanged: break
    case .started, .resumed, .updated, .ended, .paused, .remembered:
      isDirty = true
      catchUp(into: &facts)
      settle(into: &facts)
    }
    return answer
  }

  /// Notes that a run has ended, to close its windows when its machines have told everything.
  private mutating func finish(_ run: OrderRun, _ end: OrderRun.End, _ at: Stamp) {
    let isFinal =
      switch end {
      case .ended: true
      case .replaced: rules.replacementEnds
      case .paused: false
      }
    let waiting = orders.machines.filter {
      rules.confirms($0) && (run.place == .machine($0) || run.place.isLine)
    }
    guard !waiting.isEmpty else { return }
    endings.append(Ending(run: run.number, at: at, isFinal: isFinal, waiting: waiting))
  }
}

extension OrderPlace {
  var isLine: Bool {
    switch self {
    case .line: true
    case .machine: false
    }
  }
}
