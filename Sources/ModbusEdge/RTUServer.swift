// Modbus RTU slaves on a serial port, for simulators and tests: many units, one thread, read only.
//
// Invariants
// - It answers what it was asked and never speaks by itself; unit 0, the broadcast, gets no answer.
// - A request is eight bytes with the right checksum, wherever they begin: noise, and what other
//   slaves say, is passed over byte by byte. A function that is not known here gets exception 1 if
//   its request is as long as a read (5, 6); a longer one is passed over in silence.
// - A port that has gone is opened again by its name, at every turn; so is one that is not there.
//
// Why no libmodbus: its server on a serial line answers for one unit only (modbus_set_slave(3)).

import Glibc
public import Polling
import Primitives

/// RTU slaves that one thread turns.
public struct RTUServer: ~Copyable {
  private enum Link {
    case closed
    case open(RTUWire)
  }

  private let line: SerialLine
  private let timing: RTUTiming
  private var link: Link
  private var buffer = [UInt8](repeating: 0, count: ModbusLimits.rtuReadBytes)
  /// Bytes at the beginning of the buffer that belong to no request yet.
  private var have = 0
  /// Requests answered so far, those with an exception included.
  public private(set) var answered = 0

  /// Opens the port, alone and at exactly that speed.
  public init(_ line: SerialLine) throws(ModbusServerFault) {
    self.line = line
    timing = RTUTiming(line.speed)
    do throws(BusFault) {
      link = .open(try SerialPort.open(line))
    } catch {
      guard case .unreachable(let cause) = error else {
        throw ModbusServerFault(description: "opening \(line.path)")
      }
      throw ModbusServerFault(description: cause)
    }
  }

  deinit {
    if case .open(let wire) = link { SerialPort.close(wire.descriptor) }
  }

  /// The name of the port.
  public var path: String { line.path }

  /// Whether the port is open.
  public var isOn: Bool { if case .open = link { true } else { false } }

  /// Waits at most `timeout` for bytes and answers what they ask. poll(2)
  public mutating func serve(
    atMost timeout: Duration, wake: Int32 = -1, respond: (_ unit: UInt8) -> ModbusReply
  ) -> ModbusServer.Turn {
    if case .closed = link, let wire = try? SerialPort.open(line) { link = .open(wire) }
    guard case .open(let wire) = link else { return Self.wait(-1, wake, timeout) ?? .idle }
    if let turn = Self.wait(wire.descriptor, wake, timeout) { return turn }
    switch wire.receive(into: &buffer, from: have, until: Deadline(after: .zero)) {
    case .nothing: return .idle
    case .ended:
      SerialPort.close(wire.descriptor)
      (link, have) = (.closed, 0)
    case .bytes(let count):
      have += count
      answer(over: wire, respond)
    }
    return .served
  }

  /// Why there is nothing to read; nil when there is, or when the port has something to tell.
  private static func wait(
    _ port: Int32, _ wake: Int32, _ timeout: Duration
  ) -> ModbusServer.Turn? {
    var entries = [port, wake].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&entries, 2, Deadline(after: timeout).milliseconds()) > 0 else { return .idle }
    return entries[1].revents != 0 ? .woken : nil
  }

  /// Answers each request in the buffer, and keeps what may be the beginning of one.
  private mutating func answer(over wire: RTUWire, _ respond: (UInt8) -> ModbusReply) {
    var first = 0
    while have - first >= ModbusLimits.rtuRequestBytes {
      let end = first + ModbusLimits.rtuRequestBytes
      guard RTUFrame.isSealed(buffer.span.extracting(first..<end)) else {
        first += 1
        continue
      }
      let request = Array(buffer[first..<end])
      first = end
      guard request[0] != 0, let bytes = RTUAnswer.bytes(to: request, respond(request[0])) else {
        continue
      }
      // The silence between two frames: a master that has just sent may not hear yet.
      wire.pause(until: Deadline(after: .nanoseconds(timing.silence)))
      if wire.reply(bytes.span, timing: timing) == nil { answered += 1 }
    }
    buffer.replaceSubrange(0..<have - first, with: Array(buffer[first..<have]))
    have -= first
  }
}
