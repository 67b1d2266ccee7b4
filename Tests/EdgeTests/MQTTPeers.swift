// The other ends of the MQTT tests: a real mosquitto as a child process, an application that
// subscribes on a plain socket, and the courier in a thread of its own as the program runs it.

import Delivery
import Dispatch
import Glibc
import LinuxEdge
import Outbox
import Primitives
import Synchronization
import Testing

@testable import Gateway
@testable import OpenSSLEdge

/// Nothing that passes waits for this long; it ends a test that has gone wrong.
let patience: Duration = .seconds(60)

/// A mosquitto with a TLS listener for couriers and a plain one for applications.
final class Mosquitto: @unchecked Sendable {
  private struct NotStarted: Error {}

  let scratch: Scratch
  let securePort: UInt16
  let plainPort: UInt16
  private let configuration: String
  private var child: pid_t = 0

  /// `common` are lines for the whole broker, `secure` for its TLS listener.
  init(_ plant: Plant, common: [String] = [], secure: [String] = []) throws {
    scratch = try Scratch()
    let server = try plant.server(hosts: ["localhost", "127.0.0.1"])
    securePort = Self.freePort()
    plainPort = Self.freePort()
    configuration = scratch["mosquitto.conf"]
    let lines =
      ["per_listener_settings true", "persistence false", "user root", "sys_interval 1"] + common
      + ["listener \(plainPort) 127.0.0.1", "allow_anonymous true", "max_inflight_messages 1000"]
      + ["listener \(securePort) 127.0.0.1", "cafile \(plant.caFile)"]
      + ["certfile \(server.certificate)", "keyfile \(server.key)"]
      + (secure.contains { $0.hasPrefix("allow_anonymous") } ? [] : ["allow_anonymous true"])
      + secure
    try FileBytes.write(
      Array((lines.joined(separator: "\n") + "\n").utf8), to: configuration, mode: 0o600,
      replace: true)
    try start()
  }

  private static func freePort() -> UInt16 {
    let listener = listen(backlog: 1)
    defer { close(listener) }
    return boundPort(listener)
  }

  /// Starts it and waits until it says that it runs.
  func start() throws {
    var ends: [Int32] = [0, 0]
    let isMade = pipe(&ends) == 0
    try #require(isMade)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    child = try spawnChild(["mosquitto", "-c", configuration], errors: ends[1])
    close(ends[1])
    var text: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while !String(decoding: text, as: UTF8.self).contains(" running") {
      let count = read(ends[0], &piece, piece.count)
      guard count > 0 else {
        close(ends[0])
        Issue.record("mosquitto did not start: \(String(decoding: text, as: UTF8.self))")
        throw NotStarted()
      }
      text += piece[..<count]
    }
    // It goes on logging; somebody has to read.
    let descriptor = ends[0]
    Thread.start {
      var piece = [UInt8](repeating: 0, count: 4096)
      while read(descriptor, &piece, piece.count) > 0 {}
      close(descriptor)
    }
  }

  /// Pulls the plug.
  func kill() {
    guard child > 0 else { return }
    Glibc.kill(child, SIGKILL)
    waitpid(child, nil, 0)
    child = 0
  }

  /// A file beside the configuration.
  static func file(_ plant: Plant, _ name: String, _ text: String) throws -> String {
    let path = plant.scratch[name]
    try FileBytes.write(Array(text.utf8), to: path, mode: 0o600, replace: true)
    return path
  }
}

/// Starts a program with its errors into a descriptor.
func spawnChild(_ words: [String], errors: Int32) throws -> pid_t {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
  posix_spawn_file_actions_adddup2(&actions, errors, 2)
  let arguments = words.map { strdup($0) } + [nil]
  defer { for argument in arguments { free(argument) } }
  // Debian keeps daemons where not every user's PATH looks.
  let path = words[0].contains("/") ? words[0] : "/usr/sbin/" + words[0]
  var child: pid_t = 0
  let code = posix_spawn(&child, path, &actions, nil, arguments, environ)
  try #require(code == 0, "\(path) is not here: install it")
  return child
}

/// An application on a plain socket: subscribes, keeps what it hears, acknowledges if asked to.
final class MQTTApplication: Sendable {
  struct Heard: Sendable {
    var messages: [MQTTPublish] = []
    /// The last sequence stored without a gap, for an application that acknowledges.
    var stored: UInt64 = 0
    var subscriptions = 0
  }

  private let heard = Mutex(Heard())
  private let isStopping = Atomic<Bool>(false)
  private let bell = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)
  private let port: UInt16
  private let acknowledges: String?

  /// `acknowledges` is the topic on which it tells the last sequence that it stored.
  init(_ port: UInt16, _ filters: [String], acknowledges: String? = nil) {
    self.port = port
    self.acknowledges = acknowledges
    Thread.start { [self] in
      while !isStopping.load(ordering: .acquiring) { session(filters) }
      ended.signal()
    }
    wait("the subscription") { $0.subscriptions > 0 }
  }

  func stop() {
    isStopping.store(true, ordering: .releasing)
    ended.wait()
  }

  var all: Heard { heard.withLock { $0 } }

  /// Messages of the events, in the order in which they came.
  var events: [MQTTPublish] {
    all.messages.filter {
      $0.properties.user("previous") != nil || $0.topic.hasPrefix("takt/berlin")
    }
  }

  /// Waits until what was heard fulfils a condition.
  @discardableResult
  func wait(_ what: String, _ condition: (Heard) -> Bool) -> Bool {
    let end = DispatchTime.now() + .seconds(60)
    while !condition(all) {
      guard bell.wait(timeout: end) == .success else {
        Issue.record("still waiting for \(what), with \(all.messages.count) messages")
        return false
      }
    }
    return true
  }

  /// One connection, until it ends or we do.
  private func session(_ filters: [String]) {
    let socket = rawSocket()
    defer { close(socket) }
    // Also the rhythm at which it looks whether it is to stop, and at which it dials again.
    var limit = timeval(tv_sec: 0, tv_usec: 50_000)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard withAddress(port, { connect(socket, $0, $1) }) == 0 else {
      _ = poll(nil, 0, 20)
      return
    }
    let hello = MQTTConnect(version: .five, clientID: "", keepAlive: 0)
    let subscribe = MQTTPacket.subscribe(
      id: 1, filters.map { MQTTFilter($0) }, MQTTProperties())
    guard sendAll(socket, MQTTPacket.connect(hello).bytes(.five) + subscribe.bytes(.five)) else {
      return
    }
    var reader = MQTTReader(version: .five, limit: 1 << 20)
    var bytes = [UInt8](repeating: 0, count: 65536)
    while !isStopping.load(ordering: .acquiring) {
      let count = recv(socket, &bytes, bytes.count, 0)
      guard count > 0 else {
        if count < 0, errno == EAGAIN || errno == EINTR { continue }
        return
      }
      reader.feed(Array(bytes[..<count]))
      while let packet = try? reader.next() { take(packet, socket) }
      bell.signal()
    }
  }

  private func take(_ packet: MQTTPacket, _ socket: Int32) {
    switch packet {
    case .suback: heard.withLock { $0.subscriptions += 1 }
    case .publish(let publish):
      if publish.qos > 0 {
        let answer = MQTTPacket.puback(id: publish.id, reason: 0, MQTTProperties())
        _ = sendAll(socket, answer.bytes(.five))
      }
      let stored = heard.withLock { heard -> UInt64 in
        heard.messages.append(publish)
        // Stores what follows what it has, and waits for a repeat of the rest.
        if publish.properties.user("previous") == String(heard.stored),
          let sequence = sequence(of: publish)
        {
          heard.stored = sequence
        }
        return heard.stored
      }
      guard let acknowledges else { return }
      let word = Array("{\"epoch\":\"1a2b3c4d\",\"sequence\":\(stored)}".utf8)
      let packet = MQTTPacket.publish(MQTTPublish(topic: acknowledges, payload: word, qos: 0))
      _ = sendAll(socket, packet.bytes(.five))
    default: break
    }
  }
}

/// The sequence in an event's bytes.
func sequence(of publish: MQTTPublish) -> UInt64? {
  (try? JSONValue(parsing: publish.payload))?["sequence"]?.string.flatMap { UInt64($0) }
}

/// An event of one of some machines, as it is committed.
func brokerEvent(
  _ sequence: UInt64, type: String = "takt.stop.started.v1", padding: Int = 0
) -> StoredEvent {
  let unit = "machine\(sequence % 5)"
  let pad = String(repeating: "x", count: padding)
  let bytes = Array(
    ("{\"data\":{\"pad\":\"\(pad)\"},\"epoch\":\"1a2b3c4d\",\"partitionkey\":\"\(unit)\","
      + "\"sequence\":\"\(sequence)\",\"source\":\"urn:isa95:acme:berlin:hall2:line7:\(unit)\","
      + "\"type\":\"\(type)\"}").utf8)
  return StoredEvent(sequence: sequence, bytes: bytes, digest: SHA256.digest(bytes), due: 1)
}

/// A courier in its thread, and the recorder's side of its link.
final class CourierRig: Sendable {
  let link: CourierLink
  private let rung = DispatchSemaphore(value: 0)
  private let bell: WakeUp
  private let isStopping = Atomic<Bool>(false)
  private let saysFarewell = Atomic<Bool>(true)
  private let ended = DispatchSemaphore(value: 0)
  private let found = Mutex<[Answer]>([])

  /// `tls` is nil for a plain stream.
  init(_ policy: MQTTPolicy, password: String? = nil, tls: TLSClientSettings?) throws {
    let bell = try WakeUp()
    let rung = rung
    self.bell = bell
    link = CourierLink(
      name: "broker", wakeCourier: { bell.signal() }, wakeRecorder: { rung.signal() })
    let courier = try MQTTCourier(policy: policy, password: password)
    let thread = try NamedThread(name: "courier") { [self] in
      let clock = SystemClock()
      if let tls {
        guard let stream = try? TLSStream(settings: tls, clock: clock, wake: bell.descriptor) else {
          Issue.record("the files of TLS cannot be used")
          return
        }
        run(courier, stream, clock, password)
      } else {
        run(courier, PlainStream(clock: clock, wake: bell.descriptor), clock, password)
      }
      ended.signal()
    }
    _ = consume thread
  }

  private func run<Stream: ByteStream & ~Copyable>(
    _ courier: MQTTCourier, _ stream: consuming Stream, _ clock: SystemClock, _ password: String?
  ) {
    var step = CourierStep(
      courier: courier, stream: stream, link: link, seed: 1, readToken: { password })
    while !isStopping.load(ordering: .acquiring) {
      step.turn(clock: clock)
      rung.signal()
    }
    if saysFarewell.load(ordering: .acquiring) { step.close() }
  }

  /// Ends the thread, with the farewell or as if the power had gone.
  func stop(farewell: Bool = true) {
    saysFarewell.store(farewell, ordering: .releasing)
    isStopping.store(true, ordering: .releasing)
    bell.signal()
    ended.wait()
  }

  var status: CourierStatus { link.status.newest ?? CourierStatus() }
  var answers: [Answer] { found.withLock { $0 } }

  var refused: [UInt64] {
    answers.compactMap { if case .refused(let event, _, _) = $0 { event.sequence } else { nil } }
  }

  var deliveredThrough: UInt64 {
    answers.compactMap { if case .delivered(let through) = $0 { through } else { nil } }.max() ?? 0
  }

  /// Takes answers until a condition holds.
  @discardableResult
  func wait(_ what: String, _ condition: () -> Bool) -> Bool {
    let end = DispatchTime.now() + .seconds(60)
    while true {
      let new = link.takeAnswers()
      found.withLock { $0 += new }
      if condition() { return true }
      guard rung.wait(timeout: end) == .success else {
        Issue.record("still waiting for \(what); the courier says \(status)")
        return false
      }
    }
  }

  /// Hands parcels over as the recorder does, two at a time, until all of it is answered.
  func carry(_ events: [StoredEvent], meanwhile: (UInt64) -> Void = { _ in }) {
    var parcels: [Parcel] = []
    var previous: UInt64 = 0
    for start in stride(from: 0, to: events.count, by: 100) {
      let part = Array(events[start..<min(start + 100, events.count)])
      parcels.append(Parcel(events: part, previous: previous))
      previous = part[part.count - 1].sequence
    }
    let last = previous
    wait("event \(last)") {
      let settled = max(deliveredThrough, refused.max() ?? 0)
      meanwhile(settled)
      while let next = parcels.first, next.previous <= settled + 100, link.post(next) {
        parcels.removeFirst()
      }
      return settled >= last
    }
  }
}
