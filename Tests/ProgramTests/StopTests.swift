// The life of the daemon while the field misbehaves: it ends in time, and is not taken for dead.

import Dispatch
import Glibc
import LinuxEdge
import Primitives
import Synchronization
import Testing

/// A bus that keeps its thread busy.
private enum BadBus: String, CaseIterable, Sendable {
  case babblingLine, halfOpenTLS, silentUnit, unknownName
}

@Suite("The daemon beside a bad bus") struct StopTests {
  @Test(arguments: BadBus.allCases)
  fileprivate func `SIGTERM ends it in good order`(_ bad: BadBus) throws {
    let site = try RunSite()
    let hole = try BlackHole(listens: true)
    let babbler = bad == .babblingLine ? BabblingLine() : nil
    defer { babbler?.end() }
    let members =
      switch bad {
      case .babblingLine: "type: \"modbus-rtu\", device: \"\(babbler?.path ?? "")\""
      case .halfOpenTLS:
        "type: \"modbus-tls\", host: \"127.0.0.1\", port: \(hole.port), connectTimeout: \"60s\", "
          + "caFile: \"\(site.scratch["ca.pem"])\""
      case .silentUnit: "host: \"127.0.0.1\", port: \(hole.port)"
      case .unknownName: "host: \"plc.invalid\", connectTimeout: \"60s\""
      }
    try site.add(bus: members, unitTimeout: "60s")
    let gateway = try site.startGateway("bad")
    // The good bus is polled, so the bad one has begun.
    try site.wait("bad") { $0.polls > 3 }
    let began = SystemClock().now()
    gateway.signal(SIGTERM)
    let run = gateway.end()
    #expect(run.code == 0, "\(run.errors)")
    // 2 s are promised; the rest is for a machine that has other things to do.
    #expect(SystemClock().now() - began < .seconds(10))
  }

  @Test func `a unit that may take long to answer does not starve the watchdog`() throws {
    let site = try RunSite()
    site.plc.show { $0.isSilent = true }
    try site.configure("slow", timeout: "60s")
    let manager = try Manager(site.scratch["notify"])
    let gateway = try manager.start(site.scratch["slow.json5"])
    #expect(manager.waits(for: 3, of: "WATCHDOG=1"))
    // It was well although its thread has been waiting all the time.
    #expect(site.plc.requests(of: 1) == 1)
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }

  @Test func `a bus without a machine does not starve the watchdog`() throws {
    let site = try RunSite()
    try site.add(bus: "host: \"127.0.0.1\", port: 9", unitTimeout: nil)
    let manager = try Manager(site.scratch["notify"])
    let gateway = try manager.start(site.scratch["bad.json5"])
    #expect(manager.waits(for: 3, of: "WATCHDOG=1"))
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }
}

extension RunSite {
  /// Writes "bad.json5": the site with a second bus, and a machine on it unless there is no time.
  fileprivate func add(bus members: String, unitTimeout: String?) throws {
    try configure("bad")
    var text = String(decoding: try Files.read(scratch["bad.json5"]), as: UTF8.self)
    // Behind the other one, whose polls are counted.
    text = text.replacing(
      "port: \(plcPort) }],", with: "port: \(plcPort) }, { name: \"bad\", \(members) }],")
    if let unitTimeout {
      let machine = """
        machines: [{
          name: "press-2", bus: "bad", unit: 2, timeout: "\(unitTimeout)",
          signals: [{ name: "on", at: "holding 0.0", every: "60s" }], running: "on",
        },
        """
      text = text.replacing("machines: [", with: machine + " ")
    }
    try Files.replace(scratch["bad.json5"], with: Array(text.utf8))
  }

  /// Writes a configuration whose unit may take so long.
  fileprivate func configure(_ name: String, timeout: String) throws {
    try configure(name)
    let text = String(decoding: try Files.read(scratch[name + ".json5"]), as: UTF8.self)
    try Files.replace(
      scratch[name + ".json5"],
      with: Array(text.replacing("timeout: \"200ms\"", with: "timeout: \"\(timeout)\"").utf8))
  }
}

/// What systemd would be: a socket on which the daemon says that it lives.
private final class Manager {
  private let descriptor: Int32
  private let path: String

  init(_ path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let number = descriptor
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
  }

  deinit { close(descriptor) }

  /// Starts the gateway; it has 21 s between two signs of life, and gives one each 7 s.
  func start(_ configuration: String) throws -> RunningProgram {
    try RunningProgram(
      [
        "NOTIFY_SOCKET=\(path)", "WATCHDOG_USEC=21000000", Program.path, "run", "--config",
        configuration,
      ], path: "/usr/bin/env")
  }

  /// Waits for so many messages; false when for half a minute none comes.
  func waits(for count: Int, of text: String) -> Bool {
    var left = count
    while left > 0 {
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&entry, 1, 30_000) > 0 else { return false }
      var bytes = [UInt8](repeating: 0, count: 256)
      let length = recv(descriptor, &bytes, bytes.count, 0)
      if String(decoding: bytes.prefix(max(0, length)), as: UTF8.self).contains(text) { left -= 1 }
    }
    return true
  }
}

/// A serial line on which somebody never stops talking.
private final class BabblingLine: Sendable {
  let path: String
  private let master: Int32
  private let slave: Int32
  private let isOver = Atomic<Bool>(false)
  private let over = DispatchSemaphore(value: 0)

  init() {
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    var lock: Int32 = 0
    var number: Int32 = 0
    // TIOCSPTLCK and TIOCGPTN, which Swift cannot import.
    precondition(ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
    path = "/dev/pts/\(number)"
    // Held open, so that the line outlives its users.
    slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    self.master = master
    DispatchQueue(label: "babbler").async { [self] in
      let noise: [UInt8] = [0x55, 0xAA, 2, 3]
      while !isOver.load(ordering: .relaxed) {
        if write(master, noise, noise.count) < 0 {
          var entry = pollfd(fd: master, events: Int16(POLLOUT), revents: 0)
          poll(&entry, 1, 100)
        }
      }
      over.signal()
    }
  }

  func end() {
    isOver.store(true, ordering: .relaxed)
    over.wait()
    close(slave)
    close(master)
  }
}
