// Processes of the bench: `takt run` and its peers, with what /proc says of them.

import CAnchors
import Glibc
import LinuxEdge
import Primitives

/// A running program, ended with its handle.
final class Child {
  let id: Int32
  /// When it was started (anchor_now).
  let startedAt: Int64
  private(set) var hasEnded = false

  /// Starts a program with its output appended to a file; nil when it cannot be started.
  init?(_ arguments: [String], output: String) {
    var pointers: [UnsafePointer<CChar>?] = arguments.map { UnsafePointer(strdup($0)) }
    pointers.append(nil)
    startedAt = anchor_now()
    id = anchor_spawn(&pointers, output)
    for pointer in pointers { free(UnsafeMutableRawPointer(mutating: pointer)) }
    if id <= 0 { return nil }
  }

  deinit { if !hasEnded { _ = end(SIGKILL) } }

  /// Sends a signal and waits for the end at most ten seconds; nanoseconds it took, nil if never.
  func end(_ signal: Int32 = SIGTERM) -> Int64? {
    let began = anchor_now()
    kill(id, signal)
    guard wait(seconds: 10) else {
      kill(id, SIGKILL)
      _ = wait(seconds: 10)
      return nil
    }
    return anchor_now() - began
  }

  /// Waits until it has ended by itself.
  func wait(seconds: Double) -> Bool {
    let deadline = anchor_now() + Int64(seconds * 1e9)
    while !hasEnded, anchor_now() < deadline {
      hasEnded = waitpid(id, nil, WNOHANG) != 0
      if !hasEnded { pause(0.001) }
    }
    return hasEnded
  }

  /// Resident and proportional megabytes (/proc/PID/smaps_rollup).
  var memory: (resident: Double, proportional: Double) {
    var figures: (Double, Double) = (.nan, .nan)
    for line in proc("smaps_rollup").split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 1, let kilobytes = Double(words[1]) else { continue }
      if words[0] == "Rss:" { figures.0 = kilobytes * 1024 / 1e6 }
      if words[0] == "Pss:" { figures.1 = kilobytes * 1024 / 1e6 }
    }
    return figures
  }

  /// Megabytes that are its own alone (Private_Dirty), without files that are mapped.
  var privateMegabytes: Double {
    for line in proc("smaps_rollup").split(separator: "\n") where line.hasPrefix("Private_Dirty:") {
      let words = line.split(separator: " ")
      return (words.count > 1 ? Double(words[1]) ?? .nan : .nan) * 1024 / 1e6
    }
    return .nan
  }

  /// Bytes that it has caused to be written to disks (/proc/PID/io).
  var writtenBytes: Double {
    for line in proc("io").split(separator: "\n") where line.hasPrefix("write_bytes:") {
      return line.split(separator: " ").last.flatMap { Double($0) } ?? .nan
    }
    return .nan
  }

  /// Seconds of processor time, user and system (/proc/PID/stat).
  var processorSeconds: Double {
    let text = proc("stat")
    guard let end = text.lastIndex(of: ")") else { return .nan }
    let fields = text[end...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
      return .nan
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private func proc(_ name: String) -> String {
    String(decoding: (try? Files.read("/proc/\(id)/\(name)")) ?? [], as: UTF8.self)
  }
}

/// Lets time pass: a bench watches processes that live in real time.
func pause(_ seconds: Double) {
  var nothing = PollSet()
  nothing.wait(until: SystemClock().now() + .nanoseconds(Int64(seconds * 1e9)))
}
