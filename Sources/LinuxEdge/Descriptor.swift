// One file descriptor, one owner.
//
// Invariants
// - Whoever holds a `Descriptor` owns the number; `deinit` closes it exactly once.
// - Every descriptor of this room is close-on-exec from birth.
// - A result of close(2) that matters (files) is preceded by fdatasync(2), so `deinit` may ignore it.

import Glibc

/// The owner of one file descriptor.
public struct Descriptor: ~Copyable, Sendable {
  /// The number, for poll(2) and for libraries that borrow it.
  public let number: Int32

  /// Takes over an open descriptor.
  public init(owning number: Int32) { self.number = number }

  deinit { _ = close(number) }

  /// Gives the number away without closing it.
  public consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }
}

/// What one read from a non-blocking descriptor gave.
public enum ReadResult: Equatable, Sendable {
  case bytes([UInt8])
  /// Nothing there yet.
  case notNow
  /// The peer has said its last.
  case end
}

extension Descriptor {
  /// Reads what is there, at most `limit` bytes. Wraps read(2).
  public func read(limit: Int = LinuxLimits.readBytes) throws(LinuxFault) -> ReadResult {
    let number = number
    var outcome: Int? = 0
    var fault: LinuxFault?
    let bytes = [UInt8](unsafeUninitializedCapacity: max(1, limit)) { buffer, count in
      do throws(LinuxFault) {
        outcome = try attemptNow("reading a descriptor") {
          Glibc.read(number, buffer.baseAddress, buffer.count)
        }
        count = max(0, outcome ?? 0)
      } catch {
        fault = error
      }
    }
    if let fault { throw fault }
    guard let outcome else { return .notNow }
    return outcome == 0 ? .end : .bytes(bytes)
  }

  /// Writes what fits now and tells how many bytes did; 0 for none. Wraps send(2) or write(2).
  public func write(_ bytes: ArraySlice<UInt8>) throws(LinuxFault) -> Int {
    let number = number
    guard !bytes.isEmpty else { return 0 }
    var result: Result<Int?, LinuxFault> = .success(0)
    bytes.withUnsafeBytes { buffer in
      do throws(LinuxFault) {
        result = .success(
          try attemptNow("writing a descriptor") {
            Glibc.write(number, buffer.baseAddress, buffer.count)
          })
      } catch {
        result = .failure(error)
      }
    }
    return try result.get() ?? 0
  }

  /// Writes everything to a blocking descriptor.
  public func writeAll(_ bytes: [UInt8], _ operation: String) throws(LinuxFault) {
    var rest = bytes[...]
    while !rest.isEmpty {
      do throws(LinuxFault) {
        let count = try write(rest)
        guard count > 0 else { throw LinuxFault(operation, reason: "nothing was written") }
        rest = rest.dropFirst(count)
      } catch {
        throw error.code == 0 ? error : LinuxFault(operation, code: error.code)
      }
    }
  }
}
