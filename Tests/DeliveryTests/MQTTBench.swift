// What the MQTT tests share: a courier on a virtual clock, and the broker's end of its connection.

import Outbox
import Primitives
import Testing

@testable import Delivery

/// An event as it is committed, as far as a courier looks at it.
func mqttEvent(
  _ sequence: UInt64, type: String = "takt.stop.started.v1", unit: String = "filler",
  key: String = "filler", padding: Int = 0
) -> StoredEvent {
  let pad = String(repeating: "x", count: padding)
  let bytes = Array(
    ("{\"data\":{\"type\":\"no\",\"pad\":\"\(pad)\"},\"epoch\":\"1a2b3c4d\","
      + "\"partitionkey\":\"\(key)\",\"sequence\":\"\(sequence)\","
      + "\"source\":\"urn:isa95:acme:berlin:hall2:line7:\(unit)\","
      + "\"type\":\"\(type)\"}").utf8)
  return StoredEvent(sequence: sequence, bytes: bytes, digest: folded(bytes), due: 1)
}

func mqttParcel(_ events: [StoredEvent]) -> Parcel {
  Parcel(events: events, previous: (events.first?.sequence ?? 1) - 1)
}

func mqttParcel(_ sequences: ClosedRange<UInt64>) -> Parcel {
  mqttParcel(sequences.map { mqttEvent($0) })
}

/// A courier and the broker's view of what it says.
struct MQTTBench {
  var courier: MQTTCourier
  var generator = SeededGenerator(seed: 7)
  var now = Instant(nanoseconds: 1_000_000_000)
  var opens: [StreamTarget] = []
  var closes = 0
  var reloads = 0
  var answers: [Answer] = []
  /// Packets of the courier over the connection there is.
  var heard: [MQTTPacket] = []
  /// Packets that `breathe` has seen.
  private var answered = 0
  private var reader = MQTTReader(version: .five, limit: 1 << 20)

  init(_ change: (inout MQTTPolicy) -> Void = { _ in }) throws {
    var policy = MQTTPolicy(
      brokers: [MQTTAddress(host: "mes.example")], clientID: "gw17", topic: .standard)
    change(&policy)
    courier = try MQTTCourier(policy: policy, password: "secret")
  }

  var stamp: Stamp {
    Stamp(instant: now, wall: WallTime(milliseconds: 1_790_000_000_000))
  }

  mutating func perform(_ actions: [CourierAction]) throws {
    for action in actions {
      switch action {
      case .open(let target):
        opens.append(target)
        reader = MQTTReader(version: .five, limit: 1 << 20)
        (heard, answered) = ([], 0)
      case .send(let bytes):
        reader.feed(bytes)
        while let packet = try reader.next() {
          if case .connect(let connect) = packet { reader.version = connect.version }
          heard.append(packet)
        }
      case .close: closes += 1
      case .report(let answer): answers.append(answer)
      case .wantParcel: break
      case .reloadToken: reloads += 1
      }
    }
  }

  mutating func offer(_ parcel: Parcel) throws {
    try perform(courier.offer(parcel, now: stamp, using: &generator))
  }

  mutating func handle(_ event: StreamEvent) throws {
    try perform(courier.handle(event, now: stamp, using: &generator))
  }

  /// The broker says something.
  mutating func say(_ packet: MQTTPacket) throws {
    try handle(.received(packet.bytes(reader.version)))
  }

  /// Lets the time run to the next deadline.
  mutating func skip() throws {
    now = max(now, try #require(courier.nextDeadline))
    try handle(.idle)
  }

  /// Answers pings and ended subscriptions as brokers do, then lets the time run.
  mutating func breathe() throws {
    let all = heard
    for packet in all[min(answered, all.count)...] {
      switch packet {
      case .pingreq: try say(.pingresp)
      case .unsubscribe(let id, _, _): try say(.unsuback(id: id, [0], MQTTProperties()))
      default: break
      }
    }
    answered = all.count
    try skip()
  }

  /// Lets time run until a connection is asked for, and opens it.
  mutating func dial() throws {
    let before = opens.count
    for _ in 0..<5 where opens.count == before { try skip() }
    #expect(opens.count == before + 1)
    try handle(.opened)
  }

  /// A connection up to the broker's answer to CONNECT.
  mutating func meet(_ properties: [(MQTTPropertyName, MQTTPropertyValue)] = []) throws {
    try dial()
    var connack = MQTTConnack(reason: 0)
    for (name, value) in properties { connack.properties.add(name, value) }
    try say(.connack(connack))
  }

  /// A bench whose courier is connected and has a parcel.
  static func carrying(
    _ parcel: Parcel, _ properties: [(MQTTPropertyName, MQTTPropertyValue)] = [],
    _ change: (inout MQTTPolicy) -> Void = { _ in }
  ) throws -> MQTTBench {
    var bench = try MQTTBench(change)
    try bench.offer(parcel)
    try bench.meet(properties)
    return bench
  }

  var connect: MQTTConnect? {
    if case .connect(let connect) = heard.first { connect } else { nil }
  }

  /// Messages over this connection.
  var messages: [MQTTPublish] {
    heard.compactMap { if case .publish(let publish) = $0 { publish } else { nil } }
  }

  /// The sequences of the events over this connection.
  var sequences: [UInt64] { messages.compactMap { Self.sequence($0) } }

  static func sequence(_ publish: MQTTPublish) -> UInt64? {
    (try? JSONValue(parsing: publish.payload))?["sequence"]?.string.flatMap { UInt64($0) }
  }

  /// The last identifier under which an event was sent.
  func identifier(_ sequence: UInt64) throws -> UInt16 {
    try #require(messages.last { Self.sequence($0) == sequence }).id
  }

  mutating func acknowledge(_ sequence: UInt64, _ reason: UInt8 = 0) throws {
    try say(.puback(id: identifier(sequence), reason: reason, MQTTProperties()))
  }

  mutating func disconnect(_ reason: UInt8, reference: String? = nil) throws {
    var properties = MQTTProperties()
    if let reference { properties.add(.serverReference, .text(reference)) }
    try say(.disconnect(reason: reason, properties))
  }

  var delivered: UInt64? {
    answers.last.flatMap { if case .delivered(let through) = $0 { through } else { nil } }
  }

  var refused: [UInt64] {
    answers.compactMap { if case .refused(let event, _, _) = $0 { event.sequence } else { nil } }
  }
}
