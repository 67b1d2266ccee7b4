// Who is on the line: units, and the speed at which they talk.
//
// Invariants
// - Only reads of one register leave here, one after the other, and never to unit 0.
// - Never more requests than the estimate said.
// - What is in `found` has answered; what answered is in `found`.
//
// Order: with several speeds, the likely units at each speed first; one valid frame, value or
// exception, proves a speed. Then every unit at that speed and no other (`goesOn` for the others as
// well). Only when no likely unit answers, every unit at every speed, beginning with those at which
// something unreadable was heard. A unit that says nothing to a holding register is asked for an
// input register later, because some devices ignore functions that they do not know.

/// A unit that answered.
public struct FoundUnit: Equatable, Sendable {
  public var address: UInt8
  /// The speed of the line at which it did; nil where there is none.
  public var speed: SerialSpeed?
  /// The table it answered for.
  public var table: ModbusTable
  /// Whether it had a register there, or only an exception.
  public var answer: ScanAnswer
  /// How long it took.
  public var took: Duration
}

/// What a scan for units looks at.
public struct UnitScanOrder: Equatable, Sendable {
  /// Speeds in the order to try; one nil for a line whose speed is not ours to change.
  public var speeds: [SerialSpeed?]
  public var units: [UInt8]
  /// Ask silent units for an input register too.
  public var asksInput = true
  /// Try the other speeds when one is proved.
  public var goesOn = false
  /// How long a unit may take beyond the time on the wire.
  public var timeout: Duration
  /// Silence between two requests.
  public var pause = ScanLimits.pause
  /// Requests that may be asked at most; nil for as many as it takes.
  public var requestLimit: Int?

  public init(speeds: [SerialSpeed?], units: [UInt8], timeout: Duration) {
    self.speeds = speeds
    self.units = units
    self.timeout = timeout
  }

  /// The speeds of all combinations, in the order in which the field has them.
  public static func speeds(
    bauds: [Int], parities: [SerialSpeed.Parity], stopBits: [Int]
  ) -> [SerialSpeed] {
    stopBits.flatMap { stop in
      parities.flatMap { parity in
        bauds.map { SerialSpeed(baud: $0, parity: parity, stopBits: stop) }
      }
    }
  }

  /// How long one request may take: the unit's time and both frames on the wire.
  func patience(at speed: SerialSpeed?) -> Duration {
    guard let speed, speed.baud > 0 else { return timeout }
    let bits = Int64(ScanLimits.probeBytes * speed.bitsPerCharacter)
    return timeout + .microseconds(bits * 1_000_000 / Int64(speed.baud))
  }
}

/// A search for units, step by step.
public struct UnitScan: ScanSteps, Sendable {
  /// One walk through a list of units.
  private struct Walk {
    var speed: Int
    var table: ModbusTable
    var units: [UInt8]
    var isHunt = false
  }

  private enum State {
    case asking(walk: Int, unit: Int)
    case over(ScanEnd)
  }

  public let order: UnitScanOrder
  public let estimate: ScanEstimate
  /// The units that answered, in the order in which they did.
  public private(set) var found: [FoundUnit] = []
  /// Speeds at which something unreadable was heard, and how often.
  public private(set) var noises: [Int: Int] = [:]
  public private(set) var asked = 0
  private var walks: [Walk]
  private var state = State.asking(walk: 0, unit: 0)
  private var repeatsLeft = ScanLimits.repeats
  private var isRepeat = false
  private var losses = 0
  /// Units that a gateway denied, at their speed.
  private var denied: [Int: Set<UInt8>] = [:]
  private var isProved = false

  public init(_ order: UnitScanOrder) {
    var order = order
    order.units = order.units.filter { $0 != 0 }
    self.order = order
    walks = Self.walks(order)
    estimate = Self.estimate(order, walks)
    settle()
  }

  /// Requests that will have been asked at the end, at most.
  public var mostRequests: Int { estimate.mostRequests }

  /// What was found so far, in a few words.
  public var finding: String { found.count == 1 ? "1 unit found" : "\(found.count) units found" }

  /// Whether every unit that was asked is there: then the device does not look at the number.
  public var ignoresUnitNumber: Bool {
    guard case .over(.complete) = state, order.speeds.count == 1 else { return false }
    return found.count == order.units.count
      && found.count >= ScanLimits.unitsThatProveIndifference
  }

  /// The next request, or the end; the same until it is answered.
  public mutating func next() -> ScanAction {
    if let limit = order.requestLimit, asked >= limit, case .asking = state {
      state = .over(.requestsUsed)
    }
    switch state {
    case .over(let end): return .over(end)
    case .asking(let walk, let unit):
      let speed = order.speeds[walks[walk].speed]
      return .ask(
        ReadRequest(
          unitAddress: walks[walk].units[unit], table: walks[walk].table, start: 0, count: 1,
          timeout: order.patience(at: speed)),
        at: speed)
    }
  }

  /// Takes the answer to the request that `next` named, and how long it took.
  public mutating func answered(_ answer: ScanAnswer, took: Duration) {
    guard case .asking(let walk, let unit) = state else { return }
    asked += 1
    if case .lost(let cause) = answer {
      losses += 1
      guard losses < ScanLimits.lossesInARow else {
        state = .over(.lost(cause))
        return
      }
    } else {
      losses = 0
    }
    if answer == .noise { noises[walks[walk].speed, default: 0] += 1 }
    if mayRepeat(answer) {
      isRepeat = true
      repeatsLeft -= 1
      return
    }
    isRepeat = false
    take(answer, walk, unit, took)
  }

  private func mayRepeat(_ answer: ScanAnswer) -> Bool {
    guard !isRepeat, repeatsLeft > 0 else { return false }
    switch answer {
    case .noise, .lost: return true
    case .words, .exception, .silence: return false
    }
  }

  private mutating func take(_ answer: ScanAnswer, _ walk: Int, _ unit: Int, _ took: Duration) {
    let current = walks[walk]
    let address = current.units[unit]
    state = .asking(walk: walk, unit: unit + 1)
    switch answer {
    case .words, .exception:
      if answer.isGatewayDenial {
        denied[current.speed, default: []].insert(address)
      } else {
        found.append(
          FoundUnit(
            address: address, speed: order.speeds[current.speed], table: current.table,
            answer: answer, took: took))
        if !order.goesOn, !isProved { prove(current.speed) }
      }
    case .silence, .noise, .lost: break
    }
    settle()
  }

  /// Leaves out everything at other speeds: this one is right.
  private mutating func prove(_ speed: Int) {
    isProved = true
    guard case .asking(let walk, let unit) = state else { return }
    var rest = [walks[walk]]
    rest[0].units.removeFirst(unit)
    walks = rest + walks[(walk + 1)...].filter { $0.speed == speed && !$0.isHunt }
    state = .asking(walk: 0, unit: 0)
  }

  /// Moves on to a unit that is worth asking, or to the end.
  private mutating func settle() {
    guard case .asking(var walk, var unit) = state else { return }
    while walk < walks.count {
      if unit >= walks[walk].units.count {
        if walks[walk].isHunt, walk + 1 < walks.count, !walks[walk + 1].isHunt { listen(walk + 1) }
        (walk, unit) = (walk + 1, 0)
        continue
      }
      let current = walks[walk]
      let address = current.units[unit]
      let speed = order.speeds[current.speed]
      let isKnown = found.contains { $0.address == address && $0.speed == speed }
      if isKnown || denied[current.speed]?.contains(address) == true {
        unit += 1
        continue
      }
      state = .asking(walk: walk, unit: unit)
      return
    }
    state = .over(.complete)
  }

  /// Puts the speeds at which something was heard before the others, from one walk on.
  private mutating func listen(_ first: Int) {
    let rest = walks[first...]
    walks =
      walks[..<first] + rest.filter { noises[$0.speed] != nil }
      + rest.filter { noises[$0.speed] == nil }
  }

  private static func walks(_ order: UnitScanOrder) -> [Walk] {
    let likely = ScanLimits.likelyUnits.filter(order.units.contains)
    let hunts = order.speeds.count > 1 && likely.count < order.units.count ? likely : []
    var walks: [Walk] = []
    if !hunts.isEmpty {
      walks = order.speeds.indices.map {
        Walk(speed: $0, table: .holding, units: hunts, isHunt: true)
      }
    }
    let rest = order.units.filter { !hunts.contains($0) }
    for speed in order.speeds.indices {
      walks.append(Walk(speed: speed, table: .holding, units: rest))
      if order.asksInput { walks.append(Walk(speed: speed, table: .input, units: order.units)) }
    }
    return walks
  }

  private static func estimate(_ order: UnitScanOrder, _ walks: [Walk]) -> ScanEstimate {
    let limit = order.requestLimit ?? .max
    func cost(_ walk: Walk) -> Duration {
      (order.patience(at: order.speeds[walk.speed]) + order.pause) * walk.units.count
    }
    let slowest =
      (order.speeds.map { order.patience(at: $0) }.max() ?? order.timeout) + order.pause
    let most = min(limit, walks.reduce(ScanLimits.repeats) { $0 + $1.units.count })
    let all = walks.reduce(slowest * ScanLimits.repeats) { $0 + cost($1) }
    // Half of the hunt, and one speed from end to end.
    let hunt = walks.filter(\.isHunt).reduce(Duration.zero) { $0 + cost($1) }
    let sweep = walks.filter { !$0.isHunt }
    let first = sweep.first?.speed
    let one = sweep.filter { order.goesOn || $0.speed == first }
      .reduce(Duration.zero) { $0 + cost($1) }
    let mostTime = min(all, slowest * min(most, 10_000_000))
    return ScanEstimate(
      mostRequests: most, mostTime: mostTime, likelyTime: min(mostTime, hunt / 2 + one))
  }
}
