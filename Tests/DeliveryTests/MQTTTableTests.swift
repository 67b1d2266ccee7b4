// The failure table of MQTT: every reason code, where it can stand, and what the courier does.

import Outbox
import Primitives
import Testing

@testable import Delivery

@Suite("MQTT: the failure table") struct MQTTTableTests {
  @Test(arguments: [
    (UInt8(133), "client id"), (138, "banned"), (140, "log in"), (149, "large"), (155, "QoS 0"),
  ])
  func `a refusal that a person has to put right parks`(reason: UInt8, word: String) throws {
    var bench = try MQTTBench.carryingNothing(reason)
    let status = bench.courier.status
    #expect(status.state == "parked" && status.alarm?.contains(word) == true)
    #expect(status.lastStatus == Int(reason))
    let wait = try #require(status.nextAttempt) - bench.now
    #expect(wait >= .seconds(90))
    // Never for ever (F8).
    try bench.meet()
    #expect(bench.courier.status.state == "ready")
  }

  @Test(arguments: [UInt8(128), 131, 136, 137, 139, 150, 151, 159, 200])
  func `a refusal that passes is waited out, longer each time`(reason: UInt8) throws {
    var bench = try MQTTBench()
    var longest = Duration.zero
    for _ in 0..<40 {
      try bench.dial()
      try bench.say(.connack(MQTTConnack(reason: reason)))
      #expect(bench.courier.status.state == "retrying")
      let wait = try #require(bench.courier.status.nextAttempt) - bench.now
      #expect(wait >= .milliseconds(500) && wait <= .seconds(60))
      longest = max(longest, wait)
    }
    #expect(longest > .seconds(30))
  }

  @Test(arguments: [UInt8(134), 135])
  func `a password is read again once, then it is a matter for people`(reason: UInt8) throws {
    var bench = try MQTTBench()
    try bench.dial()
    try bench.say(.connack(MQTTConnack(reason: reason)))
    #expect(bench.reloads == 1)
    bench.courier.useToken("new")
    try bench.dial()
    #expect(bench.connect?.password == Array("new".utf8))
    try bench.say(.connack(MQTTConnack(reason: reason)))
    #expect(bench.courier.status.state == "parked" && bench.reloads == 1)
  }

  @Test func `the codes of 3.1.1 mean the same`() {
    #expect((0...6).map { MQTTReason.modern($0) } == [0, 132, 133, 136, 134, 135, 128])
  }

  @Test func `a broker that keeps nothing gets nothing to keep`() throws {
    var bench = try MQTTBench { $0.statusTopic = "s" }
    try bench.dial()
    #expect(bench.connect?.will?.retain == true)
    try bench.say(.connack(MQTTConnack(reason: 154)))
    try bench.meet()
    #expect(bench.connect?.will?.retain == false && bench.messages.first?.retain == false)
  }

  // MARK: PUBACK

  @Test func `accepted by nobody is delivered and counted`() throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...1))
    try bench.acknowledge(1, 16)
    #expect(bench.delivered == 1 && bench.courier.status.unheardEvents == 1)
  }

  @Test(arguments: [UInt8(144), 149, 153])
  func `an event that is refused for good goes to quarantine alone`(reason: UInt8) throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...3))
    try bench.acknowledge(2, reason)
    try bench.acknowledge(1)
    try bench.acknowledge(3)
    #expect(bench.refused == [2] && bench.delivered == 3)
    guard case .refused(_, let status, _) = bench.answers[1] else { return }
    #expect(status == Int(reason))
  }

  @Test func `when everything is refused, the broker is doubted and not the events`() throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...10))
    for sequence in 1...4 { try bench.acknowledge(UInt64(sequence), 144) }
    #expect(bench.refused == [1, 2, 3] && bench.courier.status.state == "parked")
    try bench.meet()
    try bench.acknowledge(4, 144)
    #expect(bench.refused == [1, 2, 3, 4])
    try bench.acknowledge(5, 144)
    #expect(bench.courier.status.state == "parked" && bench.refused.count == 4)
  }

  @Test(arguments: [UInt8(128), 131, 145])
  func `a broker that fails at one event is asked ten times`(reason: UInt8) throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...2))
    try bench.acknowledge(2)
    for _ in 0..<9 {
      try bench.acknowledge(1, reason)
      #expect(bench.answers.isEmpty && bench.courier.status.state == "pausing")
      let sent = bench.sequences.count
      while bench.sequences.count == sent {
        try bench.breathe()
      }
    }
    try bench.acknowledge(1, reason)
    #expect(bench.refused == [1] && bench.delivered == 2 && bench.closes == 0)
  }

  @Test(arguments: [UInt8(150), 151])
  func `too much is a pause, and never quarantine`(reason: UInt8) throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...1))
    for _ in 0..<30 {
      try bench.acknowledge(1, reason)
      let until = try #require(bench.courier.status.nextAttempt)
      #expect(until - bench.now <= MQTTLimits.lastPause)
      let sent = bench.sequences.count
      while bench.sequences.count == sent {
        try bench.breathe()
      }
    }
    try bench.acknowledge(1)
    #expect(bench.delivered == 1 && bench.refused.isEmpty)
  }

  @Test func `a topic that we may not write waits, and its neighbours go on`() throws {
    let events = (1...6).map {
      mqttEvent(UInt64($0), type: $0.isMultiple(of: 2) ? "takt.a.b.v1" : "takt.c.d.v1")
    }
    var bench = try MQTTBench.carrying(mqttParcel(events))
    for sequence in 1...6 {
      try bench.acknowledge(UInt64(sequence), sequence.isMultiple(of: 2) ? 135 : 0)
    }
    #expect(bench.delivered == 1 && bench.closes == 0)
    #expect(bench.courier.status.alarm?.contains("takt/berlin/line7/filler/a/b") == true)
    // One event looks whether it may by now; then the others follow.
    let sent = bench.sequences.count
    while bench.sequences.count == sent {
      try bench.breathe()
    }
    #expect(Array(bench.sequences[sent...]) == [2])
    try bench.acknowledge(2)
    #expect(Array(bench.sequences[sent...]) == [2, 4, 6] && bench.courier.status.alarm == nil)
    try bench.acknowledge(4)
    try bench.acknowledge(6)
    #expect(bench.delivered == 6 && bench.refused.isEmpty)
  }

  @Test func `after its patience a topic no longer holds up the others`() throws {
    let events = (1...3).map {
      mqttEvent(UInt64($0), type: $0 < 3 ? "takt.a.b.v1" : "takt.c.d.v1")
    }
    var bench = try MQTTBench.carrying(mqttParcel(events)) { $0.topicPatience = .seconds(1000) }
    try bench.acknowledge(3)
    try bench.acknowledge(1, 135)
    try bench.acknowledge(2, 135)
    let since = bench.now
    for _ in 0..<2000 where bench.answers.isEmpty {
      let sent = bench.sequences.count
      try bench.breathe()
      if bench.sequences.count > sent {
        try bench.acknowledge(try #require(bench.sequences.last), 135)
      }
    }
    #expect(bench.refused == [1, 2] && bench.delivered == 3)
    #expect(bench.now >= since + .seconds(1000) && bench.now <= since + .seconds(2000))
  }

  // MARK: DISCONNECT

  @Test(arguments: [UInt8(0), 128, 131, 136, 137, 139, 150, 151, 152, 159, 160])
  func `a farewell that passes is waited out`(reason: UInt8) throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...2))
    try bench.disconnect(reason)
    #expect(bench.courier.status.state == "retrying" && bench.closes == 1)
    try bench.meet()
    #expect(bench.sequences == [1, 2])
  }

  @Test func `a timed-out connection is replaced at once, but not for ever`() throws {
    var bench = try MQTTBench()
    try bench.meet()
    try bench.disconnect(141)
    #expect(bench.courier.nextDeadline == bench.now)
    try bench.meet()
    try bench.disconnect(141)
    #expect(try #require(bench.courier.nextDeadline) > bench.now)
  }

  @Test func `a taken-over session is not fought for`() throws {
    var bench = try MQTTBench()
    try bench.meet()
    try bench.disconnect(142)
    #expect(bench.courier.status.alarm?.contains("client id") == true)
    #expect(try #require(bench.courier.nextDeadline) - bench.now >= .seconds(90))
  }

  @Test func `receive maximum exceeded: one at a time from then on`() throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...3))
    try bench.disconnect(147)
    try bench.meet()
    #expect(bench.sequences == [1])
    try bench.acknowledge(1)
    #expect(bench.sequences == [1, 2])
  }

  @Test(arguments: [(UInt8(129), 2), (130, 2), (144, 2), (148, 2), (153, 2), (149, 1)])
  func `the event at which the broker leaves is found and set aside`(
    reason: UInt8, times: Int
  ) throws {
    var bench = try MQTTBench.carrying(mqttParcel(1...8))
    var (rounds, blamed) = (0, 0)
    while bench.delivered != 8, rounds < 60 {
      rounds += 1
      if bench.courier.status.state != "sending" { try bench.meet() }
      let out = bench.messages
      bench.heard = []
      for message in out {
        guard MQTTBench.sequence(message) != 5 else {
          if out.count == 1 { blamed += 1 }
          try bench.disconnect(reason)
          break
        }
        try bench.say(.puback(id: message.id, reason: 0, MQTTProperties()))
      }
    }
    #expect(bench.refused == [5] && bench.delivered == 8 && blamed <= times)
  }

  @Test(arguments: [UInt8(156), 157], ["connack", "disconnect"])
  func `another broker is followed only to an allowed address`(
    reason: UInt8, place: String
  ) throws {
    var bench = try MQTTBench {
      $0.redirections = [MQTTAddress(host: "b.example", port: 9000)]
    }
    func point(_ reference: String) throws {
      try bench.dial()
      var connack = MQTTConnack(reason: place == "connack" ? reason : 0)
      if place == "connack" { connack.properties.add(.serverReference, .text(reference)) }
      try bench.say(.connack(connack))
      if place == "disconnect" { try bench.disconnect(reason, reference: reference) }
    }
    try point("evil.example:8883 b.example:1")
    #expect(bench.courier.status.state == "parked")
    #expect(bench.courier.status.alarm?.contains("evil.example") == true)
    try point("evil.example B.example:9000")
    #expect(bench.courier.nextDeadline == bench.now)
    try bench.meet()
    #expect(bench.opens.last == StreamTarget(host: "b.example", port: 9000))
    #expect(bench.opens.dropLast().allSatisfy { $0.host == "mes.example" })
    // When that one fails, the list counts again.
    try bench.handle(.ended(.closed("reset")))
    try bench.dial()
    #expect(bench.opens.last?.host == "mes.example")
  }

  @Test func `brokers that send us round in circles are waited out`() throws {
    var bench = try MQTTBench { $0.redirections = [MQTTAddress(host: "b.example")] }
    var waits = 0
    for round in 0..<20 {
      try bench.meet()
      try bench.disconnect(157, reference: round.isMultiple(of: 2) ? "b.example" : "mes.example")
      if try #require(bench.courier.nextDeadline) > bench.now { waits += 1 }
    }
    #expect(waits >= 5)
  }

  @Test func `the list of brokers is tried to its end before anybody waits`() throws {
    var bench = try MQTTBench {
      $0.brokers = ["a", "b", "c"].map { MQTTAddress(host: "\($0).example") }
    }
    for _ in 0..<3 {
      try bench.skip()
      try bench.handle(.ended(.unreachable("refused")))
    }
    #expect(bench.opens.map(\.host) == ["a.example", "b.example", "c.example"])
    #expect(bench.now == Instant(nanoseconds: 1_000_000_000))
    #expect(try #require(bench.courier.nextDeadline) > bench.now)
    try bench.skip()
    try bench.handle(.ended(.timeout))
    try bench.meet()
    #expect(bench.opens.last?.host == "b.example")
    // The one that works is kept.
    try bench.disconnect(141)
    try bench.dial()
    #expect(bench.opens.last?.host == "b.example")
  }

  @Test func `a certificate that does not hold parks the uplink`() throws {
    var bench = try MQTTBench()
    try bench.skip()
    try bench.handle(.ended(.certificate("the certificate has expired")))
    #expect(bench.courier.status.state == "parked")
  }

  // MARK: The application

  @Test func `F46: an event is delivered when the application says so`() throws {
    var bench = try MQTTBench { $0.acknowledgementTopic = "takt/ack/gw17" }
    try bench.offer(mqttParcel(1...4))
    try bench.meet()
    guard case .subscribe(let id, let filters, _) = bench.heard.last else { return }
    #expect(filters[0].filter == "takt/ack/gw17" && bench.sequences.isEmpty)
    func tell(_ text: String) throws {
      try bench.say(
        .publish(MQTTPublish(topic: "takt/ack/gw17", payload: Array(text.utf8), id: 5)))
    }
    try bench.say(.suback(id: id, [1], MQTTProperties()))
    for sequence in 1...3 { try bench.acknowledge(UInt64(sequence)) }
    #expect(bench.answers.isEmpty)
    try tell(#"{"epoch":"ffffffff","sequence":3}"#)
    try tell("nonsense")
    try tell("-1")
    #expect(bench.answers.isEmpty)
    try tell(#"{"epoch":"1a2b3c4d","sequence":"00000000000000000002"}"#)
    #expect(bench.delivered == 2)
    // What the broker has not taken is not delivered, whatever the application says.
    try tell("4")
    #expect(bench.delivered == 3)
    try bench.acknowledge(4)
    #expect(bench.delivered == 3)
    // It stays silent: the event is published again, and somebody is told.
    let sent = bench.sequences.count
    for _ in 0..<20 where bench.sequences.count == sent {
      try bench.breathe()
    }
    #expect(bench.sequences.last == 4 && bench.courier.status.alarm != nil)
    try bench.acknowledge(4)
    try tell("4")
    #expect(bench.delivered == 4)
  }
}

extension MQTTBench {
  /// A bench whose broker refused the connection.
  static func carryingNothing(_ reason: UInt8) throws -> MQTTBench {
    var bench = try MQTTBench()
    try bench.dial()
    try bench.say(.connack(MQTTConnack(reason: reason)))
    return bench
  }
}
