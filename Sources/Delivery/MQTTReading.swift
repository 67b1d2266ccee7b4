// Packets from bytes of any cut.
//
//   first byte, length ──▶ (refused at once if too long) ──▶ body ──▶ packet
//
// Invariants
// - Never traps, on any bytes; never holds more than one packet's limit and what came last.
// - A length above the limit is refused when it is read, before its body is waited for.
// - What the standard reserves must be as it says; QoS 2 and AUTH are nobody's business here.

/// Reads the packets of one connection.
public struct MQTTReader: Sendable {
  /// The version that has been agreed on, or that our CONNECT asked for.
  public var version: MQTTVersion
  private let limit: Int
  private var buffer: [UInt8] = []
  private var start = 0

  public init(version: MQTTVersion, limit: Int = MQTTLimits.packetBytes) {
    self.version = version
    self.limit = limit
  }

  /// Whether a packet has begun that is not complete.
  public var isInsidePacket: Bool { start < buffer.count }

  /// Takes what arrived; packets come from `next`.
  public mutating func feed(_ bytes: [UInt8]) {
    if start > 0 {
      buffer.removeFirst(start)
      start = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// The next complete packet; nil when more bytes are needed.
  public mutating func next() throws(MQTTFault) -> MQTTPacket? {
    guard start < buffer.count else { return nil }
    // What is no packet at all is not waited for.
    let first = buffer[start]
    try MQTTPacket.checkFirst(first)
    var (length, place) = (0, 0)
    while true {
      guard start + 1 + place < buffer.count else { return nil }
      let byte = buffer[start + 1 + place]
      length |= Int(byte & 127) << (7 * place)
      place += 1
      guard byte & 128 != 0 else {
        guard byte != 0 || place == 1 else {
          throw .malformed("a length longer than it has to be")
        }
        break
      }
      guard place < 4 else { throw .malformed("a length of more than four bytes") }
    }
    let size = 1 + place + length
    guard size <= limit else { throw .tooLarge(size, limit: limit) }
    guard buffer.count - start >= size else { return nil }
    var cursor = MQTTCursor(buffer, (start + 1 + place)..<(start + size))
    start += size
    let packet = try MQTTPacket(first, &cursor, version)
    guard cursor.isAtEnd else { throw .malformed("bytes after the end of a packet") }
    return packet
  }
}

extension MQTTPacket {
  init(
    _ first: UInt8, _ cursor: inout MQTTCursor, _ version: MQTTVersion
  ) throws(MQTTFault) {
    let type = first >> 4
    switch type {
    case 1: self = .connect(try MQTTConnect(&cursor))
    case 2: self = .connack(try MQTTConnack(&cursor, version))
    case 3: self = .publish(try MQTTPublish(first, &cursor, version))
    case 4:
      let id = try Self.identifier(&cursor)
      let (reason, properties) = try Self.reason(&cursor, version, in: 4)
      self = .puback(id: id, reason: reason, properties)
    case 8: self = try Self.subscribe(&cursor, version)
    case 9:
      let id = try Self.identifier(&cursor)
      let properties = try Self.properties(&cursor, version, in: 9)
      self = .suback(id: id, try Self.reasons(&cursor), properties)
    case 10: self = try Self.unsubscribe(&cursor, version)
    case 11:
      let id = try Self.identifier(&cursor)
      let properties = try Self.properties(&cursor, version, in: 11)
      self = .unsuback(id: id, version == .five ? try Self.reasons(&cursor) : [], properties)
    case 12: self = .pingreq
    case 13: self = .pingresp
    case 14:
      let (reason, properties) = try Self.reason(&cursor, version, in: 14)
      self = .disconnect(reason: reason, properties)
    default: throw .malformed("packet type \(type), which has no place here")
    }
  }

  /// Refuses types that have no place here and flags that are not as reserved.
  static func checkFirst(_ first: UInt8) throws(MQTTFault) {
    let type = first >> 4
    let flags: UInt8 = type == 8 || type == 10 ? 2 : 0
    guard type == 3 || first & 15 == flags else {
      throw .malformed("packet type \(type) with flags \(first & 15)")
    }
    guard (1...4).contains(type) || (8...14).contains(type) else {
      throw .malformed("packet type \(type), which has no place here")
    }
  }

  fileprivate static func identifier(_ cursor: inout MQTTCursor) throws(MQTTFault) -> UInt16 {
    let id = try cursor.short()
    guard id != 0 else { throw .malformed("packet identifier 0") }
    return id
  }

  fileprivate static func properties(
    _ cursor: inout MQTTCursor, _ version: MQTTVersion, in type: UInt8
  ) throws(MQTTFault) -> MQTTProperties {
    version == .five ? try MQTTProperties(&cursor, in: type) : MQTTProperties()
  }

  private static func reason(
    _ cursor: inout MQTTCursor, _ version: MQTTVersion, in type: UInt8
  ) throws(MQTTFault) -> (UInt8, MQTTProperties) {
    guard version == .five, !cursor.isAtEnd else { return (0, MQTTProperties()) }
    let reason = try cursor.byte()
    guard !cursor.isAtEnd else { return (reason, MQTTProperties()) }
    return (reason, try MQTTProperties(&cursor, in: type))
  }

  private static func reasons(_ cursor: inout MQTTCursor) throws(MQTTFault) -> [UInt8] {
    let reasons = cursor.rest()
    guard (1...MQTTLimits.filters).contains(reasons.count) else {
      throw .malformed("\(reasons.count) reasons")
    }
    return reasons
  }

  private static func subscribe(
    _ cursor: inout MQTTCursor, _ version: MQTTVersion
  ) throws(MQTTFault) -> MQTTPacket {
    let id = try identifier(&cursor)
    let properties = try properties(&cursor, version, in: 8)
    var filters: [MQTTFilter] = []
    repeat {
      guard filters.count < MQTTLimits.filters else { throw .malformed("too many filters") }
      var filter = MQTTFilter(try cursor.text())
      let options = try cursor.byte()
      guard options & 3 < 3, options & 0xC0 == 0, version == .five || options < 3 else {
        throw .malformed("subscription options \(options)")
      }
      // QoS 2 is granted as 1.
      filter.qos = min(1, options & 3)
      filter.noLocal = options & 4 != 0
      filters.append(filter)
    } while !cursor.isAtEnd
    return .subscribe(id: id, filters, properties)
  }

  private static func unsubscribe(
    _ cursor: inout MQTTCursor, _ version: MQTTVersion
  ) throws(MQTTFault) -> MQTTPacket {
    let id = try identifier(&cursor)
    let properties = try properties(&cursor, version, in: 10)
    var filters: [String] = []
    repeat {
      guard filters.count < MQTTLimits.filters else { throw .malformed("too many filters") }
      filters.append(try cursor.text())
    } while !cursor.isAtEnd
    return .unsubscribe(id: id, filters, properties)
  }
}

extension MQTTConnect {
  init(_ cursor: inout MQTTCursor) throws(MQTTFault) {
    guard try cursor.text() == "MQTT" else { throw .malformed("a CONNECT of another protocol") }
    let level = try cursor.byte()
    guard let version = MQTTVersion(rawValue: level) else {
      throw .malformed("protocol level \(level)")
    }
    let flags = try cursor.byte()
    let (hasWill, qos) = (flags & 4 != 0, flags >> 3 & 3)
    guard flags & 1 == 0, qos < 2, hasWill || flags & 0x38 == 0 else {
      throw .malformed("connect flags \(flags)")
    }
    guard version == .five || flags & 0xC0 != 0x40 else {
      throw .malformed("a password without a user name")
    }
    let keepAlive = try cursor.short()
    let properties = try MQTTPacket.properties(&cursor, version, in: 1)
    self.init(version: version, clientID: try cursor.text(), keepAlive: keepAlive)
    self.properties = properties
    cleanStart = flags & 2 != 0
    if hasWill {
      let properties = try MQTTPacket.properties(&cursor, version, in: 0)
      let topic = try cursor.text()
      var will = Will(
        topic: topic, payload: try cursor.binary(), retain: flags & 32 != 0, qos: qos)
      will.properties = properties
      self.will = will
    }
    if flags & 128 != 0 { userName = try cursor.text() }
    if flags & 64 != 0 { password = try cursor.binary() }
  }
}

extension MQTTConnack {
  init(_ cursor: inout MQTTCursor, _ version: MQTTVersion) throws(MQTTFault) {
    let flags = try cursor.byte()
    guard flags <= 1 else { throw .malformed("connack flags \(flags)") }
    self.init(sessionPresent: flags == 1, reason: try cursor.byte())
    guard version == .five else { return }
    // A broker that knows only 3.1.1 answers a CONNECT of 5.0 in its own form.
    if cursor.isAtEnd {
      isOldForm = true
    } else {
      properties = try MQTTProperties(&cursor, in: 2)
    }
  }
}

extension MQTTPublish {
  init(
    _ first: UInt8, _ cursor: inout MQTTCursor, _ version: MQTTVersion
  ) throws(MQTTFault) {
    let qos = first >> 1 & 3
    guard qos < 2 else { throw .malformed("a message with QoS \(qos)") }
    guard qos > 0 || first & 8 == 0 else { throw .malformed("a repeated message with QoS 0") }
    let topic = try cursor.text()
    guard !topic.utf8.contains(where: { $0 == 35 || $0 == 43 }) else {
      throw .malformed("a topic with a wildcard")
    }
    let id = qos > 0 ? try MQTTPacket.identifier(&cursor) : 0
    let properties = try MQTTPacket.properties(&cursor, version, in: 3)
    guard !topic.isEmpty || properties.number(.topicAlias) != nil else {
      throw .malformed("a message without a topic")
    }
    self.init(
      topic: topic, payload: cursor.rest(), qos: qos, id: id, retain: first & 1 != 0)
    self.properties = properties
    isRepeat = first & 8 != 0
  }
}
