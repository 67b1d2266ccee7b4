// Reads what the machine side says: times, shares, texts by language, tables of codes, conditions.

import Machines
import Primitives

extension Reader {
  /// A text of a kind that needs no more than itself; nil when it is not one.
  static func small(_ text: String, _ kind: Kind) -> Reading? {
    switch kind {
    case .language: return Words.isLanguage(text) ? .text(text) : nil
    case .timeOfDay: return ClockText.minute(text).map { .integer(Int64($0)) }
    case .date: return CivilDate(text: text).map { .text($0.text) }
    case .localTime: return ClockText.civil(text).map { .text($0.text) }
    case .share:
      guard let share = Words.percent(text), share > 0, share <= 100,
        (share * 10).rounded() == share * 10
      else { return nil }
      return .percent(share)
    case .allowance:
      if text == "none" { return .text(text) }
      guard let share = Words.percent(text), share.rounded() == share,
        (0...SettingsLimits.abovePlan).contains(share)
      else { return nil }
      return .percent(share)
    default: return nil
    }
  }

  mutating func tests(
    _ node: Node, _ kind: Kind, _ path: String, _ isDefault: Bool
  ) -> Reading? {
    guard case .array(let elements) = node.content else { return refuse(node, kind, path) }
    guard !elements.isEmpty else { return refuse(node, kind, path, "found an empty list") }
    var records: [Record] = []
    for (index, element) in elements.enumerated() {
      let place = "\(path)[#\(index + 1)]"
      guard
        case .record(let record) = condition(element, .test, Vocabulary.test, place, isDefault)
      else { continue }
      records.append(record)
    }
    return records.count == elements.count ? .records(records) : nil
  }

  /// Objects whose names the configuration chooses.
  mutating func entries(_ node: Node, _ kind: Kind, _ path: String) -> Reading? {
    if case .texts = kind, case .string(let text) = node.content {
      guard isText(text) else { return refuse(node, kind, path) }
      return .texts([Entry(name: "", value: text, place: node.place)])
    }
    guard case .object(let members) = node.content else { return refuse(node, kind, path) }
    switch kind {
    case .texts:
      guard !members.isEmpty else { return refuse(node, kind, path, "found no text") }
      return .texts(members.compactMap { text($0, kind, path) })
    case .numbers:
      return .numbers(members.compactMap { number($0, kind, path) })
    case .meanings: return meanings(members, node, path)
    default: return refuse(node, kind, path)
    }
  }

  private func isText(_ text: String) -> Bool {
    (1...SettingsLimits.textLength).contains(text.unicodeScalars.count)
      && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
  }

  private func path(_ path: String, of name: String) -> String {
    "\(path)[\(name.prefix(SettingsLimits.nameLength))]"
  }

  private mutating func text(
    _ member: NodeMember, _ kind: Kind, _ path: String
  ) -> Entry<String>? {
    let own = self.path(path, of: member.name)
    guard Words.isLanguage(member.name) else {
      mistakes.error(
        member.place, own, "\(Words.quoted(member.name)) is no language",
        Describe.allowed(.language))
      return nil
    }
    guard case .string(let text) = member.node.content, isText(text) else {
      _ = refuse(member.node, .text, own)
      return nil
    }
    return Entry(name: member.name, value: text, place: member.node.place)
  }

  private mutating func number(
    _ member: NodeMember, _ kind: Kind, _ path: String
  ) -> Entry<Int64>? {
    let own = self.path(path, of: member.name)
    guard case .integer(let value) = member.node.content else {
      mistakes.error(member.node.place, own, "found \(member.node.shown)", "a whole number")
      return nil
    }
    return Entry(name: member.name, value: value, place: member.node.place)
  }

  private mutating func meanings(
    _ members: [NodeMember], _ node: Node, _ path: String
  ) -> Reading? {
    guard !members.isEmpty else { return refuse(node, .meanings, path, "found no code") }
    var taken: [(range: ClosedRange<Int64>, name: String)] = []
    var entries: [Entry<String>] = []
    var count: UInt64 = 0
    for member in members {
      let own = self.path(path, of: member.name)
      if member.name != CodeText.other {
        guard let range = CodeText.range(member.name) else {
          mistakes.error(
            member.place, own, "\(Words.quoted(member.name)) is no code",
            "a whole number in quotes, a range such as \"17-20\", or \"*\" for any other but 0")
          continue
        }
        if let other = taken.first(where: { $0.range.overlaps(range) }) {
          mistakes.error(
            member.place, own, "\(member.name) meets \(other.name); it could mean both",
            "each code once")
        }
        taken.append((range, member.name))
        count += UInt64(range.upperBound - range.lowerBound) + 1
      }
      guard case .string(let reason) = member.node.content else {
        _ = refuse(member.node, .reference(.reason), own)
        continue
      }
      entries.append(Entry(name: member.name, value: reason, place: member.node.place))
    }
    guard count <= UInt64(EvidenceLimits.codes), taken.count <= SettingsLimits.causes else {
      return refuse(
        node, .meanings, path, "\(count) codes are more than \(EvidenceLimits.codes)")
    }
    return .meanings(entries)
  }
}
