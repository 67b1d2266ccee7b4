// The checks themselves: a rule that finds nothing in planted text would hold nothing.

import Testing

/// A planted breach: what stands in which file, and a word of the advice it must bring.
struct Plant: Sendable, CustomTestStringConvertible {
  let path: String
  let text: String
  let advice: String
  var testDescription: String { "\(text.prefix { $0 != "\n" }): \(advice)" }

  init(_ text: String, _ advice: String, in path: String = "Sources/Machines/Planted.swift") {
    self.path = path
    self.text = text
    self.advice = advice
  }
}

private func check(_ path: String, _ text: String) -> [Finding] {
  let file = SwiftText(path: path, text: "// A planted file.\n\n" + text + "\n")
  return Walls.check(file) + Shape.check(file) + Bans.check(file) + Bans.checkModbusWrites(file)
    + Documents.check(file) + Documents.abstracts(file)
}

private func numbered(_ count: Int, _ line: String = "    step()") -> String {
  Array(repeating: line, count: count).joined(separator: "\n")
}

private let plants: [Plant] = [
  Plant("import Foundation", "may not import Foundation"),
  Plant("public import Glibc", "may not import Glibc"),
  Plant("@testable import Outbox", "may not import Outbox"),
  Plant("internal import Polling", "may not import Polling"),
  Plant("package import Delivery", "may not import Delivery"),
  Plant("import struct Glibc.timespec", "may not import Glibc"),
  Plant("@preconcurrency import CModbus", "may not import CModbus"),
  Plant("import Signals", "may import nothing", in: "Sources/Primitives/Planted.swift"),
  Plant("import CModbus", "may not import CModbus", in: "Sources/takt/Planted.swift"),
  Plant("import LinuxEdge", "may not import LinuxEdge", in: "Sources/SQLiteEdge/Planted.swift"),
  Plant("import SQLiteEdge", "may not import SQLiteEdge", in: "Sources/Gateway/Planted.swift"),
  Plant("let a = 1", "not in the import table", in: "Sources/Cellar/Planted.swift"),
  Plant("let a = 1 ", "blanks at the end"),
  Plant("let a = \"\(String(repeating: "a", count: 100))\"", "columns"),
  Plant(numbered(399, "let a = 1"), "split the file"),
  Plant("func long() {\n\(numbered(69))\n}", "`func long() {` has 71 lines"),
  Plant("var long: Int {\n\(numbered(70))\n}", "`var long: Int {` has 72 lines"),
  Plant("  init(\n    a: Int\n  ) {\n\(numbered(70))\n  }", "`init(` has 74 lines"),
  Plant("  deinit {\n\(numbered(70))\n  }", "deinit"),
  Plant("// TO" + "DO: later", "a reminder"),
  Plant("let a = 1  // FIX" + "ME", "a reminder"),
  Plant("#if os(Linux)\n#endif", "no conditional platform"),
  Plant("#if canImport(Glibc)\n#endif", "no conditional platform"),
  Plant("func a() { sleep(1) }", "`sleep(`"),
  Plant("func a() { Glibc.usleep(1) }", "`usleep(`"),
  Plant("func a() { Thread.sleep(forTimeInterval: 1) }", "`sleep(`"),
  Plant("func a() { sleep(1) }", "`sleep(`", in: "Tests/MachinesTests/Planted.swift"),
  Plant("let a = Date()", "`Date()`"),
  Plant("let a = Date.now", "`Date.now`"),
  Plant("let a = UUID()", "`UUID()`"),
  Plant("let a = ContinuousClock().now", "ContinuousClock"),
  Plant("let a = try! b()", "`try!`"),
  Plant("let a = try! b()", "`try!`", in: "Tests/MachinesTests/Planted.swift"),
  Plant("let a = b as! Int", "`as!`"),
  Plant("func a() { fatalError() }", "`fatalError(`"),
  Plant("func a() { print(1) }", "`print(`"),
  Plant("let a = b!", "force unwrap"),
  Plant("let a = b()!.c", "force unwrap"),
  Plant("let a = b[0]!", "force unwrap"),
  Plant("let a = unsafe b", "`unsafe`"),
  Plant("final class A: @unchecked Sendable {}", "`unchecked`"),
  Plant("let a: UnsafeRawPointer", "UnsafeRawPointer"),
  Plant("let a = Int.random(in: 0...9)", "`random(in:)`"),
  Plant("let a = b.shuffled()", "`shuffled()`"),
  Plant("func a() async { await b() }", "`await`"),
  Plant("actor A {}", "`actor "),
  Plant("func a() { modbus_write_register(b, 1, 2) }", "never writes to a PLC"),
  Plant("let a = modbus_write_bits", "never writes to a PLC", in: "Sources/ModbusEdge/P.swift"),
  Plant("let a = modbus_send_raw_request", "never writes", in: "Sources/takt/P.swift"),
  Plant("let a = modbus_mask_write_register", "never writes", in: "Tests/PollingTests/P.swift"),
  Plant("public func a() {}", "public `a` has no doc comment"),
  Plant("public struct A {}", "public `A` has no doc comment"),
  Plant("public var a: Int { 1 }", "public `a` has no doc comment"),
  Plant("public static let a = 1", "public `a` has no doc comment"),
  Plant("@inlinable\npublic mutating func a() {}", "public `a` has no doc comment"),
  Plant(
    "/// \(numbered(40, "word word").split(separator: "\n").joined(separator: " ")).\nlet a = 1",
    "a first sentence of"),
]

@Suite struct `The checks` {
  @Test(arguments: plants)
  func `find what is planted`(plant: Plant) {
    let found = check(plant.path, plant.text)
    #expect(found.contains { $0.advice.contains(plant.advice) }, "found \(found)")
  }

  @Test(arguments: [
    "let a = \"try! sleep(1) unsafe print(\\(b(\")\"))) Date()\"",
    "// sleep(1), print(x) and try! are words here",
    "/* as! /* UUID() */ b! */",
    "let a = \"\"\"\n  fatalError() \\(\"b\") \"c\" try!\n  \"\"\"",
    "let a = #\"sleep(1) \\(b) \"c\" try!\"#",
    "let a = b != c && !d",
    "let a = Int.random(in: 0...9, using: &generator)",
    "let a = Int.random(\n  in: 0...9, using: &generator)",
    "func `sleep(1) and print(2) are words`() {}",
    "protocol A {\n  func a() -> Int\n  var b: Int { get }\n}\n\(numbered(80, "let a = 1"))",
    "func short() {\n\(numbered(68))\n}",
    "let a = wakeup.sleeper(1)",
    "public import Primitives",
    "/// What it is.\n@inlinable\npublic func a() {}",
    "public init() {}",
    "  public var good: Int64",
    "public extension A {}",
    "/// The least and the most.\npublic static let floor = 1\npublic static let ceiling = 2",
    "let a = \"an unfinished string\nlet b = 1",
  ])
  func `leave good code alone`(text: String) {
    #expect(check("Sources/Machines/Planted.swift", text) == [])
  }

  @Test func `give the line of the breach`() {
    let text = "let a = 1\nlet b = \"\"\"\n  x\n  \"\"\"\nlet c = try! d()"
    #expect(check("Sources/Machines/Planted.swift", text).map(\.line) == [7])
  }

  @Test func `find an import that the package does not declare`() {
    let file = SwiftText(path: "Sources/Machines/A.swift", text: "import Signals\nimport Events\n")
    let declared: [String: Set<String>] = ["Machines": ["Signals"], "Signals": [], "Events": []]
    #expect(Package.check(file, declared: declared).map(\.line) == [2])
  }

  @Test func `want a first line that says what the file is`() {
    let file = SwiftText(path: "Sources/Machines/A.swift", text: "let a = 1\n")
    #expect(Shape.opening(file).count == 1)
  }

  @Test func `let the ring alone own memory by hand`() {
    let text = "let a = unsafe UnsafeMutablePointer<Int>(b)"
    #expect(check("Sources/Signals/Ring.swift", text) == [])
    #expect(check("Sources/Signals/Other.swift", text).count == 2)
  }

  @Test func `let edges wait and tests of edges write`() {
    #expect(check("Sources/LinuxEdge/A.swift", "func a() { nanosleep(b, nil) }") == [])
    #expect(check("Tests/EdgeTests/A.swift", "func a() { modbus_write_bit(b, 1, 1) }") == [])
  }

  @Test(arguments: [
    ("etc/gateway.key", "text"), ("a.txt", "binary \0"),
    ("a.txt", "text\n-----BEGIN EC " + "PRIVATE KEY-----\n"),
  ])
  func `find keys and binaries`(path: String, text: String) {
    #expect(House.checkTracked(path: path, bytes: Array(text.utf8)).count == 1)
  }

  @Test func `find the paths a text names`() {
    let text = "Run `scripts/demo --seconds 9`, see (etc/takt.json5) and Sources/takt/."
    #expect(House.paths(in: text) == ["scripts/demo", "etc/takt.json5", "Sources/takt"])
  }

  @Test(arguments: [
    "echo", "#!/usr/bin/env bash\necho", "#!/usr/bin/env bash\n# Says a.\necho",
    "#!/usr/bin/env bash\n# Says a.\nset -euo pipefail\necho ",
    "#!/usr/bin/env bash\n# Says a. TO" + "DO\nset -euo pipefail\necho",
  ])
  func `find loose scripts`(text: String) {
    #expect(!House.checkScript(path: "scripts/a", text: text).isEmpty)
  }

  @Test func `leave a strict script alone`() {
    let text = "#!/usr/bin/env bash\n# Says a.\nset -euo pipefail\necho a\n"
    #expect(House.checkScript(path: "scripts/a", text: text) == [])
  }
}
