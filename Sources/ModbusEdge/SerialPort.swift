// Opening a serial port: alone, raw, at exactly the speed asked for, and with a sentence for each
// way in which that can fail.
//
// Invariants
// - A port is opened by its name each time, so a stable name (/dev/serial/by-id/…) finds an adapter
//   that has come back as another device (F15).
// - No two masters of this machine share a port: flock(2), as minicom and picocom use it, and
//   TIOCEXCL, which refuses everybody else but root (F9).
// - What the driver made of the settings is read back: a speed it rounds, or a parity it does not
//   know, is refused. A pseudo terminal has no parity and is forgiven that; its speed is kept.
// - An open descriptor is raw, non-blocking, close-on-exec, and no signal or echo comes of it.
//
// Why not modbus_new_rtu(3) and modbus_connect(3): libmodbus 3.1.6 turns a baud rate it does not
// know into 9,600, blocks in open(2) without O_NONBLOCK on a line without carrier, locks nobody
// out, does not look at what the driver took, and says no more than errno. And a frame of another
// unit ends its wait with an error (F7), so that of its receiving nothing is left to use either;
// what this room takes from libmodbus on a serial line is its words for errors.

import CModbus
import Glibc
import Polling
import Primitives

enum SerialPort {
  /// Opens and sets a port; the caller closes it with `close`.
  static func open(_ line: SerialLine) throws(BusFault) -> RTUWire {
    do throws(Refusal) {
      try check(line)
      let descriptor = try openAlone(line.path)
      do throws(Refusal) {
        try configure(descriptor, line.speed)
        try direct(descriptor, line)
      } catch {
        close(descriptor)
        throw error
      }
      _ = ioctl(descriptor, UInt(TCFLSH), Int32(TCIOFLUSH))
      return RTUWire(descriptor: descriptor, kind: .port(line.direction))
    } catch {
      throw .unreachable("opening \(line.path): \(error.cause)")
    }
  }

  /// Gives a port back. What was not sent is forgotten: close(2) would wait for it, up to 30 s.
  static func close(_ descriptor: Int32) {
    _ = ioctl(descriptor, UInt(TCFLSH), Int32(TCIOFLUSH))
    // A pseudo terminal would stay exclusive for as long as its other side is open.
    _ = ioctl(descriptor, UInt(TIOCNXCL), 0)
    _ = Glibc.close(descriptor)
  }

  /// Why a port could not be used; the path goes before it.
  private struct Refusal: Error {
    let cause: String
    init(_ cause: String) { self.cause = cause }
  }

  // MARK: - Alone

  private static func check(_ line: SerialLine) throws(Refusal) {
    guard (1...ModbusLimits.pathBytes).contains(line.path.utf8.count), !line.path.utf8.contains(0)
    else { throw Refusal("this is no path of a device") }
    let rates = ModbusLimits.baudRates
    guard rates.contains(line.speed.baud) else {
      throw Refusal("\(line.speed.baud) baud is not in \(rates.lowerBound)…\(rates.upperBound)")
    }
    guard (1...2).contains(line.speed.stopBits) else {
      throw Refusal("\(line.speed.stopBits) stop bits; a line has 1 or 2")
    }
  }

  private static func openAlone(_ path: String) throws(Refusal) -> Int32 {
    // Looked at before it is opened: opening a watchdog or a tape does something to it.
    var status = stat()
    guard stat(path, &status) == 0 else { throw refusal(errno, path) }
    guard status.st_mode & S_IFMT == S_IFCHR else { throw Refusal("this is not a serial port") }
    var descriptor: Int32
    repeat {
      descriptor = Glibc.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    } while descriptor < 0 && errno == EINTR
    guard descriptor >= 0 else { throw refusal(errno, path) }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      // Not `close`: the line belongs to somebody who is using it.
      _ = Glibc.close(descriptor)
      throw refusal(EBUSY, path)
    }
    _ = ioctl(descriptor, UInt(TIOCEXCL), 0)
    return descriptor
  }

  private static func refusal(_ code: Int32, _ path: String) -> Refusal {
    switch code {
    case ENOENT, ENOTDIR, ELOOP:
      return Refusal(
        "no such device (unplugged?); \"ls -l /dev/serial/by-id\" shows the adapters that are there"
      )
    case ENXIO, ENODEV, EIO:
      return Refusal("the name is there, but no hardware answers behind it (unplugged?)")
    case EACCES:
      return Refusal(
        "permission denied: the port belongs to \(owner(path)); put 99-takt-serial.rules into "
          + "/etc/udev/rules.d, or add the user of the service to that group")
    case EPERM:
      return Refusal(
        "not permitted: the service may not use this kind of port; name it with DeviceAllow= in "
          + "serial.conf")
    case EBUSY:
      return Refusal(
        "in use by another program of this machine; a line bears one master only, stop the other")
    default: return Refusal(TCPSocket.text(code))
    }
  }

  /// "group dialout", as well as it is known.
  private static func owner(_ path: String) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else { return "another group" }
    var entry = group()
    var found: UnsafeMutablePointer<group>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getgrgid_r(status.st_gid, &entry, &buffer, buffer.count, &found) == 0, found != nil,
      let name = entry.gr_name
    else { return "group \(status.st_gid)" }
    return "group \(String(cString: name))"
  }

  // MARK: - Settings

  private static func configure(_ descriptor: Int32, _ speed: SerialSpeed) throws(Refusal) {
    var settings = takt_termios()
    guard ioctl(descriptor, UInt(takt_TCGETS2), &settings) == 0 else {
      guard errno == EIO else { throw Refusal("this is not a serial port") }
      throw refusal(EIO, "")
    }
    let frame = frameBits(speed)
    settings.input = UInt32(IGNBRK)
    settings.output = 0
    settings.local = 0
    settings.control = frame | UInt32(CREAD | CLOCAL) | speedBits(speed.baud)
    settings.inputSpeed = UInt32(speed.baud)
    settings.outputSpeed = UInt32(speed.baud)
    withUnsafeMutableBytes(of: &settings.characters) {
      $0[Int(VMIN)] = 1
      $0[Int(VTIME)] = 0
    }
    guard ioctl(descriptor, UInt(takt_TCSETS2), &settings) == 0 else {
      throw Refusal("its driver refuses \(words(speed)) (\(TCPSocket.text(errno)))")
    }
    var taken = takt_termios()
    guard ioctl(descriptor, UInt(takt_TCGETS2), &taken) == 0 else {
      throw Refusal("reading its settings back: \(TCPSocket.text(errno))")
    }
    let apart = abs(Int(taken.outputSpeed) - speed.baud)
    guard apart * 100 <= speed.baud * ModbusLimits.baudTolerance else {
      throw Refusal("its driver makes \(taken.outputSpeed) baud of \(speed.baud)")
    }
    let mask = UInt32(CSIZE | PARENB | PARODD | CSTOPB)
    guard taken.control & mask == frame || isPseudoTerminal(descriptor) else {
      throw Refusal("its driver does not take \(words(speed))")
    }
  }

  /// Eight data bits, parity and stop bits as the control word has them.
  private static func frameBits(_ speed: SerialSpeed) -> UInt32 {
    let parity: Int32 =
      switch speed.parity {
      case .none: 0
      case .even: PARENB
      case .odd: PARENB | PARODD
      }
    return UInt32(CS8 | parity | (speed.stopBits == 2 ? CSTOPB : 0))
  }

  /// The speeds that every driver knows by a number of their own; older ones of vendors know no
  /// other.
  private static let namedSpeeds: [(baud: Int, bits: Int32)] = [
    (300, B300), (600, B600), (1200, B1200), (1800, B1800), (2400, B2400), (4800, B4800),
    (9600, B9600), (19_200, B19200), (38_400, B38400), (57_600, B57600), (115_200, B115200),
    (230_400, B230400), (460_800, B460800), (921_600, B921600),
  ]

  private static func speedBits(_ baud: Int) -> UInt32 {
    guard let named = namedSpeeds.first(where: { $0.baud == baud }) else { return takt_BOTHER }
    return UInt32(named.bits)
  }

  private static func words(_ speed: SerialSpeed) -> String {
    "\(speed.baud) baud, \(speed.parity.rawValue) parity, \(speed.stopBits) stop bits"
  }

  /// Majors 136 to 143 are those of /dev/pts (the kernel's admin-guide/devices.txt).
  private static func isPseudoTerminal(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && (136...143).contains(status.st_rdev >> 8 & 0xFFF)
  }

  // MARK: - Direction

  private static func direct(_ descriptor: Int32, _ line: SerialLine) throws(Refusal) {
    switch line.direction {
    case .automatic: return
    case .kernel: try enableRS485(descriptor, hasEcho: line.hasEcho)
    case .rts, .rtsInverted:
      // At rest the transmitter is off.
      guard RTUWire.setRTS(descriptor, line.direction == .rts ? TIOCMBIC : TIOCMBIS) else {
        throw Refusal(
          "it has no RTS line to switch the transmitter with; direction \"automatic\" leaves that "
            + "to the adapter")
      }
    }
  }

  private static func enableRS485(_ descriptor: Int32, hasEcho: Bool) throws(Refusal) {
    var mode = serial_rs485()
    let advice = "; direction \"automatic\" leaves the transmitter to the adapter"
    guard ioctl(descriptor, UInt(TIOCGRS485), &mode) == 0 else {
      throw Refusal("its driver has no RS-485 mode\(advice)")
    }
    // Which way RTS turns is the board's matter: what the device tree says stays.
    if mode.flags & (takt_RS485_RTS_ON_SEND | takt_RS485_RTS_AFTER_SEND) == 0 {
      mode.flags |= takt_RS485_RTS_ON_SEND
    }
    mode.flags |= takt_RS485_ENABLED
    mode.flags &= ~takt_RS485_RX_DURING_TX
    if hasEcho { mode.flags |= takt_RS485_RX_DURING_TX }
    guard ioctl(descriptor, UInt(TIOCSRS485), &mode) == 0 else {
      throw Refusal("its driver refuses the RS-485 mode (\(TCPSocket.text(errno)))\(advice)")
    }
  }
}
