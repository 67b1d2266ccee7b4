// A machine's condition told three ways: raw, PackML (OPC 30050) and its SEMI E10 class.
//
// Why so: the gateway knows of a machine that it runs, stands, or cannot be seen. PackML has a
// state for the first two; what cannot be seen is PackML's 0, Undefined, and has no SEMI E10
// class: time nobody saw is booked nowhere (F50).

internal import Machines

/// One row of the table.
struct Classification: Equatable {
  var packmlState: String
  /// nil where nobody knows the mode.
  var packmlMode: String?
  /// nil where time must not be booked.
  var e10: String?

  static func of(_ condition: MachineCondition) -> Classification {
    let row = StateMapping.usual[condition]
    return Classification(packmlState: row.packMLState, packmlMode: row.packMLMode, e10: row.e10)
  }
}
