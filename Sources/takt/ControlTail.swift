// The answer to "tail" on the control socket: events as they were committed.
//
//   tail <number>   {"run","last","missed","events":["the event's own bytes"]}
//   tail last <n>   the same, beginning with the last n
//
// Invariants
// - "run" is another text after each start of the gateway: numbers begin anew with it.
// - An answer holds `ControlTailLimits.bytes` at most; who gets some asks again at once.

import Gateway
import LinuxEdge
import Primitives

enum ControlTailLimits {
  static let bytes = 256 << 10
}

extension Daemon {
  func tail(after number: UInt64) -> JSONValue {
    let glance = eventTap.glance(after: number, byteLimit: ControlTailLimits.bytes)
    return [
      "run": .string(startedAt.wall.text + " " + startedAt.bootID),
      "last": .integer(Int64(clamping: glance.last)),
      "missed": .integer(Int64(clamping: glance.missed)),
      "events": .array(glance.bodies.map { .string(String(decoding: $0, as: UTF8.self)) }),
    ]
  }

  /// The same from the last few on.
  func tail(last count: UInt64) -> JSONValue {
    let last = eventTap.last
    return tail(after: last > count ? last - count : 0)
  }
}
