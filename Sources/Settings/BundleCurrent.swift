// Which configuration holds, which one is being tried, and what became of the last one.
//
//   good ──begin──▶ on trial ──confirmed──▶ good
//                      └──failed, or the program ended `triesAtMost` times──▶ good, as before
//
// Invariants
// - A start runs what is good and then tries again what was on trial: a configuration that ends the
//   program cannot end it for ever.
// - nil is the local files alone; they are good without a proof.

public import Primitives

/// What `current.json` says.
public struct BundleCurrent: Equatable, Sendable {
  /// A configuration that has not proved itself yet.
  public struct Trial: Equatable, Sendable {
    /// Its directory; nil for the local files alone.
    public var name: String?
    public var since: WallTime
    /// How often it was begun.
    public var tries: Int
    /// Who wanted it: `inbox`, or a person.
    public var by: String
  }

  /// The last one that did not prove itself.
  public struct Failure: Equatable, Sendable {
    public var name: String?
    public var at: WallTime
    public var why: String
  }

  /// The directory of what holds; nil for the local files alone.
  public private(set) var good: String?
  /// What was good before, the newest last.
  public private(set) var history: [String?] = []
  public private(set) var trial: Trial?
  public private(set) var failure: Failure?

  /// Starts with one configuration on trial before it is given up.
  public static let triesAtMost = 3
  /// Good ones that are remembered, and kept on disk.
  public static let kept = 10

  public init() {}

  /// Puts a configuration on trial.
  public mutating func begin(_ name: String?, by: String, at now: WallTime) {
    trial = Trial(name: name, since: now, tries: 1, by: by)
  }

  /// After a start: what to try once more. What ended the program too often has failed.
  public mutating func resume(at now: WallTime) -> Trial? {
    guard var trial else { return nil }
    guard trial.tries < Self.triesAtMost else {
      fail("the gateway ended \(trial.tries) times while it was tried", at: now)
      return nil
    }
    trial.tries += 1
    self.trial = trial
    return trial
  }

  /// What is on trial has proved itself.
  public mutating func confirm() {
    guard let trial else { return }
    self.trial = nil
    if failure?.name == trial.name { failure = nil }
    guard trial.name != good else { return }
    history.removeAll { $0 == trial.name }
    history.append(good)
    history = Array(history.suffix(Self.kept - 1))
    good = trial.name
  }

  /// What is on trial is given up.
  public mutating func fail(_ why: String, at now: WallTime) {
    guard let trial else { return }
    failure = Failure(name: trial.name, at: now, why: why)
    self.trial = nil
  }

  /// What holds cannot be used: the one before it, and in the end the local files alone.
  public mutating func giveUpGood(_ why: String, at now: WallTime) {
    failure = Failure(name: good, at: now, why: why)
    let broken = good
    good = history.last { $0 != broken } ?? nil
    history.removeAll { $0 == broken || $0 == good }
  }

  /// The directories that must stay.
  public var needed: Set<String> {
    Set(([good, trial?.name, failure?.name] + history).compactMap { $0 })
  }

  // MARK: The file

  /// The bytes of the file, canonical JSON.
  public var bytes: [UInt8] {
    var members: [String: JSONValue] = [
      "version": 1, "good": Self.json(good), "history": .array(history.map(Self.json)),
    ]
    if let trial {
      members["trial"] = [
        "name": Self.json(trial.name), "since": .string(trial.since.text),
        "tries": .integer(Int64(trial.tries)), "by": .string(trial.by),
      ]
    }
    if let failure {
      members["failure"] = [
        "name": Self.json(failure.name), "at": .string(failure.at.text),
        "why": .string(failure.why),
      ]
    }
    return JSONValue.object(members).canonicalBytes + [10]
  }

  /// Reads the file; nil when it says anything else.
  public init?(bytes: [UInt8]) {
    guard let tree = try? JSONValue(parsing: bytes), tree["version"]?.integer == 1,
      let history = tree["history"]?.array
    else { return nil }
    good = tree["good"]?.string
    self.history = history.suffix(Self.kept).map(\.string)
    if let said = tree["trial"] {
      guard let since = said["since"]?.string.flatMap({ WallTime(text: $0) }),
        let tries = said["tries"]?.integer, let by = said["by"]?.string
      else { return nil }
      trial = Trial(
        name: said["name"]?.string, since: since, tries: Int(clamping: max(1, min(tries, 1000))),
        by: by)
    }
    if let said = tree["failure"] {
      guard let at = said["at"]?.string.flatMap({ WallTime(text: $0) }),
        let why = said["why"]?.string
      else { return nil }
      failure = Failure(name: said["name"]?.string, at: at, why: why)
    }
    let names = ([good, trial?.name, failure?.name] + self.history).compactMap { $0 }
    guard names.allSatisfy(BundleDirectory.isName) else { return nil }
  }

  private static func json(_ name: String?) -> JSONValue { name.map { .string($0) } ?? .null }
}

/// The directory of one bundle: `<serial>-<key>`.
public enum BundleDirectory {
  /// The serial number in a name; nil for any other name.
  public static func serial(of name: String) -> UInt64? {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].utf8.count == 16,
      parts[1].utf8.allSatisfy({ (48...57).contains($0) || (65...70).contains($0) }),
      let serial = UInt64(parts[0]), String(serial) == parts[0]
    else { return nil }
    return serial
  }

  /// Whether a directory may bear this name.
  public static func isName(_ name: String) -> Bool { serial(of: name) != nil }
}
