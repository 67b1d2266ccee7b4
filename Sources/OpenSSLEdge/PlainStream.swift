// A TCP client over a non-blocking socket, without TLS: for a broker on this machine.
//
//   idle ──open──▶ connecting ──▶ open ──▶ idle
//     ▲                │            │
//     └──── fault ─────┴────────────┘
//
// Invariants
// - Says and promises what TLSStream does, but for the secrecy and the proof of who the peer is:
//   the policy of an uplink decides where that is good enough.
// - `wait` ends by its deadline, also while a peer never stops sending.
// - What is held is what the owner queued, and 16 KiB read.

public import Delivery
import Glibc
public import Primitives

/// One plain connection at a time, owned by one thread.
public struct PlainStream: ~Copyable, ByteStream {
  private enum Phase: Equatable {
    case idle
    /// Told by the next `wait`.
    case failed(StreamFault)
    case connecting
    /// Connected, and not told yet.
    case reached
    case open
  }

  private let clock: any Clock
  private let wake: Int32
  private var phase = Phase.idle
  private var descriptor: Int32 = -1
  private var dial = Dial()
  private var queued: [UInt8] = []
  private var isReadable = false

  /// `wake` is an eventfd that makes `wait` return, read empty when it does.
  public init(clock: any Clock, wake: Int32? = nil) {
    self.clock = clock
    self.wake = wake ?? -1
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  /// Starts to connect; a connection there was is dropped.
  public mutating func open(_ target: StreamTarget) {
    close()
    phase = .connecting
    dial.begin(target, now: clock.now())
  }

  /// Queues bytes; they leave during `wait`.
  public mutating func send(_ bytes: [UInt8]) {
    if phase != .idle { queued.append(contentsOf: bytes) }
  }

  /// Sends what leaves without waiting, and drops the connection.
  public mutating func close() {
    if phase == .open { _ = flush() }
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
    dial.stop()
    (phase, queued, isReadable) = (.idle, [], false)
  }

  /// Moves bytes until something happened, the deadline passed, or the owner was woken.
  public mutating func wait(until deadline: Instant) -> StreamEvent {
    while true {
      if let event = step() { return event }
      var limit = deadline
      if phase == .connecting { limit = min(limit, dial.deadline) }
      if sleep(until: limit) { return .idle }
      if deadline <= clock.now() { return step() ?? .idle }
    }
  }

  // MARK: Steps

  private mutating func step() -> StreamEvent? {
    switch phase {
    case .idle, .connecting: return nil
    case .failed(let fault): return end(fault)
    case .reached:
      phase = .open
      return .opened
    case .open:
      let broken = flush()
      // What the peer said before it broke the line may explain it.
      if isReadable || broken != nil, let event = read() { return event }
      return broken.map { end($0) }
    }
  }

  private mutating func read() -> StreamEvent? {
    isReadable = false
    var bytes = [UInt8](repeating: 0, count: EdgeLimits.readBytes)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    if count > 0 {
      bytes.removeLast(bytes.count - count)
      return .received(bytes)
    }
    if count == 0 { return end(.closed("the receiver hung up")) }
    let code = errno
    guard code != EAGAIN, code != EWOULDBLOCK, code != EINTR else { return nil }
    return end(.closed(systemText(code)))
  }

  /// Sends as far as the socket takes it; a fault if it is broken.
  private mutating func flush() -> StreamFault? {
    while !queued.isEmpty {
      let sent = queued.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if sent > 0 {
        queued.removeFirst(sent)
      } else if errno == EAGAIN || errno == EWOULDBLOCK {
        return nil
      } else if errno != EINTR {
        return .closed(systemText(errno))
      }
    }
    return nil
  }

  /// Whether the owner was woken.
  private mutating func sleep(until deadline: Instant) -> Bool {
    let left = deadline.nanoseconds(since: clock.now())
    let milliseconds = left <= 0 ? 0 : min((left - 1) / 1_000_000 + 1, 3_600_000)
    let events = queued.isEmpty ? Int16(POLLIN) : Int16(POLLIN | POLLOUT)
    var list = [
      pollfd(fd: descriptor, events: events, revents: 0),
      pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
    ]
    if phase == .connecting { dial.watch(&list) }
    let count = poll(&list, nfds_t(list.count), Int32(milliseconds))
    if phase == .connecting, count >= 0 {
      switch dial.look(list[2...], now: clock.now()) {
      case .waiting: break
      case .connected(let socket): (descriptor, phase) = (socket, .reached)
      case .failed(let fault): phase = .failed(fault)
      }
    }
    guard count > 0 else { return false }
    if list[0].revents & ~Int16(POLLOUT) != 0 { isReadable = true }
    guard list[1].revents != 0 else { return false }
    var counter: UInt64 = 0
    _ = Glibc.read(wake, &counter, 8)
    return true
  }

  private mutating func end(_ fault: StreamFault) -> StreamEvent {
    queued = []
    phase = .idle
    close()
    return .ended(fault)
  }
}
