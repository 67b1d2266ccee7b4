// Words that may not stand in the code, each with what to write instead.
//
// A ban looks at words of the masked code, so texts and comments may speak of anything.

/// A word that is refused, what follows it, where it is allowed, and its replacement.
struct Ban {
  let word: String
  /// The code that must follow for the ban to hold; empty means any.
  var then: String = ""
  /// Which files are held to it.
  let scope: @Sendable (SwiftText) -> Bool
  let instead: String
}

enum Bans {
  /// Suites that start real peers, which have to wait for them.
  private static let peerSuites: Set = ["EdgeTests", "ProgramTests"]

  @Sendable private static func everywhere(_ file: SwiftText) -> Bool { true }
  @Sendable private static func sources(_ file: SwiftText) -> Bool { file.isSource }
  @Sendable private static func rooms(_ file: SwiftText) -> Bool {
    file.isSource && file.room != "takt"
  }
  @Sendable private static func pureRooms(_ file: SwiftText) -> Bool {
    file.isSource && Walls.pure.contains(file.room)
  }
  @Sendable private static func clockless(_ file: SwiftText) -> Bool {
    file.room != "LinuxEdge" && !peerSuites.contains(file.room)
  }
  /// A blocking call of libmodbus has to know how long it may still block.
  @Sendable private static func undated(_ file: SwiftText) -> Bool {
    clockless(file) && file.path != "Sources/ModbusEdge/Deadline.swift"
  }
  /// LinuxEdge wraps exit(3) for the program.
  @Sendable private static func unending(_ file: SwiftText) -> Bool {
    rooms(file) && file.room != "LinuxEdge"
  }
  /// The ring alone owns memory by hand.
  @Sendable private static func handless(_ file: SwiftText) -> Bool {
    pureRooms(file) && file.path != "Sources/Signals/Ring.swift"
  }
  /// Only tests that play a PLC's other client may write to one.
  @Sendable private static func readers(_ file: SwiftText) -> Bool {
    file.isSource || file.room != "EdgeTests"
  }

  private static let deadline =
    "return a deadline and let the thread's loop wait for it through LinuxEdge"
  private static let clock = "take `now: Instant` as an argument; only LinuxEdge reads a clock"
  private static let chance = "take a generator as an argument (`using:`)"
  private static let fault =
    "throw a typed fault for bad input; `preconditionFailure` with the state for the impossible"
  private static let tasks = "use a named thread: blocking work starves the cooperative pool"
  private static let hands = "use arrays, Span or InlineArray; Signals/Ring.swift alone owns memory"
  private static let readOnly = "Takt never writes to a PLC; read, or take the case to EdgeTests"

  static let all: [Ban] = [
    Ban(word: "sleep", then: "(", scope: clockless, instead: deadline),
    Ban(word: "usleep", then: "(", scope: clockless, instead: deadline),
    Ban(word: "nanosleep", then: "(", scope: clockless, instead: deadline),
    Ban(word: "clock_nanosleep", then: "(", scope: clockless, instead: deadline),
    Ban(word: "clock_gettime", then: "(", scope: undated, instead: clock),
    Ban(word: "gettimeofday", then: "(", scope: clockless, instead: clock),
    Ban(word: "time", then: "(nil)", scope: clockless, instead: clock),
    Ban(word: "ContinuousClock", scope: clockless, instead: clock),
    Ban(word: "SuspendingClock", scope: clockless, instead: clock),
    Ban(word: "Date", then: "()", scope: clockless, instead: clock),
    Ban(word: "Date", then: ".now", scope: clockless, instead: clock),
    Ban(word: "UUID", then: "()", scope: sources, instead: chance),
    Ban(word: "SystemRandomNumberGenerator", scope: rooms, instead: chance),
    Ban(word: "randomElement", then: "()", scope: everywhere, instead: chance),
    Ban(word: "shuffled", then: "()", scope: everywhere, instead: chance),
    Ban(word: "shuffle", then: "()", scope: everywhere, instead: chance),
    Ban(word: "try", then: "!", scope: everywhere, instead: "`try` and let the caller decide"),
    Ban(word: "as", then: "!", scope: everywhere, instead: "`as?` with a guard, or a typed enum"),
    Ban(word: "fatalError", then: "(", scope: sources, instead: fault),
    Ban(word: "exit", then: "(", scope: unending, instead: "return; the program alone ends itself"),
    Ban(word: "print", then: "(", scope: rooms, instead: "return the text; the program prints"),
    Ban(word: "debugPrint", then: "(", scope: sources, instead: "return the text"),
    Ban(word: "dump", then: "(", scope: sources, instead: "return the text"),
    Ban(word: "actor", then: " ", scope: sources, instead: tasks),
    Ban(word: "await", scope: sources, instead: tasks),
    Ban(word: "Task", then: " {", scope: sources, instead: tasks),
    Ban(word: "DispatchQueue", scope: sources, instead: tasks),
    Ban(word: "unsafe", scope: handless, instead: hands),
    Ban(word: "unchecked", scope: handless, instead: "make the type Sendable by its parts"),
    Ban(word: "unsafeBitCast", then: "(", scope: sources, instead: "convert by value"),
  ]

  static let modbusWrites: Set = [
    "modbus_mask_write_register", "modbus_write_and_read_registers", "modbus_send_raw_request",
    "modbus_send_raw_request_tid",
  ]

  static func check(_ file: SwiftText) -> [Finding] {
    let held = Dictionary(grouping: all.filter { $0.scope(file) }, by: \.word)
    var findings: [Finding] = []
    for word in file.words {
      for ban in held[word.text] ?? [] where ban.then.isEmpty || file.follows(word, ban.then) {
        // `sleep(until:)` is one of ours, with a deadline; the library's want to be awaited.
        if ban.word == "sleep", file.follows(word, "(until") { continue }
        let advice = "`\(ban.word)\(ban.then)` is not used here: \(ban.instead)"
        findings.append(Finding(path: file.path, line: word.line, advice: advice))
      }
      if handless(file), word.text.hasPrefix("Unsafe") {
        let advice = "`\(word.text)` is not used in a pure room: \(hands)"
        findings.append(Finding(path: file.path, line: word.line, advice: advice))
      }
    }
    return findings + platforms(file) + forced(file) + chance(file)
  }

  /// Nothing that could change a PLC's memory may even be named.
  static func checkModbusWrites(_ file: SwiftText) -> [Finding] {
    guard readers(file) else { return [] }
    return file.words.filter {
      $0.text.hasPrefix("modbus_write_") || modbusWrites.contains($0.text)
    }.map { Finding(path: file.path, line: $0.line, advice: "`\($0.text)`: \(readOnly)") }
  }

  private static func platforms(_ file: SwiftText) -> [Finding] {
    file.codeLines.enumerated().filter { _, line in
      let text = line.drop(while: { $0 == " " })
      return (text.hasPrefix("#if ") || text.hasPrefix("#elseif "))
        && (text.contains("os(") || text.contains("canImport("))
    }.map { index, _ in
      let advice = "no conditional platform: Takt runs on Debian 12; put the difference in an edge"
      return Finding(path: file.path, line: index + 1, advice: advice)
    }
  }

  /// Force unwraps: a name, `)` or `]` right before `!`, which is neither `!=` nor a type.
  private static func forced(_ file: SwiftText) -> [Finding] {
    guard file.isSource else { return [] }
    var findings: [Finding] = []
    var line = 1
    for index in file.code.indices {
      let byte = file.code[index]
      if byte == 10 { line += 1 }
      guard byte == UInt8(ascii: "!"), index > 0, index + 1 < file.code.count,
        file.code[index + 1] != UInt8(ascii: "=")
      else { continue }
      let previous = file.code[index - 1]
      let ended = previous == UInt8(ascii: ")") || previous == UInt8(ascii: "]")
      guard ended || SwiftText.isWordByte(previous) else { continue }
      let word = file.words.first { $0.end == index }?.text
      if word == "try" || word == "as" { continue }
      // In an edge: the buffer of an array that is not empty has an address.
      if word == "baseAddress", Walls.edges.contains(file.room) { continue }
      let advice = "a force unwrap: `guard let` and throw a typed fault"
      findings.append(Finding(path: file.path, line: line, advice: advice))
    }
    return findings
  }

  /// `random(in:)` needs `using:` on its own line or the one after it.
  private static func chance(_ file: SwiftText) -> [Finding] {
    file.words.filter { $0.text == "random" && file.follows($0, "(in:") }.filter { word in
      let near = file.codeLines[(word.line - 1)..<min(word.line + 1, file.codeLines.count)]
      return !near.contains { $0.contains("using") }
    }.map { Finding(path: file.path, line: $0.line, advice: "`random(in:)`: \(chance)") }
  }
}
