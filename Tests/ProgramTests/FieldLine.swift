// A serial line with Modbus slaves on it: a pseudo terminal under a name that survives replugging,
// or a transparent serial server on loopback. The slaves run in a thread of the test.
//
// A register shows unit * 1000 + address, so that no value can be taken for another's.

import Glibc
import LinuxEdge
import ModbusEdge
import Primitives
import Synchronization
import Testing

final class FieldLine: Sendable {
  enum Way: Sendable {
    /// A terminal, linked to by this path.
    case port(String)
    /// A TCP port on loopback.
    case stream
  }

  /// How the line behaves from the next request on.
  struct Face: Sendable {
    /// Units without power.
    var dead: Set<UInt8> = []
    /// Bytes before and behind each answer.
    var noise: [UInt8] = []
    /// A frame that nobody asked for, before each answer.
    var stray: [UInt8] = []
    /// One in so many answers of this unit comes so late.
    var late: (unit: UInt8, oneIn: Int, by: Duration)?
    /// The answers of this unit are held back until the next request is there.
    var held: UInt8?
  }

  let port: UInt16
  private let way: Way
  private let face = Mutex(Face())
  private let asked = Mutex<[UInt8: Int]>([:])
  private let counts = Mutex((wrong: 0, lates: 0, links: 0))
  private let hasPower = Atomic<Bool>(true)
  private let isOn = Atomic<Bool>(false)
  private let isOver = Atomic<Bool>(false)

  init(_ way: Way) throws {
    self.way = way
    switch way {
    case .port: port = 0
    case .stream: port = try BlackHole(listens: false).port
    }
    _ = try NamedThread(name: "test-line") { [self] in live() }
    settle(isOn: true)
  }

  func end() { isOver.store(true, ordering: .releasing) }

  /// Changes how the line behaves.
  func show(_ change: @Sendable (inout Face) -> Void) { face.withLock { change(&$0) } }

  /// Requests that came for a unit so far.
  func requests(of unit: UInt8) -> Int { asked.withLock { $0[unit, default: 0] } }

  /// Bytes that were no request.
  var wrongBytes: Int { counts.withLock { $0.wrong } }
  /// Answers sent too late.
  var lateAnswers: Int { counts.withLock { $0.lates } }
  /// Connections taken.
  var links: Int { counts.withLock { $0.links } }

  /// Pulls the plug or puts it in again, and returns when that is done.
  func power(_ isOn: Bool) {
    hasPower.store(isOn, ordering: .releasing)
    settle(isOn: isOn)
  }

  /// A minute only guards against hanging.
  private func settle(isOn wanted: Bool) {
    let deadline = SystemClock().now() + .seconds(60)
    while isOn.load(ordering: .acquiring) != wanted, SystemClock().now() < deadline {
      poll(nil, 0, 1)
    }
    #expect(isOn.load(ordering: .acquiring) == wanted)
  }

  // MARK: the thread

  private var goesOn: Bool {
    hasPower.load(ordering: .acquiring) && !isOver.load(ordering: .acquiring)
  }

  private func live() {
    while !isOver.load(ordering: .acquiring) {
      guard hasPower.load(ordering: .acquiring) else {
        poll(nil, 0, 1)
        continue
      }
      switch way {
      case .port(let path): livePort(path)
      case .stream: liveStream()
      }
      isOn.store(false, ordering: .releasing)
    }
  }

  private func livePort(_ path: String) {
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var lock: Int32 = 0
    var number: Int32 = 0
    // TIOCSPTLCK and TIOCGPTN, which Swift cannot import.
    guard ioctl(master, 0x4004_5431, &lock) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
      return
    }
    // Held open, so that the master outlives the users of the other side.
    let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    unlink(path)
    symlink("/dev/pts/\(number)", path)
    isOn.store(true, ordering: .releasing)
    serve(master)
    unlink(path)
    close(slave)
    close(master)
  }

  private func liveStream() {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(listener) }
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard bound, listen(listener, 4) == 0 else { return }
    isOn.store(true, ordering: .releasing)
    while goesOn {
      guard isReadable(listener) else { continue }
      let client = accept4(listener)
      counts.withLock { $0.links += 1 }
      serve(client)
      // Reset, as by a loss of power: nothing is left in TIME_WAIT on the port.
      var now = linger(l_onoff: 1, l_linger: 0)
      setsockopt(client, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
      close(client)
    }
  }

  private func accept4(_ listener: Int32) -> Int32 {
    let client = accept(listener, nil, nil)
    _ = fcntl(client, F_SETFD, FD_CLOEXEC)
    return client
  }

  private func isReadable(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 5) > 0
  }

  /// Answers until the link or the power goes.
  private func serve(_ line: Int32) {
    var bytes: [UInt8] = []
    var owed = Owed()
    while goesOn {
      let hasBytes = isReadable(line)
      put(line, owed.take(at: SystemClock().now()))
      guard hasBytes else { continue }
      var piece = [UInt8](repeating: 0, count: 256)
      let got = read(line, &piece, piece.count)
      guard got > 0 else { return }
      bytes += piece[..<got]
      while bytes.count >= 8 {
        guard bytes.prefix(6) + checksum(bytes.prefix(6)) == bytes.prefix(8) else {
          counts.withLock { $0.wrong += 1 }
          bytes.removeFirst()
          continue
        }
        put(line, owed.takeHeld())
        answer(Array(bytes.prefix(8)), line, &owed)
        bytes.removeFirst(8)
      }
    }
  }

  /// Answers one request, at once or later.
  private func answer(_ request: [UInt8], _ line: Int32, _ owed: inout Owed) {
    let unit = request[0]
    asked.withLock { $0[unit, default: 0] += 1 }
    let now = face.withLock { $0 }
    guard !now.dead.contains(unit) else { return }
    let start = Int(request[2]) << 8 | Int(request[3])
    let values = (0..<(Int(request[4]) << 8 | Int(request[5]))).flatMap { place -> [UInt8] in
      let value = UInt16(clamping: Int(unit) * 1000 + start + place)
      return [UInt8(value >> 8), UInt8(value & 255)]
    }
    let body = [unit, request[1], UInt8(clamping: values.count)] + values
    let frame = body + checksum(body[...])
    if now.held == unit {
      counts.withLock { $0.lates += 1 }
      owed.held = frame
      return
    }
    if let late = now.late, late.unit == unit, requests(of: unit) % late.oneIn == 0 {
      counts.withLock { $0.lates += 1 }
      owed.late.append((SystemClock().now() + late.by, frame))
      return
    }
    put(line, now.noise + now.stray + frame + now.noise)
  }

  private func put(_ line: Int32, _ bytes: [UInt8]) {
    if !bytes.isEmpty { _ = write(line, bytes, bytes.count) }
  }
}

/// Answers that were not sent yet.
private struct Owed {
  /// To be sent before the next answer.
  var held: [UInt8] = []
  /// To be sent at a moment.
  var late: [(at: Instant, frame: [UInt8])] = []

  mutating func takeHeld() -> [UInt8] {
    defer { held = [] }
    return held
  }

  mutating func take(at now: Instant) -> [UInt8] {
    let due = late.filter { $0.at <= now }
    late.removeAll { $0.at <= now }
    return due.flatMap(\.frame)
  }
}

/// CRC-16 of Modbus, low byte first.
func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
  var sum: UInt16 = 0xFFFF
  for byte in bytes {
    sum ^= UInt16(byte)
    for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xA001 }
  }
  return [UInt8(sum & 255), UInt8(sum >> 8)]
}
