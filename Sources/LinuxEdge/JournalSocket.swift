// journald's own socket: a line of the log with fields beside it (systemd's "native protocol").
//
// Invariants
// - Sending never waits: a journal that is behind loses the line, and the caller is told.
// - A value may hold any bytes: one with a line feed goes with its length before it.
// - Nothing here is needed: without the socket the caller writes to standard error.

import CLinux
import Glibc

/// Whether standard error is the journal's own stream.
public enum JournalStream {
  /// JOURNAL_STREAM names device and inode of the stream; another one was redirected (see
  /// systemd.exec(5)).
  public static func isStandardError(
    environment: (String) -> String? = Environment.value, descriptor: Int32 = 2
  ) -> Bool {
    guard let words = environment("JOURNAL_STREAM")?.split(separator: ":"), words.count == 2 else {
      return false
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return false }
    return UInt64(words[0]) == UInt64(status.st_dev) && UInt64(words[1]) == UInt64(status.st_ino)
  }
}

/// Sends lines to journald. Wraps sendto(2) on a unix(7) datagram socket.
public final class JournalSocket: Sendable {
  public static let defaultPath = "/run/systemd/journal/socket"

  /// What became of a line.
  public enum Outcome: Equatable, Sendable {
    case sent
    /// The journal is behind; the line is lost.
    case full
    /// Nobody is there, or the line is too long for it.
    case unusable
  }

  private let socket: Descriptor
  private let path: String

  /// Nil when no socket can be made at all; whether somebody listens shows when sending.
  public init?(path: String = defaultPath) {
    do throws(LinuxFault) {
      socket = try UnixAddress.socket(SOCK_DGRAM, flags: SOCK_NONBLOCK.rawValue)
    } catch {
      return nil
    }
    self.path = path
  }

  /// Sends one line; names are letters, digits and underscores, "MESSAGE" and "PRIORITY" first.
  public func send(_ fields: [(name: String, value: String)]) -> Outcome {
    let bytes = Self.encode(fields)
    let number = socket.number
    do throws(LinuxFault) {
      try UnixAddress.with(path, "writing to the journal") { target, size in
        sendto(number, bytes, bytes.count, Int32(MSG_NOSIGNAL), target, size)
      }
      return .sent
    } catch {
      return error.code == EAGAIN || error.code == ENOBUFS ? .full : .unusable
    }
  }

  /// The bytes of one line.
  static func encode(_ fields: [(name: String, value: String)]) -> [UInt8] {
    var bytes: [UInt8] = []
    for field in fields {
      let value = Array(field.value.utf8)
      bytes += field.name.utf8
      if value.contains(10) {
        bytes.append(10)
        for shift in stride(from: 0, to: 64, by: 8) {
          bytes.append(UInt8(truncatingIfNeeded: value.count >> shift))
        }
      } else {
        bytes.append(UInt8(ascii: "="))
      }
      bytes += value
      bytes.append(10)
    }
    return bytes
  }
}
