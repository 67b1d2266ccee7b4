// The codec of MQTT: every packet there and back, known bytes, and any bytes at all without a trap.

import Outbox
import Primitives
import Testing

@testable import Delivery

/// One packet of each kind in a version, with what it can carry.
private func samples(_ version: MQTTVersion) -> [MQTTPacket] {
  var connect = MQTTConnect(version: version, clientID: "gw-01", keepAlive: 30)
  connect.will = MQTTConnect.Will(topic: "takt/s/status", payload: [1, 2], retain: true)
  connect.userName = "line7"
  connect.password = Array("geheim".utf8)
  var connack = MQTTConnack(reason: version == .five ? 151 : 3)
  var publish = MQTTPublish(
    topic: "takt/Köln", payload: Array("{}".utf8), id: 65535, retain: true)
  publish.isRepeat = true
  var some = MQTTProperties()
  if version == .five {
    for name in MQTTPropertyName.allCases where name.carriers.contains(1) {
      connect.properties.add(name, value(name))
    }
    for name in MQTTPropertyName.allCases where name.carriers.contains(0) {
      connect.will?.properties.add(name, value(name))
    }
    for name in MQTTPropertyName.allCases where name.carriers.contains(2) {
      connack.properties.add(name, value(name))
    }
    for name in MQTTPropertyName.allCases where name.carriers.contains(3) {
      publish.properties.add(name, value(name))
    }
    some.add(.userProperty, .pair("previous", "4711"))
  }
  let code: UInt8 = version == .five ? 135 : 0
  return [
    .connect(connect), .connack(connack), .publish(publish),
    .publish(MQTTPublish(topic: "a", payload: [], qos: 0)),
    .puback(id: 1, reason: code, some), .puback(id: 2, reason: 0, MQTTProperties()),
    .subscribe(id: 3, [MQTTFilter("a/#"), MQTTFilter("+/b", qos: 0)], some),
    .suback(id: 3, [1, 128], some), .unsubscribe(id: 4, ["a/#", "b"], some),
    .unsuback(id: 4, version == .five ? [0, 17] : [], some), .pingreq, .pingresp,
    .disconnect(reason: code, some), .disconnect(reason: 0, MQTTProperties()),
  ]
}

private func value(_ name: MQTTPropertyName) -> MQTTPropertyValue {
  switch name.shape {
  case .flag: .number(1)
  case .short: .number(65535)
  case .long: .number(.max)
  case .variable: .number(268_435_455)
  case .text: .text("ünï")
  case .binary: .binary([0, 255])
  case .pair: .pair("", "β")
  }
}

@Suite("MQTT: the codec") struct MQTTCodecTests {
  @Test(arguments: MQTTVersion.allCases)
  func `every packet comes back, in any cut`(version: MQTTVersion) throws {
    for packet in samples(version) {
      let bytes = packet.bytes(version)
      for cut in [bytes.count, 1, 3] {
        var reader = MQTTReader(version: version)
        var found: [MQTTPacket] = []
        for start in stride(from: 0, to: bytes.count, by: cut) {
          #expect(found.isEmpty)
          reader.feed(Array(bytes[start..<min(bytes.count, start + cut)]))
          while let packet = try reader.next() { found.append(packet) }
        }
        #expect(found == [packet])
        #expect(!reader.isInsidePacket)
      }
    }
  }

  @Test func `the bytes are those that mosquitto was seen to take and give`() throws {
    let connect = MQTTConnect(version: .five, clientID: "gw-01", keepAlive: 30)
    #expect(
      Hex.encode(MQTTPacket.connect(connect).bytes(.five))
        == "101200044d5154540502001e00000567772d3031")
    var reader = MQTTReader(version: .five)
    let connack = try #require(Hex.decode("201000000d22000a27000010002100142401"))
    reader.feed(connack)
    guard case .connack(let answer) = try reader.next() else {
      Issue.record("no CONNACK")
      return
    }
    #expect(answer.properties.number(.receiveMaximum) == 20)
    #expect(answer.properties.number(.maximumPacketSize) == 4096)
    #expect(answer.properties.number(.maximumQoS) == 1)
    reader.feed([0x40, 3, 0, 1, 0x10])
    #expect(try reader.next() == .puback(id: 1, reason: 16, MQTTProperties()))
    let publish = MQTTPublish(topic: "ok/a", payload: [7], id: 1)
    #expect(Hex.encode(publish.bytes(.five)) == "320a00046f6b2f6100010007")
    #expect(Hex.encode(publish.bytes(.three)) == "320900046f6b2f61000107")
  }

  @Test(arguments: [
    (0, "00"), (127, "7f"), (128, "8001"), (16383, "ff7f"), (16384, "808001"),
    (2_097_151, "ffff7f"), (2_097_152, "80808001"), (268_435_455, "ffffff7f"),
  ])
  func `a variable byte integer has its shortest form`(value: Int, hex: String) throws {
    var bytes: [UInt8] = []
    bytes.append(variable: value)
    #expect(Hex.encode(bytes) == hex)
    var cursor = MQTTCursor(bytes)
    #expect(try cursor.variable() == value)
  }

  @Test(arguments: [
    "8000", "808000", "80808000", "8080808001", "ffffffff7f",
  ])
  func `a longer form, or a fifth byte, is refused`(hex: String) throws {
    let bytes = try #require(Hex.decode(hex))
    var cursor = MQTTCursor(bytes)
    #expect(throws: MQTTFault.self) { try cursor.variable() }
    var reader = MQTTReader(version: .five)
    reader.feed([0xD0] + bytes)
    #expect(throws: MQTTFault.self) { try reader.next() }
  }

  /// What the standard forbids, each by its bytes on a connection of 5.0.
  @Test(arguments: [
    ("40020000", "packet identifier 0"), ("320700016100000078", "packet identifier 0"),
    ("30050003612f2300", "wildcard"), ("30050003612b6200", "wildcard"),
    ("3003000000", "a message without a topic"), ("34060001610001007878", "QoS 2"),
    ("380400016100", "repeated message with QoS 0"), ("3004000100 00", "UTF-8"),
    ("30050002c32800", "UTF-8"), ("30060003eda08000", "a surrogate"),
    ("41020001", "flags"), ("d00100", "bytes after the end"), ("f000", "packet type 15"),
    ("00 00", "packet type 0"), ("5002 0001", "packet type 5"),
    ("2003020000", "connack flags"), ("20060000 03 210000", "receive maximum 0"),
    ("20080000 05 2700000000", "maximum packet size 0"), ("20050000022402", "maximum QoS 2"),
    ("20070000 04 24012401", "twice"), ("200500000223 00", "a property of another packet"),
    ("20050000027f00", "an unknown property"), ("20040000 0524", "properties beyond the packet"),
    ("90030001 00", "no reasons"), ("820300010 0", "no filter"),
  ])
  func `what is forbidden is a fault`(hex: String, what: String) throws {
    let bytes = try #require(Hex.decode(hex.filter { $0 != " " }))
    var reader = MQTTReader(version: .five)
    reader.feed(bytes)
    #expect(throws: MQTTFault.self, "\(what)") { try reader.next() }
  }

  @Test func `a length above the limit is refused before its body is waited for`() {
    var reader = MQTTReader(version: .five)
    reader.feed([0x30, 0xFF, 0xFF, 0xFF, 0x7F])
    #expect(throws: MQTTFault.tooLarge(268_435_460, limit: MQTTLimits.packetBytes)) {
      try reader.next()
    }
  }

  @Test func `a packet of more properties than anybody needs is refused`() {
    var connack = MQTTConnack(reason: 0)
    for _ in 0...MQTTLimits.properties { connack.properties.add(.userProperty, .pair("", "")) }
    var reader = MQTTReader(version: .five)
    reader.feed(MQTTPacket.connack(connack).bytes(.five))
    #expect(throws: MQTTFault.self) { try reader.next() }
  }

  /// Random bytes, and good packets with bytes changed, cut, doubled and inserted.
  @Test(arguments: MQTTVersion.allCases)
  func `no bytes trap, and what is read is written and read again the same`(
    version: MQTTVersion
  ) {
    var generator = SeededGenerator(seed: UInt64(version.rawValue))
    let good = samples(version).map { $0.bytes(version) }
    var (read, refused) = (0, 0)
    for round in 0..<100_000 {
      var bytes: [UInt8] = []
      if round.isMultiple(of: 4) {
        let count = Int.random(in: 0...40, using: &generator)
        bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      } else {
        bytes = good[Int.random(in: 0..<good.count, using: &generator)]
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          mutate(&bytes, using: &generator)
        }
      }
      var reader = MQTTReader(version: version)
      reader.feed(bytes)
      do {
        while let packet = try reader.next() {
          read += 1
          // What a connection of this version cannot say is written without it.
          if case .connect = packet { continue }
          var again = MQTTReader(version: version)
          again.feed(packet.bytes(version))
          #expect(try again.next() == packet)
        }
      } catch { refused += 1 }
    }
    #expect(read > 1000 && refused > 10_000)
  }

  private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
    guard !bytes.isEmpty else { return }
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 2: bytes.removeLast(bytes.count - place)
    case 3: bytes += bytes
    default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
    }
  }

  @Test func `labels are those of the outermost members, on any bytes`() {
    let labels = MQTTLabels(mqttEvent(5, key: "A-17").bytes)
    #expect(labels.type == "takt.stop.started.v1" && labels.partitionKey == "A-17")
    #expect(labels.epoch == "1a2b3c4d" && labels.source.hasSuffix(":line7:filler"))
    var generator = SeededGenerator(seed: 3)
    let good = mqttEvent(5, padding: 20).bytes
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0..<3 { mutate(&bytes, using: &generator) }
      _ = MQTTLabels(bytes)
    }
    #expect(MQTTLabels([]).type.isEmpty && MQTTLabels(Array("{\"type\":\"a\\".utf8)).type.isEmpty)
  }
}

@Suite("MQTT: topics and addresses") struct MQTTTopicTests {
  private let source = "urn:isa95:acme:berlin:hall2:line7:filler"

  @Test(arguments: [
    ("takt/<site>/<line>/<unit>/<noun>/<verb>", "takt/berlin/line7/filler/stop/started"),
    ("<enterprise>/<area>/<type>", "acme/hall2/takt.stop.started.v1"), ("plain", "plain"),
  ])
  func `places are filled from the event`(template: String, topic: String) throws {
    let made = try MQTTTopicTemplate(template)
    #expect(made.description == template)
    #expect(made.topic(source: source, type: "takt.stop.started.v1") == topic)
  }

  @Test func `the standard template is the one of the documents, also for the gateway's own`() {
    #expect(MQTTTopicTemplate.standard.description == "takt/<site>/<line>/<unit>/<noun>/<verb>")
    #expect(
      MQTTTopicTemplate.standard.topic(
        source: "urn:isa95:acme:berlin:hall2:line7:gateway:gw17", type: "takt.gateway.health.v1")
        == "takt/berlin/line7/gateway-gw17/gateway/health")
  }

  @Test(arguments: ["a/b", "+", "#", "\u{0}", "$SYS", "ü", "a b", "%", "", "\u{7F}"])
  func `whatever a part holds, it is one level and a topic`(part: String) {
    let topic = MQTTTopicTemplate.standard.topic(
      source: "urn:isa95:e:\(part):a:l:u", type: "takt.\(part).x.v1")
    #expect(topic.split(separator: "/", omittingEmptySubsequences: false).count == 6)
    #expect(MQTTTopic.isName(topic), "\(topic)")
  }

  @Test func `what cannot be read has a topic all the same`() {
    #expect(MQTTTopicTemplate.standard.topic(source: "", type: "") == "takt/-/-/-/-/-")
    let long = MQTTTopicTemplate.standard.topic(
      source: "urn:isa95:e:" + String(repeating: "s", count: 5000), type: "")
    #expect(long.utf8.count == MQTTLimits.topicBytes)
  }

  @Test(arguments: ["", "a/<plant>", "a/<site", "a/+/b", "#", "$SYS/x", "a\u{0}b"])
  func `what is no template is refused with a sentence`(text: String) {
    #expect(throws: MQTTPolicy.Fault.self) { try MQTTTopicTemplate(text) }
  }

  @Test func `addresses are read, and nothing else is`() {
    #expect(MQTTAddress(text: "mqtts://B.example")?.authority == "b.example:8883")
    #expect(MQTTAddress(text: "mqtt://[::1]:1884/")?.authority == "[::1]:1884")
    #expect(MQTTAddress(text: "mqtt://[::1]")?.port == 1883)
    for text in ["https://a", "mqtts://", "mqtts://u@a", "mqtts://a/b", "mqtts://a:0", "a:1883"] {
      #expect(MQTTAddress(text: text) == nil, "\(text)")
    }
    for text in ["localhost", "127.0.0.1", "127.9.9.9", "::1"] {
      #expect(MQTTAddress(host: text).isLocal)
    }
    for text in ["127.0.0.1.example", "10.0.0.1", "localhost.example", "127.a.b.c"] {
      #expect(!MQTTAddress(host: text).isLocal, "\(text)")
    }
  }

  @Test func `plain text leaves this machine only when forced`() throws {
    func policy(_ hosts: [MQTTAddress]) -> MQTTPolicy {
      MQTTPolicy(brokers: hosts, clientID: "gw17", topic: .standard)
    }
    let far = MQTTAddress(host: "mes.example", isSecure: false)
    let near = MQTTAddress(host: "localhost", isSecure: false)
    #expect(throws: MQTTPolicy.Fault.self) { try policy([far]).check() }
    #expect(throws: MQTTPolicy.Fault.self) { try policy([]).check() }
    #expect(throws: MQTTPolicy.Fault.self) {
      try policy([near, MQTTAddress(host: "mes.example")]).check()
    }
    try policy([near]).check()
    var forced = policy([far])
    forced.allowsPlainAnywhere = true
    try forced.check()
    var wrong = policy([near])
    wrong.statusTopic = "a/#"
    #expect(throws: MQTTPolicy.Fault.self) { try wrong.check() }
  }
}
