// Device profiles: what a machine's file leaves out is taken from its profile, member by member.
//
// Invariants
// - Works on trees, so that every value keeps its place: a mistake in a profile bears the
//   profile's file and line, and so does `--explain`.
// - The machine's word holds against the profile's, except that a text among its signals, or an
//   object without `at`, means the profile's signal of that name.
// - The machine that comes out needs no profile: what is explained can be read back without one.
// - A profile is checked by itself once, whoever names it, and only if somebody does.

import Primitives

struct Profiles {
  var mistakes: MistakeList
  /// A profile is missing or unreadable, so what machines lack is not known.
  private(set) var areIncomplete = false
  /// Places whose mistakes are told already.
  private var explained: Set<Place> = []
  private var files: Set<String> = []
  private var nodeByName: [String: Node] = [:]
  private var signalsByName: [String: [String: Node]] = [:]
  /// Every name there is, for "did you mean".
  private let shelf: [String]
  private let directory: String

  init(mistakes: MistakeList, shelf: [String], directory: String) {
    self.mistakes = mistakes
    self.shelf = shelf.sorted()
    self.directory = directory
  }

  /// `takt.json5` has its profiles in `profiles`, `/etc/takt/takt.json5` in `/etc/takt/profiles`.
  static func directory(besides path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "profiles" }
    return String(path[...slash]) + "profiles"
  }

  /// The name by which machines call the profile in a file.
  static func name(of path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    return String(file.hasSuffix(".json5") ? file.dropLast(6) : file)
  }

  /// The names that the machines of a tree call, each with the place of its first call.
  static func calls(in root: Node) -> [(name: String, place: Place)] {
    var calls: [(name: String, place: Place)] = []
    var known: Set<String> = []
    guard case .array(let machines) = root.member("machines")?.content else { return [] }
    for machine in machines {
      guard let call = machine.text("profile"), Words.isName(call.text),
        known.insert(call.text).inserted
      else { continue }
      calls.append((call.text, call.place))
    }
    return calls
  }

  /// Whether a mistake of reading a machine was told when its profile was read.
  func isTold(_ mistake: Mistake) -> Bool {
    files.contains(mistake.place.file) || explained.contains(mistake.place)
  }

  /// Reads and checks one profile by itself.
  mutating func take(_ file: ConfigurationFile) {
    let name = Self.name(of: file.path)
    guard nodeByName[name] == nil, files.insert(file.path).inserted else { return }
    guard let node = Node.decode(file, into: &mistakes) else {
      areIncomplete = true
      return
    }
    mistakes = Merge.checkingNames(node, Vocabulary.profileFile, mistakes)
    var reader = Reader(mistakes: mistakes)
    let record = reader.record(node, Vocabulary.profileFile, path: "")
    mistakes = reader.mistakes
    nodeByName[name] = node
    if let head = record.record("profile"), let given = head.text("name"), given != name {
      mistakes.error(
        head.place(of: "name"), head.path(of: "name"),
        "found \(Words.quoted(given)), but the file is \(name).json5", "\"\(name)\"")
    }
    var signals: [String: Node] = [:]
    if case .array(let elements) = node.member("signals")?.content {
      for element in elements {
        if let name = element.text("name")?.text, signals[name] == nil { signals[name] = element }
      }
    }
    signalsByName[name] = signals
  }

  /// The tree with every machine made whole; what calls for a profile that is not there is told.
  mutating func expand(_ root: Node) -> Node {
    guard case .object(var members) = root.content,
      let index = members.firstIndex(where: { $0.name == "machines" }),
      case .array(let machines) = members[index].node.content
    else { return root }
    var whole: [Node] = []
    for (number, machine) in machines.enumerated() {
      whole.append(expand(machine: machine, Path.element("machines", machine, number)))
    }
    members[index].node.content = .array(whole)
    return Node(place: root.place, content: .object(members))
  }

  private mutating func expand(machine: Node, _ path: String) -> Node {
    guard case .object(var members) = machine.content else { return machine }
    guard let call = machine.text("profile"), Words.isName(call.text) else {
      explainTexts(machine, path)
      return machine
    }
    guard let profile = nodeByName[call.text], case .object(let given) = profile.content else {
      missing(call, machine, path)
      return machine
    }
    members.removeAll { $0.name == "profile" }
    for member in given where Vocabulary.device.contains(where: { $0.name == member.name }) {
      if machine.member(member.name) == nil { members.append(member) }
    }
    if let index = members.firstIndex(where: { $0.name == "signals" }) {
      members[index].node = select(
        members[index].node, call.text, Path.member(path, "signals"))
    } else {
      // A profile without signals is told by itself; here they count as none.
      let none = Node(place: call.place, content: .array([]))
      let signals = given.first { $0.name == "signals" }
      members.append(signals ?? NodeMember(name: "signals", place: call.place, node: none))
    }
    return Node(place: machine.place, content: .object(members))
  }

  private mutating func missing(
    _ call: (text: String, place: Place), _ machine: Node, _ path: String
  ) {
    areIncomplete = true
    if case .array(let elements) = machine.member("signals")?.content {
      for element in elements where element.member("at") == nil { explained.insert(element.place) }
    }
    guard !files.contains(where: { Self.name(of: $0) == call.text }) else { return }
    let known = shelf.isEmpty ? "no file" : shelf.prefix(16).joined(separator: ", ")
    mistakes.error(
      call.place, Path.member(path, "profile"),
      "there is no profile named \(Words.quoted(call.text))" + Nearest.hint(call.text, shelf),
      "a profile in \(directory), where there is: \(known)")
  }

  /// The profile's signals that a machine's list means, and its own.
  private mutating func select(_ list: Node, _ profile: String, _ path: String) -> Node {
    guard case .array(let elements) = list.content else { return list }
    let signals = signalsByName[profile] ?? [:]
    var selected: [Node] = []
    for (index, element) in elements.enumerated() {
      guard case .object(var members) = element.content, element.member("at") == nil,
        let name = element.text("name")
      else {
        selected.append(element)
        continue
      }
      guard let signal = signals[name.text], case .object(let given) = signal.content else {
        explained.insert(element.place)
        let names = signals.keys.sorted()
        mistakes.error(
          name.place, Path.element(path, element, index),
          "the profile \(profile) has no signal named \(Words.quoted(name.text))"
            + Nearest.hint(name.text, names),
          "one of the profile (\(names.prefix(8).joined(separator: ", "))"
            + "\(names.count > 8 ? ", …" : "")), or its address: at: \"holding 3\"")
        selected.append(element)
        continue
      }
      for member in given where element.member(member.name) == nil { members.append(member) }
      selected.append(Node(place: element.place, content: .object(members)))
    }
    return Node(place: list.place, content: .array(selected))
  }

  /// Without a profile a text among the signals means nothing.
  private mutating func explainTexts(_ machine: Node, _ path: String) {
    guard machine.member("profile") == nil,
      case .array(let elements) = machine.member("signals")?.content
    else { return }
    for (index, element) in elements.enumerated() where element.isShortSignal {
      explained.insert(element.place)
      mistakes.error(
        element.place, Path.element(Path.member(path, "signals"), element, index),
        "\(Words.quoted(element.text("name")?.text ?? "")) is a text, and no profile is named to"
          + " take it from",
        "{ name: …, at: \"holding 3\" }, or profile: \"…\" beside signals")
    }
  }
}

extension Node {
  /// Stands for a text: `"power"` is read as `{ name: "power" }`, all of it at one place.
  var isShortSignal: Bool {
    guard case .object(let members) = content, members.count == 1 else { return false }
    return members[0].name == "name" && members[0].place == place
  }

  /// Every text in a list of signals as the object it stands for, so that fragments merge by name.
  func withNamedSignals() -> Node {
    mapMember("machines") { machines in
      machines.mapElements { machine in
        machine.mapMember("signals") { signals in
          signals.mapElements { element in
            guard case .string = element.content else { return element }
            let name = NodeMember(name: "name", place: element.place, node: element)
            return Node(place: element.place, content: .object([name]))
          }
        }
      }
    }
  }

  private func mapMember(_ name: String, _ change: (Node) -> Node) -> Node {
    guard case .object(var members) = content,
      let index = members.firstIndex(where: { $0.name == name })
    else { return self }
    members[index].node = change(members[index].node)
    return Node(place: place, content: .object(members))
  }

  private func mapElements(_ change: (Node) -> Node) -> Node {
    guard case .array(let elements) = content else { return self }
    return Node(place: place, content: .array(elements.map(change)))
  }
}
