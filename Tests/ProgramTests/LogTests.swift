// The log: codes, how many lines a condition may have, and what reaches journald's socket.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

@testable import takt

/// journald's end of its socket: a real datagram socket in the file system.
final class JournalPeer {
  private let descriptor: Int32

  init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let number = descriptor
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
  }

  deinit { close(descriptor) }

  /// One datagram that has arrived already; nil when there is none.
  func next() -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : Array(bytes[..<count])
  }
}

@Suite("The log") struct LogTests {
  @Test func `every code has its hundreds' group, a title, a cause and a remedy`() {
    for code in LogCode.allCases {
      #expect(code.group != nil, "\(code.name)")
      for text in [code.entry.title, code.entry.cause, code.entry.remedy] {
        #expect(!text.isEmpty && !text.contains("|"), "\(code.name): \(text)")
      }
      #expect(LogCode(name: code.name) == code)
      #expect(code.condition.group == code.group, "good news belongs to its bad news")
    }
    #expect(LogCode(name: "t-111") == .unitLost)
    #expect(LogCode(name: "999") == nil)
  }

  @Test func `the table beside the source is the one in the program`() throws {
    let beside = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let file = try Files.read(beside + "/Sources/takt/LOGCODES.md")
    #expect(
      String(decoding: file, as: UTF8.self) == CodesCommand.markdown,
      "print it anew: takt codes --markdown > Sources/takt/LOGCODES.md")
  }

  @Test func `every line that the sources write has a code of its own`() throws {
    let beside = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let folder = beside + "/Sources/takt"
    for name in try Files.list(folder) where name.hasSuffix(".swift") && name != "Log.swift" {
      let text = String(decoding: try Files.read(folder + "/" + name), as: UTF8.self)
      let calls = text.replacingOccurrences(of: "Log().line(", with: "log.line(")
        .components(separatedBy: "og.line(")
      for call in calls.dropFirst() {
        let first = call.prefix(400).split(separator: ",", omittingEmptySubsequences: false)
        guard first.count > 1, first[0].contains("."), !first[0].contains("\"") else { continue }
        let second = first[1].drop(while: \.isWhitespace)
        #expect(
          second.hasPrefix(".") || second.contains(" ? ."),
          "\(name): give this line a LogCode: \(call.prefix(80))")
      }
    }
  }

  @Test func `a condition that changes seldom is told each time`() {
    var budget = LogBudget()
    var now = Instant(nanoseconds: 0)
    for turn in 0..<100 {
      now = now + .seconds(700)
      let line = Self.line(turn.isMultiple(of: 2))
      #expect(budget.take(line, at: now) == [line])
    }
    #expect(budget.seen[.unitLost]?.count == 50)
    #expect(budget.seen[.unitAnswers]?.count == 50)
  }

  @Test func `F54: a flapping unit has six lines, then one in ten minutes that tells how it is`() {
    var budget = LogBudget()
    var now = Instant(nanoseconds: 0)
    var told: [LogLine] = []
    // A day, down and up every two seconds.
    for turn in 0..<43_200 {
      told += budget.take(Self.line(turn.isMultiple(of: 2)), at: now)
      now = now + .seconds(2)
    }
    #expect(told.count == 6 + 143)
    #expect(told[5].text.hasSuffix("it is told once in 10min"), "\(told[5].text)")
    #expect(told[6].text.contains("changes before were not told in the last 10min"))
    #expect(told[6].code == .unitAnswers, "the newest state is the one told")
    #expect(budget.seen[.unitLost]?.count == 21_600)
    // It stays well: the rest is told without another change, and the condition is as new.
    now = now + .seconds(600)
    #expect(budget.due(now).count == 1)
    now = now + .seconds(600)
    #expect(budget.due(now).isEmpty)
    #expect(budget.take(Self.line(true), at: now) == [Self.line(true)])
  }

  @Test func `F54: units do not share a budget, and the number of budgets is bounded`() {
    var budget = LogBudget()
    let now = Instant(nanoseconds: 0)
    for _ in 0..<50 { _ = budget.take(Self.line(true), at: now) }
    let other = Self.line(true, unit: "saw")
    #expect(budget.take(other, at: now) == [other])
    var lines: [LogLine] = []
    for index in 0..<1200 {
      lines += budget.take(Self.line(true, unit: "u\(index)"), at: now + .seconds(1))
    }
    #expect(lines.count == 1201, "what was held back of the oldest is told when it makes room")
  }

  @Test func `journald gets message, priority, code and names as fields`() throws {
    let scratch = try Scratch()
    let peer = try JournalPeer(path: scratch["journal"])
    let log = Log(journal: try #require(JournalSocket(path: scratch["journal"])))
    log.line(.warning, .unitLost, "unit press-1:\nno answer", [.unit: "press-1", .bus: "hall"])
    let bytes = try #require(peer.next())
    #expect(
      String(decoding: bytes, as: UTF8.self) == """
        MESSAGE=T-111 unit press-1: no answer
        PRIORITY=4
        SYSLOG_IDENTIFIER=takt
        TAKT_CODE=T-111
        TAKT_BUS=hall
        TAKT_UNIT=press-1

        """)
    #expect(peer.next() == nil)
    #expect(log.seen[.unitLost]?.count == 1)
  }

  @Test func `a journal that is behind loses lines, counts them, and holds nobody up`() throws {
    let scratch = try Scratch()
    let peer = try JournalPeer(path: scratch["journal"])
    let log = Log(journal: try #require(JournalSocket(path: scratch["journal"])))
    // Nobody reads: the kernel's queue of datagrams is full after some; each has its own unit.
    for index in 0..<400 { log.line(.warning, .unitLost, "no answer", [.unit: "u\(index)"]) }
    var arrived = 0
    while peer.next() != nil { arrived += 1 }
    #expect((1..<400).contains(arrived))
    log.line(.warning, .unitLost, "no answer", [.unit: "last"])
    let told = String(decoding: try #require(peer.next()), as: UTF8.self)
    #expect(told.hasPrefix("MESSAGE=T-502 \(400 - arrived) lines were lost"), "\(told)")
    #expect(String(decoding: try #require(peer.next()), as: UTF8.self).contains("TAKT_UNIT=last"))
  }

  @Test func `standard error is the journal's only if device and inode say so`() throws {
    var status = stat()
    try #require(fstat(2, &status) == 0)
    let right = "\(status.st_dev):\(status.st_ino)"
    #expect(JournalStream.isStandardError(environment: { _ in right }))
    for wrong in [nil, "", "1:2:3", "x:y", "\(status.st_dev):\(status.st_ino + 1)"] {
      #expect(!JournalStream.isStandardError(environment: { _ in wrong }), "\(wrong ?? "nil")")
    }
  }

  @Test func `takt codes explains one code, all of them, and as JSON`() throws {
    let one = try Program.run("codes", "t-111")
    #expect(one.code == 0)
    #expect(one.output.hasPrefix("T-111  unit lost\n  The link works"), "\(one.output)")
    let all = try Program.run("codes", "--json")
    let list = try JSONValue(parsing: Array(all.output.utf8)).array
    #expect(list?.count == LogCode.allCases.count)
    #expect(try Program.run("codes", "T-999").code == 64)
  }

  private static func line(_ isLost: Bool, unit: String = "press-1") -> LogLine {
    LogLine(
      priority: isLost ? .warning : .notice, code: isLost ? .unitLost : .unitAnswers,
      text: isLost ? "no answer" : "answers again", about: [.bus: "hall", .unit: unit])
  }
}
