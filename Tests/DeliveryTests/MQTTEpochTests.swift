// Numbers and secrets of the courier over MQTT: places of a journal that began anew are not what
// receivers know, and a password is read when it is needed.

import Outbox
import Primitives
import Testing

@testable import Delivery

@Suite("MQTT: epochs and secrets") struct MQTTEpochTests {
  /// Events at places 1001… of the journal, which receivers know as 1….
  private func parcel(_ count: UInt64, epoch: String) -> Parcel {
    let events = (1...count).map { number in
      let text = String(decoding: mqttEvent(number).bytes, as: UTF8.self)
        .replacing("1a2b3c4d", with: epoch)
      return StoredEvent(sequence: 1000 + number, bytes: Array(text.utf8), digest: [], due: 1)
    }
    return Parcel(events: events, previous: 0, base: 1000)
  }

  @Test func `behind a journal that began anew the one before is told as receivers know it`() throws
  {
    var bench = try MQTTBench.carrying(parcel(3, epoch: "2b2b2b2b"))
    #expect(bench.messages.map { $0.properties.user("previous") } == ["0", "1", "2"])
    for message in bench.messages {
      try bench.say(.puback(id: message.id, reason: 0, MQTTProperties()))
    }
    // The outbox counts in places.
    #expect(bench.delivered == 1003)
  }

  @Test func `an application confirms sequences of an epoch, not places of a journal`() throws {
    var bench = try MQTTBench { $0.acknowledgementTopic = "takt/ack" }
    try bench.offer(parcel(3, epoch: "2b2b2b2b"))
    try bench.meet()
    guard case .subscribe(let id, _, _) = bench.heard.last else {
      Issue.record("no subscription")
      return
    }
    try bench.say(.suback(id: id, [1], MQTTProperties()))
    for message in bench.messages {
      try bench.say(.puback(id: message.id, reason: 0, MQTTProperties()))
    }
    func tell(_ text: String) throws {
      try bench.say(.publish(MQTTPublish(topic: "takt/ack", payload: Array(text.utf8), id: 9)))
    }
    try tell(#"{"epoch":"1a2b3c4d","sequence":3}"#)
    #expect(bench.answers.isEmpty)
    try tell(#"{"epoch":"2b2b2b2b","sequence":2}"#)
    #expect(bench.delivered == 1002)
    try tell("3")
    #expect(bench.delivered == 1003)
  }

  @Test func `without a name of the epoch only the oldest one is confirmed`() throws {
    var cargo = MQTTCargo()
    for (place, epoch) in [(7, "old"), (8, "old"), (9, "new")] as [(UInt64, String)] {
      var message = MQTTMessage(topic: "t", payload: [])
      message.epoch = epoch
      let event = StoredEvent(sequence: place, bytes: [], digest: [], due: 1)
      cargo.add(event, base: epoch == "new" ? 8 : 0, message)
    }
    for number in 0..<3 { cargo.accept(number, at: .boot) }
    cargo.confirm(through: 8, epoch: nil)
    #expect(cargo.settled() == [.delivered(through: 8)])
    cargo.confirm(through: 1, epoch: nil)
    #expect(cargo.settled() == [.delivered(through: 9)])
  }

  @Test func `a password's file is read for each connection, and what cannot be read is told`()
    throws
  {
    var bench = try MQTTBench { $0.secret = .file }
    bench.courier.use(.token("first", staleAt: nil))
    try bench.meet()
    #expect(bench.reloads == 1 && bench.connect?.password == Array("first".utf8))
    bench.courier.use(.kept(why: "reading password /p: gone"))
    #expect(bench.courier.status.conditions == ["reading password /p: gone"])
    try bench.handle(.ended(.closed("reset")))
    try bench.dial()
    #expect(bench.reloads == 2 && bench.connect?.password == Array("first".utf8))
    bench.courier.use(.token("second", staleAt: nil))
    #expect(bench.courier.status.conditions.isEmpty)
  }

  @Test func `without the password that it is to show nobody greets the broker`() throws {
    var bench = try MQTTBench { $0.secret = .file }
    bench.courier.useToken(nil)
    bench.courier.use(.kept(why: "reading password /p: gone"))
    try bench.dial()
    #expect(bench.heard.isEmpty && bench.courier.status.state == "parked")
    #expect(bench.courier.status.alarm?.contains("reading password /p: gone") == true)
  }

  @Test func `events that nobody listens to are a condition, not a failure`() throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...1))
    try bench.acknowledge(1, 16)
    #expect(bench.delivered == 1 && bench.courier.status.alarm == nil)
    #expect(bench.courier.status.conditions.first?.contains("nobody subscribes") == true)
  }

  @Test func `a broker that never pauses puts no deadline off`() throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...3))
    let chatter = MQTTPacket.publish(MQTTPublish(topic: "a", payload: [1], qos: 0))
    let start = bench.now
    for _ in 0..<40 where bench.closes == 0 {
      bench.now = bench.now + .seconds(1)
      try bench.say(chatter)
    }
    #expect(bench.closes == 1 && bench.now == start + .seconds(30))
    #expect(bench.courier.status.lastError?.contains("no acknowledgement within 30 s") == true)
    // Nor the wait for its answer to CONNECT, however slowly that comes.
    try bench.dial()
    let welcome = MQTTPacket.connack(MQTTConnack(reason: 0)).bytes(.five)
    let again = bench.now
    for byte in welcome where bench.closes == 1 {
      bench.now = bench.now + .seconds(12)
      try bench.handle(.received([byte]))
    }
    #expect(bench.closes == 2 && bench.now == again + .seconds(36))
  }
}
