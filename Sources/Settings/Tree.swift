// The generic tree: a file's values, each with its place.

/// One value of a configuration with the place where it stands.
struct Node: Sendable {
  enum Content: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([Node])
    case object([NodeMember])
  }

  var place: Place
  var content: Content
}

struct NodeMember: Sendable {
  var name: String
  /// The place of the name.
  var place: Place
  var node: Node
}

extension Node {
  /// Decodes a file that the walker has passed; mistakes go to the list, and then nil comes back.
  static func decode(_ file: ConfigurationFile, into mistakes: inout MistakeList) -> Node? {
    let start = Place(file: file.path, line: 1, column: 1)
    guard file.text.utf8.count <= SettingsLimits.fileBytes else {
      mistakes.error(
        start, "", "the file has \(file.text.utf8.count) bytes",
        "\(SettingsLimits.fileBytes) bytes; move machines into conf.d/")
      return nil
    }
    var map = SourceMap(file: file.path, text: file.text)
    let located = map.walk()
    for mistake in map.mistakes { mistakes.add(mistake) }
    guard let located, map.mistakes.isEmpty else { return nil }
    return node(located, file.path, into: &mistakes)
  }

  /// The tree of what the walker found; its depth is bounded by `SettingsLimits.depth`.
  private static func node(
    _ located: Located, _ file: String, into mistakes: inout MistakeList
  ) -> Node? {
    let place = Place(file: file, line: located.line, column: located.column)
    let content: Content
    switch located.shape {
    case .null: content = .null
    case .boolean(let value): content = .boolean(value)
    case .string(let text): content = .string(text)
    case .number(let text):
      guard let number = NumberText.value(text) else {
        mistakes.error(place, "", "this value cannot be read", "a number within ±1.7e308")
        return nil
      }
      content = number
    case .array(let elements):
      let nodes = elements.compactMap { node($0, file, into: &mistakes) }
      guard nodes.count == elements.count else { return nil }
      content = .array(nodes)
    case .object(let members):
      let nodes = members.compactMap { member in
        node(member.value, file, into: &mistakes).map {
          NodeMember(
            name: member.name, place: Place(file: file, line: member.line, column: member.column),
            node: $0)
        }
      }
      guard nodes.count == members.count else { return nil }
      content = .object(nodes)
    }
    return Node(place: place, content: content)
  }
}

extension NumberText {
  /// What a number of JSON5 is: whole where it is exact, else binary; nil beyond every range.
  static func value(_ text: String) -> Node.Content? {
    let isNegative = text.hasPrefix("-")
    let bare = text.drop { $0 == "+" || $0 == "-" }
    switch bare {
    case "Infinity": return .number(isNegative ? -.infinity : .infinity)
    case "NaN": return .number(.nan)
    case _ where bare.hasPrefix("0x") || bare.hasPrefix("0X"):
      return Int64(bare.dropFirst(2), radix: 16).map { .integer(isNegative ? -$0 : $0) }
    default: break
    }
    if let integer = Int64(text) { return .integer(integer) }
    // Swift's numbers want a digit on both sides of the point.
    let parts = bare.split(omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
    guard let mantissa = parts.first else { return nil }
    var decimal = mantissa.hasPrefix(".") ? "0" + mantissa : String(mantissa)
    if decimal.hasSuffix(".") { decimal += "0" }
    if parts.count > 1 { decimal += "e" + parts[1] }
    guard let magnitude = Double(decimal), magnitude.isFinite else { return nil }
    let number = isNegative ? -magnitude : magnitude
    return Int64(exactly: number).map { .integer($0) } ?? .number(number)
  }
}
