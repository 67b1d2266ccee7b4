// Signals as something to poll for.
//
// Invariants
// - The signals are blocked in the calling thread before the first other thread starts, so every
//   thread inherits the mask and nothing is ever interrupted by them.
// - SIGPIPE is ignored: a broken peer is an errno, not the end of the daemon.

import CLinux
import Glibc

/// A signal that the daemon answers to.
public enum ProcessSignal: Equatable, Sendable {
  /// SIGTERM: end cleanly.
  case terminate
  /// SIGINT: end cleanly (somebody typed Control-C).
  case interrupt
  /// SIGHUP: read the configuration again.
  case hangUp
}

/// Blocks SIGTERM, SIGINT and SIGHUP and delivers them as readable data. Wraps signalfd(2).
public struct SignalDescriptor: ~Copyable {
  private let source: Descriptor

  /// Call on the main thread before any other thread starts.
  public init() throws(LinuxFault) {
    signal(SIGPIPE, SIG_IGN)
    var mask = sigset_t()
    sigemptyset(&mask)
    for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&mask, number) }
    let code = pthread_sigmask(SIG_BLOCK, &mask, nil)
    guard code == 0 else { throw LinuxFault("blocking signals", code: code) }
    let number = try attempt("creating a signal descriptor") {
      signalfd(-1, &mask, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
    }
    source = Descriptor(owning: number)
  }

  /// The number to poll for reading.
  public var descriptor: Int32 { source.number }

  /// The next signal that came, or nil.
  public mutating func next() -> ProcessSignal? {
    var record = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    let number = source.number
    while (try? attemptNow("reading signals", { Glibc.read(number, &record, size) })) == size {
      switch Int32(record.ssi_signo) {
      case SIGTERM: return .terminate
      case SIGINT: return .interrupt
      case SIGHUP: return .hangUp
      default: continue
      }
    }
    return nil
  }
}

/// Ignores SIGPIPE in programs that do not wait for signals.
public func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
