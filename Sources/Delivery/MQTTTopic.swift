// The topic of an event: a template of the configuration filled from the event's own members.
//
// Invariants
// - A filled place is one level: whatever + # / or control character a part holds is escaped, so
//   no event can leave the branch that its template names.

/// What is a topic and what may stand in one.
public enum MQTTTopic {
  /// Whether a text can be published to: within the limit, no wildcard, no control character.
  public static func isName(_ text: String) -> Bool {
    (1...MQTTLimits.topicBytes).contains(text.utf8.count) && isPlain(text)
      && !text.utf8.contains { $0 == 35 || $0 == 43 }
  }

  /// Whether a text may be a client's name: no control characters, which brokers may refuse.
  public static func isPlainName(_ text: String) -> Bool { isPlain(text) }

  /// Whether a text has no control characters, which brokers may refuse.
  static func isPlain(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.value > 31 && !(127...159).contains($0.value) }
  }

  /// A part as one level: `%` and two hex digits for what is not plain ASCII or has a meaning of
  /// its own; `-` for nothing.
  public static func escaped(_ part: String) -> String {
    guard !part.isEmpty else { return "-" }
    var bytes: [UInt8] = []
    for byte in part.utf8 {
      switch byte {
      // # $ % + /: $ in front makes a topic the broker's own.
      case 35...37, 43, 47, 0...32, 127...255: bytes.append(contentsOf: hex(byte))
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func hex(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }
}

/// A topic with places in angle brackets: `takt/<site>/<line>/<unit>/<noun>/<verb>`.
public struct MQTTTopicTemplate: Equatable, Sendable, CustomStringConvertible {
  /// What a place is filled with.
  public enum Place: String, CaseIterable, Sendable {
    case enterprise
    case site
    case area
    case line
    case unit
    /// From the type `takt.<noun>.<verb>.v1`.
    case noun
    case verb
    case type
  }

  private enum Piece: Equatable, Sendable {
    case text(String)
    case place(Place)
  }

  /// The template of events without one of their own in the configuration.
  public static let standard = MQTTTopicTemplate(
    pieces: [
      .text("takt/"), .place(.site), .text("/"), .place(.line), .text("/"), .place(.unit),
      .text("/"), .place(.noun), .text("/"), .place(.verb),
    ])

  private let pieces: [Piece]

  private init(pieces: [Piece]) { self.pieces = pieces }

  /// Reads a template; throws with a sentence for an unknown place or what can be no topic.
  public init(_ text: String) throws(MQTTPolicy.Fault) {
    var pieces: [Piece] = []
    var rest = Substring(text)
    while let open = rest.firstIndex(of: "<") {
      if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
      guard let close = rest[open...].firstIndex(of: ">") else {
        throw MQTTPolicy.Fault(description: "topic \"\(text)\": a < without its >")
      }
      let name = String(rest[rest.index(after: open)..<close])
      guard let place = Place(rawValue: name) else {
        let known = Place.allCases.map(\.rawValue).joined(separator: ", ")
        throw MQTTPolicy.Fault(description: "topic \"\(text)\": <\(name)> is none of \(known)")
      }
      pieces.append(.place(place))
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
    let fixed = pieces.map { if case .text(let text) = $0 { text } else { "x" } }.joined()
    guard MQTTTopic.isName(fixed), !fixed.hasPrefix("$"), fixed.utf8.count <= 512 else {
      throw MQTTPolicy.Fault(
        description: "topic \"\(text)\": 1 to 512 bytes without +, # and a $ in front")
    }
    self.pieces = pieces
  }

  public var description: String {
    pieces.map {
      switch $0 {
      case .text(let text): text
      case .place(let place): "<\(place.rawValue)>"
      }
    }.joined()
  }

  /// The topic of an event with this source and type; missing parts are `-`.
  public func topic(source: String, type: String) -> String {
    var parts = source.split(separator: ":", omittingEmptySubsequences: false)[...]
    if parts.starts(with: ["urn", "isa95"]) { parts = parts.dropFirst(2) }
    let names = Array(parts)
    func name(_ index: Int) -> String { names.indices.contains(index) ? String(names[index]) : "" }
    let words = type.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    func word(_ index: Int) -> String { words.indices.contains(index) ? words[index] : "" }
    let topic = pieces.map { piece in
      switch piece {
      case .text(let text): return text
      case .place(.enterprise): return MQTTTopic.escaped(name(0))
      case .place(.site): return MQTTTopic.escaped(name(1))
      case .place(.area): return MQTTTopic.escaped(name(2))
      case .place(.line): return MQTTTopic.escaped(name(3))
      case .place(.unit): return MQTTTopic.escaped(names.dropFirst(4).joined(separator: "-"))
      case .place(.noun): return MQTTTopic.escaped(word(1))
      case .place(.verb): return MQTTTopic.escaped(word(2))
      case .place(.type): return MQTTTopic.escaped(type)
      }
    }.joined()
    return MQTTTopic.isName(topic) ? topic : cut(topic)
  }

  /// A topic beyond the limit keeps its beginning.
  private func cut(_ topic: String) -> String {
    String(decoding: topic.utf8.prefix(MQTTLimits.topicBytes).filter { $0 < 128 }, as: UTF8.self)
  }
}
