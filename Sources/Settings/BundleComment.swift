// The signed comment of a bundle: who may take it, when, and in which order.
//
//   takt-bundle 1 serial=43 gateways=line-7,line-8 groups=press-shop from=2026-11-21T00:00:00Z
//     until=2027-02-21T00:00:00Z program=0.6.0 digest=blake2b512
//
// Invariants
// - One line of words, each `name=value`, each once; an unknown one is refused, because a program
//   that does not know a condition cannot keep it.
// - What is written is what is read: people see exactly what the gateway obeys.

public import Primitives

/// What head office signs beside the bytes of a bundle.
public struct BundleComment: Equatable, Sendable {
  /// What the signed file is.
  public enum Kind: String, Sendable, CaseIterable {
    case bundle = "takt-bundle"
    /// The keys that sign bundles from now on, said by the root key.
    case keys = "takt-keys"
  }

  public var kind: Kind
  public var serial: UInt64
  /// Names of gateways; `*` for every one.
  public var gateways: [String]
  public var groups: [String]
  public var from: WallTime
  public var until: WallTime
  /// The oldest program that can read it: `0.6.0`.
  public var program: ProgramVersion?

  public init(
    _ kind: Kind = .bundle, serial: UInt64, gateways: [String] = [], groups: [String] = [],
    from: WallTime, until: WallTime, program: ProgramVersion? = nil
  ) {
    self.kind = kind
    self.serial = serial
    self.gateways = gateways
    self.groups = groups
    self.from = from
    self.until = until
    self.program = program
  }

  /// The name of the digest that is signed: the one that minisign's prehashed form has.
  static let digest = "blake2b512"

  /// One line that people and programs read.
  public var text: String {
    var words = ["\(kind.rawValue) 1 serial=\(serial)"]
    if !gateways.isEmpty { words.append("gateways=" + gateways.joined(separator: ",")) }
    if !groups.isEmpty { words.append("groups=" + groups.joined(separator: ",")) }
    words += ["from=\(Self.text(from))", "until=\(Self.text(until))"]
    if let program { words.append("program=\(program.text)") }
    return (words + ["digest=\(Self.digest)"]).joined(separator: " ")
  }

  /// Whom it is for, in words.
  public var target: String {
    var words: [String] = []
    if gateways.contains("*") {
      words.append("every gateway")
    } else if !gateways.isEmpty {
      words.append(
        (gateways.count > 1 ? "gateways " : "gateway ") + gateways.joined(separator: ", "))
    }
    if !groups.isEmpty { words.append("group " + groups.joined(separator: ", ")) }
    return words.joined(separator: " and ")
  }

  /// Reads the line.
  public init(text: String) throws(BundleRefusal) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.count >= 2, let kind = Kind(rawValue: words[0]), words[1] == "1" else {
      throw .commentForm("it does not begin with \"takt-bundle 1\" or \"takt-keys 1\"")
    }
    var values: [String: String] = [:]
    for word in words.dropFirst(2) {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts.first.map(String.init) ?? ""
      guard parts.count == 2, Self.names.contains(name) else {
        throw .commentForm(
          "the word \(Words.quoted(word)) is not known; it may be for a newer program")
      }
      guard values.updateValue(String(parts[1]), forKey: name) == nil else {
        throw .commentForm("\"\(name)\" stands in it twice")
      }
    }
    try self.init(kind, values)
  }

  private static let names: Set = [
    "serial", "gateways", "groups", "from", "until", "program", "digest",
  ]

  private init(_ kind: Kind, _ values: [String: String]) throws(BundleRefusal) {
    self.kind = kind
    guard let serial = values["serial"].flatMap(UInt64.init), BundleLimits.serials ~= serial,
      values["serial"] == String(serial)
    else { throw .commentForm("\"serial\" is no whole number from 1 to \(Int64.max)") }
    self.serial = serial
    gateways = try Self.list("gateways", values, orAll: true)
    groups = try Self.list("groups", values, orAll: false)
    guard !gateways.isEmpty || !groups.isEmpty else {
      throw .commentForm(
        "it says neither \"gateways\" nor \"groups\"; \"gateways=*\" is all of them")
    }
    guard let from = values["from"].flatMap(Self.time),
      let until = values["until"].flatMap(Self.time)
    else {
      throw .commentForm("\"from\" and \"until\" are times such as 2026-11-21T00:00:00Z")
    }
    guard from < until else { throw .commentForm("it ends before it begins") }
    (self.from, self.until) = (from, until)
    if let text = values["program"] {
      guard let version = ProgramVersion(text) else {
        throw .commentForm("\"program\" is no version such as 0.6.0")
      }
      program = version
    }
    guard values["digest"] ?? Self.digest == Self.digest else {
      throw .commentForm("the digest \(Words.quoted(values["digest"] ?? "")) is not known")
    }
  }

  private static func list(
    _ name: String, _ values: [String: String], orAll: Bool
  ) throws(BundleRefusal) -> [String] {
    guard let text = values[name] else { return [] }
    if orAll, text == "*" { return ["*"] }
    let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard names.allSatisfy(Words.isName), Set(names).count == names.count else {
      throw .commentForm("\"\(name)\" is no list of names with commas between, each once")
    }
    return names
  }

  /// `2026-11-21T07:15:30Z`.
  public static func text(_ time: WallTime) -> String { String(time.text.prefix(19)) + "Z" }

  /// Reads a date or a time of whole seconds, both of UTC.
  public static func time(_ text: String) -> WallTime? {
    switch text.utf8.count {
    case 10: WallTime(text: text + "T00:00:00.000Z")
    case 20 where text.hasSuffix("Z"): WallTime(text: text.dropLast() + ".000Z")
    default: nil
    }
  }

  /// Whether a gateway of that name and group is meant.
  public func isFor(_ gateway: String, group: String?) -> Bool {
    gateways.contains("*") || gateways.contains(gateway) || group.map(groups.contains) ?? false
  }
}

/// A version such as 0.6.0, compared number by number.
public struct ProgramVersion: Comparable, Sendable {
  public let numbers: [UInt32]

  /// Reads three whole numbers with points between.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { UInt32($0) }
    guard parts.count == 3, numbers.count == 3,
      numbers.map(String.init).joined(separator: ".") == text
    else { return nil }
    self.numbers = numbers
  }

  /// `0.6.0`.
  public var text: String { numbers.map(String.init).joined(separator: ".") }

  public static func < (left: ProgramVersion, right: ProgramVersion) -> Bool {
    left.numbers.lexicographicallyPrecedes(right.numbers)
  }
}
