// QoS 1 to a real mosquitto over TLS: our courier and our stream beside libmosquitto's client,
// with the same payload, the same topic and the same window.

import CAnchors
import Delivery
import Glibc
import LinuxEdge
import OpenSSLEdge
import Outbox
import Primitives

enum MQTTBench {
  private static let window = 20
  private static let count = 20_000
  private static let topic = "takt/vienna/line1/press-1/counts/reported"

  static func run(_ table: inout Table, _ folder: String) {
    guard let port = TCPHole.freePort(), let broker = broker(folder, port) else {
      return print("MQTT: mosquitto cannot be started; install the package mosquitto")
    }
    defer { _ = broker.end() }
    pause(1)
    guard let event = try? JournalBench.sample() else { return }
    let rates = inTurns(
      { publish(folder, port, event.bytes) },
      {
        let seconds = anchor_publish(
          port, "\(folder)/tls/ca.pem", topic, event.bytes, Int32(event.bytes.count),
          Int32(window), Int32(count))
        return seconds > 0 ? Double(count) / seconds : .nan
      })
    table.row(
      "MQTT QoS 1, window \(window), \(event.bytes.count) bytes each", rates.ours, "messages/s",
      anchor: rates.anchor, goal: .ratioAtLeast(0.5))
  }

  private static func broker(_ folder: String, _ port: UInt16) -> Child? {
    let configuration = """
      user root
      persistence false
      allow_anonymous true
      set_tcp_nodelay true
      listener \(port) 127.0.0.1
      certfile \(folder)/tls/server.pem
      keyfile \(folder)/tls/server.key

      """
    let path = "\(folder)/mosquitto.conf"
    try? Files.replace(path, with: Array(configuration.utf8))
    return Child(["/usr/sbin/mosquitto", "-c", path], output: "\(folder)/output.log")
  }

  /// Messages a second from the first parcel to the last acknowledgement; NaN when it stalls.
  private static func publish(_ folder: String, _ port: UInt16, _ bytes: [UInt8]) -> Double {
    guard let broker = MQTTAddress(text: "mqtts://127.0.0.1:\(port)") else { return .nan }
    var policy = MQTTPolicy(brokers: [broker], clientID: "takt-bench", topic: .standard)
    policy.window = window
    policy.speech = .five
    let settings = TLSClientSettings(caFile: "\(folder)/tls/ca.pem")
    guard let courier = try? MQTTCourier(policy: policy),
      let stream = try? TLSStream(settings: settings, clock: SystemClock())
    else { return .nan }
    var run = MQTTRun(courier: courier, stream: stream, bytes: bytes, limit: UInt64(count))
    return run.measure()
  }
}

/// The courier's loop with parcels that are always there.
private struct MQTTRun: ~Copyable {
  var courier: MQTTCourier
  var stream: TLSStream
  let bytes: [UInt8]
  let limit: UInt64
  private let clock = SystemClock()
  private var generator = SeededGenerator(seed: 1)
  private var offered: UInt64 = 0
  private var delivered: UInt64 = 0

  init(courier: MQTTCourier, stream: consuming TLSStream, bytes: [UInt8], limit: UInt64) {
    self.courier = courier
    self.stream = stream
    self.bytes = bytes
    self.limit = limit
  }

  mutating func measure() -> Double {
    let end = anchor_now() + 60_000_000_000
    while courier.status.state != "ready", anchor_now() < end { turn() }
    let began = anchor_now()
    while delivered < limit, anchor_now() < end {
      offer()
      turn()
    }
    let seconds = Double(anchor_now() - began) / 1e9
    perform(courier.farewell())
    stream.close()
    return delivered >= limit ? Double(limit) / seconds : .nan
  }

  private var now: Stamp {
    let reading = clock.reading()
    return Stamp(instant: reading.monotonic, wall: reading.wall)
  }

  private mutating func offer() {
    while courier.wantsParcel, offered < limit {
      let first = offered + 1
      offered = min(limit, offered + 100)
      let events = (first...offered).map {
        StoredEvent(sequence: $0, bytes: bytes, digest: [], due: 1)
      }
      let (parcel, now) = (Parcel(events: events, previous: first - 1), now)
      perform(courier.offer(parcel, now: now, using: &generator))
    }
  }

  private mutating func turn() {
    let event = stream.wait(until: courier.nextDeadline ?? clock.now() + .seconds(1))
    let now = now
    perform(courier.handle(event, now: now, using: &generator))
  }

  private mutating func perform(_ actions: [CourierAction]) {
    for action in actions {
      switch action {
      case .open(let target): stream.open(target)
      case .send(let bytes): stream.send(bytes)
      case .close: stream.close()
      case .report(.delivered(let through)): delivered = through
      case .report(.refused), .report(.held), .wantParcel, .reloadToken: break
      }
    }
  }
}
