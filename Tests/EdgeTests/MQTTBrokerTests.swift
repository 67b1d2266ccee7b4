// The courier against a real mosquitto, through the real TLS stream and the step of its thread.

import Delivery
import Glibc
import LinuxEdge
import OpenSSLEdge
import Outbox
import Primitives
import Testing

@testable import Gateway

@Suite("MQTT: a real broker", .serialized) struct MQTTBrokerTests {
  let plant: Plant

  init() throws { plant = try Plant() }

  private func policy(
    _ port: UInt16, isSecure: Bool = true, _ change: (inout MQTTPolicy) -> Void = { _ in }
  ) -> MQTTPolicy {
    var policy = MQTTPolicy(
      brokers: [MQTTAddress(host: "localhost", port: port, isSecure: isSecure)],
      clientID: "gw17", topic: .standard)
    policy.firstRetry = .milliseconds(10)
    policy.lastRetry = .milliseconds(100)
    change(&policy)
    return policy
  }

  private var tls: TLSClientSettings { TLSClientSettings(caFile: plant.caFile) }

  /// Every event at least once, its bytes untouched, each key's first copies in order.
  private func check(_ heard: [MQTTPublish], _ events: [StoredEvent]) {
    var first: [UInt64: [UInt8]] = [:]
    var lastOfKey: [String: UInt64] = [:]
    for message in heard {
      guard let sequence = sequence(of: message), first[sequence] == nil else { continue }
      first[sequence] = message.payload
      let key = MQTTLabels(message.payload).partitionKey
      #expect(lastOfKey[key, default: 0] < sequence, "the order of \(key)")
      lastOfKey[key] = sequence
    }
    #expect(first.count == events.count)
    for event in events { #expect(first[event.sequence] == event.bytes) }
  }

  @Test(arguments: [MQTTPolicy.Speech.five, .three])
  func `1000 events over TLS with a client certificate arrive as they were committed`(
    speech: MQTTPolicy.Speech
  ) throws {
    let broker = try Mosquitto(plant, secure: ["require_certificate true"])
    defer { broker.kill() }
    let application = MQTTApplication(broker.plainPort, ["takt/#"])
    defer { application.stop() }
    let client = try plant.client()
    let settings = TLSClientSettings(
      caFile: plant.caFile, certificateFile: client.certificate, keyFile: client.key)
    let rig = try CourierRig(
      policy(broker.securePort) {
        $0.speech = speech
        $0.statusTopic = "takt/status/gw17"
      }, tls: settings)
    let events = (1...1000).map { brokerEvent($0, padding: Int($0) * 37 % 4000) }
    rig.carry(events)
    application.wait("all events") { $0.messages.count >= 1001 }
    check(application.events, events)
    #expect(application.events.count == 1000)
    #expect(application.events[0].topic == "takt/berlin/line7/machine1/stop/started")
    if speech == .five {
      #expect(
        application.events.map { $0.properties.user("previous") } == (0..<1000).map(String.init))
    }
    rig.stop()
    application.wait("the farewell") { $0.messages.count >= 1002 }
    let status = application.all.messages.filter { $0.topic == "takt/status/gw17" }
    #expect(
      status.map { String(decoding: $0.payload, as: UTF8.self) } == [
        #"{"client":"gw17","online":true}"#, #"{"client":"gw17","online":false}"#,
      ])
    // Retained: whoever comes later knows it, too.
    let late = MQTTApplication(broker.plainPort, ["takt/status/#"])
    late.wait("the retained status") { !$0.messages.isEmpty }
    #expect(late.all.messages.first?.retain == true)
    late.stop()
  }

  @Test func `the will tells of a courier that is gone without a farewell`() throws {
    let broker = try Mosquitto(plant)
    defer { broker.kill() }
    let application = MQTTApplication(broker.plainPort, ["takt/status/#"])
    defer { application.stop() }
    let rig = try CourierRig(
      policy(broker.plainPort, isSecure: false) { $0.statusTopic = "takt/status/gw17" }, tls: nil)
    application.wait("online") { $0.messages.count == 1 }
    rig.stop(farewell: false)
    application.wait("the will") { $0.messages.count == 2 }
    #expect(
      application.all.messages.map { String(decoding: $0.payload, as: UTF8.self) } == [
        #"{"client":"gw17","online":true}"#, #"{"client":"gw17","online":false}"#,
      ])
  }

  @Test func `a broker with another plant's certificate gets nothing`() throws {
    let broker = try Mosquitto(plant)
    defer { broker.kill() }
    let stranger = try Plant()
    let rig = try CourierRig(
      policy(broker.securePort), tls: TLSClientSettings(caFile: stranger.caFile))
    defer { rig.stop() }
    rig.wait("the refusal") { rig.status.state == "parked" }
    #expect(rig.status.speaks == nil && rig.status.requests == 0)
    #expect(rig.status.alarm?.contains("localhost") == true)
  }

  @Test(arguments: [MQTTPolicy.Speech.five, .three])
  func `a topic that the access list denies is not delivered, and the others are`(
    speech: MQTTPolicy.Speech
  ) throws {
    let list = try Mosquitto.file(
      plant, "acl", "topic readwrite takt/berlin/line7/+/stop/#\n")
    let broker = try Mosquitto(plant, secure: ["acl_file \(list)"])
    defer { broker.kill() }
    let application = MQTTApplication(broker.plainPort, ["takt/#"])
    defer { application.stop() }
    let rig = try CourierRig(policy(broker.securePort) { $0.speech = speech }, tls: tls)
    defer { rig.stop() }
    let events = (1...20).map {
      brokerEvent($0, type: $0 == 5 ? "takt.gateway.health.v1" : "takt.stop.started.v1")
    }
    #expect(rig.link.post(Parcel(events: events, previous: 0)))
    application.wait("the neighbours") { $0.messages.count >= 19 }
    rig.wait("the alarm") { rig.status.alarm != nil }
    #expect(rig.status.alarm?.contains("machine0/gateway/health") == true)
    #expect(rig.deliveredThrough == 4 && rig.refused.isEmpty)
    #expect(application.events.compactMap(sequence).filter { $0 == 5 }.isEmpty)
  }

  @Test func `3.1.1 without any proof believes the silent PUBACK, which is why there is one`()
    throws
  {
    let list = try Mosquitto.file(plant, "acl", "topic readwrite other/#\n")
    let broker = try Mosquitto(plant, secure: ["acl_file \(list)"])
    defer { broker.kill() }
    let naive = try CourierRig(
      policy(broker.securePort) {
        $0.speech = .three
        $0.rightsTest = .none
      }, tls: tls)
    naive.carry([brokerEvent(1)])
    #expect(naive.deliveredThrough == 1)
    naive.stop()
    let canary = try CourierRig(
      policy(broker.securePort) {
        $0.speech = .three
        $0.rightsTest = .canary("takt/berlin/canary")
      }, tls: tls)
    defer { canary.stop() }
    canary.wait("the self-test") { canary.status.state == "parked" }
    #expect(canary.status.requests == 0)
    #expect(canary.status.alarm?.contains("canary") == true)
  }

  @Test(arguments: [MQTTPolicy.Speech.five, .three])
  func `an event above the broker's packet limit is set aside alone`(
    speech: MQTTPolicy.Speech
  ) throws {
    let broker = try Mosquitto(plant, common: ["max_packet_size 2000"])
    defer { broker.kill() }
    let application = MQTTApplication(broker.plainPort, ["takt/#"])
    defer { application.stop() }
    let rig = try CourierRig(
      policy(broker.securePort) {
        $0.speech = speech
        $0.rightsTest = .none
      }, tls: tls)
    defer { rig.stop() }
    let events = (1...30).map { brokerEvent($0, padding: $0 == 12 ? 3000 : 10) }
    rig.carry(events)
    #expect(rig.refused == [12])
    application.wait("the others") { Set($0.messages.compactMap(sequence)).count == 29 }
    check(application.events, events.filter { $0.sequence != 12 })
  }

  @Test func `one message at a time where the broker allows no more`() throws {
    let broker = try Mosquitto(plant, secure: ["max_inflight_messages 1"])
    defer { broker.kill() }
    let application = MQTTApplication(broker.plainPort, ["takt/#"])
    defer { application.stop() }
    let rig = try CourierRig(policy(broker.securePort), tls: tls)
    defer { rig.stop() }
    let events = (1...200).map { brokerEvent($0) }
    rig.carry(events)
    application.wait("all events") { $0.messages.count >= 200 }
    check(application.events, events)
    #expect(rig.status.failures == 0)
  }

  @Test func `a wrong password parks with a sentence, the right one delivers`() throws {
    let path = plant.scratch["passwords"]
    let made = try spawnChild(
      ["/usr/bin/mosquitto_passwd", "-b", "-c", path, "line7", "right"], errors: 2)
    var outcome: Int32 = -1
    waitpid(made, &outcome, 0)
    #expect(outcome == 0)
    let broker = try Mosquitto(
      plant, secure: ["allow_anonymous false", "password_file \(path)"])
    defer { broker.kill() }
    let wrong = try CourierRig(
      policy(broker.securePort) { $0.userName = "line7" }, password: "wrong", tls: tls)
    wrong.wait("the refusal") { wrong.status.state == "parked" }
    #expect(wrong.status.alarm?.contains("password") == true)
    #expect(wrong.status.alarm?.contains("wrong") == false)
    wrong.stop()
    let right = try CourierRig(
      policy(broker.securePort) { $0.userName = "line7" }, password: "right", tls: tls)
    right.carry([brokerEvent(1)])
    right.stop()
  }

  /// Debian's mosquitto closes the older connection without the DISCONNECT that newer ones send.
  @Test func `a second gateway of the same name is told, and both get through`() throws {
    let broker = try Mosquitto(plant)
    defer { broker.kill() }
    let first = try CourierRig(policy(broker.plainPort, isSecure: false), tls: nil)
    first.carry([brokerEvent(1)])
    let second = try CourierRig(policy(broker.plainPort, isSecure: false), tls: nil)
    second.carry([brokerEvent(1)])
    first.wait("the take-over") {
      first.status.state == "parked" || first.status.lastError?.contains("client id gw17") == true
    }
    first.stop()
    second.stop()
  }

  @Test func `F46: killed brokers without persistence lose nothing that the application awaits`()
    throws
  {
    let broker = try Mosquitto(plant)
    defer { broker.kill() }
    let application = MQTTApplication(
      broker.plainPort, ["takt/berlin/#"], acknowledges: "takt/ack/gw17")
    defer { application.stop() }
    let rig = try CourierRig(
      policy(broker.securePort) {
        $0.acknowledgementTopic = "takt/ack/gw17"
        $0.applicationTimeout = .milliseconds(500)
      }, tls: tls)
    defer { rig.stop() }
    let events = (1...2000).map { brokerEvent($0) }
    var kills = 0
    rig.carry(events) { settled in
      guard settled / 300 > UInt64(kills), kills < 6 else { return }
      kills += 1
      broker.kill()
      do { try broker.start() } catch { Issue.record("mosquitto does not come back: \(error)") }
    }
    #expect(kills == 6 && application.all.stored == 2000 && rig.refused.isEmpty)
    #expect(rig.status.connections >= 7)
    // What it stored is contiguous; and every byte of it was right.
    var bytes: [UInt64: [UInt8]] = [:]
    for message in application.events {
      if let sequence = sequence(of: message) { bytes[sequence] = message.payload }
    }
    for event in events { #expect(bytes[event.sequence] == event.bytes) }
  }

  @Test func `the broker's own count of messages is not below ours`() throws {
    let broker = try Mosquitto(plant)
    defer { broker.kill() }
    let application = MQTTApplication(
      broker.plainPort, ["takt/#", "$SYS/broker/publish/messages/received"])
    defer { application.stop() }
    let rig = try CourierRig(policy(broker.securePort), tls: tls)
    defer { rig.stop() }
    rig.carry((1...500).map { brokerEvent($0) })
    application.wait("$SYS") { heard in
      heard.messages.contains {
        $0.topic.hasPrefix("$SYS") && (Int(String(decoding: $0.payload, as: UTF8.self)) ?? 0) >= 500
      }
    }
    #expect(rig.status.requests == 500 && rig.status.unheardEvents == 0)
  }
}
