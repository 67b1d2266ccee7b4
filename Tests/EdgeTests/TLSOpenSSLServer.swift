// A receiver that is not ours: the server of OpenSSL's own command line.

import Foundation
import Testing

/// `openssl s_server` as a child process, on a port of its own choice.
final class OpenSSLServer {
  let port: UInt16
  private let process = Process()

  /// Starts it and waits until it listens; `-www` answers a GET with a page about the connection.
  init(_ files: PeerFiles, _ options: [String]) throws {
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www"]
      + ["-cert", files.certificate, "-key", files.key] + options
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    var text = ""
    var found: UInt16?
    while found == nil {
      let piece = output.fileHandleForReading.availableData
      guard !piece.isEmpty else { break }
      text += String(decoding: piece, as: UTF8.self)
      // It prints "ACCEPT 127.0.0.1:41234".
      for line in text.split(separator: "\n").dropLast(text.hasSuffix("\n") ? 0 : 1)
      where line.hasPrefix("ACCEPT") {
        found = line.split(separator: ":").last.flatMap { UInt16($0) }
      }
    }
    port = try #require(found, "openssl s_server did not start: \(text)")
  }

  func stop() {
    process.terminate()
    process.waitUntilExit()
  }
}
