// takt status --watch: the page as a picture, and in a real terminal.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

@testable import takt

/// A program in a pseudo terminal, as in a window.
final class TerminalProgram {
  private let near: Int32
  /// Our own view of its terminal, to see whether it is as before.
  private let far: Int32
  private let child: pid_t
  private(set) var text: [UInt8] = []
  private var isEnded = false

  init(_ arguments: [String], width: UInt16, height: UInt16, environment: [String] = []) throws {
    near = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    // TIOCSPTLCK and TIOCGPTN, which are made by a macro that Swift does not import.
    var (lock, number): (Int32, Int32) = (0, 0)
    try #require(ioctl(near, 0x4004_5431, &lock) == 0 && ioctl(near, 0x8004_5430, &number) == 0)
    let name = "/dev/pts/\(number)"
    far = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(far >= 0)
    var window = winsize(ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(near, UInt(TIOCSWINSZ), &window) == 0)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The first one opened becomes the controlling terminal of the new session.
    posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    // POSIX_SPAWN_SETSID, which stands behind _GNU_SOURCE.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | 0x80)
    let words = ([Program.path] + arguments).map { strdup($0) } + [nil]
    let kept = ProcessInfo.processInfo.environment.filter { $0.key != "NO_COLOR" }
      .map { "\($0.key)=\($0.value)" }
    let variables = (kept + environment).map { strdup($0) } + [nil]
    defer { for word in words + variables { free(word) } }
    var process: pid_t = 0
    try #require(posix_spawn(&process, Program.path, &actions, &attributes, words, variables) == 0)
    child = process
  }

  deinit {
    if !isEnded {
      kill(child, SIGKILL)
      waitpid(child, nil, 0)
    }
    close(near)
    close(far)
  }

  var output: String { String(decoding: text, as: UTF8.self) }

  /// Reads until the text stands in what came since `from`; false after a minute.
  func waits(for wanted: String, from: Int = 0) -> Bool {
    let deadline = SystemClock().now() + .seconds(60)
    while SystemClock().now() < deadline {
      if String(decoding: text.dropFirst(from), as: UTF8.self).contains(wanted) { return true }
      read()
    }
    return false
  }

  func type(_ text: String) { _ = Glibc.write(near, text, text.utf8.count) }

  func resize(width: UInt16, height: UInt16) {
    var window = winsize(ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(near, UInt(TIOCSWINSZ), &window)
  }

  /// Whether what is typed is shown, as a shell wants it.
  var hasEcho: Bool {
    var settings = termios()
    return tcgetattr(far, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
      && settings.c_lflag & tcflag_t(ICANON) != 0
  }

  /// Waits for the end; the exit code, or 128 and the signal.
  func end() -> Int32 {
    var status: Int32 = 0
    while waitpid(child, &status, WNOHANG) == 0 { read() }
    isEnded = true
    read()
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }

  private func read() {
    var set = pollfd(fd: near, events: Int16(POLLIN), revents: 0)
    guard poll(&set, 1, 50) > 0 else { return }
    var piece = [UInt8](repeating: 0, count: 16_384)
    let count = Glibc.read(near, &piece, piece.count)
    if count > 0 { text += piece[..<count] }
  }
}

@Suite("takt status --watch") struct StatusWatchTests {
  private static let document = """
    {"gateway":"gw-1","version":"0.1.0","clock":{"wall":"2026-03-02T07:15:30.250Z",
    "quality":"synchronised"},"memory":{"rssBytes":19084083},
    "machines":[{"name":"press-1","state":"running","ageMs":209000,"goodTotal":12345,
    "scrapTotal":12},{"name":"saw","state":"stopped","ageMs":29200,"goodTotal":7,"scrapTotal":0,
    "stop":{"cause":"12 Guard door open"}}],
    "buses":[{"name":"line","link":"up","at":"10.0.0.7:502","ring":{"lost":3},"units":[
    {"name":"plc-1","contact":"good","ageMs":312,"failures":0,
    "answers":{"p50Us":4130,"p99Us":31200,"maxUs":250000}},
    {"name":"plc-2","contact":"never","failures":5,"lastError":"no answer \\u001b[2J"}]}],
    "uplinks":[{"name":"mes","state":"retrying","depth":4,"oldestMs":252000,"delivered":1000,
    "quarantined":0,"lastError":"answer 503"}],
    "journal":{"sequence":1004,"held":4,"bytes":3355443}}
    """

  private func page(_ width: Int, _ height: Int, colour: Bool = false, trouble: String? = nil)
    throws -> [String]
  {
    StatusPage(
      status: try JSONValue(parsing: Array(Self.document.utf8)), trouble: trouble,
      size: Terminal.Size(width: width, height: height), hasColour: colour
    ).lines
  }

  @Test func `the whole page, alarms first`() throws {
    #expect(
      try page(80, 24).joined(separator: "\n") == """
        takt gw-1  07:15:30 synchronised  0.1.0  memory 18.1 MiB
        alarms 3
          ! bus line: 3 samples lost
          ! unit plc-2: no answer ?[2J
          ! uplink mes: answer 503
        machines
          press-1  running  3 min 29 s  good 12,345  scrap 12
          saw      stopped  29.2 s      good 7       scrap 0   12 Guard door open
        buses
          line     up     10.0.0.7:502
            plc-1  good   0.3 s         4.1/31/250 ms
            plc-2  never  -             failures 5
        uplinks
          mes  retrying  waiting 4  oldest 4 min 12 s  delivered 1,000
        journal  sequence 1,004  held 4  3.1 MiB
        """)
  }

  @Test func `no line is wider and no page higher than the terminal, whatever its size`() throws {
    for width in 1...100 {
      for height in 1...26 {
        let lines = try page(width, height)
        #expect(lines.count <= max(height, StatusPage.leastHeight))
        #expect(lines.allSatisfy { $0.count <= max(width, StatusPage.leastWidth) })
      }
    }
    let small = try page(40, 6)
    #expect(small[1] == "alarms 3", "what is wrong is seen in the smallest window")
    #expect(small[5] == "… 10 more lines; make the window higher".prefix(40).description)
    #expect(try page(30, 24)[5].hasSuffix("…") == false)
  }

  @Test func `colours change nothing but colours`() throws {
    let plain = try page(60, 24)
    let painted = try page(60, 24, colour: true)
    #expect(painted != plain)
    let stripped = painted.map {
      $0.replacing(/\u{1B}\[[0-9]+m/, with: "")
    }
    #expect(stripped == plain)
    #expect(painted.joined().contains("\u{1B}[32mrunning"))
    #expect(painted.joined().contains("\u{1B}[31mstopped"))
  }

  @Test func `an answer that does not come leaves the last page, and says so`() throws {
    let lines = try page(80, 24, trouble: "the gateway is not running")
    #expect(lines[1] == "NOT UP TO DATE: the gateway is not running")
    let empty = StatusPage(
      status: nil, trouble: "nobody answers", size: Terminal.usualSize, hasColour: false)
    #expect(empty.lines == ["nobody answers"])
  }

  @Test func `in a terminal it draws in place, follows the window, and Control-C restores all`()
    throws
  {
    let site = try RunSite(uplinkPort: nil)
    let gateway = try site.startGateway()
    try site.wait { $0.machineState == "running" }
    let words = ["status", "--watch", "--socket", site.scratch["takt.sock"]]
    let program = try TerminalProgram(words, width: 100, height: 30)
    #expect(program.waits(for: "\u{1B}[32mrunning"), "\(program.output)")
    #expect(program.output.hasPrefix("\u{1B}[?1049h\u{1B}[?25l"), "it takes the other screen")
    #expect(!program.hasEcho)
    let before = program.text.count
    program.resize(width: 30, height: 5)
    #expect(program.waits(for: "more lines", from: before), "\(program.output)")
    program.type("\u{3}")
    #expect(program.end() == 0)
    #expect(program.output.hasSuffix("\u{1B}[?25h\u{1B}[?1049l"), "\(program.output.suffix(80))")
    #expect(program.hasEcho, "a shell finds the terminal as it was")
    withExtendedLifetime(gateway) {}
  }

  @Test func `q ends it; NO_COLOR is honoured; a gateway that goes is told`() throws {
    let site = try RunSite()
    let gateway = try site.startGateway()
    try site.wait { $0.machineState == "running" }
    let words = ["status", "--watch", "--socket", site.scratch["takt.sock"]]
    let program = try TerminalProgram(
      words, width: 100, height: 30, environment: ["NO_COLOR=1"])
    #expect(program.waits(for: "running"), "\(program.output)")
    #expect(!program.output.contains("\u{1B}[3"), "no colours")
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
    #expect(program.waits(for: "NOT UP TO DATE: the gateway is not running"))
    program.type("q")
    #expect(program.end() == 0)
    #expect(program.hasEcho)
  }

  @Test func `into a pipe it is plain text, and ends after its time`() throws {
    let site = try RunSite()
    let gateway = try site.startGateway()
    try site.wait { $0.machineState == "running" }
    let run = try Program.run(
      "status", "--watch", "--seconds", "1", "--socket", site.scratch["takt.sock"])
    #expect(run.code == 0)
    #expect(run.output.hasPrefix("gateway gw-1  takt "), "\(run.output)")
    #expect(!run.output.contains("\u{1B}"))
    withExtendedLifetime(gateway) {}
  }
}
