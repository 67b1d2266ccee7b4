// A machine's condition in the words of PackML (OPC 30050, ISA-TR88.00.02) and of SEMI E10, as
// data that a site may change.
//
// Why so: PackML has no state for a machine that waits for its neighbours but Suspended, and none
// for what nobody sees but 0, Undefined; SEMI E10 books waiting as standby. Time without contact
// has no class at all: it is booked nowhere (F50).

public import Signals

/// The classes of time of SEMI E10.
public enum E10Class: String, Sendable, CaseIterable {
  /// Productive.
  case productive = "PRD"
  /// Standby: it could, and nothing or nobody lets it.
  case standby = "SBY"
  /// Engineering.
  case engineering = "ENG"
  /// Scheduled downtime: setup, maintenance.
  case scheduledDown = "SDT"
  /// Unscheduled downtime.
  case unscheduledDown = "UDT"
  /// Non-scheduled time: breaks, no shift.
  case nonScheduled = "NST"
}

/// What one condition is called elsewhere.
public struct StateNames: Equatable, Sendable {
  public var packMLState: String
  /// nil where nobody knows the mode.
  public var packMLMode: String?
  /// nil where time must not be booked.
  public var e10: String?

  public init(_ packMLState: String, mode: String? = nil, e10: E10Class? = nil) {
    self.packMLState = packMLState
    packMLMode = mode
    self.e10 = e10?.rawValue
  }
}

/// The names of every condition.
public struct StateMapping: Equatable, Sendable {
  /// Rows that differ from the usual ones.
  public var rows: [MachineCondition: StateNames]

  public init(_ rows: [MachineCondition: StateNames] = [:]) { self.rows = rows }

  /// The names unless a site declares others.
  public static let usual = StateMapping()

  /// What a condition is called.
  public subscript(condition: MachineCondition) -> StateNames {
    rows[condition] ?? Self.names(of: condition)
  }

  private static func names(of condition: MachineCondition) -> StateNames {
    switch condition {
    case .running, .slow: StateNames("Execute", mode: "Production", e10: .productive)
    case .stopped: StateNames("Stopped", mode: "Production", e10: .unscheduledDown)
    case .shortStop: StateNames("Held", mode: "Production", e10: .unscheduledDown)
    case .fault: StateNames("Aborted", mode: "Production", e10: .unscheduledDown)
    case .blocked, .starved: StateNames("Suspended", mode: "Production", e10: .standby)
    case .changeover: StateNames("Idle", mode: "Changeover", e10: .scheduledDown)
    case .planned: StateNames("Stopped", mode: "Production", e10: .nonScheduled)
    case .noContact, .unknown: StateNames("Undefined")
    }
  }
}

/// The numbers of PackML's states and modes; machine builders number modes, and some states, anew.
public struct PackMLNumbering: Equatable, Sendable {
  public var states: [String: Int64]
  public var modes: [String: Int64]

  public init(states: [String: Int64] = Self.states, modes: [String: Int64] = Self.modes) {
    self.states = states
    self.modes = modes
  }

  /// StateCurrent of ISA-TR88.00.02.
  public static let states: [String: Int64] = [
    "Undefined": 0, "Clearing": 1, "Stopped": 2, "Starting": 3, "Idle": 4, "Suspended": 5,
    "Execute": 6, "Stopping": 7, "Aborting": 8, "Aborted": 9, "Holding": 10, "Held": 11,
    "Unholding": 12, "Suspending": 13, "Unsuspending": 14, "Resetting": 15, "Completing": 16,
    "Complete": 17,
  ]

  /// UnitModeCurrent of ISA-TR88.00.02; from 4 on the builder names them.
  public static let modes: [String: Int64] = [
    "Invalid": 0, "Production": 1, "Maintenance": 2, "Manual": 3, "Changeover": 4,
  ]

  /// What a state says of the machine; nil for one that says nothing.
  public static let meaning: [String: EvidenceState] = [
    "Execute": .running, "Completing": .running, "Unholding": .stopped, "Unsuspending": .starved,
    "Starting": .stopped, "Stopped": .stopped, "Stopping": .stopped, "Idle": .stopped,
    "Held": .stopped, "Holding": .stopped, "Resetting": .stopped, "Complete": .stopped,
    "Clearing": .fault, "Aborting": .fault, "Aborted": .fault, "Suspended": .starved,
    "Suspending": .starved,
  ]
}

extension EvidenceClaim {
  /// The claims of a register with PackML states, one for each meaning.
  ///
  /// `suspended` says whether this machine suspends because it is starved or because it is blocked.
  public static func packML(
    _ signal: SignalID, numbering: PackMLNumbering = PackMLNumbering(),
    suspended: EvidenceState = .starved
  ) -> [EvidenceClaim] {
    let states: [EvidenceState] = [.fault, .blocked, .starved, .stopped, .running]
    return states.compactMap { state in
      let values = PackMLNumbering.meaning.compactMap { name, meaning in
        (meaning == .starved ? suspended : meaning) == state ? numbering.states[name] : nil
      }
      guard !values.isEmpty else { return nil }
      let table = [CodeMeaning(values.sorted())]
      return EvidenceClaim(state, when: EvidenceRule(.code(signal, table, anyOther: false)))
    }
  }
}
