// The configuration room: from the texts of files to a plan, or to every mistake at once.
//
//   texts → places (SourceMap) → values (Tree) → one tree (Merge) → machines made whole from their
//   profiles (Profiles) → records (Reader, after the tables of Vocabulary) → rules (Rules) → plan
//   (Planner), explanation, digest
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

  /// The plan that follows one that runs: what both have keeps its ids.
  public func plan(beside running: SitePlan) -> SitePlan {
    var planner = Planner(root, beside: running)
    return planner.plan(digestInput: plan.digestInput)
  }

  /// Checks the files in the order given, the main one first, with the profiles there are.
  public static func check(
    _ files: [ConfigurationFile], profiles: [ConfigurationFile] = []
  ) -> ConfigurationOutcome {
    ConfigurationDraft(files).check(
      profiles: profiles, shelf: profiles.map { Profiles.name(of: $0.path) })
  }
}

/// The files merged, before the profiles that their machines name are known.
public struct ConfigurationDraft: Sendable {
  /// The profiles to bring, each once, in the order of the machines.
  public let profileNames: [String]
  /// Where the profiles of these files lie: the directory `profiles` beside the main file.
  public let profileDirectory: String
  let root: Node?
  private let mistakes: MistakeList

  /// Reads and merges the files in the order given, the main one first; what a bundle brings takes
  /// the place of what they say (see BundleOverlay).
  public init(_ files: [ConfigurationFile], overlay: [ConfigurationFile] = []) {
    var mistakes = MistakeList(files: (files + overlay).map(\.path))
    var root: Node?
    if files.count > SettingsLimits.files {
      mistakes.error(
        Place(file: files[0].path, line: 1, column: 1), "", "found \(files.count) files",
        "\(SettingsLimits.files) at most")
    } else {
      root = Self.whole(files, &mistakes)
    }
    if !overlay.isEmpty, let local = root {
      root = Self.whole(overlay, &mistakes).map { BundleOverlay.lay($0, over: local, &mistakes) }
    }
    var names: [String] = []
    let calls = root.map(Profiles.calls) ?? []
    if calls.count > SettingsLimits.profiles {
      mistakes.error(
        calls[SettingsLimits.profiles].place, "machines", "found \(calls.count) profiles",
        "\(SettingsLimits.profiles) at most")
      root = nil
    } else {
      names = calls.map(\.name)
    }
    profileNames = names
    profileDirectory = Profiles.directory(besides: files.first?.path ?? "")
    self.root = root
    self.mistakes = mistakes
  }

  /// Where this gateway keeps its things, whatever else is wrong with the files.
  public var stateDirectory: String {
    root?.member("gateway")?.text("stateDirectory")?.text ?? "/var/lib/takt"
  }

  /// Whether the files take bundles at all, whatever else is wrong with them.
  public var takesBundles: Bool { root?.member("remote") != nil }

  /// Looks at everything; `shelf` are the names of all profiles there are, read or not.
  public func check(profiles files: [ConfigurationFile], shelf: [String]) -> ConfigurationOutcome {
    guard let root else {
      return ConfigurationOutcome(mistakes: mistakes.sorted(), configuration: nil)
    }
    var profiles = Profiles(mistakes: mistakes, shelf: shelf, directory: profileDirectory)
    profiles.mistakes.add(files: files.map(\.path))
    for file in files where profileNames.contains(Profiles.name(of: file.path)) {
      profiles.take(file)
    }
    let tree = profiles.expand(root)
    let told = profiles.mistakes
    var reader = Reader(mistakes: MistakeList(files: []))
    let record = reader.record(tree, Vocabulary.root, path: "")
    reader.mistakes.remove(where: profiles.isTold)
    var all = told
    for mistake in reader.mistakes.all { all.add(mistake) }
    // Names that only a missing profile knows would all be called unknown.
    guard !profiles.areIncomplete else {
      return ConfigurationOutcome(mistakes: all.sorted(), configuration: nil)
    }
    var rules = Rules(root: record, mistakes: all)
    rules.check()
    let found = rules.mistakes.sorted()
    guard !rules.mistakes.hasErrors else {
      return ConfigurationOutcome(mistakes: found, configuration: nil)
    }
    var planner = Planner(record)
    let plan = planner.plan(digestInput: Effective.canonicalBytes(record))
    return ConfigurationOutcome(
      mistakes: found, configuration: Configuration(root: record, plan: plan))
  }

  /// All files as one tree; nil when one of them is no JSON5, since what it says is not known then.
  private static func whole(_ files: [ConfigurationFile], _ mistakes: inout MistakeList) -> Node? {
    var roots: [Node] = []
    for file in files {
      if let root = Node.decode(file, into: &mistakes) { roots.append(root.withNamedSignals()) }
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

  /// What keeps the configuration from being used.
  public var errors: [Mistake] { mistakes.filter { $0.severity == .error } }
  /// What is risky and may be meant.
  public var warnings: [Mistake] { mistakes.filter { $0.severity == .warning } }
}
