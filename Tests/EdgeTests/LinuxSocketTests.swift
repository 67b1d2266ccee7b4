// Sockets of the Linux edge: the control socket, the service manager, TCP; with real peers.

import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("Control socket") struct ControlSocketTests {
  let scratch: Scratch
  let clock = SystemClock()

  init() throws { scratch = try Scratch() }

  var soon: Instant { clock.now() + .seconds(10) }

  /// Asks from a second thread while this one serves.
  func ask(_ server: inout UnixSocketServer, _ answer: @escaping (String) -> [UInt8]) throws
    -> [UInt8]
  {
    let outcome = Outcome()
    let path = scratch["s"]
    let done = try WakeUp()
    let deadline = soon
    let thread = try NamedThread(name: "asks") {
      outcome.store(try? UnixSocketClient.ask(path: path, line: "status", until: deadline))
      done.signal()
    }
    while true {
      var set = PollSet()
      set.add(server.descriptor, reading: true)
      let end = set.add(done.descriptor, reading: true)
      set.wait(until: deadline)
      if set.isReadable(end) || clock.now() >= deadline { break }
      server.turn(answer)
    }
    let joined = thread.join(until: soon)
    #expect(joined)
    return outcome.load() ?? []
  }

  @Test func `a question gets its answer, however long`() throws {
    var server = try UnixSocketServer(path: scratch["s"])
    let long = Array(repeating: UInt8(ascii: "x"), count: 900_000)
    #expect(try ask(&server) { $0 == "status" ? long : [] } == long)
    #expect(try ask(&server) { Array(("<" + $0 + ">").utf8) } == Array("<status>".utf8))
  }

  @Test func `the kernel says which user asks`() throws {
    var server = try UnixSocketServer(path: scratch["s"])
    let number = try connectRaw(scratch["s"])
    #expect(send(number, "who\n", 4, 0) == 4)
    var users: [UInt32?] = []
    server.turn { _, user in
      users.append(user)
      return []
    }
    #expect(users == [getuid()])
    close(number)
  }

  @Test func `the socket is for owner and group, and is removed at the end`() throws {
    do {
      let server = try UnixSocketServer(path: scratch["s"])
      #expect(try Files.status(scratch["s"])?.mode == 0o660)
      #expect(server.descriptor >= 0)
    }
    #expect(try Files.status(scratch["s"]) == nil)
  }

  @Test func `a living daemon keeps its socket, a dead one loses it`() throws {
    do {
      let first = try UnixSocketServer(path: scratch["s"])
      let fault = #expect(throws: LinuxFault.self) {
        _ = try UnixSocketServer(path: scratch["s"])
      }
      #expect(fault?.description.contains("another takt answers there") == true)
      // What a crash leaves behind: the name without anybody listening.
      #expect(link(scratch["s"], scratch["stale"]) == 0)
      #expect(first.descriptor >= 0)
    }
    let second = try UnixSocketServer(path: scratch["stale"])
    #expect(second.descriptor >= 0)
  }

  @Test func `a path that is no socket, or too long, is refused`() throws {
    try Files.create(scratch["file"], with: [])
    #expect(throws: LinuxFault.self) { _ = try UnixSocketServer(path: scratch["file"]) }
    #expect(try Files.status(scratch["file"]) != nil)
    let long = "/" + String(repeating: "x", count: 107)
    let fault = #expect(throws: LinuxFault.self) { _ = try UnixSocketServer(path: long) }
    #expect(fault?.description.contains("1 to 107 bytes") == true)
  }

  @Test func `silent clients do not lock others out`() throws {
    var server = try UnixSocketServer(path: scratch["s"])
    var silent: [Int32] = []
    for _ in 0..<20 {
      silent.append(try connectRaw(scratch["s"]))
      server.turn { _ in [] }
    }
    #expect(try ask(&server) { _ in Array("here".utf8) } == Array("here".utf8))
    for number in silent { close(number) }
  }

  @Test func `a question without an end is cut off at its limit`() throws {
    var server = try UnixSocketServer(path: scratch["s"])
    let number = try connectRaw(scratch["s"])
    let flood = Array(
      repeating: UInt8(ascii: "x"), count: LinuxLimits.controlRequestBytes + 1000)
    #expect(send(number, flood, flood.count, 0) == flood.count)
    server.turn { _ in Array("never".utf8) }
    var byte: UInt8 = 0
    #expect(recv(number, &byte, 1, 0) <= 0)
    close(number)
  }

  @Test func `without a daemon the question says that nobody is there`() {
    let fault = #expect(throws: LinuxFault.self) {
      try UnixSocketClient.ask(path: scratch["s"], line: "status", until: soon)
    }
    #expect(fault?.isNobodyThere == true)
  }

  private func connectRaw(_ path: String) throws -> Int32 {
    let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(result == 0)
    return number
  }
}

@Suite("Service notifier") struct ServiceNotifierTests {
  @Test(arguments: [false, true])
  func `messages reach the service manager's socket, abstract or not`(isAbstract: Bool) throws {
    let scratch = try Scratch()
    var random = SystemRandom()
    let name = isAbstract ? "@takt-\(random.next())" : scratch["notify"]
    let receiver = try bindDatagram(name)
    let values = ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000"]
    let notifier = ServiceNotifier { values[$0] }
    #expect(notifier.watchdogPeriod == .seconds(15))
    notifier.ready()
    notifier.alive()
    notifier.status("two\nlines")
    notifier.stopping()
    let expected = ["READY=1", "WATCHDOG=1", "STATUS=two lines", "STOPPING=1"]
    #expect((0..<4).map { _ in receive(receiver) } == expected)
    close(receiver)
  }

  @Test func `without a service manager nothing happens`() {
    let notifier = ServiceNotifier { _ in nil }
    notifier.ready()
    let connected = notifier.isConnected
    #expect(!connected)
    #expect(notifier.watchdogPeriod == nil)
  }

  @Test func `a watchdog of another process is not ours`() {
    let values = ["WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"]
    #expect(ServiceNotifier { values[$0] }.watchdogPeriod == nil)
  }

  private func bindDatagram(_ name: String) throws -> Int32 {
    let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var bytes = Array(name.utf8)
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let size = socklen_t(2 + bytes.count + (bytes[0] == 0 ? 0 : 1))
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, size) }
    }
    #expect(result == 0)
    return number
  }

  private func receive(_ number: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = recv(number, &bytes, 256, Int32(MSG_DONTWAIT))
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}

@Suite("TCP listener") struct TCPListenerTests {
  @Test(arguments: ["127.0.0.1", "::1"])
  func `a free port is taken and connections arrive`(host: String) throws {
    let listener = try TCPListener(HostAndPort(host: host, port: 0))
    #expect(listener.port != 0)
    #expect(try listener.accept() == nil)
  }

  @Test func `a port that is taken is told as such`() throws {
    let first = try TCPListener(HostAndPort(host: "127.0.0.1", port: 0))
    let port = first.port
    let fault = #expect(throws: LinuxFault.self) {
      _ = try TCPListener(HostAndPort(host: "127.0.0.1", port: port))
    }
    #expect(fault?.isInUse == true)
    #expect(fault?.description.contains("127.0.0.1:\(port)") == true)
    #expect(first.descriptor >= 0)
  }

  @Test(arguments: [
    ("127.0.0.1:8443", HostAndPort(host: "127.0.0.1", port: 8443)),
    ("[::1]:1", HostAndPort(host: "::1", port: 1)),
    (":8443", HostAndPort(host: "", port: 8443)),
    ("8443", nil), ("::1:8443", nil), ("host:", nil), ("host:65536", nil),
  ])
  func `a host and a port are read as people write them`(text: String, is: HostAndPort?) {
    #expect(HostAndPort(text: text) == `is`)
  }
}

private final class Outcome: @unchecked Sendable {
  // Written before the bell rings and read after the join: never at once.
  private var value: [UInt8]?
  func store(_ bytes: [UInt8]?) { value = bytes }
  func load() -> [UInt8]? { value }
}
