// The rules of the house, held over every Swift source: each breach is an issue of its own.

import Foundation
import Testing

@Suite struct `The sources` {
  @Test func `import only what the table of the rooms allows`() {
    report(Tree.sources.flatMap(Walls.check))
  }

  @Test func `have the shape of the house`() {
    report(Tree.swiftFiles.flatMap(Shape.check))
  }

  @Test func `use no banned call`() {
    report(Tree.swiftFiles.flatMap(Bans.check))
  }

  @Test func `never name a function that writes to a PLC`() {
    report(Tree.swiftFiles.flatMap(Bans.checkModbusWrites))
  }

  @Test func `say what is public in one sentence`() {
    report(Tree.sources.flatMap(Documents.check))
    report(Tree.sources.flatMap(Documents.abstracts))
  }

  @Test func `are there at all`() {
    #expect(Tree.sources.count >= Walls.allowed.count)
    #expect(Tree.swiftFiles.contains { $0.path == "Tests/TidyTests/TidyTests.swift" })
  }

  @Test func `pass the formatter`() throws {
    let (code, output) = try run(
      "swift", ["format", "lint", "--strict", "-r", "Sources", "Tests", "Package.swift"])
    #expect(
      code == 0, "run `swift format -i -r Sources Tests Package.swift`\n\(output.suffix(4000))")
  }
}

@Suite struct `The rooms` {
  @Test func `are the folders of Sources`() {
    #expect(Set(Tree.folders(in: "Sources")) == Set(Walls.allowed.keys))
  }

  @Test(arguments: Walls.allowed.keys.sorted())
  func `are targets of the package`(room: String) {
    let package = Tree.text(of: "Package.swift")
    #expect(
      package.contains("room(\"\(room)\",") || package.contains("name: \"\(room)\","),
      "Package.swift has no target \(room)")
  }

  @Test(arguments: Tree.folders(in: "Tests"))
  func `have suites that are targets of the package`(suite: String) {
    // Tests/Bench is a program, not a suite.
    let package = Tree.text(of: "Package.swift")
    #expect(
      package.contains("tests(\"\(suite)\",") || package.contains("path: \"Tests/\(suite)\","),
      "Package.swift has no test target \(suite)")
  }

  /// SwiftPM builds what is declared first: an import it was not told of works by luck of order.
  @Test func `declare in the package what they import`() throws {
    let declared = try Package.dependencies()
    #expect(declared.count >= Walls.allowed.count)
    report(Tree.swiftFiles.flatMap { Package.check($0, declared: declared) })
  }

  @Test func `never import in a circle`() {
    var left = Walls.allowed.mapValues { $0.intersection(Walls.allowed.keys) }
    while let free = left.first(where: { $0.value.isEmpty })?.key {
      left[free] = nil
      for room in left.keys { left[room]?.remove(free) }
    }
    #expect(left.isEmpty, "a circle through \(left.keys.sorted())")
  }
}

/// The manifest as SwiftPM reads it.
enum Package {
  /// Every target with the targets it declares to depend on.
  static func dependencies() throws -> [String: Set<String>] {
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent(
      "takt-tidy-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    // A scratch folder of its own: the other one may be locked by the run that started this test.
    let (code, output) = try run(
      "swift", ["package", "--scratch-path", scratch.path, "dump-package"])
    guard code == 0, let start = output.firstIndex(of: "{") else { return [:] }
    let manifest = try JSONDecoder().decode(Manifest.self, from: Data(output[start...].utf8))
    return Dictionary(uniqueKeysWithValues: manifest.targets.map { ($0.name, $0.names) })
  }

  static func check(_ file: SwiftText, declared: [String: Set<String>]) -> [Finding] {
    guard let known = declared[file.room] else { return [] }
    return Walls.imports(in: file).filter { module, _ in
      declared[module] != nil && !known.contains(module)
    }.map { module, line in
      let advice = "\(file.room) imports \(module), which Package.swift does not tell: add it there"
      return Finding(path: file.path, line: line, advice: advice)
    }
  }

  private struct Manifest: Decodable {
    let targets: [Target]
  }

  private struct Target: Decodable {
    let name: String
    let dependencies: [[String: [String?]?]]

    var names: Set<String> {
      Set(dependencies.compactMap { $0["byName"]??.first ?? nil })
    }
  }
}
