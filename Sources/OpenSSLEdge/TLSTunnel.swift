// A TLS connection that looks like a plain socket: Modbus/TCP Security beside a library that knows
// no TLS.
//
//   libmodbus ══ near │socket pair│ far ══ run() ══ TLSStream ══ the device
//   (the thread of the bus)               (a thread of its own)
//
// Invariants
// - The near end exists only after chain, name, purpose and validity of the device's certificate
//   were verified: a device that is not believed never gets one byte of a request.
// - Both ways are bounded. Answers wait in the socket pair, then in TCP; requests are taken from
//   the pair only when all that went before has left.
// - Whichever side ends, the other one ends, farewell or not, and why is known before the near end
//   can see it.
// - Files are loaded anew for each connection: what was put right is taken without a restart.
// - Nothing is left behind: after `run` both the connection and the far end are closed.
//
// Why a thread: libmodbus blocks in select(2) on a descriptor of its own, so that somebody else has
// to decipher meanwhile. Idle, it sleeps in poll(2) without a deadline of its own.

public import Delivery
import Glibc
public import Primitives
import Synchronization

/// One secured connection to a field device.
public final class TLSTunnel: @unchecked Sendable {
  // Owned by the thread that opens, then by the one that runs; the cause alone is shared.
  private var stream: TLSStream
  private var far: Int32 = -1
  private var hasAnswered = false
  private let offersCertificate: Bool
  private let clock: any Clock
  private let cause = Mutex<String?>(nil)

  /// Why the device's side ended; nil while it has not, and when ours did.
  public var causeOfEnd: String? { cause.withLock { $0 } }

  /// Loads the files. `verificationTime` replaces the wall clock where that is not to be trusted;
  /// `floor` is what is known of the time while nothing sets the clock.
  public init(
    settings: TLSClientSettings, clock: any Clock, verificationTime: WallTime? = nil,
    floor: TimeFloor? = nil
  ) throws(TLSSettingsFault) {
    stream = try TLSStream(settings: settings, clock: clock, peer: "device")
    stream.verificationTime = verificationTime
    stream.timeFloor = floor
    offersCertificate = settings.certificateFile != nil
    self.clock = clock
  }

  deinit { if far >= 0 { close(far) } }

  /// Verifies the device over a connected, non-blocking socket, which it takes over whatever comes
  /// of it, and returns the near end: non-blocking, close-on-exec, closed by the caller.
  public func open(
    over connected: Int32, host: String, until deadline: Instant
  ) throws(StreamFault) -> Int32 {
    stream.adopt(connected, host: host)
    try shakeHands(until: deadline)
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      let why = systemText(errno)
      stream.close()
      throw .unreachable("no socket pair for the tunnel: \(why)")
    }
    for end in ends {
      var bytes = EdgeLimits.tunnelBytes
      _ = setsockopt(end, SOL_SOCKET, SO_SNDBUF, &bytes, 4)
    }
    far = ends[1]
    stream.companion = far
    return ends[0]
  }

  /// Moves bytes both ways until either side ends; for a thread of its own, after `open`.
  public func run() {
    let fault = pump()
    stream.close()
    if let fault {
      let sentence = Self.sentence(fault) + hint(fault)
      cause.withLock { $0 = sentence }
    }
    close(far)
    far = -1
  }

  private func shakeHands(until deadline: Instant) throws(StreamFault) {
    while true {
      switch stream.wait(until: deadline) {
      case .opened: return
      case .ended(let fault): throw fault
      case .received, .idle:
        guard clock.now() < deadline else {
          stream.close()
          throw .timeout
        }
      }
    }
  }

  /// What the device's side ended with; nil when the near end was closed.
  private func pump() -> StreamFault? {
    while true {
      switch stream.wait(until: .distantFuture) {
      case .opened: continue
      case .received(let bytes):
        hasAnswered = true
        guard hand(bytes) else { return nil }
      case .ended(let fault): return fault
      case .idle: guard fetch() else { return nil }
      }
    }
  }

  /// Takes what the near end sent; false at its end.
  private func fetch() -> Bool {
    var bytes = [UInt8](repeating: 0, count: EdgeLimits.requestBytes)
    let count = recv(far, &bytes, bytes.count, 0)
    guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
    bytes.removeLast(bytes.count - count)
    stream.send(bytes)
    return true
  }

  /// Hands bytes to the near end and waits while it is full; false at its end.
  private func hand(_ bytes: [UInt8]) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.send(far, buffer.baseAddress! + done, buffer.count - done, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        done += count
      } else if errno == EAGAIN {
        var entry = pollfd(fd: far, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, -1)
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }

  /// In TLS 1.3 a device judges our certificate after we are done, and some hang up in silence.
  private func hint(_ fault: StreamFault) -> String {
    switch fault {
    case .finished, .closed:
      if hasAnswered { return "" }
      return offersCertificate
        ? " before its first answer; it may refuse our client certificate"
        : " before its first answer; it may want a client certificate and none is configured"
    case .certificate, .handshake, .nameUnknown, .unreachable, .timeout, .proxy: return ""
    }
  }

  /// A fault of `open`, or the cause of an end, in words.
  public static func sentence(_ fault: StreamFault) -> String {
    switch fault {
    case .finished: "the device ended the secured connection"
    case .timeout:
      "the device takes the connection but does not answer the TLS handshake in time; check that "
        + "this is the port of Modbus/TCP Security (802), not that of plain Modbus"
    case .certificate(let text), .handshake(let text), .closed(let text), .nameUnknown(let text),
      .unreachable(let text), .proxy(let text, _):
      text
    }
  }
}
