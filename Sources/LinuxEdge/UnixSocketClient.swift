// The asking side of the control socket.

import CLinux
import Glibc
public import Primitives

/// Asks a local daemon one question.
public enum UnixSocketClient {
  /// Sends a line and returns all that comes back before the peer closes; bounded in size and time.
  public static func ask(
    path: String, line: String, until deadline: Instant,
    limit: Int = LinuxLimits.controlAnswerBytes
  ) throws(LinuxFault) -> [UInt8] {
    let operation = "asking the daemon at \(path)"
    let socket = try UnixAddress.socket(SOCK_STREAM, flags: SOCK_NONBLOCK.rawValue)
    try UnixAddress.with(path, operation) { connect(socket.number, $0, $1) }
    var question = Array(line.utf8)[...] + [10]
    var answer: [UInt8] = []
    while true {
      var set = PollSet()
      set.add(socket.number, reading: true, writing: !question.isEmpty)
      guard set.wait(until: deadline) > 0 else {
        throw LinuxFault(operation, reason: "no answer in time; is the daemon overloaded?")
      }
      if !question.isEmpty { question = question.dropFirst(try socket.write(question)) }
      switch try socket.read() {
      case .notNow: continue
      case .end: return answer
      case .bytes(let bytes): answer.append(contentsOf: bytes)
      }
      guard answer.count <= limit else {
        throw LinuxFault(operation, reason: "the answer is larger than \(limit) bytes")
      }
    }
  }
}

extension LinuxFault {
  /// Nobody listens: there is no socket, or its owner is gone.
  public var isNobodyThere: Bool { code == ENOENT || code == ECONNREFUSED }

  /// Somebody listened and left without an answer.
  public var isCutOff: Bool { code == ECONNRESET || code == EPIPE }
}
