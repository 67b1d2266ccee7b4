// Files, appenders and line readers of the Linux edge, on a real file system.

import Glibc
import LinuxEdge
import Testing

@Suite("Linux files") struct LinuxFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `a replaced file has the new content and mode and leaves no temporary file`() throws {
    try Files.replace(scratch["a"], with: Array("one".utf8), mode: 0o600)
    try Files.replace(scratch["a"], with: Array("two".utf8), mode: 0o640)
    #expect(try Files.read(scratch["a"]) == Array("two".utf8))
    #expect(try Files.status(scratch["a"])?.mode == 0o640)
    #expect(try Files.list(scratch.path) == ["a"])
  }

  @Test func `creating never overwrites`() throws {
    try Files.create(scratch["key"], with: [1], mode: 0o600)
    #expect(throws: LinuxFault.self) { try Files.create(scratch["key"], with: [2], mode: 0o600) }
    #expect(try Files.read(scratch["key"]) == [1])
    #expect(try Files.list(scratch.path) == ["key"])
    #expect(try Files.status(scratch["key"])?.isOpenToOthers == false)
  }

  @Test func `a file over the limit is refused with its name and the limit`() throws {
    try Files.create(scratch["big"], with: Array(repeating: 0, count: 20_001))
    #expect(try Files.read(scratch["big"], limit: 20_001).count == 20_001)
    let fault = #expect(throws: LinuxFault.self) { try Files.read(scratch["big"], limit: 20_000) }
    #expect(fault?.description.contains("larger than 20000 bytes") == true)
  }

  @Test func `a missing file is told as missing`() throws {
    let fault = #expect(throws: LinuxFault.self) { try Files.read(scratch["none"]) }
    #expect(fault?.isMissing == true)
    #expect(
      fault?.description
        == "opening \(scratch["none"]): no such file or directory (ENOENT)")
    #expect(try Files.status(scratch["none"]) == nil)
    try Files.remove(scratch["none"])
  }

  @Test(arguments: [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b/c", "a/b")])
  func `the directory of a path is what stands before the last slash`(path: String, is: String) {
    #expect(Files.directoryName(path) == `is`)
  }
}

@Suite("Durable appender") struct DurableAppenderTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `appended records are in the file, also over a reopening`() throws {
    do {
      var file = try DurableAppender(scratch["log"])
      try file.append(Array("one\n".utf8))
    }
    var file = try DurableAppender(scratch["log"])
    #expect(file.length == 4)
    try file.append(Array("two\n".utf8))
    #expect(file.length == 8)
    #expect(try Files.read(scratch["log"]) == Array("one\ntwo\n".utf8))
  }

  @Test func `a torn record is cut off and writing goes on behind the good ones`() throws {
    try Files.create(scratch["log"], with: Array("one\ntw".utf8))
    var file = try DurableAppender(scratch["log"])
    try file.truncate(to: 4)
    try file.append(Array("two\n".utf8))
    #expect(try Files.read(scratch["log"]) == Array("one\ntwo\n".utf8))
  }

  @Test func `a second writer is refused as long as the first one has the file`() throws {
    let first = try DurableAppender(scratch["log"])
    let fault = #expect(throws: LinuxFault.self) { _ = try DurableAppender(scratch["log"]) }
    #expect(fault?.isInUse == true)
    #expect(fault?.reason == "another process writes to it")
    #expect(first.length == 0)
  }

  @Test func `a full disk refuses the record and is told as such`() throws {
    let fault = #expect(throws: LinuxFault.self) {
      var full = try DurableAppender("/dev/full")
      try full.append([1])
    }
    #expect(fault?.isDiskFull == true)
  }
}

@Suite("Line reader") struct LineReaderTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  func lines(_ bytes: [UInt8], limit: Int) throws -> [FileLine] {
    try Files.replace(scratch["lines"], with: bytes)
    var reader = try LineReader(scratch["lines"], lineLimit: limit)
    var lines: [FileLine] = []
    while let line = try reader.next() { lines.append(line) }
    return lines
  }

  @Test func `whole, empty, too long and torn lines are told apart with their offsets`() throws {
    let found = try lines(Array("ab\n\nabcdef\ncd".utf8), limit: 3)
    #expect(
      found == [
        FileLine(content: .whole(Array("ab".utf8)), number: 1, offset: 0),
        FileLine(content: .whole([]), number: 2, offset: 3),
        FileLine(content: .tooLong, number: 3, offset: 4),
        FileLine(content: .torn(Array("cd".utf8)), number: 4, offset: 11),
      ])
  }

  @Test(arguments: [16_383, 16_384, 16_385, 40_000])
  func `lines cross the blocks in which the file is read`(length: Int) throws {
    let line = Array(repeating: UInt8(ascii: "x"), count: length)
    let found = try lines(line + [10] + line + [10], limit: 50_000)
    #expect(found.map(\.content) == [.whole(line), .whole(line)])
    #expect(found.last?.offset == Int64(length + 1))
  }

  @Test func `an empty file has no line`() throws { #expect(try lines([], limit: 1).isEmpty) }
}

@Suite("Dropped files") struct DroppedFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `a plain file is read, a link and a pipe are not`() throws {
    try Files.create(scratch["a"], with: Array("one".utf8))
    #expect(try Files.readPlain(scratch["a"], limit: 3) == Array("one".utf8))
    #expect(throws: LinuxFault.self) { try Files.readPlain(scratch["a"], limit: 2) }
    symlink(scratch["a"], scratch["link"])
    mkfifo(scratch["pipe"], 0o600)
    for name in ["link", "pipe"] {
      let fault = #expect(throws: LinuxFault.self) {
        try Files.readPlain(scratch[name], limit: 100)
      }
      #expect(fault?.description.contains("it is no plain file") == true)
    }
  }

  @Test func `a moved file takes the place of another one`() throws {
    try Files.create(scratch["a"], with: [1])
    try Files.create(scratch["b"], with: [2])
    try Files.move(scratch["a"], to: scratch["b"])
    #expect(try Files.read(scratch["b"]) == [1])
    #expect(try Files.list(scratch.path) == ["b"])
  }

  @Test func `a directory for others has its rights whatever is masked, and keeps them`() throws {
    let before = umask(0o077)
    defer { umask(before) }
    try Files.makeOpenDirectory(scratch["d"], mode: 0o770)
    #expect(try Files.status(scratch["d"])?.mode == 0o770)
    chmod(scratch["d"], 0o700)
    try Files.makeOpenDirectory(scratch["d"], mode: 0o770)
    #expect(try Files.status(scratch["d"])?.mode == 0o700)
  }

  @Test func `users have the names of the password file`() {
    #expect(LocalUsers.name(of: 0) == "root")
    #expect(LocalUsers.name(of: 4_000_000_000) == nil)
  }
}
