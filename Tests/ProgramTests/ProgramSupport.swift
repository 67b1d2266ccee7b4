// Running the built program as people do: real processes, real files, real sockets.

import Foundation
import LinuxEdge
import Primitives

/// How one call of the program ended.
struct Run: Equatable {
  var code: Int32
  var output: String
  var errors: String
}

/// A running program whose lines on standard error can be waited for.
final class RunningProgram {
  private let process = Process()
  private let errors = Pipe()
  private let output = Pipe()
  private(set) var errorText = ""

  init(_ arguments: [String], path: String = Program.path) throws {
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardError = errors
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// Reads standard error until a line holds the text; the line, or nil when the program ended.
  func line(holding text: String) -> String? {
    while true {
      let lines = errorText.split(separator: "\n", omittingEmptySubsequences: false)
      if let line = lines.dropLast().first(where: { $0.contains(text) }) { return String(line) }
      let more = errors.fileHandleForReading.availableData
      if more.isEmpty { return nil }
      errorText += String(decoding: more, as: UTF8.self)
    }
  }

  /// Sends a signal.
  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Waits for the end. What the program prints must fit a pipe (64 KiB).
  func end() -> Run {
    let rest = errors.fileHandleForReading.readDataToEndOfFile()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    errorText += String(decoding: rest, as: UTF8.self)
    return Run(
      code: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: errorText)
  }
}

/// The built program.
enum Program {
  /// Beside the test bundle, where the package manager puts every product.
  static let path: String = {
    let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let candidates = [link ?? ""] + CommandLine.arguments
    for candidate in candidates {
      let beside = Files.directoryName(candidate) + "/takt"
      if FileManager.default.isExecutableFile(atPath: beside) { return beside }
    }
    return ".build/debug/takt"
  }()

  /// Runs the program to its end.
  static func run(_ arguments: String...) throws -> Run { try RunningProgram(arguments).end() }

  /// Runs another program to its end.
  static func call(_ path: String, _ arguments: [String]) throws -> Run {
    try RunningProgram(arguments, path: path).end()
  }
}

/// A temporary directory that removes itself with everything in it.
final class Scratch: Sendable {
  let path: String

  init() throws {
    var random = SystemRandom()
    path = NSTemporaryDirectory() + "takt-program-" + String(random.next(), radix: 16)
    try Files.makeDirectory(path, mode: 0o700)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  subscript(name: String) -> String { path + "/" + name }
}
