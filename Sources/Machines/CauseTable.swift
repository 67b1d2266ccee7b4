// What a fault code means, and how a stop is booked in the end.

import Primitives

struct CauseTable: Equatable, Sendable {
  struct Meaning: Equatable, Sendable {
    var cause: Cause
    var category: StopCategory
    var costCenter: String?
    var classified: Bool
  }

  private let causes: [Int64: CauseDefinition]
  private let shortStop: Duration
  /// Stopped by the run bit, and nobody said why.
  let withoutCode: Meaning
  /// Stopped because nothing was counted.
  let standing: Meaning

  init(_ rules: MachineRules) {
    causes = rules.causes
    shortStop = rules.shortStop
    func inferred(_ text: String) -> Meaning {
      Meaning(
        cause: Cause(code: nil, text: text, from: .inferred), category: .unplanned,
        classified: false)
    }
    withoutCode = inferred("stopped, no code")
    standing = inferred("no count for \((rules.standstill ?? .zero).text)")
  }

  /// What a code means; one that nobody declared is told but classifies nothing.
  func meaning(of code: Int64) -> Meaning {
    guard let known = causes[code] else {
      return Meaning(
        cause: Cause(code: code, text: "code \(code)", from: .plc), category: .unplanned,
        classified: false)
    }
    return Meaning(
      cause: Cause(code: code, text: known.text, from: .plc), category: known.category,
      costCenter: known.costCenter, classified: true)
  }

  /// Gives a stop the cause of a new code; false when the code says nothing new (F48).
  func classify(_ record: inout StopRecord, _ code: Int64?) -> Bool {
    guard let code, code != 0, code != record.cause.code else { return false }
    let meaning = meaning(of: code)
    record.cause = meaning.cause
    record.category = meaning.category
    record.costCenter = meaning.costCenter
    record.classified = meaning.classified
    record.revision += 1
    return true
  }

  /// How an ended stop is booked: a short unplanned one is minor (F47).
  func final(_ record: StopRecord) -> StopCategory {
    switch record.category {
    case .planned, .external, .minor: record.category
    case .unplanned: record.duration < shortStop ? .minor : .unplanned
    }
  }
}
