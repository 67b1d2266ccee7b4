// A broker beside a gateway, and the application behind it that keeps what it hears.
//
// The broker is a real mosquitto without persistence: what it held is gone when it is killed. The
// application stores an event when it follows the one before, says so, and waits for repeats of
// what it missed: so "delivered" means stored by it and nothing less.

import Delivery
import Glibc
import LinuxEdge
import Primitives
import Synchronization
import Testing

/// A mosquitto as a child process, with a TLS listener for gateways and a plain one for us.
final class TestBroker {
  let securePort: UInt16
  let plainPort: UInt16
  private let configuration: String
  private var child: RunningProgram?

  /// `secure` are lines for the TLS listener, `common` for the whole broker.
  init(_ site: RunSite, common: [String] = [], secure: [String] = []) throws {
    securePort = try BlackHole(listens: false).port
    plainPort = try BlackHole(listens: false).port
    configuration = site.scratch["mosquitto.conf"]
    let lines =
      ["per_listener_settings true", "persistence false", "user root"] + common
      + ["listener \(plainPort) 127.0.0.1", "allow_anonymous true", "max_inflight_messages 1000"]
      + ["listener \(securePort) 127.0.0.1", "cafile \(site.scratch["ca.pem"])"]
      + ["certfile \(site.scratch["good.pem"])", "keyfile \(site.scratch["good.key"])"]
      + (secure.contains { $0.hasPrefix("allow_anonymous") } ? [] : ["allow_anonymous true"])
      + secure
    try Files.replace(configuration, with: Array((lines.joined(separator: "\n") + "\n").utf8))
    try start()
  }

  /// Starts it and waits until it says that it runs.
  func start() throws {
    let child = try RunningProgram(["-c", configuration], path: "/usr/sbin/mosquitto")
    try #require(child.line(holding: " running") != nil, "\(child.end())")
    self.child = child
  }

  /// Pulls the plug.
  func kill() {
    child?.signal(SIGKILL)
    _ = child?.end()
    child = nil
  }

  /// Makes a file of passwords with one user.
  static func passwords(_ site: RunSite, _ user: String, _ password: String) throws -> String {
    let path = site.scratch["passwords"]
    let made = try Program.call(
      "/usr/bin/mosquitto_passwd", ["-b", "-c", path, user, password])
    try #require(made.code == 0, "\(made)")
    return path
  }
}

/// What stands behind the broker: stores events in order, once, and says how far it has got.
final class StoringApplication: Sendable {
  struct Store: Sendable {
    var lines: [[UInt8]] = []
    var topics: [String] = []
    /// The last sequence that was stored without a gap.
    var last: UInt64 = 0
    var statuses: [String] = []
    var sessions = 0
  }

  private let store = Mutex(Store())
  private let isStopping = Atomic<Bool>(false)
  private let port: UInt16
  private let acknowledges: String?

  /// Listens to everything until `end`; `acknowledges` is where it tells what it has.
  init(_ broker: TestBroker, acknowledges: String? = nil) throws {
    port = broker.plainPort
    self.acknowledges = acknowledges
    _ = try NamedThread(name: "application") { [self] in
      while !isStopping.load(ordering: .acquiring) { session() }
    }
    try wait { $0.sessions > 0 }
  }

  func end() { isStopping.store(true, ordering: .releasing) }

  var all: Store { store.withLock { $0 } }

  /// Looks until it is as wanted, for a minute at most.
  func wait(_ isWanted: (Store) -> Bool) throws {
    let deadline = SystemClock().now() + .seconds(60)
    while SystemClock().now() < deadline {
      if isWanted(all) { return }
      poll(nil, 0, 20)
    }
    let last = all
    _ = try #require(nil as Bool?, "stored \(last.last), heard \(last.topics.suffix(5))")
  }

  /// One connection, until it ends or we do.
  private func session() {
    let clock = SystemClock()
    let stream = PlainClient(port)
    let hello = MQTTConnect(version: .five, clientID: "", keepAlive: 0)
    let filter = MQTTPacket.subscribe(id: 1, [MQTTFilter("takt/#")], MQTTProperties())
    var reader = MQTTReader(version: .five, limit: 1 << 20)
    guard stream.send(MQTTPacket.connect(hello).bytes(.five) + filter.bytes(.five)) else {
      poll(nil, 0, 20)
      return
    }
    while !isStopping.load(ordering: .acquiring) {
      guard let bytes = stream.receive(until: clock.now() + .milliseconds(100), clock) else {
        return
      }
      reader.feed(bytes)
      while let packet = try? reader.next() {
        guard stream.send(take(packet)) else { return }
      }
    }
  }

  /// What is answered to a packet.
  private func take(_ packet: MQTTPacket) -> [UInt8] {
    switch packet {
    case .suback:
      store.withLock { $0.sessions += 1 }
      return []
    case .publish(let publish):
      var answer: [UInt8] = []
      if publish.qos > 0 {
        answer += MQTTPacket.puback(id: publish.id, reason: 0, MQTTProperties()).bytes(.five)
      }
      guard let word = keep(publish), let acknowledges else { return answer }
      return answer
        + MQTTPacket.publish(MQTTPublish(topic: acknowledges, payload: word, qos: 0)).bytes(.five)
    default: return []
    }
  }

  /// Stores an event that follows; what it says about it.
  private func keep(_ publish: MQTTPublish) -> [UInt8]? {
    guard let event = try? JSONValue(parsing: publish.payload),
      let sequence = event["sequence"]?.string.flatMap({ UInt64($0) }),
      let epoch = event["epoch"]?.string
    else {
      if publish.topic.hasSuffix("/status") {
        store.withLock { $0.statuses.append(String(decoding: publish.payload, as: UTF8.self)) }
      }
      return nil
    }
    let previous = publish.properties.user("previous").flatMap { UInt64($0) }
    let last = store.withLock { store -> UInt64 in
      store.topics.append(publish.topic)
      if previous == store.last {
        store.lines.append(publish.payload)
        store.last = sequence
      }
      return store.last
    }
    return Array("{\"epoch\":\"\(epoch)\",\"sequence\":\(last)}".utf8)
  }

  /// Writes what was stored, one event a line.
  func write(_ path: String) throws {
    try Files.replace(path, with: all.lines.reduce(into: []) { $0 += $1 + [10] })
  }
}

/// A blocking socket to a port of this machine.
private struct PlainClient: ~Copyable {
  private let descriptor: Int32

  init(_ port: UInt16) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let number = descriptor
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) -> Bool {
    bytes.isEmpty
      || Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
  }

  /// What came by then, maybe nothing; nil at the end.
  func receive(until deadline: Instant, _ clock: SystemClock) -> [UInt8]? {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let left = max(0, deadline.nanoseconds(since: clock.now()) / 1_000_000)
    guard poll(&entry, 1, Int32(clamping: left)) > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    return count > 0 ? Array(bytes[..<count]) : nil
  }
}

extension RunSite {
  /// Gives the configuration other uplinks than the one over HTTPS.
  func replaceUplinks(_ uplinks: String, of name: String = "takt") throws {
    let path = scratch[name + ".json5"]
    let text = String(decoding: try Files.read(path), as: UTF8.self)
    let parts = text.split(separator: "uplinks: [{", maxSplits: 1)
    try #require(parts.count == 2)
    let rest = parts[1].split(separator: "}],", maxSplits: 1)
    try #require(rest.count == 2)
    try Files.replace(path, with: Array("\(parts[0])uplinks: [\(uplinks)],\(rest[1])".utf8))
  }

  /// An uplink to a broker over TLS; `members` come behind its brokers.
  func broker(_ broker: TestBroker, _ members: String = "") -> String {
    """
    { name: "plant", type: "mqtt", brokers: ["mqtts://127.0.0.1:\(broker.securePort)"],
      caFile: "\(scratch["ca.pem"])", backoff: { floor: "100ms", ceiling: "1s" },
      \(members) }
    """
  }
}
