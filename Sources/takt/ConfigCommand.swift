// takt config: which configurations a gateway keeps, what differs between them, and going back.

import LinuxEdge
import Primitives
import Settings

enum ConfigCommand {
  static let usage = CommandUsage(
    name: "config", summary: "list kept configurations, compare them, go back to one",
    operands: ["list|show|diff|rollback", "A", "B"], operandCount: 0...3,
    options: [
      .value("config", "FILE", "the local configuration", default: ConfigurationFiles.defaultPath),
      .value("socket", "PATH", "the daemon's control socket", default: "that of the configuration"),
      .switch("json", "print the result as one JSON object"),
    ],
    notes: [
      """
      list              the bundles that are kept, which one holds, which one is on trial
      show [A]          what is effective with A, every default filled in
      diff [A] [B]      which effective settings differ; without B, from what holds to A; without A,
                        from the one before to what holds
      rollback [A]      has the running gateway go back; without A, to the one before. It is watched
                        like any new configuration, and taken back when it does worse
      """,
      """
      A and B are serial numbers, names as the list has them, or "local" for the local files alone.
      """,
    ],
    exits: [.ok, .unverified, .configuration, .storage, .notRunning])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let shelf = try ConfigShelf(options)
      let words = Array(options.operands.dropFirst())
      switch options.operands.first ?? "list" {
      case "list":
        guard words.isEmpty else { throw .usage("a list takes no name") }
        list(shelf, options)
      case "show":
        guard words.count < 2 else { throw .usage("one configuration is shown at a time") }
        let configuration = try shelf.configuration(try shelf.name(words.first))
        StandardStream.output.write(Array(configuration.explain().utf8))
      case "diff": diff(try shelf.difference(words), options)
      case "rollback":
        guard words.count < 2 else { throw .usage("one can go back to one configuration only") }
        return try rollback(shelf, words.first, options)
      case let other: throw .usage("\"\(other)\" is none of list, show, diff and rollback")
      }
      return .ok
    }
  }

  private static func list(_ shelf: ConfigShelf, _ options: CommandLineOptions) {
    let current = shelf.current
    func state(_ name: String?) -> String {
      if current.trial?.name == name, current.trial != nil { return "on trial" }
      if current.good == name { return "holds" }
      if let failure = current.failure, failure.name == name { return "failed: \(failure.why)" }
      return current.history.contains(name) ? "before" : ""
    }
    if options.has("json") {
      let bundles = shelf.kept.map { kept -> JSONValue in
        .object(
          (kept.json.object ?? [:]).merging(
            ["name": .string(kept.name), "state": .string(state(kept.name))]) { first, _ in first })
      }
      let document: JSONValue = [
        "bundles": .array(bundles), "local": .string(state(nil)),
        "holds": .string(current.good ?? "local"),
      ]
      StandardStream.output.line(document.canonicalText)
    } else {
      var rows = [["local", "", "", state(nil)]]
      rows += shelf.kept.map { [$0.name, "taken " + $0.takenAt.text, $0.comment, state($0.name)] }
      StandardStream.output.line(Columns.text(rows))
    }
  }

  private static func diff(_ rows: [SettingsDifference], _ options: CommandLineOptions) {
    if options.has("json") {
      let list = rows.map { row -> JSONValue in
        .object(
          ["path": .string(row.path), "before": row.before ?? .null, "after": row.after ?? .null])
      }
      StandardStream.output.line(JSONValue.object(["differences": .array(list)]).canonicalText)
    } else if rows.isEmpty {
      StandardStream.output.line("no effective setting differs")
    } else {
      for row in rows { StandardStream.output.line(row.text) }
    }
  }

  private static func rollback(
    _ shelf: ConfigShelf, _ word: String?, _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    let name = word == nil ? try shelf.before() : try shelf.name(word)
    let socket = options.text("socket") ?? shelf.gateway.controlSocket
    let client = GatewayClient(path: socket, clock: SystemClock())
    let answer = try client.ask("rollback \(name ?? "local")")
    if let sentence = answer["error"]?.string { throw CommandFault(.unverified, sentence) }
    let sentence =
      "the gateway goes back to \(name ?? "the local files"); it is watched for a while, and"
      + " \"takt config list\" tells what became of it"
    let document: JSONValue = ["asked": true, "name": .string(name ?? "local")]
    StandardStream.output.line(options.has("json") ? document.canonicalText : sentence)
    return .ok
  }
}

/// What a gateway keeps, as its files tell it.
struct ConfigShelf {
  let path: String
  let gateway: GatewaySettings
  let store: BundleStore
  let current: BundleCurrent
  let kept: [KeptBundle]

  init(_ options: CommandLineOptions) throws(CommandFault) {
    path = options.text("config") ?? ConfigurationFiles.defaultPath
    gateway = try LocalTrust.read(path).gateway
    let store = BundleStore(state: gateway.stateDirectory)
    self.store = store
    current = try asking(.storage) { () throws(LinuxFault) in try store.current() }
    kept = try asking(.storage) { () throws(LinuxFault) in try store.list() }
  }

  /// The directory that a word means; nil for the local files. No word is what holds.
  func name(_ word: String?) throws(CommandFault) -> String? {
    guard let word else { return current.good }
    if word == "local" { return nil }
    let found = kept.filter { $0.name == word || String($0.serial) == word }
    guard let first = found.first else {
      throw CommandFault(.unverified, "no bundle \(word) is kept; \"takt config list\" names them")
    }
    guard found.count == 1 else {
      let names = found.map(\.name).joined(separator: " and ")
      throw .usage("\(word) may be \(names); write the whole name")
    }
    return first.name
  }

  /// What held before what holds now.
  func before() throws(CommandFault) -> String? {
    guard let before = current.history.last else {
      throw CommandFault(.unverified, "nothing held before; there is nothing to go back to")
    }
    return before
  }

  func configuration(_ name: String?) throws(CommandFault) -> Configuration {
    let source = try asking(.storage) { () throws(LinuxFault) in
      try store.source(name, local: path)
    }
    switch loadConfiguration(source: source) {
    case .failure(let fault): throw CommandFault(.configuration, fault.description)
    case .success(let outcome):
      guard let configuration = outcome.configuration else {
        let first = outcome.errors.first?.description ?? "it is not usable"
        throw CommandFault(.configuration, "\(source.text): \(first)")
      }
      return configuration
    }
  }

  func difference(_ words: [String]) throws(CommandFault) -> [SettingsDifference] {
    guard words.count < 3 else { throw .usage("two configurations are compared at a time") }
    let first = words.isEmpty ? try before() : words.count == 1 ? current.good : try name(words[0])
    let second = try name(words.last)
    return SettingsDifference.between(try configuration(first).plan, try configuration(second).plan)
  }
}
