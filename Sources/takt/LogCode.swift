// The codes of the log: what a line is about, as a number that can be told over the telephone.
//
// Invariants
// - A code never changes its meaning and is never used again for another one.
// - 1xx field, 2xx journal, 3xx uplinks, 4xx configuration, 5xx system and clock, 6xx shop.
// - Good news has the code behind that of the bad news it ends; both are one condition.
//
// What each means and what to do stands in LogCodeTable.swift; LOGCODES.md is printed from it by
// `takt codes --markdown`.

/// What a line of the log is about.
enum LogCode: Int, CaseIterable, Sendable {
  case busLost = 101
  case busConnected = 102
  case unitLost = 111
  case unitAnswers = 112
  case addressesRefused = 121
  case addressesAnswered = 122
  case signalsUnread = 123
  case signalsRead = 124
  case learntNotKept = 131
  case learntUnreadable = 132

  case journalNew = 201
  case journalReplaced = 202
  case journalFaulty = 211
  case journalWorks = 212
  case journalRefused = 221
  case stopUnfinished = 231

  case uplinkFailing = 301
  case uplinkDelivers = 302
  case uplinkParked = 303
  case uplinkCondition = 311

  case configurationApplied = 401
  case configurationRejected = 402
  case configurationRolledBack = 403
  case configurationConfirmed = 404
  case reloadAsked = 405
  case tidingsLost = 406
  case configurationUnchanged = 407
  case configurationWorse = 408
  case bundleRefused = 411
  case bundleAccepted = 412
  case bundleWaits = 413
  case bundleKeys = 414
  case inboxFaulty = 415
  case pullFaulty = 416
  case pullWorks = 417
  case zoneUnknown = 421
  case keyRenewed = 431
  case keyKept = 432

  case lineWithoutCode = 501
  case linesLost = 502
  case threadHangs = 503
  case pageFaulty = 511

  case ordersRefused = 601
  case ordersTaken = 602
  case orderDropFaulty = 611
  case orderDropWorks = 612

  /// As it is written and spoken: "T-104".
  var name: String { "T-\(rawValue)" }

  /// The code with this name, in either case and with or without "T-".
  init?(name: String) {
    let digits = name.uppercased().hasPrefix("T-") ? name.dropFirst(2) : name[...]
    guard let number = Int(digits) else { return nil }
    self.init(rawValue: number)
  }

  /// The code of the bad news that this one ends; itself for every other.
  var condition: LogCode { Self.endings[self] ?? self }

  private static let endings: [LogCode: LogCode] = [
    .busConnected: .busLost, .unitAnswers: .unitLost, .addressesAnswered: .addressesRefused,
    .signalsRead: .signalsUnread,
    .journalWorks: .journalFaulty, .uplinkDelivers: .uplinkFailing,
    .orderDropWorks: .orderDropFaulty, .pullWorks: .pullFaulty,
  ]

  /// What the hundreds say.
  enum Group: Int, CaseIterable, Sendable {
    case field = 1
    case journal = 2
    case uplinks = 3
    case configuration = 4
    case system = 5
    case shop = 6

    var title: String {
      switch self {
      case .field: "Field: buses and units"
      case .journal: "Journal: the disk"
      case .uplinks: "Uplinks: head office"
      case .configuration: "Configuration"
      case .system: "System and clock"
      case .shop: "Shop: orders, reasons, holds"
      }
    }
  }

  var group: Group? { Group(rawValue: rawValue / 100) }
}

/// What a line of the log names; under systemd each is a field of its own to filter by.
enum LogSubject: String, CaseIterable, Sendable {
  case bus
  case unit
  case uplink
  case line
  case file

  /// "TAKT_UNIT", as journalctl(1) takes it.
  var field: String { "TAKT_" + rawValue.uppercased() }
}
