// A receiver that is not ours: the server of OpenSSL's own command line.

import Glibc
import Testing

/// `openssl s_server` as a child process, on a port of its own choice.
final class OpenSSLServer {
  let port: UInt16
  private let child: pid_t
  /// What it prints, and what keeps it from reading an end of its input.
  private let output: Int32
  private let input: Int32
  private var isStopped = false

  /// Starts it and waits until it listens. With `-www` it answers a GET with a page about the
  /// connection, without it prints what clients say. No files: it has no certificate.
  init(_ files: PeerFiles?, _ options: [String], isWeb: Bool = true) throws {
    var ends: [Int32] = [0, 0]
    var inputs: [Int32] = [0, 0]
    let isMade = pipe(&ends) == 0 && pipe(&inputs) == 0
    try #require(isMade)
    for end in ends + inputs { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let identity = files.map { ["-cert", $0.certificate, "-key", $0.key] } ?? ["-nocert"]
    let words =
      ["openssl", "s_server", "-accept", "127.0.0.1:0"] + (isWeb ? ["-www"] : []) + identity
    child = try Self.spawn(words + options, input: inputs[0], output: ends[1])
    close(ends[1])
    close(inputs[0])
    (output, input) = (ends[0], inputs[1])
    var text: [UInt8] = []
    var found: UInt16?
    var piece = [UInt8](repeating: 0, count: 4096)
    while found == nil {
      let count = read(ends[0], &piece, piece.count)
      guard count > 0 else { break }
      text += piece[..<count]
      // It prints "ACCEPT 127.0.0.1:41234".
      for line in text.split(separator: 10).dropLast(text.last == 10 ? 0 : 1) {
        let line = String(decoding: line, as: UTF8.self)
        guard line.hasPrefix("ACCEPT") else { continue }
        found = line.split(separator: ":").last.flatMap { UInt16($0) }
      }
    }
    guard let found else {
      kill(child, SIGKILL)
      waitpid(child, nil, 0)
      Issue.record("openssl s_server did not start: \(String(decoding: text, as: UTF8.self))")
      throw NotStarted()
    }
    port = found
  }

  private struct NotStarted: Error {}

  deinit {
    close(output)
    close(input)
  }

  func stop() {
    guard !isStopped else { return }
    isStopped = true
    kill(child, SIGKILL)
    waitpid(child, nil, 0)
  }

  /// Ends it; everything it printed since it listened.
  func stopAndTell() -> String {
    stop()
    return printed { _ in false }
  }

  /// Waits until it has printed these words; false at its end.
  func prints(_ words: String) -> Bool { printed { $0.contains(words) }.contains(words) }

  private func printed(until isEnough: (String) -> Bool) -> String {
    var text: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while !isEnough(String(decoding: text, as: UTF8.self)) {
      let count = read(output, &piece, piece.count)
      guard count > 0 else { break }
      text += piece[..<count]
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func spawn(_ words: [String], input: Int32, output: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, words[0], &actions, nil, arguments, environ)
    try #require(code == 0)
    return child
  }
}
