// The JSON Schema (draft 2020-12) of a configuration file, written from the tables, for editors.
//
// One schema serves both kinds of files: what has a member `profile` is a device profile.
// It knows names, kinds, ranges and defaults. What parts owe each other only `takt check` knows;
// a fragment in conf.d may lack what the main file has, so the schema is for the main file.

import Polling
import Primitives

extension Configuration {
  /// The schema as it stands in etc/takt.schema.json.
  public static func schema() -> String {
    var schema = Schema()
    let configuration = schema.reference(Vocabulary.root)
    let profile = schema.reference(Vocabulary.profileFile)
    var members: [(String, Pretty)] = [
      ("$schema", "https://json-schema.org/draft/2020-12/schema"),
      ("title", "Configuration of Takt"),
      ("if", .object([("required", .array(["profile"]))])),
      ("then", .object([profile])), ("else", .object([configuration])),
    ]
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

  private mutating func definition(_ table: Table) -> [(String, Pretty)] {
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
    ] + Self.alternatives(table) + Self.types(table)
  }

  /// A member that is required unless another one is there.
  private static func alternatives(_ table: Table) -> [(String, Pretty)] {
    for member in table.members {
      guard case .requiredWithout(let other) = member.presence else { continue }
      let either = [other, member.name].map { name in
        Pretty.object([("required", .array([.value(.string(name))]))])
      }
      return [("anyOf", .array(either))]
    }
    return []
  }

  /// For each type of the object: the members it requires, those it lacks, and its defaults.
  private static func types(_ table: Table) -> [(String, Pretty)] {
    guard let type = table.member("type"), case .choice(let names) = type.kind,
      case .standard(let usual) = type.presence
    else { return [] }
    let rules = names.compactMap { name -> Pretty? in
      var required: [Pretty] = []
      var properties: [(String, Pretty)] = []
      for member in table.members {
        guard case .typed(let types) = member.presence else { continue }
        switch types.first(where: { $0.type == name })?.presence {
        case .required?: required.append(.value(.string(member.name)))
        case .standard(let value)?:
          properties.append((member.name, .object([("default", .value(value))])))
        case .optional?, .typed?, .requiredWithout?: break
        case nil: properties.append((member.name, .value(false)))
        }
      }
      guard !required.isEmpty || !properties.isEmpty else { return nil }
      let isUsual = usual == .string(name)
      let constant = Pretty.object([("const", .value(.string(name)))])
      let this: [(String, Pretty)] = [("properties", .object([("type", constant)]))]
      // Without a type the usual one holds.
      let named: [(String, Pretty)] = isUsual ? [] : [("required", .array(["type"]))]
      let then: [(String, Pretty)] = [
        ("required", .array(required)), ("properties", .object(properties)),
      ]
      return .object([("if", .object(this + named)), ("then", .object(then))])
    }
    return rules.isEmpty ? [] : [("allOf", .array(rules))]
  }

  mutating func reference(_ table: Table) -> (String, Pretty) {
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
    case .text, .prose, .host, .timeZone: return [text]
    case .register: return pattern(ParsedAddress.pattern)
    case .addressRanges:
      return [("type", "array"), ("items", .object(pattern(AddressRange.pattern)))]
    case .functions:
      let codes = (1...4).map { Pretty.value(.integer($0)) }
      return [
        ("type", "array"), ("items", .object([("enum", .array(codes))])), ("minItems", .value(1)),
        ("uniqueItems", .value(true)),
      ]
    case .file, .serialPort: return pattern("^/")
    case .secretFile: return pattern(Words.secretPattern)
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
    case .pins: return [("type", "array"), ("items", .object(pattern(Words.pinPattern)))]
    case .brokers: return brokers
    case .integers:
      let integer: [(String, Pretty)] = [("type", "integer")]
      return either([integer, [("type", "array"), ("items", .object(integer))]])
    case .texts, .meanings, .numbers, .choices, .test, .tests, .language, .timeOfDay, .date,
      .localTime, .share, .allowance:
      return shop(kind)
    case .condition(let table), .shorthand(_, let table):
      return either([[text], [reference(table)]])
    case .debounce(let table): return either([duration, [reference(table)]])
    case .object(let table): return [reference(table)]
    case .list(let table): return [("type", "array"), ("items", .object([reference(table)]))]
    case .selection(let table):
      return [("type", "array"), ("items", .object(either([name, [reference(table)]])))]
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

  private var brokers: [(String, Pretty)] {
    let address = Pretty.object(pattern("^mqtts?://[^/?#@ ]+/?$"))
    return [("type", "array"), ("items", address), ("uniqueItems", .value(true))]
  }

  /// The kinds of the machine side.
  private mutating func shop(_ kind: Kind) -> [(String, Pretty)] {
    let text: (String, Pretty) = ("type", "string")
    switch kind {
    case .language: return pattern(Words.languagePattern)
    case .timeOfDay: return pattern("^([01][0-9]|2[0-3]):[0-5][0-9]$")
    case .date: return pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    case .localTime:
      return pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9]$")
    case .share: return pattern("^[0-9]+(\\.[0-9])? ?%$")
    case .allowance: return pattern("^(none|[0-9]+ ?%)$")
    case .texts:
      return either([
        [text], [("type", "object"), ("additionalProperties", .object([text]))],
      ])
    case .meanings:
      let codes = Pretty.object([(CodeText.pattern, .object([text]))])
      return [
        ("type", "object"), ("patternProperties", codes), ("additionalProperties", .value(false)),
      ]
    case .numbers:
      return [("type", "object"), ("additionalProperties", .object([("type", "integer")]))]
    case .choices(let words):
      let names = Pretty.array(words.map { .value(.string($0)) })
      return [
        ("type", "array"), ("items", .object([("enum", names)])), ("minItems", .value(1)),
        ("uniqueItems", .value(true)),
      ]
    case .test: return either([[text], [reference(Vocabulary.test)]])
    case .tests:
      let test = either([[text], [reference(Vocabulary.test)]])
      return [("type", "array"), ("items", .object(test)), ("minItems", .value(1))]
    default: return [text]
    }
  }
}
