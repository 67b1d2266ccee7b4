// The network of the virtual world: connections with latency, and the ways in which they fail.

import Delivery
import Primitives

/// How the way to the receiver misbehaves until it is healed.
enum NetworkTrouble: Equatable, CaseIterable {
  case none
  /// Nobody listens.
  case refused
  /// Everything vanishes.
  case blackHole
  /// The receiver's certificate is not acceptable.
  case badCertificate
  /// Requests arrive, answers do not.
  case lostAnswers
  /// The connection breaks at random moments.
  case resets
}

/// The way between the gateway and the receiver. Outlives both.
final class VirtualNetwork {
  /// One way, there or back.
  static let latency = Duration.milliseconds(15)

  let clock: VirtualClock
  let receiver: VirtualReceiver
  var trouble = NetworkTrouble.none
  var generator: SeededGenerator
  private(set) var struck: [String: Int] = [:]
  private var arriving: [(at: Instant, event: StreamEvent)] = []
  private var server: VirtualReceiver.Session?

  init(clock: VirtualClock, receiver: VirtualReceiver, seed: UInt64) {
    self.clock = clock
    self.receiver = receiver
    generator = SeededGenerator(seed: seed)
  }

  /// When the next event arrives at the gateway's end.
  var nextArrival: Instant? { arriving.map(\.at).min() }

  func open() {
    close()
    switch trouble {
    case .refused: strike("refused", .ended(.unreachable("connection refused")))
    case .badCertificate:
      strike("bad certificate", .ended(.certificate("the certificate has expired")))
    case .blackHole: struck["black hole", default: 0] += 1
    case .none, .lostAnswers, .resets:
      server = VirtualReceiver.Session()
      arrive(.opened, after: 2)
    }
  }

  func send(_ bytes: [UInt8]) {
    guard server != nil else { return }
    switch trouble {
    case .refused, .badCertificate, .blackHole: return  // Sent, never arrives.
    case .resets:
      if Bool.random(using: &generator) {
        server = nil
        strike("reset", .ended(.closed("connection reset by peer")))
        return
      }
      answer(bytes)
    case .none, .lostAnswers: answer(bytes)
    }
  }

  private func answer(_ bytes: [UInt8]) {
    guard var session = server else { return }
    let reply = receiver.take(bytes, &session, clock.reading())
    server = session
    if trouble == .lostAnswers, !reply.bytes.isEmpty {
      server = nil
      strike("lost answer", .ended(.closed("connection reset by peer")))
      return
    }
    if !reply.bytes.isEmpty { arrive(.received(reply.bytes), after: 2) }
    if reply.closes {
      server = nil
      arrive(.ended(.finished), after: 2)
    }
  }

  private func strike(_ name: String, _ event: StreamEvent) {
    struck[name, default: 0] += 1
    arrive(event, after: 2)
  }

  private func arrive(_ event: StreamEvent, after hops: Int64) {
    let at = clock.now().advanced(nanoseconds: hops * Self.latency.nanoseconds)
    arriving.append((at, event))
  }

  /// The event that has arrived by now, if any.
  func take() -> StreamEvent? {
    guard let first = arriving.first, first.at <= clock.now() else { return nil }
    return arriving.removeFirst().event
  }

  func close() {
    server = nil
    arriving.removeAll()
  }
}

/// The network behind the courier's port.
struct VirtualStream: ByteStream {
  let network: VirtualNetwork

  mutating func open(_ target: StreamTarget) { network.open() }
  mutating func send(_ bytes: [UInt8]) { network.send(bytes) }
  mutating func wait(until deadline: Instant) -> StreamEvent { network.take() ?? .idle }
  mutating func close() { network.close() }
}
