// A life of a machine as it was recorded, scan by scan, with what was declared about it: the whole
// that the judge looks at, and that a machine is shown piece by piece.
//
// Invariants
// - Scans lie on whole 100 ms; orders change 30 ms after a scan, planned time begins or ends 70 ms
//   after one, and a gateway that restarts before a scan dies 10 ms after the one before.
// - So no two inputs share a moment. What may fall on the moment of a scan are deadlines: all
//   lengths that are declared are whole 50 ms.

import Machines
import Primitives
import Signals

/// What one scan showed, and what happened around it.
struct JudgeScan: Equatable {
  /// Milliseconds.
  var at: Int64 = 0
  var run: Bool? = true
  var code: Int64? = 0
  var blocked: Bool? = false
  var level: Int64? = 4
  /// What the registers show, and the level of the pulse; nil where the device refuses it.
  var count: UInt64? = 500
  var scrap: UInt64? = 20
  var pulse: Bool? = false
  var contact = true
  /// The gateway died after the scan before, and this is its first.
  var restarted = false
  /// With it the computer: another boot, whose monotonic time begins again; only where `restarted`.
  var rebooted = false
  /// The second unit answers; `contact` is of the first.
  var farContact = true
  /// The order changes 30 ms after it.
  var orderChanges = false
  /// Whether the time from 70 ms after it is planned.
  var planned = false

  /// What a signal shows; nil where it is refused.
  func value(of signal: SignalID) -> Value? {
    switch signal {
    case Cell.run: run.map { .integer($0 ? 1 : 0) }
    case Cell.code: code.map { .integer($0) }
    case Cell.blocked: blocked.map { .integer($0 ? 1 : 0) }
    case Cell.level: level.map { .real(Double($0)) }
    case Cell.count: count.map { .integer(Int64($0)) }
    case Cell.starved: scrap.map { .integer(Int64($0)) }
    case Cell.pulse: pulse.map { .integer($0 ? 1 : 0) }
    default: nil
    }
  }

  /// The signals of a judged machine. The register of scrap is where `Cell` has its second bit.
  static let signals = [
    Cell.run, Cell.code, Cell.blocked, Cell.level, Cell.count, Cell.starved, Cell.pulse,
  ]
}

/// One life: what is declared, and what was recorded.
struct JudgeLife: Equatable {
  var states: StateRules
  /// Every counter in the order of the facts.
  var counters: [RoleCounter]
  var countWindow: Duration = .seconds(1)
  /// A machine follows its counters, and not only its states.
  var isFollowed = false
  /// The signals of a second unit; none where the machine has one.
  var far: Set<SignalID> = []
  var scans: [JudgeScan]

  /// Whether the unit of a signal answers in a scan.
  func answers(_ signal: SignalID, _ scan: JudgeScan) -> Bool {
    far.contains(signal) ? scan.farContact : scan.contact
  }

  /// The counters whose pieces prove that it ran: the one declared for that, and with a machine
  /// around the states those of good pieces, or of all where none counts the good ones.
  var proving: [SignalID] {
    let roles = counters.map(\.role)
    let leading: CountRole = roles.contains(.good) ? .good : .total
    let followed = isFollowed ? counters.filter { $0.role == leading }.map(\.rules.signal) : []
    return [states.counter].compactMap { $0 } + followed
  }

  func unit(_ signal: SignalID) -> UnitID { UnitID(far.contains(signal) ? 1 : 0) }

  var end: Int64 { (scans.last?.at ?? 0) + 100 }

  /// When orders change; none does while no gateway is there to be told.
  var orderChanges: [Int64] {
    scans.indices.filter { scans[$0].orderChanges && !dies(after: $0) }.map { scans[$0].at + 30 }
  }

  /// Whether the gateway dies after a scan.
  func dies(after index: Int) -> Bool {
    index + 1 < scans.count && scans[index + 1].restarted
  }

  /// Rules for the machine that lives it.
  var machine: MachineRules {
    var rules = MachineRules(
      name: states.name, units: far.isEmpty ? [UnitID(0)] : [UnitID(0), UnitID(1)],
      signals: JudgeScan.signals, unitOfSignal: JudgeScan.signals.map { unit($0) },
      shortStop: states.shortStop, countWindow: countWindow)
    rules.counters = counters
    rules.states = states
    return rules
  }
}

extension JudgeLife {
  /// The life with one scan's particulars on each line, below the drawing of the whole.
  var drawing: String {
    let signs = scans.map { scan in
      (scan.restarted ? "|" : "") + (!scan.contact ? "?" : !scan.farContact ? "!" : scan.sign)
        + (scan.orderChanges ? "'" : "")
    }
    let lines = scans.map { scan in
      func bit(_ value: Bool?) -> String { value.map { $0 ? "1" : "0" } ?? "x" }
      func number(_ value: (some BinaryInteger)?) -> String { value.map { "\($0)" } ?? "x" }
      let start = scan.rebooted ? " rebooted" : scan.restarted ? " restarted" : ""
      return "\(scan.at)\(start) \(scan.contact ? "" : "no contact ")"
        + "\(scan.farContact ? "" : "no far contact ")"
        + " run \(bit(scan.run)) code \(number(scan.code)) blocked \(bit(scan.blocked))"
        + " level \(number(scan.level)) count \(number(scan.count)) scrap \(number(scan.scrap))"
        + " pulse \(bit(scan.pulse))\(scan.orderChanges ? " then a new order" : "")"
        + (scan.planned ? " planned" : "")
    }
    return signs.joined() + "\n" + lines.joined(separator: "\n")
  }
}

extension JudgeScan {
  fileprivate var sign: String {
    if run == nil || code == nil || count == nil || blocked == nil { return "x" }
    if let code, code != 0 { return "c" }
    if blocked == true { return "b" }
    return run == false ? "_" : "r"
  }
}
