// Reads single values: texts, numbers, quantities, lists of words, conditions.

import Primitives

extension Reader {
  mutating func textual(_ text: String, _ node: Node, _ kind: Kind, _ path: String) -> Reading? {
    switch kind {
    case .name: return Words.isName(text) ? .text(text) : refuse(node, kind, path)
    case .text, .prose:
      let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
      let most =
        if case .prose = kind { SettingsLimits.proseLength } else { SettingsLimits.textLength }
      let isShort = (1...most).contains(text.unicodeScalars.count)
      return isPlain && isShort ? .text(text) : refuse(node, kind, path)
    case .file, .secretFile, .serialPort:
      if case .secretFile = kind, Words.isCredential(text) { return .text(text) }
      let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
      let isRight = text.hasPrefix("/") && isPlain && text.utf8.count <= SettingsLimits.pathLength
      return isRight ? .text(text) : refuse(node, kind, path)
    case .host: return Words.isHost(text) ? .text(text) : refuse(node, kind, path)
    case .timeZone: return Words.isTimeZoneShaped(text) ? .text(text) : refuse(node, kind, path)
    case .httpsURL:
      let (address, found) = WebAddress.parse(text)
      if let address { return .web(address) }
      // What stands before an @ may be a password, and that is not repeated.
      let shown = text.contains("@") ? "" : "\(Words.quoted(text)): "
      return refuse(node, kind, path, "found \(shown)\(found)")
    case .choice(let words):
      if words.contains(text) { return .text(text) }
      return refuse(node, kind, path, "found \(node.shown)" + Nearest.hint(text, words))
    case .reference: return text.isEmpty ? refuse(node, kind, path) : .text(text)
    case .register:
      do {
        return .address(try ParsedAddress(text: text))
      } catch {
        mistakes.error(
          node.place, path, "found \(Words.quoted(text)): \(error.found)", error.allowed)
        return nil
      }
    case .language, .timeOfDay, .date, .localTime, .share, .allowance:
      return Self.small(text, kind) ?? refuse(node, kind, path)
    case .boolean, .integer, .positive, .number, .duration, .size, .ringSize, .deadband, .range,
      .references, .eventTypes, .integers, .condition, .debounce, .shorthand, .object, .list,
      .selection, .codes, .addressRanges, .functions, .texts, .choices, .meanings, .numbers, .pins,
      .brokers, .test, .tests:
      return refuse(node, kind, path)
    }
  }

  mutating func numeric(_ node: Node, _ kind: Kind, _ path: String) -> Reading? {
    switch (kind, node.content) {
    case (.integer(let range), .integer(let value)) where range.contains(value):
      return .integer(value)
    case (.ringSize, .integer(let value))
    where value > 0 && value & (value - 1) == 0
      && (Int64(
        SettingsLimits.ringSamples.lowerBound)...Int64(
          SettingsLimits.ringSamples.upperBound)).contains(value):
      return .integer(value)
    case (.integers, .integer(let value)): return .integers([value])
    case (.integers, .array(let elements)):
      var values: [Int64] = []
      for element in elements {
        guard case .integer(let value) = element.content else {
          return refuse(element, kind, path)
        }
        values.append(value)
      }
      return values.isEmpty ? refuse(node, kind, path, "found an empty list") : .integers(values)
    case (.range, .array(let ends)):
      guard ends.count == 2, let low = ends[0].real, let high = ends[1].real, low < high else {
        return refuse(node, kind, path)
      }
      return .range(low...high)
    case (.deadband, .string(let text)):
      let number = text.dropLast().split(separator: " ", maxSplits: 1)
      guard text.hasSuffix("%"), let percent = Words.number(number.first.map(String.init) ?? ""),
        number.count == 1,
        percent > 0, percent <= 100
      else { return refuse(node, kind, path) }
      return .percent(percent)
    default: return real(node, kind, path)
    }
  }

  private mutating func real(_ node: Node, _ kind: Kind, _ path: String) -> Reading? {
    guard let value = node.real else { return refuse(node, kind, path) }
    switch kind {
    case .number: return .number(value)
    case .positive: return value > 0 ? .number(value) : refuse(node, kind, path)
    case .deadband: return value > 0 ? .number(value) : refuse(node, kind, path)
    default: return refuse(node, kind, path)
    }
  }

  mutating func quantity(_ node: Node, _ kind: Kind, _ path: String) -> Reading? {
    guard case .string(let text) = node.content else {
      if case .integer(let value) = node.content {
        return refuse(node, kind, path, "found the number \(value) without a unit")
      }
      return refuse(node, kind, path)
    }
    if case .duration(let range) = kind, let value = Duration(text: text), range.contains(value) {
      return .duration(value)
    }
    if case .size(let range) = kind, let value = Words.size(text), range.contains(value) {
      return .integer(value)
    }
    return refuse(node, kind, path)
  }

  mutating func words(_ node: Node, _ kind: Kind, _ path: String) -> Reading? {
    guard case .array(let elements) = node.content else { return refuse(node, kind, path) }
    var words: [Word] = []
    for (index, element) in elements.enumerated() {
      let place = "\(path)[#\(index + 1)]"
      guard case .string(let text) = element.content else {
        _ = refuse(element, kind, place)
        continue
      }
      if case .eventTypes = kind, !isKnown(eventType: text) {
        let hint = Nearest.hint(text, Vocabulary.eventTypes + Vocabulary.eventFamilies)
        _ = refuse(
          element, kind, place, "no event has the type \(Words.quoted(text))" + hint)
        continue
      }
      if case .pins = kind, !Words.isPin(text) {
        _ = refuse(element, kind, place)
        continue
      }
      if case .brokers = kind {
        guard isBroker(text, element, kind, place, words) else { continue }
      }
      if case .choices(let known) = kind {
        guard isOne(of: known, text, element, kind, place, words) else { continue }
      }
      words.append(Word(text: text, place: element.place))
    }
    if case .choices = kind, elements.isEmpty {
      return refuse(node, kind, path, "found an empty list")
    }
    // What is wrong with each of them was said.
    if case .brokers = kind, words.isEmpty, !elements.isEmpty { return nil }
    return .words(words)
  }

  /// Notes a word that a list does not know, or has already.
  private mutating func isOne(
    of known: [String], _ text: String, _ node: Node, _ kind: Kind, _ path: String,
    _ before: [Word]
  ) -> Bool {
    if !known.contains(text) {
      _ = refuse(node, kind, path, "found \(node.shown)" + Nearest.hint(text, known))
    } else if before.contains(where: { $0.text == text }) {
      _ = refuse(node, kind, path, "\(text) is given twice")
    } else {
      return true
    }
    return false
  }

  private func isKnown(eventType text: String) -> Bool {
    Vocabulary.eventTypes.contains { RouteSettings.matches($0, pattern: text) }
  }

  mutating func condition(
    _ node: Node, _ kind: Kind, _ table: Table, _ path: String, _ isDefault: Bool
  ) -> Reading? {
    guard case .string(let text) = node.content else {
      return .record(record(node, table, path: path, isDefault: isDefault))
    }
    guard let object = ConditionText.members(of: text, at: node.place) else {
      return refuse(node, kind, path)
    }
    return .record(record(object, table, path: path, isDefault: isDefault))
  }
}

extension Node {
  /// A finite number.
  var real: Double? {
    switch content {
    case .integer(let value): Double(value)
    case .number(let value): value.isFinite ? value : nil
    case .null, .boolean, .string, .array, .object: nil
    }
  }
}

/// Conditions in the short form of one text.
enum ConditionText {
  static let allowed =
    "\"run\", \"!run\", \"state = 4\", \"state = 4, 5\", \"speed > 3.5\" or \"speed < 3.5\""

  /// The object that the text stands for; nil when it is none of the forms.
  static func members(of text: String, at place: Place) -> Node? {
    func object(_ signal: Substring, _ name: String, _ value: Node.Content) -> Node? {
      let trimmed = trim(signal)
      guard Words.isName(trimmed) else { return nil }
      let members = [("signal", Node.Content.string(trimmed)), (name, value)].map {
        NodeMember(name: $0.0, place: place, node: Node(place: place, content: $0.1))
      }
      return Node(place: place, content: .object(members))
    }
    guard let operation = text.firstIndex(where: { "=<>".contains($0) }) else {
      let isNegated = text.hasPrefix("!")
      let signal = isNegated ? text.dropFirst() : text[...]
      return object(signal, isNegated ? "isFalse" : "isTrue", .boolean(true))
    }
    let (signal, behind) = (text[..<operation], text[text.index(after: operation)...])
    guard text[operation] != "=" else {
      let values = behind.drop { $0 == "=" }.split(
        separator: ",", omittingEmptySubsequences: false
      ).map { integer(trim($0)) }
      guard !values.contains(where: { $0 == nil }) else { return nil }
      let nodes = values.compactMap(\.self).map { Node(place: place, content: .integer($0)) }
      return object(signal, "equals", .array(nodes))
    }
    guard let limit = Words.number(trim(behind)) else { return nil }
    return object(signal, text[operation] == ">" ? "above" : "below", .number(limit))
  }

  private static func integer(_ text: String) -> Int64? {
    guard text.hasPrefix("-") else { return Words.integer(text) }
    return Words.integer(String(text.dropFirst())).map { -$0 }
  }

  private static func trim(_ text: Substring) -> String {
    var rest = text.drop { $0 == " " }
    while rest.last == " " { rest = rest.dropLast() }
    return String(rest)
  }
}
