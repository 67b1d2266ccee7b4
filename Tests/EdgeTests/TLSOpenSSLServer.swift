// A receiver that is not ours: the server of OpenSSL's own command line.

import Glibc
import Testing

/// `openssl s_server` as a child process, on a port of its own choice.
final class OpenSSLServer {
  let port: UInt16
  private let child: pid_t

  /// Starts it and waits until it listens; `-www` answers a GET with a page about the connection.
  init(_ files: PeerFiles, _ options: [String]) throws {
    var ends: [Int32] = [0, 0]
    let isMade = pipe(&ends) == 0
    try #require(isMade)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let words =
      ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www"]
      + ["-cert", files.certificate, "-key", files.key] + options
    child = try Self.spawn(words, output: ends[1])
    close(ends[1])
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

  func stop() {
    kill(child, SIGKILL)
    waitpid(child, nil, 0)
  }

  private static func spawn(_ words: [String], output: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
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
