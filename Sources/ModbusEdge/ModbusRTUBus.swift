// The port to the field over Modbus RTU, on a serial port or inside a TCP connection to a
// transparent serial server: one line, one request at a time.
//
// Invariants
// - Nothing but a read can be sent: the request's bytes come from `RTUFrame`, which knows the
//   function codes 1 to 4 only; and nothing is sent to unit 0, the broadcast.
// - Before a request the line has been silent for 3.5 characters, after one without a good answer
//   for `ModbusLimits.lineQuiet`; what came unasked is thrown away. So an answer always begins
//   after its request (F11). What RTU cannot tell, a late answer of the same shape that begins
//   after the next request, the poller prevents by never asking the same shape next.
// - Resynchronised is on the frame, never on the port: timeouts, noise, frames of other units and a
//   line that will not be quiet leave the port open (F6, F7). Only its own end closes it; from then
//   on every read is `broken` until it is opened again, by its name (F15).
// - A whole answer ends the wait at once. The timeout counts from the end of sending until an
//   answer begins; from there on it has its wire time and `ModbusLimits.answerPause`, so that a
//   long one on a slow line is not cut.
// - A call ends within: two frames' wire time + `lineTalk`, then the wire time of request and
//   answer, the timeout and one pause.

import Glibc
public import Polling
import Primitives

/// A Modbus RTU link over one serial line.
public struct ModbusRTUBus: ~Copyable, FieldBus, @unchecked Sendable {
  private enum Way {
    case port(SerialLine)
    case stream(TCPDial)
  }

  private enum Link {
    case closed
    case open(RTUWire)
  }

  private let way: Way
  private let endpoint: String
  private let timing: RTUTiming
  private let tap: FrameTap?
  private var link = Link.closed
  /// How long the line has to be silent before the next request, and until when it has to be if
  /// nothing comes.
  private var silence: Duration = .zero
  private var quiet = Deadline(after: .zero)
  private var buffer = [UInt8](repeating: 0, count: ModbusLimits.rtuReadBytes)
  private var have = 0

  /// A closed link on a serial port of this machine.
  public init(serial line: SerialLine, tap: FrameTap? = nil) {
    way = .port(line)
    endpoint = line.path
    timing = RTUTiming(line.speed)
    self.tap = tap
  }

  /// A closed link through a serial server; `behind` is the speed of the line behind it.
  public init(host: String, port: UInt16, behind speed: SerialSpeed, tap: FrameTap? = nil) {
    way = .stream(TCPDial(host: host, port: port))
    endpoint = BusLine.rtuOverTCP(host: host, port: port, behind: speed).text
    timing = RTUTiming(speed)
    self.tap = tap
  }

  deinit {
    if case .open(let wire) = link { Self.close(wire) }
  }

  /// Opens the port by its name, or connects within the timeout.
  public mutating func open(timeout: Duration) throws(BusFault) {
    close()
    switch way {
    case .port(let line): link = .open(try SerialPort.open(line))
    case .stream(let dial):
      link = .open(RTUWire(descriptor: try dial.open(timeout: timeout), kind: .socket))
    }
    expectSilence(after: nil)
  }

  /// Sends one read request and waits for its own answer.
  public mutating func read(_ request: ReadRequest, into words: inout [UInt16]) throws(BusFault) {
    guard (1...request.table.limitPerRequest).contains(Int(request.count)) else {
      throw .garbage("no request can ask for \(request.count) addresses")
    }
    guard request.unitAddress != 0 else {
      throw .garbage("unit 0 is the broadcast, which no unit answers; units are 1 to 247")
    }
    guard case .open(let wire) = link else { throw .broken("\(endpoint) is not open") }
    try settle(wire)
    let sent = RTUFrame.encode(request)
    let failure = wire.send(sent.span, timing: timing)
    tap?.note(.sent, sent.span)
    if let failure { throw lost(failure) }
    let wait = Wait(request, timing, isPort: wire.isPort)
    var search = RTUSearch(request, sent: sent)
    have = 0
    while true {
      switch search.look(at: buffer.span.extracting(first: have), into: &words) {
      case .answer(let range):
        finish(range)
        return
      case .exception(let code, let range):
        finish(range)
        throw .exception(code)
      case .hopeless(let why):
        throw abandon(.garbage(why))
      case .nothing(let missing):
        guard have < buffer.count else {
          throw abandon(.garbage("more than \(have) bytes, none of them an answer"))
        }
        guard try receive(wire, missing, wait.limit(have, search.beginning != nil)) else {
          throw abandon(search.fault(after: have))
        }
      }
    }
  }

  /// Closes the link; what was on its way is never seen again.
  public mutating func close() {
    guard case .open(let wire) = link else { return }
    Self.close(wire)
    link = .closed
  }

  // MARK: - One request

  /// How long one request waits.
  private struct Wait {
    let begins: Deadline
    let ends: Deadline
    let pause: Duration

    init(_ request: ReadRequest, _ timing: RTUTiming, isPort: Bool) {
      // A network may hold an answer up as long in its middle as before its beginning.
      pause =
        isPort
        ? ModbusLimits.answerPause + timing.wire(ModbusLimits.uartBytes)
        : .nanoseconds(max(request.timeout.nanoseconds, ModbusLimits.answerPause.nanoseconds))
      begins = Deadline(after: timing.wire(ModbusLimits.rtuRequestBytes)).later(by: request.timeout)
      ends = begins.later(by: timing.wire(RTUFrame.answerBytes(request))).later(by: pause)
    }

    /// Until when the next byte must come, with so many bytes there and an answer begun or not.
    func limit(_ have: Int, _ hasBegun: Bool) -> Deadline {
      guard have > 0 else { return begins }
      let next = Deadline(after: pause)
      return .earlier(ends, hasBegun ? next : .later(begins, next))
    }
  }

  /// Waits for more bytes; false when the limit comes first.
  private mutating func receive(
    _ wire: RTUWire, _ missing: Int, _ limit: Deadline
  ) throws(BusFault) -> Bool {
    // One long sleep instead of a wake-up for each portion of a UART.
    if have > 0, missing > 1, wire.isPort {
      wire.pause(until: .earlier(limit, Deadline(after: timing.wire(missing))))
    }
    switch wire.receive(into: &buffer, from: have, until: limit) {
    case .bytes(let count):
      have += count
      return true
    case .nothing: return false
    case .ended(let cause): throw lost(cause)
    }
  }

  /// Throws away what came unasked and waits until the line has been silent for long enough.
  private mutating func settle(_ wire: RTUWire) throws(BusFault) {
    let limit = Deadline(after: timing.wire(2 * ModbusLimits.rtuFrameBytes))
      .later(by: ModbusLimits.lineTalk)
    while true {
      switch wire.receive(into: &buffer, from: 0, until: quiet) {
      case .nothing: return
      case .ended(let cause): throw lost(cause)
      case .bytes(let count):
        note(.discarded, 0..<count)
        quiet = Deadline(after: silence)
        if limit.remaining <= 0 {
          throw .garbage(
            "\(endpoint) is never quiet, so nothing was asked: another master, or noise")
        }
      }
    }
  }

  /// A frame for us stands in the buffer, perhaps among other bytes.
  private mutating func finish(_ range: Range<Int>) {
    note(.discarded, 0..<range.lowerBound)
    note(.received, range)
    note(.discarded, range.upperBound..<have)
    expectSilence(after: range)
  }

  private mutating func abandon(_ fault: BusFault) -> BusFault {
    note(.discarded, 0..<have)
    expectSilence(after: nil)
    return fault
  }

  /// Sets the silence before the next request: short after a frame for us, longer after anything
  /// else.
  private mutating func expectSilence(after frame: Range<Int>?) {
    let needed = Duration.nanoseconds(timing.silence)
    silence = frame == nil ? max(needed, ModbusLimits.lineQuiet) : needed
    quiet = Deadline(after: silence)
  }

  private func note(_ direction: TappedFrame.Direction, _ range: Range<Int>) {
    guard let tap, tap.isOn else { return }
    var first = range.lowerBound
    while first < range.upperBound {
      let last = min(range.upperBound, first + ModbusLimits.rtuFrameBytes)
      tap.note(direction, buffer.span.extracting(first..<last))
      first = last
    }
  }

  private mutating func lost(_ cause: String) -> BusFault {
    close()
    return .broken("\(endpoint): \(cause)")
  }

  private static func close(_ wire: RTUWire) {
    if wire.isPort { SerialPort.close(wire.descriptor) } else { _ = Glibc.close(wire.descriptor) }
  }
}
