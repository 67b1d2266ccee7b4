// Reads the merged tree after the tables: unknown names, missing members, kinds and ranges.
//
// Invariants
// - One walk, every mistake noted; a wrong member becomes nil and never hides another mistake.
// - Defaults are read by the same code as the files, so a default obeys the member's own range.

import Primitives

struct Reader {
  var mistakes: MistakeList

  mutating func record(
    _ node: Node, _ table: Table, path: String, isDefault: Bool = false
  ) -> Record {
    var record = Record(table, path: path, place: node.place, isDefault: isDefault)
    guard case .object(let members) = node.content else {
      mistakes.error(node.place, path, "found \(node.shown)", "an object in { }")
      return record
    }
    var isGiven = Array(repeating: false, count: table.members.count)
    for member in members {
      guard let index = table.index(member.name) else {
        record.isWrong = true
        if let meant = unknown(member, table, path) { isGiven[meant] = true }
        continue
      }
      isGiven[index] = true
      let kind = table.members[index].kind
      let place = Path.member(path, member.name)
      if let reading = read(member.node, kind, place, isDefault: isDefault) {
        record.settings[index] = Setting(
          reading: reading, place: member.node.place, isDefault: isDefault)
      } else {
        record.isWrong = true
      }
    }
    for (index, member) in table.members.enumerated() where !isGiven[index] {
      record.settings[index] = absent(member, member.presence, record)
    }
    for member in members { foreign(member, &record) }
    return record
  }

  /// Notes a member that belongs to another type of the object.
  private mutating func foreign(_ member: NodeMember, _ record: inout Record) {
    guard let known = record.table.member(member.name), case .typed(let types) = known.presence,
      let type = record.text("type"), !types.contains(where: { $0.type == type })
    else { return }
    record[member.name] = nil
    record.isWrong = true
    let owners = types.map(\.type)
    mistakes.error(
      member.place, record.path(of: member.name),
      "\(member.name) belongs to \(Words.both(owners)); this \(record.table.name) is \(type)",
      "no \(member.name), or type: " + Words.either(owners.map { "\"\($0)\"" }))
  }

  /// Notes an unknown name; the required member that was meant need not be missed as well.
  private mutating func unknown(_ member: NodeMember, _ table: Table, _ path: String) -> Int? {
    let names = table.members.map(\.name)
    mistakes.error(
      member.place, Path.member(path, member.name),
      "\(Words.quoted(member.name)) is not known here" + Nearest.hint(member.name, names),
      names.joined(separator: ", "))
    guard let meant = Nearest.word(to: member.name, among: names).flatMap(table.index),
      table.members[meant].presence.canRequire
    else { return nil }
    return meant
  }

  private mutating func absent(
    _ member: Member, _ presence: Presence, _ record: Record
  ) -> Setting? {
    let own = record.path(of: member.name)
    switch presence {
    case .required:
      mistakes.error(
        record.place, own, "\(member.name) is missing", Describe.allowed(member.kind))
      return nil
    case .requiredWithout(let other):
      return record[other] == nil ? absent(member, .required, record) : nil
    case .typed(let types):
      guard let type = record.text("type"), let own = types.first(where: { $0.type == type })
      else { return nil }
      return absent(member, own.presence, record)
    case .optional: return nil
    case .standard(let value):
      let reading = read(Node(value, at: record.place), member.kind, own, isDefault: true)
      return reading.map { Setting(reading: $0, place: record.place, isDefault: true) }
    }
  }

  /// Notes that a value is not what its kind allows.
  mutating func refuse(_ node: Node, _ kind: Kind, _ path: String, _ why: String? = nil) -> Reading?
  {
    mistakes.error(node.place, path, why ?? "found \(node.shown)", Describe.allowed(kind))
    return nil
  }

  mutating func read(_ node: Node, _ kind: Kind, _ path: String, isDefault: Bool) -> Reading? {
    switch kind {
    case .name, .text, .prose, .file, .secretFile, .serialPort, .host, .httpsURL, .timeZone,
      .choice, .reference,
      .register, .language, .timeOfDay, .date, .localTime, .share, .allowance:
      guard case .string(let text) = node.content else { return refuse(node, kind, path) }
      return textual(text, node, kind, path)
    case .boolean:
      guard case .boolean(let value) = node.content else { return refuse(node, kind, path) }
      return .boolean(value)
    case .integer, .positive, .number, .ringSize, .integers, .range, .deadband:
      return numeric(node, kind, path)
    case .duration, .size: return quantity(node, kind, path)
    case .references, .eventTypes, .choices, .pins, .brokers: return words(node, kind, path)
    case .texts, .meanings, .numbers: return entries(node, kind, path)
    case .test: return condition(node, kind, Vocabulary.test, path, isDefault)
    case .tests: return tests(node, kind, path, isDefault)
    case .addressRanges, .functions: return offer(node, kind, path)
    case .condition(let table): return condition(node, kind, table, path, isDefault)
    case .debounce(let table):
      guard case .string = node.content else {
        return .record(record(node, table, path: path, isDefault: isDefault))
      }
      guard quantity(node, .duration(SettingsLimits.debounce), path) != nil else { return nil }
      let both = ["on", "off"].map { NodeMember(name: $0, place: node.place, node: node) }
      let object = Node(place: node.place, content: .object(both))
      return .record(record(object, table, path: path, isDefault: isDefault))
    case .shorthand(let member, let table):
      return .record(shorthand(node, member, table, path, isDefault))
    case .object(let table): return .record(record(node, table, path: path, isDefault: isDefault))
    case .list(let table), .selection(let table):
      return list(node, kind, table, path, isDefault)
    case .codes(let member, let table): return codes(node, kind, member, table, path, isDefault)
    }
  }

  private mutating func shorthand(
    _ node: Node, _ member: String, _ table: Table, _ path: String, _ isDefault: Bool
  ) -> Record {
    guard case .string = node.content else {
      return record(node, table, path: path, isDefault: isDefault)
    }
    let only = [NodeMember(name: member, place: node.place, node: node)]
    let object = Node(place: node.place, content: .object(only))
    return record(object, table, path: path, isDefault: isDefault)
  }

  private mutating func list(
    _ node: Node, _ kind: Kind, _ table: Table, _ path: String, _ isDefault: Bool
  ) -> Reading? {
    guard case .array(let elements) = node.content else { return refuse(node, kind, path) }
    var records: [Record] = []
    for (index, element) in elements.enumerated() {
      let place = Path.element(path, element, index, key: table.key)
      records.append(record(element, table, path: place, isDefault: isDefault))
    }
    return .records(records)
  }

  private mutating func codes(
    _ node: Node, _ kind: Kind, _ member: String, _ table: Table, _ path: String,
    _ isDefault: Bool
  ) -> Reading? {
    guard case .object(let members) = node.content else { return refuse(node, kind, path) }
    var records: [(code: Int64, record: Record)] = []
    for entry in members {
      let place = "\(path)[\(entry.name.prefix(SettingsLimits.nameLength))]"
      let isNegative = entry.name.hasPrefix("-")
      guard let number = Words.integer(isNegative ? String(entry.name.dropFirst()) : entry.name)
      else {
        mistakes.error(
          entry.place, place, "\(Words.quoted(entry.name)) is no code",
          "a whole number in quotes: \"12\"")
        continue
      }
      let code = isNegative ? -number : number
      if records.contains(where: { $0.code == code }) {
        mistakes.error(entry.place, place, "the code \(code) is given twice", "each code once")
      }
      records.append((code, shorthand(entry.node, member, table, place, isDefault)))
    }
    if records.count > SettingsLimits.causes {
      return refuse(node, kind, path, "found \(records.count) codes")
    }
    return .codes(records.sorted { $0.code < $1.code })
  }
}

extension Node {
  /// A default, as if it stood in the file.
  init(_ value: JSONValue, at place: Place) {
    self.place = place
    switch value {
    case .null: content = .null
    case .bool(let value): content = .boolean(value)
    case .integer(let value): content = .integer(value)
    case .number(let text): content = .number(Double(text) ?? 0)
    case .string(let text): content = .string(text)
    case .array(let values): content = .array(values.map { Node($0, at: place) })
    case .object(let members):
      content = .object(
        members.keys.sorted().map { name in
          NodeMember(name: name, place: place, node: Node(members[name] ?? .null, at: place))
        })
    }
  }
}
