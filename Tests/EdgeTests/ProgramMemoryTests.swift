// Giving back the program's own pages: what it saves, and that nobody misses them.
//
// Each in a process of its own: what a library loses would take the whole run down.

import Glibc
import LinuxEdge
import Primitives
import Synchronization
import Testing

@Suite("The memory of the program's files") struct ProgramMemoryTests {
  @Test func `is given back, and everything goes on as before`() async {
    await #expect(processExitsWith: .success) {
      let before = fileBytes()
      for _ in 0..<3 { ProgramMemory.giveBack() }
      let after = fileBytes()
      precondition(after < before * 3 / 4, "\(before) KiB before, \(after) KiB after")
      let numbers = (0..<1000).map { "\($0)" }.sorted().joined(separator: ",")
      precondition(numbers.utf8.count == 3889 && numbers.hasSuffix(",999"))
    }
  }

  @Test func `is cut once, into slices of two pages and a last one`() async {
    await #expect(processExitsWith: .success) {
      ProgramMemory.giveBack()
      let slices = mappings("libcrypto.so")
      precondition(slices.count > 100, "only \(slices.count) mappings")
      precondition(slices.allSatisfy { $0 <= 3 * 4096 }, "as long as \(slices.max() ?? 0) bytes")
      ProgramMemory.giveBack()
      precondition(mappings("libcrypto.so") == slices)
    }
  }

  /// glibc's own libnss_compat: always there, and in nobody's use.
  @Test func `is given back while another thread loads and unloads a library`() async {
    await #expect(processExitsWith: .success) {
      let loader = Loader()
      let thread = try NamedThread(name: "loader") { loader.run(times: 5000) }
      while !thread.isFinished { ProgramMemory.giveBack() }
      precondition(loader.loads.load(ordering: .relaxed) == 5000)
      _ = thread.join(until: .distantFuture)
    }
  }
}

/// Loads a library again and again.
private final class Loader: Sendable {
  let loads = Atomic<Int>(0)

  func run(times: Int) {
    for _ in 0..<times {
      guard let library = dlopen("libnss_compat.so.2", RTLD_NOW) else { return }
      dlclose(library)
      loads.wrappingAdd(1, ordering: .relaxed)
    }
  }
}

/// KiB of files that are mapped and present; 0 when the kernel does not say.
private func fileBytes() -> Int {
  let status = String(decoding: (try? Files.read("/proc/self/status")) ?? [], as: UTF8.self)
  let line = status.split(separator: "\n").first { $0.hasPrefix("RssFile:") }
  return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
}

/// The lengths in bytes of the mappings of a library's code.
private func mappings(_ library: String) -> [UInt64] {
  let text = String(
    decoding: (try? Files.read("/proc/self/maps", limit: 1 << 24)) ?? [], as: UTF8.self)
  return text.split(separator: "\n").filter { $0.contains(library) && $0.contains(" r-xp ") }
    .compactMap { line in
      let bounds = line.prefix { $0 != " " }.split(separator: "-")
      guard let first = UInt64(bounds[0], radix: 16), let end = UInt64(bounds[1], radix: 16)
      else { return nil }
      return end - first
    }
}
