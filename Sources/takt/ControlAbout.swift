// The answer to "about" on the control socket: the process itself, and what its log has told.
//
//   {"version","pid","managed":bool,"watchdogMs",
//    "log":[{"code","count","ageMs","text"}]}
//
// Invariants
// - "managed" is true when a service manager listens; "watchdogMs" is its time, left out without.
// - "log" holds each code once, however often it came; a count that was held back counts as well.

import Glibc
import LinuxEdge
import Primitives

extension Daemon {
  func about() -> JSONValue {
    let notifier = ServiceNotifier()
    let now = clock.now()
    var members: [String: JSONValue] = [
      "version": .string(programVersion), "pid": .integer(Int64(getpid())),
      "managed": .bool(notifier.isConnected),
      "log": .array(
        log.seen.sorted { $0.key.rawValue < $1.key.rawValue }.map { code, seen in
          [
            "code": .string(code.name), "count": .integer(Int64(clamping: seen.count)),
            "ageMs": .integer((now - seen.lastAt).wholeMilliseconds),
            "text": .string(seen.lastText),
          ]
        }),
    ]
    if let period = notifier.watchdogPeriod {
      members["watchdogMs"] = .integer((period * 2).wholeMilliseconds)
    }
    return .object(members)
  }
}
