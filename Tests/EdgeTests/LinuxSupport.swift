// A directory of its own for each test of the Linux edge, gone when the test ends.

import LinuxEdge

/// A temporary directory that removes itself with everything directly in it.
final class Scratch: Sendable {
  let path: String

  init() throws {
    var random = SystemRandom()
    let root = Environment.value("TMPDIR") ?? "/tmp"
    path = root + "/takt-test-" + String(random.next(), radix: 16)
    try Files.makeDirectory(path, mode: 0o700)
  }

  deinit {
    for name in (try? Files.list(path)) ?? [] { try? Files.remove(self[name]) }
    try? Files.removeDirectory(path)
  }

  subscript(name: String) -> String { path + "/" + name }
}
