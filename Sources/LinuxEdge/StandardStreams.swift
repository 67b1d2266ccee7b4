// Standard output and standard error, unbuffered: a line is out when the call returns.

import Glibc

/// Where a program writes for people.
public enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// Writes a text and a line feed; a reader that has gone away is no fault.
  public func line(_ text: String) { write(Array((text + "\n").utf8)) }

  /// Writes bytes as they are.
  public func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || errno != EINTR {
        return
      }
    }
  }

  /// Whether a person looks at it. Wraps isatty(3).
  public var isTerminal: Bool { isatty(rawValue) == 1 }
}

/// Ends the process with a code, its buffered output written. Wraps _exit(2).
///
/// Not exit(3): that lets OpenSSL tear itself down under threads that still use it, and of eight
/// starts that were refused because of their journal one died of a fault instead (measured).
public func endProcess(_ code: Int32) -> Never {
  fflush(nil)
  _exit(code)
}
