// Running the built program as people do: real processes, real files, real sockets.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

/// How one call of the program ended.
struct Run: Equatable {
  var code: Int32
  var output: String
  var errors: String
}

/// A running program whose lines on standard error can be waited for.
///
/// Started with posix_spawn and an empty signal mask: the threads of a test runner block signals,
/// and Foundation hands that mask on to its children.
final class RunningProgram {
  private let child: pid_t
  private let output: Int32
  private let errors: Int32
  private var isEnded = false
  private var errorText: [UInt8] = []

  init(_ arguments: [String], path: String = Program.path) throws {
    let (output, errors) = (try Self.pipe(), try Self.pipe())
    child = try Self.spawn([path] + arguments, output: output.write, errors: errors.write)
    (self.output, self.errors) = (output.read, errors.read)
    close(output.write)
    close(errors.write)
  }

  deinit {
    if !isEnded {
      kill(child, SIGKILL)
      waitpid(child, nil, 0)
    }
    close(output)
    close(errors)
  }

  /// Reads standard error until a line holds the text; the line, or nil when the program ended.
  func line(holding text: String) -> String? {
    while true {
      let lines = errorText.split(separator: 10, omittingEmptySubsequences: false).dropLast()
      for line in lines.map({ String(decoding: $0, as: UTF8.self) }) where line.contains(text) {
        return line
      }
      guard Self.read(errors, into: &errorText) else { return nil }
    }
  }

  /// Its number among the processes.
  var process: Int32 { child }

  /// Sends a signal.
  func signal(_ number: Int32) { kill(child, number) }

  /// Waits for the end. What the program prints on either stream must fit a socket (64 KiB).
  func end() -> Run {
    var text: [UInt8] = []
    while Self.read(errors, into: &errorText) {}
    while Self.read(output, into: &text) {}
    var status: Int32 = 0
    while waitpid(child, &status, 0) == -1, errno == EINTR {}
    isEnded = true
    // As a shell tells it: the code, or 128 and the signal.
    let code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    return Run(
      code: code, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: errorText, as: UTF8.self))
  }

  /// Appends what arrives next; false at the end.
  private static func read(_ number: Int32, into bytes: inout [UInt8]) -> Bool {
    var piece = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(number, &piece, piece.count)
      if count > 0 { bytes += piece[..<count] }
      if count == -1, errno == EINTR { continue }
      return count > 0
    }
  }

  private static func pipe() throws -> (read: Int32, write: Int32) {
    // Close-on-exec at once: a program of another test must not hold this one's end open.
    var ends: [Int32] = [0, 0]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
    return (ends[0], ends[1])
  }

  private static func spawn(_ words: [String], output: Int32, errors: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, errors, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    try #require(posix_spawn(&child, words[0], &actions, &attributes, arguments, environ) == 0)
    return child
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
