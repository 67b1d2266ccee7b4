// How a system call fails, and the one place where errno is read.
//
// Invariants
// - errno is read right after the call, in `attempt` and nowhere else.
// - EINTR never leaves `attempt`: the call is repeated.
// - EBADF and EFAULT mean that this program handed over a wrong descriptor or pointer: they trap,
//   because going on with a stranger's descriptor would write into the wrong file.

import CLinux
import Glibc

/// Why a call to the operating system did not do what it was asked.
public struct LinuxFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was attempted on which object: "opening /etc/takt/takt.json5".
  public var operation: String
  /// The errno; 0 when the reason is not one of the system's.
  public var code: Int32
  /// The reason in words, with what to do where that is known.
  public var reason: String

  public init(_ operation: String, code: Int32) {
    self.operation = operation
    self.code = code
    reason = Self.reason(code)
  }

  public init(_ operation: String, reason: String) {
    self.operation = operation
    self.code = 0
    self.reason = reason
  }

  public var description: String { "\(operation): \(reason)" }

  public var isMissing: Bool { code == ENOENT }
  public var isDenied: Bool { code == EACCES || code == EPERM }
  public var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }
  public var isInUse: Bool { code == EADDRINUSE || code == EAGAIN }

  private static func reason(_ code: Int32) -> String {
    let text = String(cString: takt_error_text(code))
    let name = String(cString: takt_error_name(code))
    let first = text.prefix(1).lowercased() + text.dropFirst()
    return first + advice(code) + " (\(name))"
  }

  private static func advice(_ code: Int32) -> String {
    switch code {
    case EACCES, EPERM: "; check the owner and the mode"
    case ENOSPC, EDQUOT: "; free some space"
    case EADDRINUSE: "; another program listens there"
    case EADDRNOTAVAIL: "; this machine does not have that address"
    case EMFILE, ENFILE: "; raise LimitNOFILE"
    case EROFS: "; the file system is mounted read-only"
    default: ""
    }
  }
}

/// Calls until it is not interrupted, and turns -1 into a fault with its errno.
@discardableResult
func attempt<Result: BinaryInteger>(
  _ operation: @autoclosure () -> String, _ call: () -> Result
) throws(LinuxFault) -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    let code = errno
    if code == EINTR { continue }
    precondition(code != EBADF && code != EFAULT, "a system call got a wrong descriptor or pointer")
    throw LinuxFault(operation(), code: code)
  }
}

/// The same for calls that a non-blocking descriptor may put off: nil for "not now".
func attemptNow<Result: BinaryInteger>(
  _ operation: @autoclosure () -> String, _ call: () -> Result
) throws(LinuxFault) -> Result? {
  do {
    return try attempt(operation(), call)
  } catch {
    if error.code == EAGAIN || error.code == EWOULDBLOCK || error.code == EINPROGRESS {
      return nil
    }
    throw error
  }
}
