// The JSON Schema (draft 2020-12) of a configuration file, written from the tables, for editors.
//
// It knows names, kinds, ranges and defaults. What parts owe each other only `takt check` knows;
// a fragment in conf.d may lack what the main file has, so the schema is for the main file.

import Primitives

extension Configuration {
  /// The schema as it stands in etc/takt.schema.json.
  public static func schema() -> String {
    var schema = Schema()
    let root = schema.definition(Vocabulary.root)
    var members = root
    members.insert(("$schema", "https://json-schema.org/draft/2020-12/schema"), at: 0)
    members.insert(("title", "Configuration of Takt"), at: 1)
    let definitions = schema.definitions.sorted { $0.name < $1.name }.map {
      ($0.name, Pretty.object($0.members))
    }
    members.append(("$defs", .object(definitions)))
    return Pretty.object(members).text(indent: "") + "\n"
  }
}

/// JSON with the members in the order given, for people.
indirect enum Pretty: ExpressibleByStringLiteral {
  case value(JSONValue)
  case array([Pretty])
  case object([(String, Pretty)])

  init(stringLiteral text: String) { self = .value(.string(text)) }

  func text(indent: String) -> String {
    let inner = indent + "  "
    switch self {
    case .value(let value): return value.canonicalText
    case .array(let values):
      return "[" + values.map { $0.text(indent: inner) }.joined(separator: ", ") + "]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let lines = members.map { name, value in
        inner + JSONValue.string(name).canonicalText + ": " + value.text(indent: inner)
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n" + indent + "}"
    }
  }
}

private struct Schema {
  private(set) var definitions: [(name: String, members: [(String, Pretty)])] = []
  private var known: Set<String> = []

  mutating func definition(_ table: Table) -> [(String, Pretty)] {
    let properties = table.members.map { member in
      var parts = value(member.kind)
      parts.append(("description", .value(.string(member.meaning))))
      if case .standard(let value) = member.presence { parts.append(("default", .value(value))) }
      return (member.name, Pretty.object(parts))
    }
    let required = table.members.compactMap { member -> Pretty? in
      if case .required = member.presence { .value(.string(member.name)) } else { nil }
    }
    return [
      ("description", .value(.string(table.meaning))), ("type", "object"),
      ("additionalProperties", .value(false)), ("required", .array(required)),
      ("properties", .object(properties)),
    ]
  }

  private mutating func reference(_ table: Table) -> (String, Pretty) {
    if known.insert(table.name).inserted {
      let members = definition(table)
      definitions.append((table.name, members))
    }
    return ("$ref", .value(.string("#/$defs/\(table.name)")))
  }

  private func pattern(_ text: String) -> [(String, Pretty)] {
    [("type", "string"), ("pattern", .value(.string(text)))]
  }

  private func either(_ forms: [[(String, Pretty)]]) -> [(String, Pretty)] {
    [("anyOf", .array(forms.map { .object($0) }))]
  }

  private mutating func value(_ kind: Kind) -> [(String, Pretty)] {
    let text: (String, Pretty) = ("type", "string")
    let number: (String, Pretty) = ("type", "number")
    let name = pattern("^[A-Za-z0-9._-]{1,\(SettingsLimits.nameLength)}$")
    let duration = pattern("^[0-9]+(\\.[0-9]+)?(us|ms|s|min|h|d)$")
    switch kind {
    case .name, .reference: return name
    case .text, .host, .timeZone, .register: return [text]
    case .file: return pattern("^/")
    case .httpsURL: return pattern("^https://")
    case .choice(let words): return [("enum", .array(words.map { .value(.string($0)) }))]
    case .boolean: return [("type", "boolean")]
    case .integer(let range):
      let least: (String, Pretty) = ("minimum", .value(.integer(range.lowerBound)))
      let most: (String, Pretty) = ("maximum", .value(.integer(range.upperBound)))
      return [("type", "integer"), least] + (range.upperBound == .max ? [] : [most])
    case .ringSize:
      let range = SettingsLimits.ringSamples
      let powers = sequence(first: range.lowerBound) { $0 < range.upperBound ? $0 * 2 : nil }
      return [("enum", .array(powers.map { .value(.integer(Int64($0))) }))]
    case .positive: return [number, ("exclusiveMinimum", .value(0))]
    case .number: return [number]
    case .duration: return duration
    case .size: return pattern("^[0-9]+(B|[kKMGT]B|[KMGT]iB)$")
    case .deadband: return either([[number], pattern("^[0-9.]+ ?%$")])
    case .range:
      return [
        ("type", "array"), ("items", .object([number])), ("minItems", .value(2)),
        ("maxItems", .value(2)),
      ]
    case .references: return [("type", "array"), ("items", .object(name))]
    case .eventTypes: return [("type", "array"), ("items", .object([text]))]
    case .integers:
      let integer: [(String, Pretty)] = [("type", "integer")]
      return either([integer, [("type", "array"), ("items", .object(integer))]])
    case .condition(let table), .shorthand(_, let table):
      return either([[text], [reference(table)]])
    case .debounce(let table): return either([duration, [reference(table)]])
    case .object(let table): return [reference(table)]
    case .list(let table): return [("type", "array"), ("items", .object([reference(table)]))]
    case .codes(_, let table):
      return [
        ("type", "object"),
        (
          "patternProperties",
          .object([("^-?[0-9]+$", .object(either([[text], [reference(table)]])))])
        ),
        ("additionalProperties", .value(false)),
      ]
    }
  }
}
