// A TLS client over a non-blocking socket: the ByteStream of the couriers, and the far half of a
// tunnel to a field device.
//
//   idle ──open──▶ connecting ──▶ (asking a proxy) ──▶ handshaking ──▶ open ──▶ idle
//     └───adopt────────┼──────────────────┼──────────────────┘
//                      └──────────────────┴──────────────┴── fault ──▶ idle
//
// Invariants
// - OpenSSL sees two memory BIOs and no socket; only this file and Dial call poll, send and recv.
// - `opened` is told only after the chain, the name, the purpose, the revocation lists and the pins
//   of the peer were verified, at a time that an unset clock can't put before what is known.
// - In TLS 1.3 the receiver refuses our certificate after that: it arrives at the first read, as a
//   fault. What was sent is not delivered; only an answer counts.
// - An end without close_notify is `closed`, never `finished`: it may be a truncation.
// - What is held is bounded: 16 KiB read, 64 KiB on the way out, and what the owner queued.
// - After a fault the stream is idle again and may be opened anew.
// - `wait` ends by its deadline, also while a peer sends without an end what amounts to nothing.
// - Files are compared at each `open`: changed ones are taken if they can be used, else those read
//   before go on being used and `facts` say why. No session is resumed, so that every connection is
//   verified with the files of its time.

import COpenSSL
public import Delivery
import Glibc
public import Primitives

/// One TLS connection at a time, owned by one thread.
public struct TLSStream: ~Copyable, ByteStream {
  enum Phase: Equatable {
    case idle
    /// Told by the next `wait`.
    case failed(StreamFault)
    case connecting
    /// Connected to a proxy that was asked for a way through.
    case asking(ProxyDialogue)
    case handshaking
    case open
  }

  let settings: TLSClientSettings
  var context: TLSContext
  /// What the files were that the context is made from.
  var loaded: [UInt8]
  let clock: any Clock
  private let wake: Int32
  let peer: String
  private let findings = PeerFindings()
  private let buffer: UnsafeMutableRawPointer
  private var pending = 0..<0
  var phase = Phase.idle
  var descriptor: Int32 = -1
  var ssl: OpaquePointer?
  private var dial = Dial()
  var goal = StreamTarget(host: "", port: 0)
  private var queued: [UInt8] = []
  var name = ""
  private var peerHasEnded = false

  /// The time certificates are checked at, whatever the clock says; nil leaves it to the clock.
  public var verificationTime: WallTime?

  /// What is known of the time beside the clock; nil for nothing.
  public var timeFloor: TimeFloor?

  /// What a person should know of the certificates and files of the last connection.
  public internal(set) var facts = StreamFacts()

  /// A socket that makes `wait` return `idle` when it is readable and nothing waits to be sent, or
  /// when its other end is gone; -1 for none. Whoever gives it reads it.
  var companion: Int32 = -1

  /// Loads the files once. `wake` is an eventfd that makes `wait` return, read empty when it does;
  /// `peer` is what sentences call the other side.
  public init(
    settings: TLSClientSettings, clock: any Clock, wake: Int32? = nil, peer: String = "receiver"
  ) throws(TLSSettingsFault) {
    let material = try TLSMaterial(settings)
    context = try TLSContext.client(settings, material)
    loaded = material.digest
    self.settings = settings
    self.clock = clock
    self.peer = peer
    self.wake = wake ?? -1
    buffer = .allocate(byteCount: EdgeLimits.sendBytes, alignment: 16)
  }

  deinit {
    SSL_free(ssl)
    if descriptor >= 0 { Glibc.close(descriptor) }
    buffer.deallocate()
  }

  /// Starts to connect; a connection there was is dropped.
  public mutating func open(_ target: StreamTarget) {
    close()
    renewFiles()
    goal = target
    name = settings.serverName ?? target.host
    phase = .connecting
    dial.begin(settings.proxy?.target ?? target, now: clock.now())
  }

  /// Takes over a connected, non-blocking socket and begins TLS with the host it leads to.
  mutating func adopt(_ connected: Int32, host: String) {
    close()
    name = settings.serverName ?? host
    descriptor = connected
    beginTLS()
  }

  /// Queues bytes; they leave during `wait`.
  public mutating func send(_ bytes: [UInt8]) {
    guard phase == .open, queued.isEmpty else {
      if phase != .idle { queued.append(contentsOf: bytes) }
      return
    }
    encrypt(bytes)
  }

  /// Says farewell if it can without waiting, and drops the connection.
  public mutating func close() {
    if phase == .open, let ssl {
      ERR_clear_error()
      _ = SSL_shutdown(ssl)
      _ = flush()
    }
    drop()
  }

  /// Moves bytes until something happened, the deadline passed, or the owner was woken.
  public mutating func wait(until deadline: Instant) -> StreamEvent {
    while true {
      if let event = step() { return event }
      var limit = deadline
      if phase == .connecting { limit = min(limit, dial.deadline) }
      switch sleep(until: limit) {
      case .woken: return .idle
      case .ready:
        // A peer that never pauses keeps nobody beyond his deadline.
        if deadline <= clock.now(), !isFailed { return step() ?? .idle }
      case .timedOut:
        if deadline <= clock.now(), !isFailed { return .idle }
      }
    }
  }

  // MARK: Steps

  private var isFailed: Bool { if case .failed = phase { true } else { false } }

  /// Does what can be done without waiting.
  private mutating func step() -> StreamEvent? {
    switch phase {
    case .idle: return nil
    case .failed(let fault): return end(fault)
    case .connecting, .asking: return nil
    case .handshaking: return shakeHands()
    case .open: return read()
    }
  }

  /// Connected: makes the TLS client that checks this peer.
  mutating func beginTLS() {
    ERR_clear_error()
    guard let ssl = SSL_new(context.raw), let input = BIO_new(BIO_s_mem()),
      let output = BIO_new(BIO_s_mem())
    else { return phase = .failed(.handshake(OpenSSLError.drain().text)) }
    self.ssl = ssl
    SSL_set_bio(ssl, input, output)
    SSL_set_connect_state(ssl)
    findings.clear()
    _ = SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(findings).toOpaque())
    SSL_set_verify(ssl, SSL_VERIFY_PEER, noteFinding)
    let check = SSL_get0_param(ssl)
    X509_VERIFY_PARAM_set_hostflags(
      check,
      UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
    X509_VERIFY_PARAM_set_time(check, Int(trustedTime.milliseconds / 1000))
    let isSet: Bool
    if SocketAddress.isLiteral(name) {
      isSet = X509_VERIFY_PARAM_set1_ip_asc(check, name) == 1
    } else {
      isSet = SSL_set1_host(ssl, name) == 1 && takt_SSL_set_tlsext_host_name(ssl, name) == 1
    }
    // Without a name to check nobody is trusted.
    phase = isSet ? .handshaking : .failed(.handshake("\(printable(name)) is no name for TLS"))
  }

  private mutating func shakeHands() -> StreamEvent? {
    ERR_clear_error()
    let result = SSL_do_handshake(ssl)
    let code = SSL_get_error(ssl, result)
    let flushed = flush()
    if result == 1 {
      if let refusal = examineChain() { return end(.certificate(refusal)) }
      phase = .open
      let first = queued
      queued = []
      if !first.isEmpty { encrypt(first) }
      return .opened
    }
    guard code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE else {
      return end(refusal())
    }
    if peerHasEnded { return end(.closed("the \(peer) hung up during the handshake")) }
    if let flushed { return end(flushed) }
    return nil
  }

  private mutating func read() -> StreamEvent? {
    let flushed = flush()
    ERR_clear_error()
    var plain = [UInt8](repeating: 0, count: min(available, EdgeLimits.readBytes))
    let count = SSL_read(ssl, &plain, Int32(plain.count))
    if count > 0 {
      plain.removeLast(plain.count - Int(count))
      return .received(plain)
    }
    switch SSL_get_error(ssl, count) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
    case SSL_ERROR_ZERO_RETURN: return end(.finished)
    default: return end(refusal())
    }
    if peerHasEnded { return end(.closed("the \(peer) hung up without a farewell")) }
    if let flushed { return end(flushed) }
    return nil
  }

  /// Bytes worth a buffer: what is deciphered and what is still to be.
  private var available: Int {
    max(1, Int(SSL_pending(ssl)) + BIO_ctrl_pending(SSL_get_rbio(ssl)))
  }

  private mutating func encrypt(_ bytes: [UInt8]) {
    var start = 0
    while start < bytes.count {
      var written = 0
      ERR_clear_error()
      let result = bytes.withUnsafeBytes { buffer in
        SSL_write_ex(ssl, buffer.baseAddress! + start, buffer.count - start, &written)
      }
      guard result == 1, written > 0 else {
        phase = .failed(.closed(OpenSSLError.drain().text))
        return
      }
      start += written
    }
  }

  // MARK: Socket

  /// Sends what OpenSSL has written, as far as the socket takes it; a fault if it is broken.
  private mutating func flush() -> StreamFault? {
    guard let ssl, descriptor >= 0 else { return nil }
    while true {
      if pending.isEmpty {
        let count = BIO_read(SSL_get_wbio(ssl), buffer, Int32(EdgeLimits.sendBytes))
        guard count > 0 else { return nil }
        pending = 0..<Int(count)
      }
      let sent = Glibc.send(
        descriptor, buffer + pending.lowerBound, pending.count, Int32(MSG_NOSIGNAL))
      if sent > 0 {
        pending = (pending.lowerBound + sent)..<pending.upperBound
      } else if errno == EAGAIN || errno == EWOULDBLOCK {
        return nil
      } else if errno != EINTR {
        let fault = StreamFault.closed(systemText(errno))
        // What the receiver said before it broke the line may explain it.
        receive()
        return peerHasEnded ? fault : nil
      }
    }
  }

  /// Hands what arrived to OpenSSL.
  private mutating func receive() {
    guard let ssl, descriptor >= 0 else { return }
    withUnsafeTemporaryAllocation(byteCount: EdgeLimits.readBytes, alignment: 1) { room in
      let count = recv(descriptor, room.baseAddress, room.count, 0)
      if count > 0 {
        _ = BIO_write(SSL_get_rbio(ssl), room.baseAddress, Int32(count))
      } else if count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        peerHasEnded = true
      }
    }
  }

  private enum Sleep { case woken, ready, timedOut }

  private mutating func sleep(until deadline: Instant) -> Sleep {
    let left = deadline.nanoseconds(since: clock.now())
    let milliseconds = left <= 0 ? 0 : min((left - 1) / 1_000_000 + 1, 3_600_000)
    var events = Int16(POLLIN)
    var watched: Int32 = -1
    switch phase {
    case .idle, .failed, .connecting: break
    case .asking: watched = descriptor
    case .handshaking, .open:
      watched = descriptor
      if !pending.isEmpty { events |= Int16(POLLOUT) }
    }
    var list = [
      pollfd(fd: watched, events: events, revents: 0),
      pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
      // Its end is told without being asked for.
      pollfd(fd: companion, events: pending.isEmpty ? Int16(POLLIN) : 0, revents: 0),
    ]
    if phase == .connecting { dial.watch(&list) }
    let count = poll(&list, nfds_t(list.count), Int32(milliseconds))
    if phase == .connecting, count >= 0 {
      switch dial.look(list[3...], now: clock.now()) {
      case .waiting: break
      case .connected(let socket): connected(socket)
      case .failed(let fault): phase = .failed(fault)
      }
    }
    guard count > 0 else { return count == 0 ? .timedOut : .ready }
    if list[0].revents != 0 {
      if case .asking(let dialogue) = phase {
        listen(dialogue)
      } else if list[0].revents & ~Int16(POLLOUT) != 0 {
        receive()
      }
    }
    if list[1].revents != 0 {
      var counter: UInt64 = 0
      _ = Glibc.read(wake, &counter, 8)
      return .woken
    }
    return list[2].revents != 0 ? .woken : .ready
  }

  // MARK: Ends

  private mutating func end(_ fault: StreamFault) -> StreamEvent {
    drop()
    return .ended(fault)
  }

  private mutating func drop() {
    SSL_free(ssl)
    ssl = nil
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
    dial.stop()
    (phase, pending, queued, peerHasEnded) = (.idle, 0..<0, [], false)
  }

  /// Why OpenSSL gave up.
  private func refusal() -> StreamFault {
    let error = OpenSSLError.drain()
    let reading = clock.reading()
    if let sentence = findings.sentence(name: name, peer: peer, clock: reading) {
      return .certificate(sentence)
    }
    return TLSAlerts.fault(
      error, offersCertificate: SSL_get_certificate(ssl) != nil, peer: peer)
  }
}
