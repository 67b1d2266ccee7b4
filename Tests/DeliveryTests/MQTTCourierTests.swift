// The courier over MQTT against a broker made of packets: sessions, window, bytes on the wire.

import Outbox
import Primitives
import Testing

@testable import Delivery

@Suite("MQTT: the session") struct MQTTSessionTests {
  @Test func `it connects without events, says who it is, and leaves a will`() throws {
    var bench = try MQTTBench {
      $0.statusTopic = "takt/berlin/gw17/status"
      $0.userName = "line7"
    }
    try bench.dial()
    let connect = try #require(bench.connect)
    #expect(connect.version == .five && connect.cleanStart && connect.keepAlive == 30)
    #expect(connect.userName == "line7" && connect.password == Array("secret".utf8))
    #expect(connect.properties.number(.maximumPacketSize) == MQTTLimits.packetBytes)
    let will = try #require(connect.will)
    #expect(will.retain && will.qos == 1 && will.topic == "takt/berlin/gw17/status")
    #expect(String(decoding: will.payload, as: UTF8.self) == #"{"client":"gw17","online":false}"#)
    try bench.say(.connack(MQTTConnack(reason: 0)))
    let status = try #require(bench.messages.first)
    #expect(status.retain && status.topic == will.topic)
    #expect(String(decoding: status.payload, as: UTF8.self) == #"{"client":"gw17","online":true}"#)
    try bench.perform(bench.courier.farewell())
    #expect(bench.messages.last?.payload == will.payload)
    #expect(bench.heard.last == .disconnect(reason: 0, MQTTProperties()))
  }

  @Test func `an event is its committed bytes with QoS 1, its topic and the one before`() throws {
    let event = mqttEvent(8)
    let bench = try MQTTBench.carrying(Parcel(events: [event], previous: 3))
    let message = try #require(bench.messages.first)
    #expect(message.payload == event.bytes && message.qos == 1 && !message.retain)
    #expect(message.topic == "takt/berlin/line7/filler/stop/started" && !message.isRepeat)
    #expect(message.properties.user("previous") == "3")
    #expect(message.properties.text(.contentType) == "application/cloudevents+json")
    #expect(bench.answers.isEmpty)
  }

  @Test func `never more on their way than the window and the broker's receive maximum`() throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...30), [(.receiveMaximum, .number(3))])
    #expect(bench.sequences == [1, 2, 3])
    try bench.acknowledge(2)
    #expect(bench.sequences == [1, 2, 3, 4] && bench.answers.isEmpty)
    try bench.acknowledge(1)
    #expect(bench.answers == [.delivered(through: 2)] && bench.sequences.last == 5)
    let wide = try MQTTBench.carrying(mqttParcel(1...30))
    #expect(wide.sequences == Array(1...20))
    let ids = Set(wide.messages.map(\.id))
    #expect(ids.count == 20 && !ids.contains(0))
  }

  @Test func `70,000 events pass with identifiers that are never zero or in use`() throws {
    var bench = try MQTTBench()
    try bench.meet()
    var next: UInt64 = 1
    while next < 70_000 {
      if bench.courier.wantsParcel {
        try bench.offer(mqttParcel(next...(next + 99)))
        next += 100
      }
      let out = bench.messages
      bench.heard = []
      #expect(!out.contains { $0.id == 0 })
      #expect(Set(out.map(\.id)).count == out.count)
      for message in out {
        try bench.say(.puback(id: message.id, reason: 0, MQTTProperties()))
      }
    }
    while let message = bench.messages.first {
      bench.heard.removeFirst()
      try bench.say(.puback(id: message.id, reason: 0, MQTTProperties()))
    }
    #expect(bench.delivered == next - 1 && bench.courier.status.deliveredEvents == next - 1)
  }

  @Test func `F44, F45: what has no PUBACK is sent again in order after a break, as new`() throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...5))
    try bench.acknowledge(1)
    try bench.acknowledge(3)
    try bench.handle(.ended(.closed("reset")))
    #expect(bench.answers == [.delivered(through: 1)])
    try bench.meet()
    // One by one, because one of them may have broken the line.
    #expect(bench.sequences == [2])
    try bench.acknowledge(2)
    #expect(bench.delivered == 3 && bench.sequences == [2, 4])
    try bench.acknowledge(4)
    try bench.acknowledge(5)
    #expect(bench.delivered == 5 && bench.refused.isEmpty)
    #expect(!bench.messages.contains { $0.isRepeat })
  }

  @Test func `a ping keeps the line, and a missing answer ends it`() throws {
    var bench = try MQTTBench()
    try bench.meet([(.serverKeepAlive, .number(8))])
    let start = bench.now
    try bench.skip()
    #expect(bench.heard.last == .pingreq && bench.now == start + .seconds(6))
    try bench.say(.pingresp)
    try bench.skip()
    #expect(bench.heard.count == 3 && bench.closes == 0)
    try bench.skip()
    #expect(bench.closes == 1)
    #expect(bench.courier.status.lastError?.contains("PINGRESP") == true)
  }

  @Test func `a PUBACK that does not come ends the line, and nobody is blamed`() throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...1)) { $0.keepAlive = .seconds(1200) }
    for _ in 0..<12 {
      let since = bench.now
      try bench.skip()
      #expect(bench.now == since + .seconds(30))
      try bench.meet()
      #expect(bench.sequences == [1])
    }
    #expect(bench.answers.isEmpty)
  }

  @Test func `one key has one event on its way where the order is asked for`() throws {
    let events = [(1, "a"), (2, "a"), (3, "b"), (4, "a"), (5, "b")].map {
      mqttEvent(UInt64($0.0), key: $0.1)
    }
    var bench = try MQTTBench.carrying(mqttParcel(events)) { $0.keepsKeyOrder = true }
    #expect(bench.sequences == [1, 3])
    try bench.acknowledge(3)
    #expect(bench.sequences == [1, 3, 5])
    try bench.acknowledge(1, 151)
    #expect(bench.sequences == [1, 3, 5])
    try bench.skip()
    #expect(bench.sequences == [1, 3, 5, 1])
  }

  @Test func `the broker's limits are kept without asking it`() throws {
    let events = [mqttEvent(1), mqttEvent(2, padding: 5000), mqttEvent(3)]
    var bench = try MQTTBench.carrying(mqttParcel(events), [(.maximumPacketSize, .number(4096))])
    #expect(bench.sequences == [1, 3])
    try bench.acknowledge(1)
    try bench.acknowledge(3)
    #expect(bench.refused == [2] && bench.delivered == 3)
    guard case .refused(_, let status, let text) = bench.answers[1] else { return }
    #expect(status == 149 && text.contains("4096"))
    var deaf = try MQTTBench()
    try deaf.meet([(.maximumQoS, .number(0))])
    #expect(deaf.courier.status.state == "parked")
    var forgetful = try MQTTBench { $0.statusTopic = "s" }
    try forgetful.meet([(.retainAvailable, .number(0))])
    #expect(forgetful.messages.first?.retain == false)
  }

  @Test(arguments: [
    [UInt8](repeating: 0, count: 100), Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8),
    [0x30, 0xFF, 0xFF, 0xFF, 0x7F], [0x20, 0x02, 0x02, 0x00], [0x40, 0x02, 0x00, 0x01],
  ])
  func `whatever answers CONNECT, the courier closes and comes again`(bytes: [UInt8]) throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...3))
    try bench.handle(.ended(.finished))
    for _ in 0..<20 {
      try bench.dial()
      let closes = bench.closes
      try bench.handle(.received(bytes))
      #expect(bench.closes == closes + 1)
    }
    #expect(bench.answers.isEmpty && bench.courier.status.failures >= 20)
  }

  @Test func `a broker that says nothing, or a byte a minute, is given up`() throws {
    var bench = try MQTTBench()
    try bench.dial()
    let since = bench.now
    try bench.handle(.received([0x20]))
    try bench.skip()
    #expect(bench.closes == 1 && bench.now == since + .seconds(30))
  }
}

@Suite("MQTT: 3.1.1") struct MQTTOldTests {
  /// A broker of 3.1.1, whichever way it says so.
  static func old(
    _ parcel: Parcel, _ change: (inout MQTTPolicy) -> Void = { _ in }
  ) throws -> MQTTBench {
    var bench = try MQTTBench(change)
    try bench.offer(parcel)
    try bench.dial()
    var connack = MQTTConnack(reason: 1)
    connack.isOldForm = true
    try bench.say(.connack(connack))
    try bench.dial()
    #expect(bench.connect?.version == .three)
    try bench.say(.connack(MQTTConnack(reason: 0)))
    return bench
  }

  @Test(arguments: ["0x01", "0x84", "close"])
  func `a broker that does not speak 5.0 is spoken to in 3.1.1`(way: String) throws {
    var bench = try MQTTBench()
    try bench.dial()
    #expect(bench.connect?.version == .five)
    switch way {
    case "0x01": try bench.handle(.received([0x20, 2, 0, 1]))
    case "0x84": try bench.say(.connack(MQTTConnack(reason: 132)))
    default:
      try bench.handle(.ended(.closed("reset")))
      try bench.dial()
      #expect(bench.connect?.version == .five)
      try bench.handle(.ended(.finished))
    }
    try bench.dial()
    #expect(bench.connect?.version == .three)
    try bench.say(.connack(MQTTConnack(reason: 0)))
    #expect(bench.courier.status.speaks?.contains("3.1.1") == true)
    // It is remembered for the next connection, and 5.0 is tried again after an hour.
    try bench.handle(.ended(.closed("reset")))
    try bench.dial()
    #expect(bench.connect?.version == .three)
    bench.now = bench.now + .seconds(4000)
    try bench.handle(.ended(.closed("reset")))
    try bench.dial()
    #expect(bench.connect?.version == .five)
  }

  @Test func `a broker that closes in either language gets 5.0 again`() throws {
    var bench = try MQTTBench()
    var versions: [MQTTVersion] = []
    for _ in 0..<6 {
      try bench.dial()
      versions.append(try #require(bench.connect).version)
      try bench.handle(.ended(.closed("reset")))
    }
    #expect(versions == [.five, .five, .three, .five, .five, .three])
  }

  @Test func `where 5.0 is asked for, nothing else is spoken`() throws {
    var bench = try MQTTBench { $0.speech = .five }
    try bench.dial()
    try bench.say(.connack(MQTTConnack(reason: 132)))
    #expect(bench.courier.status.state == "parked")
  }

  @Test func `a PUBACK is delivery only when the event has come back on its topic`() throws {
    var bench = try Self.old(mqttParcel(1...3))
    // Nothing is published before we listen.
    #expect(bench.messages.isEmpty)
    let topic = "takt/berlin/line7/filler/stop/started"
    guard case .subscribe(let id, let filters, _) = bench.heard.last else {
      Issue.record("no SUBSCRIBE")
      return
    }
    #expect(filters == [MQTTFilter(topic)])
    try bench.say(.suback(id: id, [1], MQTTProperties()))
    #expect(bench.sequences == [1])
    try bench.acknowledge(1)
    #expect(bench.answers.isEmpty)
    try bench.say(
      .publish(MQTTPublish(topic: topic, payload: mqttEvent(99).bytes, qos: 0)))
    #expect(bench.answers.isEmpty)
    try bench.say(
      .publish(MQTTPublish(topic: topic, payload: mqttEvent(1).bytes, id: 9)))
    #expect(bench.delivered == 1 && bench.sequences == [1, 2, 3])
    #expect(bench.heard.contains(.puback(id: 9, reason: 0, MQTTProperties())))
    #expect(bench.heard.contains { if case .unsubscribe = $0 { true } else { false } })
    // The topic is believed now.
    try bench.acknowledge(2)
    try bench.acknowledge(3)
    #expect(bench.delivered == 3)
  }

  @Test func `a silent PUBACK of a denied topic parks the topic and delivers nothing`() throws {
    let events = [mqttEvent(1), mqttEvent(2, type: "takt.gateway.health.v1"), mqttEvent(3)]
    var bench = try Self.old(mqttParcel(events))
    guard case .subscribe(let id, _, _) = bench.heard.last else { return }
    try bench.say(.suback(id: id, [1], MQTTProperties()))
    try bench.acknowledge(1)
    try bench.skip()
    #expect(bench.answers.isEmpty && bench.closes == 1)
    let status = bench.courier.status
    #expect(status.alarm?.contains("takt/berlin/line7/filler/stop/started") == true)
    // The other topic goes on.
    guard case .subscribe(let second, let filters, _) = bench.heard.last else {
      Issue.record("no second proof: \(bench.heard)")
      return
    }
    #expect(filters[0].filter == "takt/berlin/line7/filler/gateway/health")
    try bench.say(.suback(id: second, [1], MQTTProperties()))
    #expect(bench.sequences == [1, 2])
    try bench.acknowledge(2)
    try bench.say(
      .publish(
        MQTTPublish(topic: filters[0].filter, payload: events[1].bytes, qos: 0)))
    #expect(bench.answers.isEmpty)
    // Once the topic may be written, all of it arrives.
    for _ in 0..<10 {
      guard case .subscribe(let id, let filters, _) = bench.heard.last else {
        try bench.breathe()
        continue
      }
      try bench.say(.suback(id: id, [1], MQTTProperties()))
      try bench.acknowledge(1)
      try bench.say(
        .publish(MQTTPublish(topic: filters[0].filter, payload: events[0].bytes, qos: 0)))
      break
    }
    #expect(bench.delivered == 2)
    try bench.acknowledge(3)
    #expect(bench.delivered == 3 && bench.courier.status.alarm == nil)
  }

  @Test func `the canary has to come back before anything leaves`() throws {
    var bench = try Self.old(mqttParcel(1...2)) { $0.rightsTest = .canary("takt/canary") }
    guard case .subscribe(let id, let filters, _) = bench.heard.last else { return }
    #expect(filters[0].filter == "takt/canary")
    try bench.say(.suback(id: id, [1], MQTTProperties()))
    let canary = try #require(bench.messages.first)
    #expect(canary.topic == "takt/canary" && bench.sequences.isEmpty)
    var other = bench
    try bench.say(.puback(id: canary.id, reason: 0, MQTTProperties()))
    #expect(bench.sequences.isEmpty)
    try bench.say(.publish(MQTTPublish(topic: "takt/canary", payload: canary.payload, id: 1)))
    #expect(bench.sequences == [1, 2])
    try other.say(.puback(id: canary.id, reason: 0, MQTTProperties()))
    try other.skip()
    #expect(other.courier.status.state == "parked" && other.sequences.isEmpty)
    #expect(other.courier.status.alarm?.contains("takt/canary") == true)
  }

  @Test func `a broker that resets at one event gets the others, and that one is set aside`()
    throws
  {
    var bench = try Self.old(mqttParcel(1...6)) { $0.rightsTest = .none }
    var rounds = 0
    while bench.delivered != 6, rounds < 60 {
      rounds += 1
      if bench.courier.status.state != "sending" {
        try bench.dial()
        try bench.say(.connack(MQTTConnack(reason: 0)))
      }
      let out = bench.messages
      bench.heard = []
      if out.contains(where: { MQTTBench.sequence($0) == 4 }) {
        for message in out {
          if MQTTBench.sequence(message) == 4 { break }
          try bench.say(.puback(id: message.id, reason: 0, MQTTProperties()))
        }
        try bench.handle(.ended(.closed("connection reset by peer")))
      } else {
        for message in out {
          try bench.say(.puback(id: message.id, reason: 0, MQTTProperties()))
        }
      }
    }
    #expect(bench.refused == [4] && bench.delivered == 6)
  }
}
