// The port to the field over Modbus TCP: one link to one endpoint, one request at a time.
//
// Invariants
// - Nothing but a read can be sent: the request's bytes come from `ModbusFrame`, which knows the
//   function codes 1 to 4 only, `TCPSocket.send` refuses any other, and no request function of
//   libmodbus is called at all.
// - A late answer is never taken for the answer of a later request: it is passed over by its
//   transaction id and the wait goes on until the right one or the deadline (F10, F11).
// - When the frame boundary is lost, bytes are thrown away until the line is quiet, at the latest
//   before the next request: after `garbage` the link may be used on (F7). A peer that will not be
//   quiet, or stops twice in the middle of an answer, loses its link.
// - A unit that is silent or answers badly never closes the link by itself (F6); only the link's
//   own end does. A closed link answers `broken` until it is opened again.
// - Every call ends by its deadline, whatever the peer and the name server do.
// - libmodbus only ever sees descriptors below FD_SETSIZE, and a buffer of the longest frame
//   whatever count was asked.
//
// What is libmodbus' here: framing and waiting, by modbus_receive_confirmation(3), on a descriptor
// that it is lent. Names, connecting and sending are not, for the reasons told in NameLookup,
// TCPSocket and ModbusFrame; so its context is made without a host.

import CModbus
import Glibc
public import Polling
import Primitives

/// A Modbus TCP link to one endpoint.
public struct ModbusTCPBus: ~Copyable, FieldBus, @unchecked Sendable {
  private enum Link {
    case closed
    case open(socket: Int32)
  }

  /// Where the stream stands between two requests.
  private enum Stream {
    /// At the beginning of a frame.
    case inStep
    /// Bytes of no frame may still come: they did not end by the deadline.
    case noisy
    /// The last answer broke off at its deadline; its rest is owed.
    case cut
    /// Quiet since an answer broke off, and no whole frame was seen yet.
    case suspect
  }

  public let host: String
  public let port: UInt16
  private var link = Link.closed
  private var stream = Stream.inStep
  private var context: OpaquePointer?
  private let dial: any FieldDial
  private let tap: FrameTap?
  private var transaction: UInt16 = 0
  /// Milliseconds without a byte after which the stream counts as quiet.
  private var quiet = ModbusLimits.quietMilliseconds
  private var frame = [UInt8](repeating: 0, count: ModbusLimits.frameBytes)

  /// A closed link to a host name, an IPv4 or an IPv6 address; `dial` replaces plain TCP.
  public init(
    host: String, port: UInt16, through dial: (any FieldDial)? = nil, tap: FrameTap? = nil
  ) {
    self.host = host
    self.port = port
    self.dial = dial ?? TCPDial(host: host, port: port)
    self.tap = tap
  }

  deinit {
    if let context {
      if case .open = link {
        modbus_close(context)
        dial.close()
      }
      modbus_free(context)
    }
  }

  /// Connects, by whatever way there is.
  public mutating func open(timeout: Duration) throws(BusFault) {
    close()
    let context = try contextForUse()
    let socket = try dial.open(timeout: timeout)
    modbus_set_socket(context, socket)
    link = .open(socket: socket)
    guard socket < ModbusLimits.descriptors else {
      close()
      throw .unreachable(
        "connecting to \(endpoint): more than \(ModbusLimits.descriptors) descriptors are open")
    }
    stream = .inStep
  }

  /// Sends one read request and waits for its own answer.
  public mutating func read(_ request: ReadRequest, into words: inout [UInt16]) throws(BusFault) {
    guard (1...request.table.limitPerRequest).contains(Int(request.count)) else {
      throw .garbage("no request can ask for \(request.count) addresses")
    }
    guard case .open(let socket) = link, let context else {
      throw .broken("the link to \(endpoint) is not open")
    }
    let deadline = Deadline(after: request.timeout)
    // A unit that must answer within less is not waited for longer than half of that.
    quiet = min(ModbusLimits.quietMilliseconds, max(1, request.timeout.nanoseconds / 2_000_000))
    try resume(socket, until: deadline)
    transaction &+= 1
    try send(ModbusFrame.encode(request, transaction: transaction), on: socket)
    for _ in 0..<ModbusLimits.staleFrames {
      let received = try receive(context, socket, until: deadline)
      tap?.note(.received, frame.span.extracting(first: received))
      let verdict = ModbusFrame.judge(
        frame.span.extracting(first: received), for: request, transaction: transaction,
        into: &words)
      if case .noise(let found) = verdict {
        try drain(socket, until: deadline)
        throw .garbage(found)
      }
      stream = .inStep
      switch verdict {
      case .answer: return
      case .exception(let code): throw .exception(code)
      case .stale: continue
      case .mismatch(let found), .noise(let found): throw .garbage(found)
      }
    }
    try drain(socket, until: deadline)
    throw .garbage("more than \(ModbusLimits.staleFrames) answers to earlier requests")
  }

  /// Closes the link; what was on its way is never seen again.
  public mutating func close() {
    guard case .open = link, let context else { return }
    modbus_close(context)
    dial.close()
    link = .closed
  }

  private var endpoint: String { TCPDial.text(host: host, port: port) }

  // MARK: - Opening

  private mutating func contextForUse() throws(BusFault) -> OpaquePointer {
    if let context { return context }
    guard let created = modbus_new_tcp_pi(nil, String(port)) else {
      throw .unreachable("connecting to \(endpoint): no memory left")
    }
    modbus_set_error_recovery(created, MODBUS_ERROR_RECOVERY_NONE)
    // 0: the whole answer must be there within the response timeout, however it is cut up.
    modbus_set_byte_timeout(created, 0, 0)
    context = created
    return created
  }

  // MARK: - One request

  private mutating func send(
    _ bytes: InlineArray<12, UInt8>, on socket: Int32
  ) throws(BusFault) {
    let failure = TCPSocket.send(bytes.span, on: socket)
    tap?.note(.sent, bytes.span)
    if let failure { throw lost(failure) }
  }

  /// Finds the beginning of a frame again, if it was lost.
  private mutating func resume(_ socket: Int32, until deadline: Deadline) throws(BusFault) {
    switch stream {
    case .inStep, .suspect: return
    case .noisy: try drain(socket, until: deadline)
    case .cut:
      try drain(socket, until: deadline)
      if case .inStep = stream { stream = .suspect }
    }
    if case .noisy = stream { throw .timeout }
  }

  /// Waits for one frame and returns its length. modbus_receive_confirmation(3)
  private mutating func receive(
    _ context: OpaquePointer, _ socket: Int32, until deadline: Deadline
  ) throws(BusFault) -> Int {
    let remaining = deadline.remaining / 1000
    guard remaining > 0 else { throw .timeout }
    modbus_set_response_timeout(
      context, UInt32(clamping: remaining / 1_000_000), UInt32(clamping: remaining % 1_000_000))
    // libmodbus does not tell a silent peer from one that stopped within its answer. This byte
    // does: no frame that is still owed begins with it.
    let untouched = UInt8(truncatingIfNeeded: transaction >> 8) ^ 0x80
    frame[0] = untouched
    takt_modbus_clear_errno()
    let (length, code) = frame.withUnsafeMutableBufferPointer {
      (modbus_receive_confirmation(context, $0.baseAddress), takt_modbus_errno())
    }
    if length > 0 { return Int(length) }
    switch code {
    case ETIMEDOUT:
      guard frame[0] != untouched else { throw .timeout }
      if case .suspect = stream { throw lost("the peer stops in the middle of its answers") }
      stream = .cut
      throw .timeout
    case takt_EMBBADDATA:
      try drain(socket, until: deadline)
      throw .garbage("the answer is longer than \(ModbusLimits.frameBytes) bytes")
    default: throw lost(TCPSocket.text(code))
    }
  }

  /// Throws bytes away until none comes for a while. (modbus_flush(3) has no end while a peer
  /// talks.)
  private mutating func drain(_ socket: Int32, until deadline: Deadline) throws(BusFault) {
    stream = .noisy
    while true {
      let patience = deadline.milliseconds(atMost: quiet)
      var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      if poll(&entry, 1, patience) == 0 {
        // A silence cut short by the deadline proves nothing.
        if patience == quiet { stream = .inStep }
        return
      }
      let count = frame.withUnsafeMutableBytes {
        recv(socket, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
      }
      if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
      guard count > 0 else { throw lost(count == 0 ? "closed by the peer" : TCPSocket.text(errno)) }
      tap?.note(.discarded, frame.span.extracting(first: count))
      if deadline.remaining <= 0 { throw lost("the peer talks without being asked") }
    }
  }

  private mutating func lost(_ cause: String) -> BusFault {
    let cause = dial.causeOfEnd ?? cause
    close()
    return .broken("\(endpoint): \(cause)")
  }
}
