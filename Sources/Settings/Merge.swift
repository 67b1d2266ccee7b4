// Fragments become one tree: named things are merged by name, lists without names are joined, and
// nothing is ever overruled in silence.
//
// Invariants
// - The order of the files decides about the order of things only, never about a value.
// - The same member in two files is a mistake that names both places, unless the values are equal.
// - Two things with one name in the same list of the same file are a mistake.

struct Merge {
  var mistakes: MistakeList

  /// Joins the roots in the order given; they are objects of the table's shape.
  mutating func roots(_ roots: [Node], _ table: Table) -> Node? {
    for root in roots { checkNames(root, .object(table), "") }
    guard var whole = roots.first else { return nil }
    for root in roots.dropFirst() {
      whole = merge(whole, root, .object(table), "", name: "the file")
    }
    return whole
  }

  /// Finds things of the same name in a file that is not merged.
  static func checkingNames(_ node: Node, _ table: Table, _ mistakes: MistakeList) -> MistakeList {
    var merge = Merge(mistakes: mistakes)
    merge.checkNames(node, .object(table), "")
    return merge.mistakes
  }

  /// Finds things of the same name within one file, before anything is merged.
  private mutating func checkNames(_ node: Node, _ kind: Kind, _ path: String) {
    switch (kind, node.content) {
    case (.object(let table), .object(let members)):
      for member in members {
        guard let known = table.member(member.name) else { continue }
        checkNames(member.node, known.kind, Path.member(path, member.name))
      }
    case (.list(let table), .array(let elements)), (.selection(let table), .array(let elements)):
      var firstByName: [String: Place] = [:]
      for (index, element) in elements.enumerated() {
        let place = Path.element(path, element, index, key: table.key)
        checkNames(element, .object(table), place)
        guard let key = table.key, let name = element.text(key) else { continue }
        if let first = firstByName[name.text] {
          mistakes.error(
            name.place, Path.member(place, key),
            "the \(key) \"\(name.text)\" is already taken at \(first)", "each \(key) once")
        } else {
          firstByName[name.text] = name.place
        }
      }
    default: break
    }
  }

  private mutating func merge(
    _ left: Node, _ right: Node, _ kind: Kind, _ path: String, name: String
  ) -> Node {
    switch (kind, left.content, right.content) {
    case (.object(let table), .object(let before), .object(let after)):
      return objects(left.place, before, after, table, path)
    case (.list(let table), .array(let before), .array(let after)),
      (.selection(let table), .array(let before), .array(let after)):
      return lists(left.place, before, after, table, path)
    default:
      if !left.hasSameContent(as: right) {
        mistakes.error(
          right.place, path, "\(name) is already given at \(left.place) with another value",
          "one of the two, or the same value in both")
      }
      return left
    }
  }

  private mutating func objects(
    _ place: Place, _ before: [NodeMember], _ after: [NodeMember], _ table: Table, _ path: String
  ) -> Node {
    var merged = before
    for member in after {
      if let index = merged.firstIndex(where: { $0.name == member.name }) {
        let kind = table.member(member.name)?.kind ?? .boolean
        merged[index].node = merge(
          merged[index].node, member.node, kind, Path.member(path, member.name), name: member.name)
      } else {
        merged.append(member)
      }
    }
    return Node(place: place, content: .object(merged))
  }

  private mutating func lists(
    _ place: Place, _ before: [Node], _ after: [Node], _ table: Table, _ path: String
  ) -> Node {
    var merged = before
    var indexByName: [String: Int] = [:]
    if let key = table.key {
      for (index, element) in before.enumerated() {
        if let name = element.text(key)?.text { indexByName[name] = index }
      }
    }
    for element in after {
      if let name = table.key.flatMap({ element.text($0)?.text }), let index = indexByName[name] {
        merged[index] = merge(
          merged[index], element, .object(table), "\(path)[\(name)]", name: name)
      } else {
        merged.append(element)
      }
    }
    return Node(place: place, content: .array(merged))
  }
}

/// How places in the tree are written.
enum Path {
  static func member(_ path: String, _ name: String) -> String {
    path.isEmpty ? name : "\(path).\(name)"
  }

  /// By name where there is one, else by number from 1.
  static func element(
    _ path: String, _ node: Node, _ index: Int, key: String? = "name"
  ) -> String {
    if let name = key.flatMap({ node.text($0)?.text }), Words.isName(name) {
      return "\(path)[\(name)]"
    }
    return "\(path)[#\(index + 1)]"
  }
}

extension Node {
  func member(_ name: String) -> Node? {
    guard case .object(let members) = content else { return nil }
    return members.first { $0.name == name }?.node
  }

  func text(_ name: String) -> (text: String, place: Place)? {
    guard let node = member(name), case .string(let text) = node.content else { return nil }
    return (text, node.place)
  }

  /// Equal whatever the places and the order of members.
  func hasSameContent(as other: Node) -> Bool {
    switch (content, other.content) {
    case (.null, .null): true
    case (.boolean(let left), .boolean(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): left == right
    case (.array(let left), .array(let right)):
      left.elementsEqual(right) { $0.hasSameContent(as: $1) }
    case (.object(let left), .object(let right)):
      left.count == right.count
        && left.allSatisfy { member in
          right.first { $0.name == member.name }?.node.hasSameContent(as: member.node) ?? false
        }
    default: false
    }
  }

  /// The value as a person would recognise it in a message.
  var shown: String {
    switch content {
    case .null: "null"
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): "the number \(value)"
    case .number(let value): "the number \(value)"
    case .string(let text): Words.quoted(text)
    case .array(let elements):
      elements.isEmpty || elements.count > 4
        ? "a list in [ ]" : "[" + elements.map(\.shownInList).joined(separator: ", ") + "]"
    case .object: "an object in { }"
    }
  }

  private var shownInList: String {
    switch content {
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .array, .object: "…"
    case .null, .boolean, .string: shown
    }
  }
}
