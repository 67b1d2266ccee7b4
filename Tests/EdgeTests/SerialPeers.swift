// The other ends of the serial tests: pseudo terminals, and a peer that answers RTU requests by
// script, on one of them or on a socket. All wait for bytes or for each other, never for a clock.

import Dispatch
import Glibc
import ModbusEdge
import Polling
import Primitives
import Synchronization

/// A pseudo terminal; the slave is held open so that the master outlives its users.
final class Terminal: Sendable {
  let path: String
  let master: Int32
  let slave: Int32
  private let isOpen = Mutex(true)

  init() {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var lock: Int32 = 0
    var number: Int32 = 0
    // TIOCSPTLCK and TIOCGPTN, which Swift cannot import.
    precondition(ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
    path = "/dev/pts/\(number)"
    slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    precondition(slave >= 0)
  }

  /// Bytes that have arrived at the slave and that nobody has read yet.
  var unread: Int {
    var count: Int32 = 0
    _ = ioctl(slave, UInt(FIONREAD), &count)
    return Int(count)
  }

  /// Pulls the plug: whoever has it open sees a hang-up.
  func unplug() {
    let mine = isOpen.withLock { open in
      defer { open = false }
      return open
    }
    guard mine else { return }
    close(slave)
    close(master)
  }
}

private let names = Atomic<Int>(0)

/// A path that nobody else uses.
func freshName() -> String {
  let number = names.wrappingAdd(1, ordering: .relaxed).newValue
  return "/tmp/takt-serial-\(getpid())-\(number)"
}

/// What an RTU peer does about one request.
enum RTUReaction: Sendable {
  /// Sends the pieces one after the other; on a terminal each waits until the one before is read.
  case send([[UInt8]])
  case silence
  /// Sends these bytes again and again until it is hushed.
  case babble([UInt8])
  /// Ends the link: unplugs the terminal, closes the connection.
  case end

  static func whole(_ bytes: [UInt8]) -> RTUReaction { .send([bytes]) }
}

/// A peer on a raw line; the script is told the number of the request and its eight bytes.
final class RTUPeer: Sendable {
  enum Way: String, CaseIterable, Sendable {
    case port
    case stream
  }
  typealias Script = @Sendable (_ number: Int, _ request: [UInt8]) -> RTUReaction

  let terminal: Terminal?
  let port: UInt16
  private let listener: Int32
  private let wake = makePipe()
  private let over = DispatchSemaphore(value: 0)
  private let shared = Mutex((line: Int32(-1), isOver: false, isHushed: false, lines: 0))

  init(_ way: Way, _ script: @escaping Script) {
    switch way {
    case .port:
      let made = Terminal()
      terminal = made
      listener = -1
      port = 0
      shared.withLock { $0.line = made.master }
    case .stream:
      terminal = nil
      listener = listen(backlog: 4)
      port = boundPort(listener)
    }
    Thread.start { [self] in
      var number = 0
      if way == .port { serve(terminal?.master ?? -1, &number, script) }
      while way == .stream, isReadable(listener) {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { break }
        shared.withLock {
          $0.line = client
          $0.lines += 1
        }
        serve(client, &number, script)
        close(client)
      }
      over.signal()
    }
  }

  /// Connections taken so far.
  var connections: Int { shared.withLock { $0.lines } }

  /// The link to it, closed.
  func bus(
    baud: Int = 19_200, hasEcho: Bool = false, tap: FrameTap? = nil
  ) -> ModbusRTUBus {
    let speed = SerialSpeed(baud: baud)
    if let terminal {
      let line = SerialLine(path: terminal.path, speed: speed, hasEcho: hasEcho)
      return ModbusRTUBus(serial: line, tap: tap)
    }
    return ModbusRTUBus(host: "127.0.0.1", port: port, behind: speed, tap: tap)
  }

  /// Sends without being asked, and returns once the bytes have arrived.
  func send(_ bytes: [UInt8]) {
    let before = terminal?.unread ?? 0
    put(shared.withLock { $0.line }, bytes)
    while let terminal, terminal.unread < before + bytes.count { sched_yield() }
  }

  func hush() { shared.withLock { $0.isHushed = true } }

  func stop() {
    shared.withLock {
      $0.isOver = true
      $0.isHushed = true
    }
    _ = write(wake.write, "x", 1)
    over.wait()
    terminal?.unplug()
    if listener >= 0 { close(listener) }
    close(wake.read)
    close(wake.write)
  }

  private func serve(_ line: Int32, _ number: inout Int, _ script: Script) {
    while let request = receive(line) {
      number += 1
      switch script(number, request) {
      case .silence: continue
      case .send(let pieces):
        for piece in pieces {
          while let terminal, terminal.unread > 0 { sched_yield() }
          put(line, piece)
        }
      case .babble(let bytes):
        _ = fcntl(line, F_SETFL, fcntl(line, F_GETFL, 0) | O_NONBLOCK)
        while !shared.withLock({ $0.isHushed }) {
          if write(line, bytes, bytes.count) < 0 { sched_yield() }
        }
        _ = fcntl(line, F_SETFL, fcntl(line, F_GETFL, 0) & ~O_NONBLOCK)
      case .end:
        terminal?.unplug()
        return
      }
    }
  }

  private func put(_ line: Int32, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(line, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// The eight bytes of a request; nil when the line has ended or the peer shall.
  private func receive(_ line: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 8)
    var have = 0
    while have < bytes.count {
      guard isReadable(line) else { return nil }
      let got = bytes.withUnsafeMutableBytes { buffer in
        read(line, buffer.baseAddress.map { $0 + have }, buffer.count - have)
      }
      guard got > 0 else { return nil }
      have += got
    }
    return bytes
  }

  /// Waits for bytes; false when the peer shall end.
  private func isReadable(_ line: Int32) -> Bool {
    var entries = [
      pollfd(fd: line, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
    ]
    while poll(&entries, 2, -1) < 0 && errno == EINTR {}
    return !shared.withLock { $0.isOver }
  }
}

/// A correct RTU answer to a request for registers: all of them show `value`.
@Sendable func rtuAnswer(_ request: [UInt8], value: UInt16, unit: UInt8? = nil) -> [UInt8] {
  let count = Int(request[4]) << 8 | Int(request[5])
  let values = (0..<count).flatMap { _ in [UInt8(value >> 8), UInt8(value & 255)] }
  return sealed([unit ?? request[0], request[1], UInt8(values.count)] + values)
}

/// A program in a process of its own.
final class Program: Sendable {
  private let child: pid_t

  init?(_ words: [String]) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    guard posix_spawnp(&child, words[0], &actions, nil, arguments, environ) == 0 else {
      return nil
    }
    self.child = child
  }

  /// Whether it has not ended by itself.
  var isRunning: Bool { waitpid(child, nil, WNOHANG) == 0 }

  /// Not asked to end: it has inherited the signal mask of a thread that blocks SIGTERM.
  func stop() {
    kill(child, SIGKILL)
    waitpid(child, nil, 0)
  }
}
