// What a check finds, and the tree it looks at.

import Foundation
import Testing

/// One breach of a rule: where it is, and what to do instead.
struct Finding: CustomStringConvertible, Equatable {
  let path: String
  let line: Int
  let advice: String

  var description: String { "\(path):\(line): \(advice)" }
}

/// Reports every finding as an issue of its own, so that all are seen in one run.
func report(_ findings: [Finding]) {
  for finding in findings { Issue.record(Comment(rawValue: finding.description)) }
}

/// The package around this file.
enum Tree {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let swiftFiles: [SwiftText] = (files(under: "Sources") + files(under: "Tests"))
    .filter { $0.hasSuffix(".swift") }
    .map { SwiftText(path: $0, text: text(of: $0)) }

  static let sources = swiftFiles.filter(\.isSource)

  /// Paths relative to the root, sorted; folders whose name begins with a point are left out.
  static func files(under folder: String) -> [String] {
    let base = root.appendingPathComponent(folder).path
    guard let walker = FileManager.default.enumerator(atPath: base) else { return [] }
    var found: [String] = []
    for case let name as String in walker {
      let parts = name.split(separator: "/")
      guard !parts.contains(where: { $0.hasPrefix(".") || $0 == "__pycache__" }) else { continue }
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: "\(base)/\(name)", isDirectory: &isFolder)
      if exists, !isFolder.boolValue { found.append("\(folder)/\(name)") }
    }
    return found.sorted()
  }

  static func folders(in folder: String) -> [String] {
    let base = root.appendingPathComponent(folder).path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    return names.filter { name in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(base)/\(name)", isDirectory: &isFolder)
        && isFolder.boolValue
    }.sorted()
  }

  static func bytes(of path: String) -> [UInt8] {
    let file = root.appendingPathComponent(path)
    return (try? Data(contentsOf: file)).map { [UInt8]($0) } ?? []
  }

  static func text(of path: String) -> String { String(decoding: bytes(of: path), as: UTF8.self) }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
  }
}

/// Runs a program in the root of the package and returns its exit code and everything it said.
func run(_ program: String, _ arguments: [String]) throws -> (code: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [program] + arguments
  process.currentDirectoryURL = Tree.root
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  process.standardInput = FileHandle.nullDevice
  try process.run()
  let output = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}
