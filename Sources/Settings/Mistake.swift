// What a person is told about a configuration: the file, the line, the column, the path, what was
// found and what is allowed. Every check of this room ends in one of these; none throws.

/// A configuration file as it was read: who reads it, and from where, is not this room's business.
public struct ConfigurationFile: Equatable, Sendable {
  /// As it is shown in messages.
  public var path: String
  public var text: String

  /// A file of that path and text.
  public init(path: String, text: String) {
    self.path = path
    self.text = text
  }
}

/// A place in a file; line and column count from 1, the column in characters.
public struct Place: Equatable, Hashable, Sendable, CustomStringConvertible {
  public var file: String
  public var line: Int
  public var column: Int

  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  public var description: String { "\(file):\(line):\(column)" }
}

/// One thing that is wrong with a configuration, or risky.
public struct Mistake: Equatable, Sendable, CustomStringConvertible {
  /// An error stops the gateway from starting; a warning may well be meant.
  public enum Severity: String, Sendable { case error, warning }

  public var severity: Severity
  public var place: Place
  /// `machines[press-1].signals[good].at`; empty for the file as a whole.
  public var path: String
  /// What was found and why it cannot be.
  public var found: String
  /// What would be accepted; empty when there is nothing to say.
  public var allowed: String

  public init(
    _ severity: Severity = .error, at place: Place, path: String, found: String,
    allowed: String = ""
  ) {
    self.severity = severity
    self.place = place
    self.path = path
    self.found = found
    self.allowed = allowed
  }

  /// One line, as compilers write it, so that editors find the place.
  public var description: String {
    let subject = path.isEmpty ? "" : "\(path): "
    let hint = allowed.isEmpty ? "" : "; allowed: \(allowed)"
    return "\(place): \(severity.rawValue): \(subject)\(found)\(hint)"
  }

  /// The same about the same place, whatever the path to it.
  func says(what other: Mistake) -> Bool {
    severity == other.severity && place == other.place && found == other.found
      && allowed == other.allowed
  }
}

/// Collects mistakes and puts them in the order in which a person walks through the files.
struct MistakeList {
  private(set) var all: [Mistake] = []
  private var order: [String: Int] = [:]

  init(files: [String]) { add(files: files) }

  /// Files that come behind those known.
  mutating func add(files: [String]) {
    for file in files where order[file] == nil { order[file] = order.count }
  }

  var hasErrors: Bool { all.contains { $0.severity == .error } }

  mutating func add(_ mistake: Mistake) { all.append(mistake) }

  /// Forgets what was told in other words.
  mutating func remove(where isTold: (Mistake) -> Bool) { all.removeAll(where: isTold) }

  mutating func error(_ place: Place, _ path: String, _ found: String, _ allowed: String = "") {
    all.append(Mistake(at: place, path: path, found: found, allowed: allowed))
  }

  mutating func warn(_ place: Place, _ path: String, _ found: String, _ allowed: String = "") {
    all.append(Mistake(.warning, at: place, path: path, found: found, allowed: allowed))
  }

  /// By file, line, column, words and path, each mistake once; what is beyond the limit is counted.
  func sorted() -> [Mistake] {
    let inOrder = all.sorted { left, right in
      let files = (order[left.place.file] ?? .max, order[right.place.file] ?? .max)
      if files.0 != files.1 { return files.0 < files.1 }
      if left.place.line != right.place.line { return left.place.line < right.place.line }
      if left.place.column != right.place.column { return left.place.column < right.place.column }
      return (left.found, left.path) < (right.found, right.path)
    }
    // What a profile is told for one machine need not be told for each that names it.
    var kept: [Mistake] = []
    for next in inOrder where !(kept.last.map { next.says(what: $0) } ?? false) {
      kept.append(next)
    }
    let most = SettingsLimits.mistakes
    guard kept.count > most else { return kept }
    let rest = Mistake(
      kept[most...].contains { $0.severity == .error } ? .error : .warning, at: kept[most].place,
      path: "", found: "\(kept.count - most) more mistakes from here on are not shown")
    return kept[..<most] + [rest]
  }
}
