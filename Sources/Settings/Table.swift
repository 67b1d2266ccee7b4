// The one description of what may stand in a configuration: from it come the check for unknown
// names, the reading, the defaults, `--explain` and the JSON Schema.

import Primitives

/// What a value of a member looks like.
indirect enum Kind: Sendable {
  /// `[A-Za-z0-9._-]`, 1 to 64 characters.
  case name
  /// Free text, 1 to 200 characters.
  case text
  /// Free text, 1 to 2,000 characters.
  case prose
  /// An absolute path.
  case file
  /// An absolute path, or `credential:name` for a credential of systemd.
  case secretFile
  /// The absolute path of a serial port.
  case serialPort
  case host
  case httpsURL
  case timeZone
  case choice([String])
  case boolean
  case integer(ClosedRange<Int64>)
  /// A number above zero.
  case positive
  case number
  case duration(ClosedRange<Duration>)
  case size(ClosedRange<Int64>)
  /// A power of two within the limits of a ring.
  case ringSize
  /// `"holding 100 u32 cdab"`.
  case register
  /// `["holding 100-120", "input 7"]`.
  case addressRanges
  /// Function codes that read: `[3, 4]`.
  case functions
  /// `0.5` or `"2%"`.
  case deadband
  /// `[0, 100]`.
  case range
  /// The name of a thing elsewhere in the configuration.
  case reference(Target)
  case references(Target)
  /// Event types with `*` for any rest.
  case eventTypes
  /// One integer or a list of them.
  case integers
  /// `"run"`, `"!run"`, `"state = 4"`, `"speed > 3.5"`, or an object.
  case condition(Table)
  /// A duration that stands for `on` and `off`, or an object.
  case debounce(Table)
  /// A text that stands for one member of the object, or the object.
  case shorthand(String, Table)
  case object(Table)
  case list(Table)
  /// A list of objects, of which a text means the one that a profile has under that name.
  case selection(Table)
  /// Objects by code: `{ "12": … }`; a text stands for the named member.
  case codes(String, Table)
  /// `"de"`, `"pt-BR"`.
  case language
  /// One text, or one for each language.
  case texts
  /// `"06:00"`.
  case timeOfDay
  /// `"2026-12-24"`.
  case date
  /// `"2026-12-01 22:00"`, by the clock of the calendar's zone.
  case localTime
  /// Words of a list, each once.
  case choices([String])
  /// `"80%"`.
  case share
  /// `"10%"` or `"none"`.
  case allowance
  /// Codes and the reasons they stand for: `{ "12": "guard-open", "17-20": "drive", "*": "" }`.
  case meanings
  /// Whole numbers by name: `{ "Execute": 6 }`.
  case numbers
  /// A condition of evidence; its table is `Vocabulary.test`, which holds such conditions itself.
  case test
  case tests
  /// Hashes of public keys: `["sha256/…"]`.
  case pins
  /// Brokers: `["mqtts://broker.plant:8883"]`.
  case brokers
}

/// What a reference points at.
enum Target: String, Sendable {
  case bus, machine, signal, uplink, line, calendar, reason
}

/// Whether a member must be there, and what holds when it is not.
indirect enum Presence: Sendable {
  case required
  /// Required, unless the object has the member named.
  case requiredWithout(String)
  case optional
  /// Known to some types of the object only, by the text of its member `type`.
  case typed([(type: String, presence: Presence)])
  /// The default, written as it could stand in the file.
  case standard(JSONValue)
}

extension Presence {
  /// Whether the member may be missed.
  var canRequire: Bool {
    switch self {
    case .required, .requiredWithout: true
    case .optional, .standard: false
    case .typed(let types): types.contains { $0.presence.canRequire }
    }
  }
}

/// One member of an object.
struct Member: Sendable {
  var name: String
  var kind: Kind
  var presence: Presence
  /// One sentence for the schema.
  var meaning: String

  init(_ name: String, _ kind: Kind, _ presence: Presence, _ meaning: String) {
    self.name = name
    self.kind = kind
    self.presence = presence
    self.meaning = meaning
  }

  /// The same member where nothing holds when it is left out.
  var asOptional: Member { Member(name, kind, .optional, meaning) }
}

/// One object: its members in the order in which they are explained.
struct Table: Sendable {
  /// The name of the schema's definition.
  var name: String
  var meaning: String
  var members: [Member]
  /// The member that tells the elements of a list of these apart; nil when nothing does.
  let key: String?
  private let indexByName: [String: Int]
  /// The indices of the members in the order of their names, as canonical JSON wants them.
  let canonicalOrder: [Int]

  init(_ name: String, _ meaning: String, key: String? = "name", _ members: [Member]) {
    self.name = name
    self.meaning = meaning
    self.key = members.contains { $0.name == key } ? key : nil
    self.members = members
    canonicalOrder = members.indices.sorted {
      members[$0].name.utf8.lexicographicallyPrecedes(members[$1].name.utf8)
    }
    indexByName = Dictionary(members.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  func index(_ name: String) -> Int? { indexByName[name] }
  func member(_ name: String) -> Member? { indexByName[name].map { members[$0] } }
}
