// The walls between the rooms: who may import whom. SwiftPM does not hold them, because an
// undeclared import of something linked anyway compiles; this table does.

/// The import table, and the check that holds the sources to it.
enum Walls {
  static let deciding = [
    "Primitives", "Signals", "Machines", "Events", "Polling", "Outbox", "Delivery",
  ]
  static let edges = ["ModbusEdge", "SQLiteEdge", "OpenSSLEdge", "LinuxEdge"]
  /// Rooms that decide or describe, and may not touch memory by hand, a clock or the world.
  static let pure = deciding + ["Settings", "Gateway", "Simulation"]

  static let allowed: [String: Set<String>] = [
    "Primitives": [],
    "Signals": ["Primitives", "Synchronization"],
    "Machines": ["Primitives", "Signals"],
    "Events": ["Primitives", "Signals", "Machines"],
    "Polling": ["Primitives", "Signals"],
    "Outbox": ["Primitives", "Events"],
    "Delivery": ["Primitives", "Outbox"],
    "Settings": Set(deciding),
    // Synchronization: a name lookup has no deadline, so it runs beside the thread of the bus.
    "ModbusEdge": ["Primitives", "Polling", "CModbus", "Glibc", "Synchronization"],
    "SQLiteEdge": ["Primitives", "Outbox", "CSQLite", "Glibc"],
    // Synchronization: a tunnel is pumped beside the thread of the bus, which asks why it ended.
    "OpenSSLEdge": ["Primitives", "Events", "Delivery", "COpenSSL", "Glibc", "Synchronization"],
    // Synchronization: a thread is joined or detached once, by whoever lets go of it.
    "LinuxEdge": ["Primitives", "CLinux", "Glibc", "Synchronization"],
    "Gateway": Set(deciding + ["Synchronization"]),
    // Synchronization: a virtual clock is shared as the real one is.
    "Simulation": Set(deciding + ["Gateway", "Synchronization"]),
    "takt": Set(
      deciding + edges + ["Settings", "Gateway", "Simulation", "Glibc", "Synchronization"]),
  ]

  /// The modules a file imports, with their lines; attributes, access levels and kinds are seen
  /// through ("public import", "@testable import", "import struct Glibc.timespec").
  static func imports(in file: SwiftText) -> [(module: String, line: Int)] {
    let kinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    return file.words.indices.compactMap { index in
      let word = file.words[index]
      guard word.text == "import", index + 1 < file.words.count else { return nil }
      var next = file.words[index + 1]
      if kinds.contains(next.text), index + 2 < file.words.count { next = file.words[index + 2] }
      return next.line == word.line ? (next.text, word.line) : nil
    }
  }

  static func check(_ file: SwiftText) -> [Finding] {
    guard file.isSource else { return [] }
    guard let allowed = allowed[file.room] else {
      let advice = "room \(file.room) is not in the import table: add it to Walls.allowed"
      return [Finding(path: file.path, line: 1, advice: advice)]
    }
    return imports(in: file).filter { !allowed.contains($0.module) }.map { module, line in
      let list = allowed.isEmpty ? "nothing" : allowed.sorted().joined(separator: ", ")
      let advice =
        "\(file.room) may not import \(module): it may import \(list); "
        + "move the code to the room that knows \(module), or pass a value through a port"
      return Finding(path: file.path, line: line, advice: advice)
    }
  }
}
