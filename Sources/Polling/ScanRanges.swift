// Which addresses of one unit can be read, and how many at once.
//
// Invariants
// - Only reads leave here, one after the other; never more than the estimate said.
// - `readable` holds only addresses that were part of an answer with values.
// - A thorough scan knows every address between the first and the last: what is not in `readable`
//   was refused by itself.
//
//   block ──refused──▶ single ──refused──▶ gap: the next start, single again
//     ▲  └─answered─▶ block      └─answered─▶ growing (1, 2, 4 … and halves) ─▶ after
//     │                                                                        │ refused: gap
//     └── all that one request may hold ◀── confirming ◀── answered: boundary or limit?
//
// Why so: a refused block says only that something in it is missing, so an address is unreadable
// when it is refused alone, and a run is felt from its first address. A request for one more than
// the longest that went well is refused either because the next address is missing (it is asked
// alone), because the device holds its registers in pieces (the same number one further on is
// refused too), or because it answers no longer requests (one further on goes well): the limit.
//
// Without `isThorough` a gap is not felt address by address: after `closeLook` refusals only starts
// that manuals have (tens, sixteens, and one beside them) are looked at, after `wideGap` only
// hundreds. A unit that refuses every single register is looked at again in pairs, because some
// devices give 32-bit values only whole.

/// What a scan for readable addresses looks at.
public struct RangeScanOrder: Equatable, Sendable {
  public var unit: UInt8
  public var tables: [ModbusTable] = [.holding, .input]
  public var addresses: ClosedRange<UInt16>
  public var isThorough = false
  public var timeout: Duration
  public var pause = ScanLimits.pause
  /// The speed of the line; nil where it is not ours to change.
  public var speed: SerialSpeed?
  /// Requests that may be asked at most; nil for as many as it takes.
  public var requestLimit: Int?

  public init(unit: UInt8, addresses: ClosedRange<UInt16>, timeout: Duration) {
    self.unit = unit
    self.addresses = addresses
    self.timeout = timeout
  }
}

/// What became of one table.
public enum TableOutcome: Equatable, Sendable {
  /// Not asked, or not to the end.
  case unfinished
  /// The device has the function; `readable` tells where.
  case offered
  /// It says that it does not have the function (exception 1).
  case refused
  /// It says nothing to it.
  case ignored
}

/// A search for readable addresses, step by step.
public struct RangeScan: ScanSteps, Sendable {
  /// Positions count steps of `width` addresses from the first one.
  enum Step: Equatable, Sendable {
    case block(at: Int)
    case single(at: Int)
    /// Back over addresses that were left out before a hit at `hit`.
    case back(at: Int, hit: Int)
    case growing(from: Int, good: Int, bad: Int?)
    case after(from: Int, length: Int)
    case confirming(from: Int, length: Int)
  }

  enum State: Equatable, Sendable {
    case asking(table: Int, Step)
    case over(ScanEnd)
  }

  public let order: RangeScanOrder
  public let estimate: ScanEstimate
  /// Runs of readable addresses in the order of the tables, none touching the next.
  public private(set) var readable: [AddressRange] = []
  public private(set) var outcomes: [ModbusTable: TableOutcome] = [:]
  /// Most addresses one request may ask for, where the device showed a limit of its own.
  public private(set) var registerLimit: Int?
  public private(set) var bitLimit: Int?
  public private(set) var asked = 0
  var state: State
  /// Addresses in one position: 1, or 2 for a device that gives pairs only.
  var width = 1
  /// Positions refused alone since the last readable one, and the first of them.
  var gap = 0
  var gapStart = 0
  /// The last position of this table that was asked alone and refused, or read.
  var lastKnown = -1
  private var onesInARow = 0
  private var silences = 0
  private var losses = 0
  private var repeatsLeft = ScanLimits.repeats
  private var isRepeat = false

  public init(_ order: RangeScanOrder) {
    self.order = order
    estimate = Self.estimate(order)
    for table in order.tables { outcomes[table] = .unfinished }
    state = order.tables.isEmpty ? .over(.complete) : .asking(table: 0, .block(at: 0))
  }

  /// Requests that will have been asked at the end, at most.
  public var mostRequests: Int { estimate.mostRequests }

  /// What was found so far, in a few words.
  public var finding: String {
    let count = readable.reduce(0) { $0 + $1.addresses.count }
    return count == 1 ? "1 readable address" : "\(count) readable addresses"
  }

  // MARK: - Asking

  /// The next request, or the end; the same until it is answered.
  public mutating func next() -> ScanAction {
    if let limit = order.requestLimit, asked >= limit, case .asking = state {
      state = .over(.requestsUsed)
    }
    switch state {
    case .over(let end): return .over(end)
    case .asking(let table, let step):
      let (position, count) = extent(step)
      return .ask(
        ReadRequest(
          unitAddress: order.unit, table: order.tables[table], start: address(position),
          count: UInt16(clamping: count * width), timeout: order.timeout),
        at: order.speed)
    }
  }

  /// First position and number of positions that a step asks for.
  func extent(_ step: Step) -> (position: Int, count: Int) {
    switch step {
    case .block(let position): (position, min(limit, positions - position))
    case .single(let position): (position, 1)
    case .back(let position, _): (position, 1)
    case .growing(let from, let good, let bad): (from, Self.trial(good, bad, room(from)))
    case .after(let from, let length): (from + length, 1)
    case .confirming(let from, let length): (from + 1, length)
    }
  }

  /// Positions from the first to the last address.
  var positions: Int { order.addresses.count / width }

  func address(_ position: Int) -> UInt16 {
    UInt16(clamping: Int(order.addresses.lowerBound) + position * width)
  }

  /// Most positions one request may hold, as far as is known.
  var limit: Int {
    let known =
      table.holdsBits ? bitLimit ?? ScanLimits.bits : registerLimit ?? ScanLimits.registers
    return max(1, known / width)
  }

  var table: ModbusTable {
    guard case .asking(let index, _) = state else { return .holding }
    return order.tables[index]
  }

  /// Positions that a request from there may hold.
  func room(_ from: Int) -> Int { min(limit, positions - from) }

  /// The next length to try: twice the good one, or halfway to the bad one.
  static func trial(_ good: Int, _ bad: Int?, _ room: Int) -> Int {
    guard let bad else { return min(good * 2, room) }
    return (good + bad) / 2
  }

  // MARK: - Answers

  /// Takes the answer to the request that `next` named, and how long it took.
  public mutating func answered(_ answer: ScanAnswer, took: Duration) {
    guard case .asking(let index, let step) = state else { return }
    asked += 1
    if case .lost(let cause) = answer {
      losses += 1
      if losses >= ScanLimits.lossesInARow { state = .over(.lost(cause)) }
    } else {
      losses = 0
    }
    guard case .asking = state else { return }
    if !isRepeat, repeatsLeft > 0, Self.isPassing(answer) {
      isRepeat = true
      repeatsLeft -= 1
      return
    }
    isRepeat = false
    switch answer {
    case .words:
      silences = 0
      outcomes[table] = .offered
      accepted(step)
    case .exception(1) where outcomes[table] == .unfinished:
      endTable(index, .refused)
    case .exception:
      silences = 0
      outcomes[table] = .offered
      refused(step, index)
    case .silence, .noise, .lost:
      silences += 1
      if silences >= ScanLimits.silencesInARow {
        endTable(index, outcomes[table] == .offered ? .offered : .ignored)
      } else {
        refused(step, index)
      }
    }
  }

  /// Whether the same request may well be answered otherwise: acknowledged, busy, silent, noise.
  private static func isPassing(_ answer: ScanAnswer) -> Bool {
    switch answer {
    case .words: false
    case .exception(let code): code == 5 || code == 6 || code == 11
    case .silence, .noise, .lost: true
    }
  }

  private mutating func accepted(_ step: Step) {
    let (position, count) = extent(step)
    note(position, count)
    gap = 0
    switch step {
    case .block: go(.block(at: position + count))
    case .single:
      let leftOut = position - lastKnown - 1
      lastKnown = position
      if leftOut > 0 {
        go(.back(at: position - 1, hit: position))
      } else {
        grow(from: position, good: 1, bad: nil)
      }
    case .back(let at, let hit):
      if contains(at - 1) || at == 0 {
        grow(from: hit, good: 1, bad: nil)
      } else {
        go(.back(at: at - 1, hit: hit))
      }
    case .growing(let from, _, let bad): grow(from: from, good: count, bad: bad)
    case .after(let from, let length): boundary(from, length)
    case .confirming(let from, let length):
      setLimit(length)
      lastKnown = from + length
      go(.block(at: from + length))
    }
  }

  private mutating func refused(_ step: Step, _ index: Int) {
    let (position, count) = extent(step)
    switch step {
    case .block:
      if count == 1 {
        miss(position)
      } else {
        lastKnown = max(lastKnown, position - 1)
        blockRefused = (position, count)
        go(.single(at: position))
      }
    case .single: miss(position)
    case .back(_, let hit): grow(from: hit, good: 1, bad: nil)
    case .growing(let from, let good, _): grow(from: from, good: good, bad: count)
    case .after: miss(position)
    case .confirming(let from, let length): grow(from: from + length, good: 1, bad: nil)
    }
  }

  /// The last block that was refused: what a run from its start cannot exceed.
  private var blockRefused: (position: Int, count: Int)?

  /// Feels on for the end of a run, or ends it.
  private mutating func grow(from: Int, good: Int, bad: Int?) {
    var bad = bad
    if bad == nil, let block = blockRefused, block.position == from { bad = block.count }
    blockRefused = nil
    let room = room(from)
    lastKnown = max(lastKnown, from + good - 1)
    if let bad, bad - good > 1 { return go(.growing(from: from, good: good, bad: bad)) }
    if bad == nil, good < room { return go(.growing(from: from, good: good, bad: nil)) }
    if from + good >= positions || good >= limit { return go(.block(at: from + good)) }
    go(.after(from: from, length: good))
  }

  /// The run goes on behind the longest request that went well: a limit, or a piece that ends?
  private mutating func boundary(_ from: Int, _ length: Int) {
    lastKnown = from + length
    if length > 1 {
      onesInARow = 0
      return go(.confirming(from: from, length: length))
    }
    onesInARow += 1
    if onesInARow > 1 {
      setLimit(1)
      go(.block(at: from + 2))
    } else {
      grow(from: from + 1, good: 1, bad: nil)
    }
  }

  private mutating func setLimit(_ length: Int) {
    if table.holdsBits { bitLimit = length * width } else { registerLimit = length * width }
  }

  /// A position was refused alone: on to the next one worth a look.
  private mutating func miss(_ position: Int) {
    if gap == 0 { gapStart = position }
    gap += 1
    lastKnown = position
    let next = order.isThorough ? position + 1 : start(after: position)
    go(.single(at: next))
  }

  // MARK: - Moving on

  /// Takes a step that lies within the addresses, or ends the table.
  private mutating func go(_ step: Step) {
    guard case .asking(let index, _) = state else { return }
    if extent(step).position >= positions { return endTable(index, .offered) }
    state = .asking(table: index, step)
  }

  private mutating func endTable(_ index: Int, _ outcome: TableOutcome) {
    outcomes[order.tables[index]] = outcome
    (gap, lastKnown, onesInARow, silences, blockRefused) = (0, -1, 0, 0, nil)
    let isEmpty = !readable.contains { $0.table == order.tables[index] }
    if width == 1, isEmpty, outcome == .offered, !order.tables[index].holdsBits,
      order.addresses.count > 1
    {
      width = 2
      state = .asking(table: index, .block(at: 0))
      return
    }
    width = 1
    let isLast = index + 1 >= order.tables.count
    state = isLast ? .over(.complete) : .asking(table: index + 1, .block(at: 0))
  }

  private func contains(_ position: Int) -> Bool {
    let (table, first) = (table, address(position))
    return readable.contains { $0.table == table && $0.addresses.contains(first) }
  }

  /// Adds positions to the readable ones, joined with those they touch.
  private mutating func note(_ position: Int, _ count: Int) {
    let first = address(position)
    let last = UInt16(clamping: Int(first) + count * width - 1)
    var range = AddressRange(table, first...last)
    readable.removeAll { other in
      guard other.table == range.table,
        Int(other.addresses.lowerBound) <= Int(range.addresses.upperBound) + 1,
        Int(range.addresses.lowerBound) <= Int(other.addresses.upperBound) + 1
      else { return false }
      let lower = min(other.addresses.lowerBound, range.addresses.lowerBound)
      let upper = max(other.addresses.upperBound, range.addresses.upperBound)
      range.addresses = lower...upper
      return true
    }
    let place =
      readable.firstIndex { other in
        other.table == range.table && other.addresses.lowerBound > range.addresses.upperBound
      } ?? readable.count
    readable.insert(range, at: place)
  }
}
