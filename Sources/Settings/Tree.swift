// The generic tree: Foundation's values at the walker's places. The only file that imports it.

import FoundationEssentials

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
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    let text =
      file.text.unicodeScalars.first == "\u{FEFF}"
      ? file.text.unicodeScalars.dropFirst() : file.text.unicodeScalars[...]
    do {
      return try decoder.decode(
        DecodedNode.self, from: Data(String(text).utf8),
        configuration: Guide(file: file.path, located: located)
      ).node
    } catch let unreadable as Unreadable {
      mistakes.error(unreadable.place, "", "this value cannot be read", unreadable.allowed)
    } catch {
      mistakes.error(start, "", "the file cannot be read as JSON5", "plain JSON5 text")
    }
    return nil
  }
}

/// What the walker knows of the value that is decoded next.
private struct Guide {
  var file: String
  var located: Located

  var place: Place { Place(file: file, line: located.line, column: located.column) }
}

/// A value the walker passed and Foundation refused: a number beyond its range, as a rule.
private struct Unreadable: Error {
  var place: Place
  var allowed: String
}

private struct Name: CodingKey {
  var stringValue: String
  init(stringValue: String) { self.stringValue = stringValue }
  var intValue: Int? { nil }
  init?(intValue: Int) { nil }
}

private struct DecodedNode: DecodableWithConfiguration {
  var node: Node

  init(from decoder: any Decoder, configuration guide: Guide) throws {
    let content: Node.Content
    switch guide.located.shape {
    case .null: content = .null
    case .boolean: content = .boolean(try decoder.singleValueContainer().decode(Bool.self))
    case .string: content = .string(try Self.string(decoder, guide))
    case .number: content = try Self.number(decoder, guide)
    case .array(let elements): content = .array(try Self.array(decoder, guide, elements))
    case .object(let members): content = .object(try Self.object(decoder, guide, members))
    }
    node = Node(place: guide.place, content: content)
  }

  private static func string(_ decoder: any Decoder, _ guide: Guide) throws -> String {
    do {
      return try decoder.singleValueContainer().decode(String.self)
    } catch {
      throw Unreadable(place: guide.place, allowed: "text without unusual \\ sequences")
    }
  }

  private static func number(_ decoder: any Decoder, _ guide: Guide) throws -> Node.Content {
    let container = try decoder.singleValueContainer()
    if let integer = try? container.decode(Int64.self) { return .integer(integer) }
    guard let number = try? container.decode(Double.self) else {
      throw Unreadable(place: guide.place, allowed: "a number within ±1.7e308")
    }
    return .number(number)
  }

  private static func array(
    _ decoder: any Decoder, _ guide: Guide, _ elements: [Located]
  ) throws -> [Node] {
    var container = try decoder.unkeyedContainer()
    return try elements.map { element in
      let next = Guide(file: guide.file, located: element)
      return try container.decode(DecodedNode.self, configuration: next).node
    }
  }

  private static func object(
    _ decoder: any Decoder, _ guide: Guide, _ members: [LocatedMember]
  ) throws -> [NodeMember] {
    let container = try decoder.container(keyedBy: Name.self)
    return try members.map { member in
      let name = Name(stringValue: member.name)
      let next = Guide(file: guide.file, located: member.value)
      guard container.contains(name) else {
        throw Unreadable(place: next.place, allowed: "a name without \\ sequences")
      }
      let decoded = try container.decode(DecodedNode.self, forKey: name, configuration: next)
      let place = Place(file: guide.file, line: member.line, column: member.column)
      return NodeMember(name: member.name, place: place, node: decoded.node)
    }
  }
}
