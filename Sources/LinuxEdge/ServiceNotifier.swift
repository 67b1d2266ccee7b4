// Telling systemd how the service is: ready, alive, stopping (sd_notify(3), without its library).
//
// Invariants
// - Without NOTIFY_SOCKET in the environment every call does nothing.
// - Telling never waits and never fails the caller: a full socket loses the message, and the next
//   watchdog ping comes in half a period.

import CLinux
import Glibc

/// Speaks to the service manager. Wraps sendto(2) on a unix(7) datagram socket.
public struct ServiceNotifier: ~Copyable {
  private let socket: Descriptor?
  private let address: String
  /// How often to ping: half of the time systemd allows; nil when no watchdog is set.
  public let watchdogPeriod: Duration?

  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment given.
  public init(environment: (String) -> String? = Environment.value) {
    let name = environment("NOTIFY_SOCKET") ?? ""
    let isUsable = name.hasPrefix("/") || name.hasPrefix("@")
    socket =
      isUsable ? try? UnixAddress.socket(SOCK_DGRAM, flags: SOCK_NONBLOCK.rawValue) : nil
    address = name
    let owner = environment("WATCHDOG_PID").flatMap(Int32.init)
    let isOurs = owner == nil || owner == getpid()
    watchdogPeriod =
      isOurs
      ? environment("WATCHDOG_USEC").flatMap(Int64.init).flatMap {
        $0 > 0 ? .microseconds($0 / 2) : nil
      } : nil
  }

  public var isConnected: Bool { socket != nil }

  /// The service does its work.
  public func ready() { send("READY=1") }
  /// The service reads its configuration again; `ready` says that it is done. The time is that of
  /// clock_gettime(3) CLOCK_MONOTONIC, by which systemd 253 and later tell which reload is meant.
  public func reloading() {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let microseconds = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
  }

  /// Every thread has moved since the last ping.
  public func alive() { send("WATCHDOG=1") }
  /// Something hangs for good: the watchdog is to act as if it had waited in vain.
  public func trigger() { send("WATCHDOG=trigger") }
  /// The service ends on request.
  public func stopping() { send("STOPPING=1") }
  /// One line for `systemctl status`.
  public func status(_ text: String) {
    send("STATUS=" + text.split(separator: "\n").joined(separator: " "))
  }

  private func send(_ message: String) {
    switch socket {
    case .some(let socket): post(message, through: socket.number)
    case .none: return
    }
  }

  private func post(_ message: String, through number: Int32) {
    let bytes = Array(message.utf8)
    _ = try? UnixAddress.with(address, "telling the service manager") { target, size in
      sendto(number, bytes, bytes.count, Int32(MSG_NOSIGNAL), target, size)
    }
  }
}

/// The environment of this process.
public enum Environment {
  /// The value of a variable, nil when it is not set. Wraps getenv(3).
  public static func value(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}
