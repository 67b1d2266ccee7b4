// The port to the field over Modbus TCP: one link to one endpoint, one request at a time.
//
// Invariants
// - Nothing but a read can be sent: the request's bytes come from `ModbusFrame`, which knows the
//   function codes 1 to 4 only, and `TCPSocket.send` refuses any other.
// - A late answer is never taken for the answer of a later request: it is passed over by its
//   transaction id and the wait goes on until the right one or the deadline (F10, F11).
// - When the frame boundary is lost, bytes are thrown away until the line is quiet, at the latest
//   before the next request: after `garbage` the link may be used on (F7). A peer that will not be
//   quiet, or stops twice in the middle of an answer, loses its link.
// - A unit that is silent or answers badly never closes the link by itself (F6); only the link's
//   own end does. A closed link answers `broken` until it is opened again.
// - Every call ends by its deadline, whatever the peer and the name server do.
// - What arrived beyond a frame is kept for the next look, as the kernel would have kept it.
//
// Why not libmodbus: its modbus_receive_confirmation(3) takes a frame in three pieces, each with a
// select(2) and a recv(2), and believes the byte count where the header disagrees. One send, one
// poll and one recv are what a request costs here. libmodbus stays what the tests and the bench
// compare this with.

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
  private let dial: any FieldDial
  private let tap: FrameTap?
  private var transaction: UInt16 = 0
  /// Milliseconds without a byte after which the stream counts as quiet.
  private var quiet = ModbusLimits.quietMilliseconds
  /// What was received; `looked..<filled` of it was not looked at yet.
  private var buffer = [UInt8](repeating: 0, count: 2 * ModbusLimits.frameBytes)
  private var looked = 0
  private var filled = 0

  /// A closed link to a host name, an IPv4 or an IPv6 address; `dial` replaces plain TCP.
  public init(
    host: String, port: UInt16, through dial: (any FieldDial)? = nil, tap: FrameTap? = nil
  ) {
    self.host = host
    self.port = port
    self.dial = dial ?? TCPDial(host: host, port: port)
    self.tap = tap
  }

  deinit { if case .open(let socket) = link { Self.end(socket, dial) } }

  /// Connects, by whatever way there is.
  public mutating func open(timeout: Duration) throws(BusFault) {
    close()
    link = .open(socket: try dial.open(timeout: timeout))
    stream = .inStep
    (looked, filled) = (0, 0)
  }

  /// Sends one read request and waits for its own answer.
  public mutating func read(_ request: ReadRequest, into words: inout [UInt16]) throws(BusFault) {
    guard (1...request.table.limitPerRequest).contains(Int(request.count)) else {
      throw .garbage("no request can ask for \(request.count) addresses")
    }
    guard case .open(let socket) = link else {
      throw .broken("the link to \(endpoint) is not open")
    }
    let deadline = Deadline(after: request.timeout)
    // A unit that must answer within less is not waited for longer than half of that.
    quiet = min(ModbusLimits.quietMilliseconds, max(1, request.timeout.nanoseconds / 2_000_000))
    try resume(socket, until: deadline)
    transaction &+= 1
    try send(ModbusFrame.encode(request, transaction: transaction), on: socket)
    for _ in 0..<ModbusLimits.staleFrames {
      let frame = try receive(socket, until: deadline)
      tap?.note(.received, buffer.span.extracting(frame))
      let verdict = ModbusFrame.judge(
        buffer.span.extracting(frame), for: request, transaction: transaction, into: &words)
      if case .noise(let found) = verdict { throw try noise(found, socket, until: deadline) }
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
    guard case .open(let socket) = link else { return }
    Self.end(socket, dial)
    link = .closed
  }

  private static func end(_ socket: Int32, _ dial: any FieldDial) {
    shutdown(socket, Int32(SHUT_RDWR))
    Glibc.close(socket)
    dial.close()
  }

  private var endpoint: String { TCPDial.text(host: host, port: port) }

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

  /// Waits for one frame and returns where it stands in the buffer.
  private mutating func receive(
    _ socket: Int32, until deadline: Deadline
  ) throws(BusFault) -> Range<Int> {
    while true {
      switch ModbusFrame.extent(of: buffer.span.extracting(looked..<filled)) {
      case .whole(let length) where length <= filled - looked:
        looked += length
        return looked - length..<looked
      case .whole, .unknown: break
      case .noise(let found): throw try noise(found, socket, until: deadline)
      }
      guard isReadable(socket, until: deadline) else {
        guard looked < filled else { throw .timeout }
        discard()
        if case .suspect = stream { throw lost("the peer stops in the middle of its answers") }
        stream = .cut
        throw .timeout
      }
      makeRoom()
      let count = take(socket, at: filled)
      if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
      guard count > 0 else { throw lost(count == 0 ? "closed by the peer" : TCPSocket.text(errno)) }
      filled += count
    }
  }

  /// Moves what was not looked at yet to the front, so that the longest frame has room behind it.
  private mutating func makeRoom() {
    for index in looked..<filled { buffer[index - looked] = buffer[index] }
    (looked, filled) = (0, filled - looked)
  }

  /// Takes what has arrived, without waiting. recv(2)
  private mutating func take(_ socket: Int32, at first: Int) -> Int {
    buffer.withUnsafeMutableBytes { bytes in
      recv(socket, bytes.baseAddress.map { $0 + first }, bytes.count - first, Int32(MSG_DONTWAIT))
    }
  }

  /// Whether something can be taken before the deadline. ppoll(2)
  private func isReadable(_ socket: Int32, until deadline: Deadline) -> Bool {
    while true {
      let left = deadline.remaining
      guard left > 0 else { return false }
      var found: Int16 = 0
      let ready = takt_ppoll(
        socket, Int16(POLLIN), &found, Int(left / 1_000_000_000), Int(left % 1_000_000_000))
      if ready >= 0 { return ready > 0 }
      guard errno == EINTR else { return false }
    }
  }

  /// No frame begins here: everything up to the next silence is thrown away.
  private mutating func noise(
    _ found: String, _ socket: Int32, until deadline: Deadline
  ) throws(BusFault) -> BusFault {
    try drain(socket, until: deadline)
    return .garbage(found)
  }

  private mutating func discard() {
    tap?.note(.discarded, buffer.span.extracting(looked..<filled))
    (looked, filled) = (0, 0)
  }

  /// Throws bytes away until none comes for a while.
  private mutating func drain(_ socket: Int32, until deadline: Deadline) throws(BusFault) {
    stream = .noisy
    if looked < filled { discard() }
    while true {
      let patience = deadline.milliseconds(atMost: quiet)
      var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      if poll(&entry, 1, patience) == 0 {
        // A silence cut short by the deadline proves nothing.
        if patience == quiet { stream = .inStep }
        return
      }
      let count = take(socket, at: 0)
      if count < 0 && (errno == EAGAIN || errno == EINTR) { continue }
      guard count > 0 else { throw lost(count == 0 ? "closed by the peer" : TCPSocket.text(errno)) }
      tap?.note(.discarded, buffer.span.extracting(first: count))
      if deadline.remaining <= 0 { throw lost("the peer talks without being asked") }
    }
  }

  private mutating func lost(_ cause: String) -> BusFault {
    let cause = dial.causeOfEnd ?? cause
    close()
    return .broken("\(endpoint): \(cause)")
  }
}
