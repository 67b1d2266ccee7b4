// The properties of MQTT 5.0: their numbers, shapes, ranges, and the packets that may carry them.

/// A property by its number on the wire (MQTT 5.0, table 2-4).
public enum MQTTPropertyName: UInt8, CaseIterable, Sendable {
  case payloadFormat = 1
  case messageExpiry = 2
  case contentType = 3
  case responseTopic = 8
  case correlationData = 9
  case subscriptionIdentifier = 11
  case sessionExpiry = 17
  case assignedClientID = 18
  case serverKeepAlive = 19
  case authenticationMethod = 21
  case authenticationData = 22
  case requestProblemInformation = 23
  case willDelay = 24
  case requestResponseInformation = 25
  case responseInformation = 26
  case serverReference = 28
  case reasonString = 31
  case receiveMaximum = 33
  case topicAliasMaximum = 34
  case topicAlias = 35
  case maximumQoS = 36
  case retainAvailable = 37
  case userProperty = 38
  case maximumPacketSize = 39
  case wildcardAvailable = 40
  case subscriptionIdentifiersAvailable = 41
  case sharedAvailable = 42

  enum Shape { case flag, short, long, variable, text, binary, pair }

  var shape: Shape {
    switch self {
    case .payloadFormat, .requestProblemInformation, .requestResponseInformation, .maximumQoS,
      .retainAvailable, .wildcardAvailable, .subscriptionIdentifiersAvailable, .sharedAvailable:
      .flag
    case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: .short
    case .messageExpiry, .sessionExpiry, .willDelay, .maximumPacketSize: .long
    case .subscriptionIdentifier: .variable
    case .contentType, .responseTopic, .assignedClientID, .authenticationMethod,
      .responseInformation, .serverReference, .reasonString:
      .text
    case .correlationData, .authenticationData: .binary
    case .userProperty: .pair
    }
  }

  /// Whether zero means nothing and is a protocol error.
  var refusesZero: Bool {
    switch self {
    case .receiveMaximum, .maximumPacketSize, .topicAlias, .subscriptionIdentifier: true
    default: false
    }
  }

  /// The packets that may carry it, by their type; 0 stands for the properties of a will.
  var carriers: Set<UInt8> {
    switch self {
    case .payloadFormat, .messageExpiry, .contentType, .responseTopic, .correlationData: [0, 3]
    case .subscriptionIdentifier: [3, 8]
    case .sessionExpiry: [1, 2, 14]
    case .assignedClientID, .serverKeepAlive, .responseInformation, .maximumQoS, .retainAvailable,
      .wildcardAvailable, .subscriptionIdentifiersAvailable, .sharedAvailable:
      [2]
    case .authenticationMethod, .authenticationData: [1, 2]
    case .requestProblemInformation, .requestResponseInformation: [1]
    case .willDelay: [0]
    case .serverReference: [2, 14]
    case .reasonString: [2, 4, 9, 11, 14]
    case .receiveMaximum, .topicAliasMaximum, .maximumPacketSize: [1, 2]
    case .topicAlias: [3]
    case .userProperty: [0, 1, 2, 3, 4, 8, 9, 10, 11, 14]
    }
  }
}

/// What a property says.
public enum MQTTPropertyValue: Equatable, Sendable {
  case number(UInt32)
  case text(String)
  case binary([UInt8])
  case pair(String, String)
}

/// The properties of one packet, in their order.
public struct MQTTProperties: Equatable, Sendable {
  /// One property.
  public struct Entry: Equatable, Sendable {
    public var name: MQTTPropertyName
    public var value: MQTTPropertyValue
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  /// Adds a property; one whose value has the wrong shape is left out by the writer.
  public mutating func add(_ name: MQTTPropertyName, _ value: MQTTPropertyValue) {
    entries.append(Entry(name: name, value: value))
  }

  /// The number of a property that is one.
  public func number(_ name: MQTTPropertyName) -> Int? {
    for entry in entries where entry.name == name {
      if case .number(let value) = entry.value { return Int(value) }
    }
    return nil
  }

  /// The text of a property that is one.
  public func text(_ name: MQTTPropertyName) -> String? {
    for entry in entries where entry.name == name {
      if case .text(let value) = entry.value { return value }
    }
    return nil
  }

  /// The first user property of a name.
  public func user(_ key: String) -> String? {
    for entry in entries {
      if case .pair(key, let value) = entry.value { return value }
    }
    return nil
  }

  // MARK: Wire

  /// Reads a length and as many bytes of properties for a type of packet.
  init(_ cursor: inout MQTTCursor, in carrier: UInt8) throws(MQTTFault) {
    let count = try cursor.variable()
    var part = try cursor.part(count)
    var seen: UInt64 = 0
    while !part.isAtEnd {
      guard entries.count < MQTTLimits.properties else {
        throw .malformed("more properties than anybody needs")
      }
      let number = try part.variable()
      guard let name = UInt8(exactly: number).flatMap(MQTTPropertyName.init(rawValue:)),
        name.carriers.contains(carrier)
      else { throw .malformed("property \(number), which has no place here") }
      let repeats = name == .userProperty || (name == .subscriptionIdentifier && carrier == 3)
      let bit: UInt64 = 1 << UInt64(name.rawValue)
      guard repeats || seen & bit == 0 else { throw .malformed("property \(number) twice") }
      seen |= bit
      entries.append(Entry(name: name, value: try Self.value(name, &part)))
    }
  }

  private static func value(
    _ name: MQTTPropertyName, _ part: inout MQTTCursor
  ) throws(MQTTFault) -> MQTTPropertyValue {
    let number: UInt32
    switch name.shape {
    case .flag:
      number = UInt32(try part.byte())
      guard number <= 1 else { throw .malformed("property \(name.rawValue) is \(number)") }
    case .short: number = UInt32(try part.short())
    case .long: number = try part.long()
    case .variable: number = UInt32(try part.variable())
    case .text: return .text(try part.text())
    case .binary: return .binary(try part.binary())
    case .pair:
      let key = try part.text()
      return .pair(key, try part.text())
    }
    guard number != 0 || !name.refusesZero else {
      throw .malformed("property \(name.rawValue) is zero")
    }
    return .number(number)
  }

  /// Writes the length and the properties.
  func write(to bytes: inout [UInt8]) {
    var body: [UInt8] = []
    for entry in entries { Self.write(entry, to: &body) }
    bytes.append(variable: body.count)
    bytes.append(contentsOf: body)
  }

  private static func write(_ entry: Entry, to bytes: inout [UInt8]) {
    let number = entry.name.rawValue
    switch (entry.name.shape, entry.value) {
    case (.flag, .number(let value)):
      bytes.append(number)
      bytes.append(UInt8(truncatingIfNeeded: min(value, 1)))
    case (.short, .number(let value)):
      bytes.append(number)
      bytes.append(short: UInt16(clamping: value))
    case (.long, .number(let value)):
      bytes.append(number)
      bytes.append(long: value)
    case (.variable, .number(let value)):
      bytes.append(number)
      bytes.append(variable: Int(value))
    case (.text, .text(let value)):
      bytes.append(number)
      bytes.append(text: value)
    case (.binary, .binary(let value)):
      bytes.append(number)
      bytes.append(binary: value)
    case (.pair, .pair(let key, let value)):
      bytes.append(number)
      bytes.append(text: key)
      bytes.append(text: value)
    case (_, _): break
    }
  }
}
