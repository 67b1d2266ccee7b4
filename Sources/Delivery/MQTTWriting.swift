// Packets as bytes.

extension MQTTPacket {
  /// The bytes in the form of a version; CONNECT tells its own.
  public func bytes(_ version: MQTTVersion) -> [UInt8] {
    var body: [UInt8] = []
    let first: UInt8
    switch self {
    case .connect(let connect):
      first = 0x10
      connect.write(to: &body)
    case .connack(let connack):
      first = 0x20
      body.append(connack.sessionPresent ? 1 : 0)
      body.append(connack.reason)
      if version == .five, !connack.isOldForm { connack.properties.write(to: &body) }
    case .publish(let publish): return publish.bytes(version)
    case .puback(let id, let reason, let properties):
      first = 0x40
      body.append(short: id)
      Self.write(reason, properties, version, to: &body)
    case .subscribe(let id, let filters, let properties):
      first = 0x82
      body.append(short: id)
      if version == .five { properties.write(to: &body) }
      for filter in filters {
        body.append(text: filter.filter)
        body.append(version == .five && filter.noLocal ? filter.qos | 4 : filter.qos)
      }
    case .suback(let id, let reasons, let properties):
      first = 0x90
      body.append(short: id)
      if version == .five { properties.write(to: &body) }
      body.append(contentsOf: reasons)
    case .unsubscribe(let id, let filters, let properties):
      first = 0xA2
      body.append(short: id)
      if version == .five { properties.write(to: &body) }
      for filter in filters { body.append(text: filter) }
    case .unsuback(let id, let reasons, let properties):
      first = 0xB0
      body.append(short: id)
      if version == .five {
        properties.write(to: &body)
        body.append(contentsOf: reasons)
      }
    case .pingreq: first = 0xC0
    case .pingresp: first = 0xD0
    case .disconnect(let reason, let properties):
      first = 0xE0
      Self.write(reason, properties, version, to: &body)
    }
    return Self.framed(first, body)
  }

  /// A reason with its properties: nothing at all for plain success.
  private static func write(
    _ reason: UInt8, _ properties: MQTTProperties, _ version: MQTTVersion, to body: inout [UInt8]
  ) {
    guard version == .five, reason != 0 || !properties.entries.isEmpty else { return }
    body.append(reason)
    if !properties.entries.isEmpty { properties.write(to: &body) }
  }

  private static func framed(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [first]
    bytes.reserveCapacity(body.count + 5)
    bytes.append(variable: body.count)
    bytes.append(contentsOf: body)
    return bytes
  }
}

extension MQTTPublish {
  /// The bytes in the form of a version; the payload is copied once.
  public func bytes(_ version: MQTTVersion) -> [UInt8] {
    var head: [UInt8] = []
    head.append(text: topic)
    if qos > 0 { head.append(short: id) }
    if version == .five { properties.write(to: &head) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(head.count + payload.count + 5)
    bytes.append(0x30 | (isRepeat ? 8 : 0) | min(qos, 1) << 1 | (retain ? 1 : 0))
    bytes.append(variable: head.count + payload.count)
    bytes.append(contentsOf: head)
    bytes.append(contentsOf: payload)
    return bytes
  }
}

extension MQTTConnect {
  func write(to body: inout [UInt8]) {
    body.append(text: "MQTT")
    body.append(version.rawValue)
    var flags: UInt8 = cleanStart ? 2 : 0
    if let will { flags |= 4 | min(will.qos, 1) << 3 | (will.retain ? 32 : 0) }
    if password != nil { flags |= 64 }
    if userName != nil { flags |= 128 }
    body.append(flags)
    body.append(short: keepAlive)
    if version == .five { properties.write(to: &body) }
    body.append(text: clientID)
    if let will {
      if version == .five { will.properties.write(to: &body) }
      body.append(text: will.topic)
      body.append(binary: will.payload)
    }
    if let userName { body.append(text: userName) }
    if let password { body.append(binary: password) }
  }
}
