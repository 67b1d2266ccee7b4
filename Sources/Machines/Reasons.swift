// Why machines stand, as a table of the site: a code, its text in several languages, how it is
// booked and to whom.
//
// Invariants
// - Codes are unique; a parent is in the table, and nobody is his own ancestor.
// - A reason without a category or a cost centre has that of its nearest ancestor with one.
// - A text is found in the language asked for, else in the table's first language.

/// One reason.
public struct Reason: Equatable, Sendable {
  public var code: String
  /// Texts by language tag ("de", "en").
  public var texts: [String: String]
  public var category: StopCategory?
  public var costCenter: String?
  /// The code of the reason that it belongs to.
  public var parent: String?

  public init(
    _ code: String, texts: [String: String], category: StopCategory? = nil,
    costCenter: String? = nil, parent: String? = nil
  ) {
    self.code = code
    self.texts = texts
    self.category = category
    self.costCenter = costCenter
    self.parent = parent
  }
}

/// Limits of reasons and of the stops that may still get one.
public enum ReasonLimits {
  /// Rows of the table: the largest reason trees of our field have 400. 200 B each, so 400 KiB.
  public static let reasons = 2000
  /// Reasons above each other.
  public static let depth = 8
  /// Ended stops of a machine that may still be classified: a night of micro-stops. 400 B each,
  /// so 25 KiB a machine; classified ones make room first, then the oldest.
  public static let endedStops = 64
  /// Characters of who classified, in UTF-8.
  public static let byBytes = 64
  /// Codes that an error proposes.
  static let proposed = 5
}

/// Why a table of reasons, or a classification, is refused.
public enum ReasonFault: Error, Equatable, Sendable, CustomStringConvertible {
  case tooMany(count: Int)
  case twice(code: String)
  case noText(code: String)
  case unknownParent(code: String, parent: String)
  case tooDeep(code: String)
  case unknownReason(code: String, known: [String])
  case unknownStop(id: String)
  /// It made room for newer stops.
  case forgottenStop(id: String)
  case strangeName(bytes: Int)
  case tooManyAtOnce

  public var description: String {
    switch self {
    case .tooMany(let count):
      "reading reasons: \(count) are more than \(ReasonLimits.reasons); drop those nobody uses"
    case .twice(let code): "reading reasons: \"\(code)\" is declared twice; rename one of them"
    case .noText(let code): "reading reasons: \"\(code)\" has no text; give it one"
    case .unknownParent(let code, let parent):
      "reading reasons: the parent \"\(parent)\" of \"\(code)\" is not in the table; declare it"
    case .tooDeep(let code):
      "reading reasons: \"\(code)\" has more than \(ReasonLimits.depth) ancestors or is its own; "
        + "shorten the tree"
    case .unknownReason(let code, let known):
      "classifying a stop: no reason has the code \"\(code)\"; "
        + (known.isEmpty
          ? "its machine knows none: declare \"reasons\", or \"causes\" of the machine"
          : "known are \(known.joined(separator: ", "))")
    case .unknownStop(let id):
      "classifying a stop: \(id) is neither open nor one of the last "
        + "\(ReasonLimits.endedStops) that ended; list those that wait for a reason"
    case .forgottenStop(let id):
      "classifying a stop: \(id) has left the list, for only the last \(ReasonLimits.endedStops) "
        + "that ended are kept here; its events keep its id: give the reason in the system that "
        + "receives them"
    case .strangeName(let bytes):
      "classifying a stop: who says so has \(bytes) bytes; give 1 to \(ReasonLimits.byBytes)"
    case .tooManyAtOnce:
      "classifying a stop: \(MachineLimits.spoken) of this machine wait already; try again"
    }
  }
}

/// All reasons of a site.
public struct ReasonTable: Equatable, Sendable {
  /// What a stop with a reason is told to be, found once when the table is made.
  private struct Booking: Equatable, Sendable {
    var text: String
    var category: StopCategory
    var costCenter: String?
  }

  private let rows: [String: Reason]
  private var bookings: [String: Booking] = [:]
  /// The codes in the order of the table.
  public let codes: [String]
  /// The language of texts unless another is asked for.
  public let language: String

  /// A table without reasons.
  public init() { (rows, codes, language) = ([:], [], "en") }

  public init(_ reasons: [Reason], language: String) throws(ReasonFault) {
    guard reasons.count <= ReasonLimits.reasons else { throw .tooMany(count: reasons.count) }
    var rows: [String: Reason] = [:]
    for reason in reasons {
      guard reason.texts.values.contains(where: { !$0.isEmpty }) else {
        throw .noText(code: reason.code)
      }
      guard rows.updateValue(reason, forKey: reason.code) == nil else {
        throw .twice(code: reason.code)
      }
    }
    for reason in reasons {
      var (next, steps) = (reason.parent, 0)
      while let parent = next {
        guard let row = rows[parent] else {
          throw .unknownParent(code: reason.code, parent: parent)
        }
        steps += 1
        guard steps <= ReasonLimits.depth else { throw .tooDeep(code: reason.code) }
        next = row.parent
      }
    }
    self.rows = rows
    codes = reasons.map(\.code)
    self.language = language
    for code in codes {
      guard let text = text(code) else { continue }
      let path = path(code)
      bookings[code] = Booking(
        text: text, category: path.lazy.compactMap(\.category).first ?? .unplanned,
        costCenter: path.lazy.compactMap(\.costCenter).first)
    }
  }

  /// The reason with a code; nil for one that is not in the table.
  public subscript(code: String) -> Reason? { rows[code] }

  /// The text of a reason; in the language asked for, else the table's, else the first there is.
  public func text(_ code: String, language asked: String? = nil) -> String? {
    guard let texts = rows[code]?.texts else { return nil }
    return texts[asked ?? language] ?? texts[language]
      ?? texts.min { $0.key < $1.key }.map(\.value)
  }

  /// The reason itself and its ancestors, nearest first.
  public func path(_ code: String) -> [Reason] {
    var (path, next): ([Reason], String?) = ([], code)
    while let code = next, let row = rows[code], path.count <= ReasonLimits.depth {
      path.append(row)
      next = row.parent
    }
    return path
  }

  /// How a stop with this reason is booked; nil for a reason that is not in the table.
  func meaning(_ code: String, from: Cause.Origin, value: Int64?) -> StopMeaning? {
    guard let booking = bookings[code] else { return nil }
    return StopMeaning(
      cause: Cause(code: value, text: booking.text, from: from, reason: code),
      category: booking.category, costCenter: booking.costCenter, classified: true)
  }

  func unknown(_ code: String) -> ReasonFault {
    .unknownReason(code: code, known: Array(codes.prefix(ReasonLimits.proposed)))
  }
}

extension Cause.Origin {
  /// Whose word counts: an operator's before the PLC's, both before a rule's.
  var weight: Int {
    switch self {
    case .operator: 3
    case .plc: 2
    case .rule: 1
    case .inferred: 0
    }
  }
}
