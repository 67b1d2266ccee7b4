// What becomes of a configuration: it was applied, refused, or taken back.
//
// Invariants
// - An event of a configuration always says which one (digest, or the path where none could be
//   read), by whose wish, and why.
// - It is bounded: a file with a thousand mistakes is told by its first ones and their number.

public import Primitives

/// What became of a configuration that somebody wanted applied.
public struct ConfigurationNews: Equatable, Sendable {
  /// What became of it.
  public enum Kind: Equatable, Sendable {
    /// It runs now.
    case applied
    /// It was not applied; everything stayed as it was.
    case rejected
    /// It ran and was taken back; what ran before runs again.
    case rolledBack
  }

  public var kind: Kind
  /// The serial number of the bundle it came with; nil for local files.
  public var version: UInt64?
  /// SHA-256 of the effective configuration, hexadecimal; nil when there was none to make.
  public var digest: String?
  /// The digest of the one that runs now, where it is another one.
  public var runningDigest: String?
  /// The key that signed the bundle; nil for local files.
  public var signedBy: String?
  /// Who asked: `SIGHUP`, `inbox`, a person.
  public var by: String
  /// The sentence for people; nil where there is nothing to explain.
  public var why: String?
  /// What was restarted, added or removed: `bus press-hall changed`.
  public var changed: [String]
  /// Each mistake with file, line and column.
  public var mistakes: [String]

  public init(
    _ kind: Kind, version: UInt64? = nil, digest: String? = nil, runningDigest: String? = nil,
    signedBy: String? = nil, by: String, why: String? = nil, changed: [String] = [],
    mistakes: [String] = []
  ) {
    self.kind = kind
    self.version = version
    self.digest = digest
    self.runningDigest = runningDigest
    self.signedBy = signedBy
    self.by = by
    self.why = why
    self.changed = changed
    self.mistakes = mistakes
  }

  /// Entries of a list that one event tells: 2 × 20 × 300 bytes leave room in 16 KiB.
  static let entriesTold = 20
  /// Bytes of one text in it.
  static let textBytes = 300
}

extension EventDraft {
  /// A configuration was applied, refused or taken back.
  public static func configuration(
    _ source: EventSource, at: Stamp, _ news: ConfigurationNews
  ) -> EventDraft {
    var members: [String: JSONValue] = ["by": .string(short(news.by))]
    if let version = news.version { members["version"] = EventValue.integer(version) }
    if let digest = news.digest { members["configurationDigest"] = .string(digest) }
    if let running = news.runningDigest { members["runningDigest"] = .string(running) }
    if let key = news.signedBy { members["signedBy"] = .string(short(key)) }
    if let why = news.why { members["why"] = .string(short(why)) }
    list(news.changed, "changed", into: &members)
    list(news.mistakes, "mistakes", into: &members)
    let type: EventType =
      switch news.kind {
      case .applied: .configurationApplied
      case .rejected: .configurationRejected
      case .rolledBack: .configurationRolledBack
      }
    return EventDraft(
      type: type, unit: .gateway, at: at, partitionKey: source.gateway, data: .object(members))
  }

  private static func list(
    _ entries: [String], _ name: String, into members: inout [String: JSONValue]
  ) {
    guard !entries.isEmpty else { return }
    members[name] = .array(
      entries.prefix(ConfigurationNews.entriesTold).map { .string(short($0)) })
    if entries.count > ConfigurationNews.entriesTold {
      members["\(name)Count"] = .integer(Int64(entries.count))
    }
  }

  /// A text that is cut at a whole character.
  private static func short(_ text: String) -> String {
    guard text.utf8.count > ConfigurationNews.textBytes else { return text }
    var kept = ""
    for character in text {
      guard kept.utf8.count + character.utf8.count < ConfigurationNews.textBytes - 3 else { break }
      kept.append(character)
    }
    return kept + "…"
  }
}
