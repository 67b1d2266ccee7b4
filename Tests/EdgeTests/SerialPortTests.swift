// Opening serial ports: faults as sentences, one master each, settings, and names that survive.

import CModbus
import Glibc
import ModbusEdge
import Polling
import Primitives
import Testing

private func line(
  _ path: String, baud: Int = 19_200, stopBits: Int = 1,
  direction: SerialLine.Direction = .automatic
) -> SerialLine {
  SerialLine(
    path: path, speed: SerialSpeed(baud: baud, parity: .even, stopBits: stopBits),
    direction: direction)
}

/// What opening says; empty when it works.
private func opening(_ line: SerialLine) -> String {
  var bus = ModbusRTUBus(serial: line)
  do throws(BusFault) {
    try bus.open(timeout: .seconds(1))
    return ""
  } catch {
    guard case .unreachable(let text) = error else { return "\(error)" }
    return text
  }
}

private let one = ReadRequest(
  unitAddress: 7, table: .holding, start: 0, count: 1, timeout: .seconds(10))

@Suite struct SerialPortTests {
  @Test(arguments: [
    ("/dev/serial/by-id/usb-none", "no such device (unplugged?); \"ls -l /dev/serial/by-id\""),
    ("/etc/passwd", "this is not a serial port"),
    ("/dev", "this is not a serial port"),
    ("/dev/null", "this is not a serial port"),
    ("", "this is no path of a device"),
    ("/dev/tty\u{0}S0", "this is no path of a device"),
    (String(repeating: "x", count: 5000), "this is no path of a device"),
  ])
  func `a path that leads to no port says what it is`(_ path: String, _ says: String) {
    #expect(opening(line(path)).hasPrefix("opening \(path): \(says)"))
  }

  @Test(arguments: [Int.min, -9600, 0, 49, 4_000_001, Int.max])
  func `a baud rate that no port has is refused`(_ baud: Int) {
    let terminal = Terminal()
    #expect(
      opening(line(terminal.path, baud: baud))
        == "opening \(terminal.path): \(baud) baud is not in 50…4000000")
    terminal.unplug()
  }

  @Test func `three stop bits are refused`() {
    let terminal = Terminal()
    #expect(opening(line(terminal.path, stopBits: 3)).hasSuffix("3 stop bits; a line has 1 or 2"))
    terminal.unplug()
  }

  @Test(arguments: [
    (SerialLine.Direction.kernel, "its driver has no RS-485 mode; direction \"automatic\""),
    (.rts, "it has no RTS line to switch the transmitter with; direction \"automatic\""),
    (.rtsInverted, "it has no RTS line to switch the transmitter with; direction \"automatic\""),
  ])
  func `a port that cannot switch the transmitter as asked says so`(
    _ direction: SerialLine.Direction, _ says: String
  ) {
    let terminal = Terminal()
    #expect(
      opening(line(terminal.path, direction: direction))
        .hasPrefix("opening \(terminal.path): \(says)"))
    // And it is free again for one who asks for less.
    #expect(opening(line(terminal.path)) == "")
    terminal.unplug()
  }

  @Test func `a port that belongs to others says to whom`() async {
    // In a process of its own, which gives up its rights.
    await #expect(processExitsWith: .success) {
      let terminal = Terminal()
      precondition(chmod(terminal.path, 0o600) == 0)
      guard geteuid() == 0 else { return }
      precondition(seteuid(65_534) == 0)
      let says = opening(line(terminal.path))
      precondition(
        says.hasPrefix("opening \(terminal.path): permission denied: the port belongs to group"),
        says)
    }
  }

  @Test func `F9: two masters of this machine never share a port`() throws {
    let peer = RTUPeer(.port) { _, request in .whole(rtuAnswer(request, value: 5)) }
    let path = try #require(peer.terminal).path
    var first = peer.bus()
    try first.open(timeout: .seconds(1))
    #expect(
      opening(line(path))
        == "opening \(path): in use by another program of this machine; a line bears one master "
        + "only, stop the other")
    // The refused one has not disturbed the other.
    var words: [UInt16] = []
    try first.read(one, into: &words)
    #expect(words == [5])
    first.close()
    #expect(opening(line(path)) == "")
    peer.stop()
  }

  @Test(arguments: [300, 9600, 19_200, 115_200, 921_600, 31_250, 250_000, 4_000_000])
  func `any baud rate is set, by its name or as a number`(_ baud: Int) throws {
    let terminal = Terminal()
    var bus = ModbusRTUBus(serial: line(terminal.path, baud: baud, stopBits: 2))
    try bus.open(timeout: .seconds(1))
    var settings = takt_termios()
    #expect(ioctl(terminal.slave, UInt(takt_TCGETS2), &settings) == 0)
    #expect(settings.outputSpeed == UInt32(baud))
    #expect(settings.local == 0 && settings.output == 0 && settings.input == UInt32(IGNBRK))
    #expect(settings.control & UInt32(CSTOPB) != 0)
    bus.close()
    terminal.unplug()
  }

  @Test func `F15: an adapter that comes back as another device is found by its name`() throws {
    let name = freshName()
    defer { unlink(name) }
    var bus = ModbusRTUBus(serial: line(name))
    for value in UInt16(1)...3 {
      let peer = RTUPeer(.port) { _, request in .whole(rtuAnswer(request, value: value)) }
      let path = try #require(peer.terminal).path
      unlink(name)
      #expect(symlink(path, name) == 0)
      // Opened anew without having been closed: what is left of the old one does not matter.
      try bus.open(timeout: .seconds(1))
      var words: [UInt16] = []
      try bus.read(one, into: &words)
      #expect(words == [value])
      peer.stop()
      #expect(
        throws: BusFault.broken(
          "\(name): the port has gone (unplugged?); it is opened again by its name")
      ) { try bus.read(one, into: &words) }
      #expect(throws: BusFault.broken("\(name) is not open")) { try bus.read(one, into: &words) }
    }
    #expect(opening(line(name)).contains("no such device (unplugged?)"))
  }

  @Test(arguments: RTUPeer.Way.allCases)
  func `F12: after each of 50 power-cycles the link is back and no descriptor is lost`(
    _ way: RTUPeer.Way
  ) async {
    // In a process of its own, where nobody else opens descriptors.
    switch way {
    case .port: await #expect(processExitsWith: .success) { try powerCyclePort() }
    case .stream: await #expect(processExitsWith: .success) { try powerCycleStream() }
    }
  }
}

/// Traps when a cycle does not come back or a descriptor is left over.
private func powerCyclePort() throws {
  let name = freshName()
  defer { unlink(name) }
  var bus = ModbusRTUBus(serial: line(name))
  var before: Int?
  for value in UInt16(1)...50 {
    let peer = RTUPeer(.port) { number, request in
      number == 1 ? .whole(rtuAnswer(request, value: value)) : .end
    }
    guard let terminal = peer.terminal else { preconditionFailure("no terminal") }
    unlink(name)
    precondition(symlink(terminal.path, name) == 0)
    try cycle(&bus, value)
    peer.stop()
    precondition(!opening(line(name)).isEmpty)
    before = before ?? openLines()
    precondition(before == openLines())
  }
}

private func powerCycleStream() throws {
  let peer = RTUPeer(.stream) { number, request in
    number % 2 == 1 ? .whole(rtuAnswer(request, value: UInt16(number / 2 + 1))) : .end
  }
  var bus = peer.bus()
  var before: Int?
  for value in UInt16(1)...50 {
    try cycle(&bus, value)
    precondition(peer.connections == Int(value))
    before = before ?? openLines()
    precondition(before == openLines())
  }
  peer.stop()
}

/// Opened, read, broken by the other side.
private func cycle(_ bus: inout ModbusRTUBus, _ value: UInt16) throws {
  try bus.open(timeout: .seconds(5))
  var words: [UInt16] = []
  try bus.read(one, into: &words)
  precondition(words == [value])
  do throws(BusFault) {
    try bus.read(one, into: &words)
    preconditionFailure("a device without power has answered")
  } catch {
    guard case .broken = error else { preconditionFailure("\(error)") }
  }
}

/// Sockets and terminals alone: the runtime opens descriptors of its own when it likes.
private func openLines() -> Int {
  (3..<1024).count { number in
    var status = stat()
    guard fstat(Int32(number), &status) == 0 else { return false }
    let isTerminal =
      status.st_mode & S_IFMT == S_IFCHR && [5, 136].contains(status.st_rdev >> 8 & 0xFFF)
    return isTerminal || status.st_mode & S_IFMT == S_IFSOCK
  }
}
