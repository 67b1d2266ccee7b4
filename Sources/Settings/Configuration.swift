// The configuration room: from the texts of files to a plan, or to every mistake at once.
//
//   texts → places (SourceMap) → values (Tree) → one tree (Merge) → records (Reader, after the
//   tables of Vocabulary) → rules (Rules) → plan (Planner), explanation, digest
//
// Invariants
// - No file is read here, no clock, no network: the same texts give the same outcome.
// - No text makes it trap; what it says is in a fixed order.
// - A member that is not in the tables does not exist: the check, the defaults, the explanation
//   and the JSON Schema all come from them.
//
// Why JSON5: technicians comment what they change and forget the last comma; both are allowed.

import Primitives

/// A configuration without an error.
public struct Configuration: Sendable {
  let root: Record
  /// What the program is wired from.
  public let plan: SitePlan

  /// Checks the files in the order given, the main one first; merges them and looks at everything.
  public static func check(_ files: [ConfigurationFile]) -> ConfigurationOutcome {
    var mistakes = MistakeList(files: files.map(\.path))
    guard files.count <= SettingsLimits.files else {
      mistakes.error(
        Place(file: files[0].path, line: 1, column: 1), "", "found \(files.count) files",
        "\(SettingsLimits.files) at most")
      return ConfigurationOutcome(mistakes: mistakes.sorted(), configuration: nil)
    }
    let tree = whole(files, &mistakes)
    guard let tree else {
      return ConfigurationOutcome(mistakes: mistakes.sorted(), configuration: nil)
    }
    var reader = Reader(mistakes: mistakes)
    let root = reader.record(tree, Vocabulary.root, path: "")
    var rules = Rules(root: root, mistakes: reader.mistakes)
    rules.check()
    let found = rules.mistakes.sorted()
    guard !rules.mistakes.hasErrors else {
      return ConfigurationOutcome(mistakes: found, configuration: nil)
    }
    var planner = Planner(root)
    let plan = planner.plan(digestInput: Effective.canonicalBytes(root))
    return ConfigurationOutcome(
      mistakes: found, configuration: Configuration(root: root, plan: plan))
  }

  /// All files as one tree; nil when one of them is no JSON5, since what it says is not known then.
  private static func whole(_ files: [ConfigurationFile], _ mistakes: inout MistakeList) -> Node? {
    var roots: [Node] = []
    for file in files {
      if let root = Node.decode(file, into: &mistakes) { roots.append(root) }
    }
    guard !mistakes.hasErrors else { return nil }
    var merge = Merge(mistakes: mistakes)
    let whole = merge.roots(roots, Vocabulary.root)
    mistakes = merge.mistakes
    return whole
  }
}

/// Everything a check found, and the configuration when there is no error among it.
public struct ConfigurationOutcome: Sendable {
  /// In the order of the files, lines and columns.
  public var mistakes: [Mistake]
  public var configuration: Configuration?

  public var errors: [Mistake] { mistakes.filter { $0.severity == .error } }
  public var warnings: [Mistake] { mistakes.filter { $0.severity == .warning } }
}
