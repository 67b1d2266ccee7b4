// The open descriptor under an RTU link, a serial port or a socket: bytes out, bytes in, and
// waiting, always with a deadline.
//
// Invariants
// - Nothing here blocks but poll(2); a hang-up or an error of the descriptor becomes `ended`.
// - Nothing but a request of function 1 to 4 is sent, whoever made the bytes.
// - With the direction switched by RTS, the transmitter is off whenever `send` has returned.

import CModbus
import Glibc
import Polling
import Primitives

struct RTUWire {
  enum Kind: Equatable {
    case socket
    /// A serial port, with who switches its transmitter.
    case port(SerialLine.Direction)
  }

  /// What one look at the descriptor brought.
  enum Arrival: Equatable {
    case bytes(Int)
    case nothing
    /// The way is gone, and why.
    case ended(String)
  }

  let descriptor: Int32
  let kind: Kind

  var isPort: Bool { kind != .socket }

  /// Waits for bytes and takes them; `nothing` when the deadline comes first.
  func receive(into buffer: inout [UInt8], from have: Int, until deadline: Deadline) -> Arrival {
    while true {
      let events = wait(for: Int16(POLLIN), until: deadline)
      if events == 0 { return .nothing }
      let count = buffer.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress.map { $0 + have }, buffer.count - have)
      }
      if count > 0 { return .bytes(count) }
      if count == 0 { return .ended(isPort ? gone : "closed by the peer") }
      switch errno {
      case EAGAIN, EINTR:
        if events & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 { return .ended(gone) }
      case EIO, ENXIO, ENODEV: return .ended(gone)
      case let code: return .ended(TCPSocket.text(code))
      }
    }
  }

  /// Lets time pass; a hang-up ends it early.
  func pause(until deadline: Deadline) { _ = wait(for: 0, until: deadline) }

  /// Hands one request to the descriptor; why not, if it was not taken.
  func send(_ bytes: Span<UInt8>, timing: RTUTiming) -> String? {
    guard bytes.count == ModbusLimits.rtuRequestBytes else { return "this is no request" }
    if let objection = ModbusFrame.objection(toSending: bytes[1]) { return objection }
    return pass(bytes, timing: timing)
  }

  /// Hands a slave's answer to the descriptor; why not, if it was not taken.
  func reply(_ bytes: Span<UInt8>, timing: RTUTiming) -> String? { pass(bytes, timing: timing) }

  private func pass(_ bytes: Span<UInt8>, timing: RTUTiming) -> String? {
    switch kind {
    case .socket, .port(.automatic), .port(.kernel): return put(bytes)
    case .port(.rts): return switched(bytes, timing, sending: TIOCMBIS, over: TIOCMBIC)
    case .port(.rtsInverted): return switched(bytes, timing, sending: TIOCMBIC, over: TIOCMBIS)
    }
  }

  private var gone: String {
    isPort ? "the port has gone (unplugged?); it is opened again by its name" : "the link has ended"
  }

  private func put(_ bytes: Span<UInt8>) -> String? {
    let count = bytes.withUnsafeBytes {
      isPort
        ? Glibc.write(descriptor, $0.baseAddress, $0.count)
        : Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    if count == bytes.count { return nil }
    // A buffer too full for a request means that nothing has gone out for minutes.
    guard count < 0, errno != EAGAIN else {
      return isPort ? "it takes no bytes" : "the peer takes no bytes"
    }
    return errno == EIO || errno == ENXIO || errno == ENODEV ? gone : TCPSocket.text(errno)
  }

  /// Sends between two turns of RTS.
  private func switched(
    _ bytes: Span<UInt8>, _ timing: RTUTiming, sending: Int32, over: Int32
  ) -> String? {
    guard Self.setRTS(descriptor, sending) else { return "RTS can not be switched" }
    let failure = put(bytes)
    if failure == nil {
      let sent = Deadline(after: timing.wire(bytes.count))
      pause(until: sent)
      let limit = sent.later(by: ModbusLimits.transmitterDelay)
      while !isTransmitterEmpty, limit.remaining > 0 {
        pause(until: Deadline(after: timing.wire(1)))
      }
    }
    guard Self.setRTS(descriptor, over) else { return failure ?? "RTS can not be switched" }
    return failure
  }

  /// Whether queue and shift register are empty; adapters without a readable register count once
  /// their queue is.
  private var isTransmitterEmpty: Bool {
    var queued: Int32 = 0
    if ioctl(descriptor, UInt(TIOCOUTQ), &queued) == 0, queued > 0 { return false }
    var register: UInt32 = 0
    guard ioctl(descriptor, UInt(TIOCSERGETLSR), &register) == 0 else { return true }
    return register & UInt32(TIOCSER_TEMT) != 0
  }

  /// Raises (TIOCMBIS) or lowers (TIOCMBIC) RTS.
  static func setRTS(_ descriptor: Int32, _ turn: Int32) -> Bool {
    var line = Int32(TIOCM_RTS)
    return ioctl(descriptor, UInt(turn), &line) == 0
  }

  /// The events that came, 0 when the deadline did. ppoll(2)
  private func wait(for events: Int16, until deadline: Deadline) -> Int16 {
    while true {
      let left = max(0, deadline.remaining)
      var found: Int16 = 0
      let ready = takt_ppoll(
        descriptor, events, &found, Int(left / 1_000_000_000), Int(left % 1_000_000_000))
      if ready > 0 { return found }
      if ready == 0 || errno != EINTR { return 0 }
    }
  }
}
