// What a poller keeps of each unit and of each block, and the sentences for what went wrong.

import Primitives

/// A block with its place in time.
struct ScheduledBlock: Sendable {
  /// Why a block is asked for.
  enum Role: Equatable, Sendable {
    /// It is in the plan.
    case regular
    /// A part of a block that was refused; not answered yet.
    case suspect
    /// To see whether the unit still refuses it; the index into the unit's refusals.
    case retest(Int)
    /// To see how long a request may be: of what is read in parts meanwhile.
    case measure
  }

  let block: ReadBlock
  /// The position of its unit: beside the block, since the schedule asks for it all the time.
  let unit: Int
  var role: Role
  /// On an RTU line: until then a late answer could be taken for its own.
  var notBefore = Instant.distantPast
  private let period: Int64
  private let phase: Int64
  var due: Instant
  /// Failures in a row while the unit answered others.
  var failures = 0
  /// When the first of the requests was sent that have not been answered; nothing is known since.
  var unansweredSince: Instant?
  var backoff = Backoff(
    floor: PollingLimits.blockRetryFloor, ceiling: PollingLimits.blockRetryCeiling)

  /// `phase` shifts the grid of this block's period.
  init(_ block: ReadBlock, phase: Duration, due: Instant, role: Role) {
    self.block = block
    unit = block.unit
    self.role = role
    period = max(1, block.period.nanoseconds)
    self.phase = max(0, phase.nanoseconds) % period
    self.due = due
  }

  /// Beside the plan: no signal waits for it.
  var isExtra: Bool {
    switch role {
    case .regular, .suspect: false
    case .retest, .measure: true
    }
  }

  /// Whether signals wait for it, and it has not been given up.
  var isLive: Bool { !isExtra && failures < PollingLimits.failuresUntilLost }

  /// Whether signals wait for it in vain: it is tried rarely while its unit answers others.
  var isGivenUp: Bool { !isExtra && !isLive }

  /// Whether signals wait for it, and the last request for it was answered.
  var isProven: Bool { isLive && unansweredSince == nil && failures == 0 }

  /// Since when its signals may have changed unseen, beyond what their period explains; nil when
  /// they have not, or when it has been told that they cannot be read.
  func doubtfulSince(_ now: Instant) -> Instant? {
    guard isLive else { return nil }
    let isLate = due.advanced(nanoseconds: period) < now
    guard let unansweredSince else { return isLate ? due : nil }
    return isLate ? min(due, unansweredSince) : unansweredSince
  }

  /// The first moment of the grid after another moment.
  func grid(after moment: Instant) -> Instant {
    let within = moment.nanoseconds(since: Instant(nanoseconds: phase)) % period
    return moment.advanced(nanoseconds: period - (within < 0 ? within + period : within))
  }

  /// The next due, and how many were left out because it is later than a period.
  func next(after now: Instant) -> (due: Instant, missed: UInt64) {
    let regular = grid(after: due)
    let late = now.nanoseconds(since: regular)
    guard late >= period else { return (regular, 0) }
    let missed = late / period
    return (regular.advanced(nanoseconds: missed * period), UInt64(missed))
  }
}

/// A unit with its health and its history.
struct UnitRecord: Sendable {
  var health: UnitHealth
  var doubt = UnitDoubt()
  var counters = PollCounters()
  var responses = ResponseTimes()
  var lastAnswer: Instant?
  var lastError: String?
  /// Positions of signals that the unit refuses.
  var refused: Set<Int> = []
  /// What it refuses, as far as it is known.
  var refusals: [KeptRefusal] = []
  /// The halvings under way, and how many more may be done at once.
  var splits: [Split] = []
  var haste = Haste()
  /// The most addresses that one request was answered for, by table.
  var lengths: [ModbusTable: Int] = [:]
  var search: LengthSearch?
  /// Since when it has refused, and given no values meanwhile.
  var refusingSince: Instant?
  /// The same, once nothing was left that it does not refuse.
  var refusesAllSince: Instant?
  /// Not asked before: the silence that the device needs.
  var quietUntil = Instant.distantPast
  /// A request timed out on a line where its answer could still be taken for another.
  var expectsLateAnswer = false
  /// Nothing is read from it: it counts as up, and says nothing about the link.
  let isIdle: Bool
  /// The plan as it would be if nothing were refused.
  let base: [ReadBlock]
  /// The shortest of its periods.
  let shortestPeriod: Duration?

  init(_ unit: UnitDefinition, base: [ReadBlock], now: Instant) {
    self.base = base
    isIdle = base.isEmpty
    shortestPeriod = unit.bindings.map(\.period).min()
    health = UnitHealth(
      now: now, shortestPeriod: shortestPeriod ?? PollingLimits.suspectRetryCeiling)
    if isIdle { _ = health.answered() }
  }

  /// Not proof that the link works: failed since its last answer, or never asked.
  var isFailingOrIdle: Bool { isIdle || health.isFailing }

  /// The earliest moment at which the unit may be asked.
  var askableAt: Instant { max(health.askableAt, quietUntil) }
}

/// Counts what was done at once lately: a device that refuses by chance must not take the bus.
struct Haste: Sendable {
  private var since = Instant.distantPast
  private var count = 0

  mutating func allows(_ now: Instant) -> Bool {
    if now - since > PollingLimits.retestFloor { (since, count) = (now, 0) }
    count = min(count + 1, PollingLimits.splitsAtOnce + 1)
    return count <= PollingLimits.splitsAtOnce
  }
}

/// FNV-1a of 64 bits (Fowler, Noll and Vo), the same in every run.
func stableHash(_ text: String) -> UInt64 {
  text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}

extension PollCounters {
  mutating func count(_ fault: BusFault) {
    failures += 1
    switch fault {
    case .timeout: timeouts += 1
    case .exception: exceptions += 1
    case .unreachable, .broken, .garbage: break
    }
  }
}

extension BusFault {
  /// Why the link could not be opened. The edge tells the operation, the place and, where it knows,
  /// what to do; only what is missing is added, so that nothing is said twice.
  func sentence(opening bus: BusDefinition) -> String {
    let what = "connecting to \(bus.line.text): "
    switch self {
    case .timeout:
      return "\(what)no answer within \(bus.connectTimeout.text); "
        + "check the address, the cable and the firewall"
    case .unreachable(let cause), .broken(let cause), .garbage(let cause):
      if cause.hasPrefix("looking up ") {
        return Self.advise(cause, "check the name, or write the address instead")
      }
      let isTold = cause.hasPrefix("connecting to ") || cause.hasPrefix("opening ")
      guard !isTold || cause.hasPrefix(what) else { return cause }
      return Self.advise(
        isTold ? cause : what + cause,
        "check that the device is on and the address and port are right")
    case .exception(let code):
      return "\(what)exception \(code)"
    }
  }

  /// A link that was open has ended under a request that is not of the schedule.
  func sentence(losing bus: BusDefinition) -> String {
    switch self {
    case .unreachable(let cause), .broken(let cause), .garbage(let cause):
      let place = cause.hasPrefix(bus.line.text) ? cause : "\(bus.line.text): \(cause)"
      return "the link broke (\(place)); connecting again"
    case .timeout, .exception: return sentence(opening: bus)
    }
  }

  private static func advise(_ sentence: String, _ advice: String) -> String {
    sentence.contains("; ") ? sentence : "\(sentence); \(advice)"
  }

  func sentence(
    reading block: ReadBlock, of unit: UnitDefinition, on line: BusLine
  ) -> String {
    let last = UInt32(block.start) + UInt32(block.count) - 1
    let range = block.count == 1 ? "\(block.start)" : "\(block.start)-\(last)"
    let kind = block.table.holdsBits ? "bits" : "registers"
    let what =
      "reading \(block.table.rawValue) \(kind) \(range) of \(unit.name) (unit \(unit.address))"
    switch self {
    case .timeout:
      return "\(what): no answer within \(unit.timeout.text); "
        + "check the cable and that the unit number is \(unit.address)"
    case .unreachable(let cause), .broken(let cause):
      return Self.advise("\(what): the link broke (\(cause))", "connecting again")
    case .garbage(let cause):
      return "\(what): no valid answer (\(cause)); \(line.advice(onGarbage: cause))"
    case .exception(let code):
      return "\(what): refused with exception \(code), \(ExceptionText.meaning(of: code))"
    }
  }
}
