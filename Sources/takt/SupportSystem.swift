// The facts of the machine that a support archive tells: nothing that is not asked for by hand too.

import Glibc
import LinuxEdge
import Primitives

enum SupportSystem {
  /// The most of one file of the system.
  private static let fileBytes = 64 << 10

  private static let files = [
    "/etc/os-release", "/proc/version", "/proc/uptime", "/proc/loadavg", "/proc/meminfo",
    "/proc/mounts", "/proc/net/dev", "/proc/net/route", "/etc/resolv.conf", "/etc/timezone",
    "/sys/class/rtc/rtc0/since_epoch", "/sys/devices/virtual/dmi/id/product_name",
  ]

  /// What the system says of itself, file by file, and what was looked for and is not there.
  static func text() -> String {
    var parts = [clock, interfaces, serial]
    for path in files {
      let bytes = (try? Files.read(path, limit: fileBytes)) ?? []
      let text = String(decoding: bytes, as: UTF8.self)
      parts.append("== \(path)\n" + (text.isEmpty ? "(not to be read)\n" : text))
    }
    return parts.joined(separator: "\n")
  }

  private static var clock: String {
    let reading = SystemClock().reading()
    return "== clock\nwall \(reading.wall.text)\nquality \(reading.quality.rawValue)\n"
      + "boot \(reading.bootID)\nsince boot "
      + Human.duration(milliseconds: reading.monotonic.nanoseconds / 1_000_000) + "\n"
  }

  /// Names and whether a cable carries something, by the kernel's word.
  private static var interfaces: String {
    let directory = "/sys/class/net"
    let rows = ((try? Files.list(directory)) ?? []).map { name in
      let words = ["operstate", "speed", "duplex"].map { file in
        let bytes = (try? Files.read("\(directory)/\(name)/\(file)", limit: 64)) ?? []
        return "\(file) " + String(decoding: bytes, as: UTF8.self).filter { !$0.isNewline }
      }
      return "\(name)  " + words.joined(separator: "  ")
    }
    return "== interfaces\n" + rows.joined(separator: "\n") + "\n"
  }

  private static var serial: String {
    let directory = "/dev/serial/by-id"
    let names = (try? Files.list(directory)) ?? []
    return "== \(directory)\n" + (names.isEmpty ? "(none)" : names.joined(separator: "\n")) + "\n"
  }
}
