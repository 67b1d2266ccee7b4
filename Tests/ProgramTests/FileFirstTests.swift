// Files are all that the gateway needs, and a document is all that it tells: no window into it has
// to be kept alive by anybody (F24).

import Foundation
import Glibc
import Primitives
import Testing

@Suite("File first") struct FileFirstTests {
  /// Inodes of the sockets that a process has open.
  private func sockets(of pid: pid_t) throws -> Set<String> {
    let folder = "/proc/\(pid)/fd"
    let links = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + $0)
    }
    return Set(
      links.filter { $0.hasPrefix("socket:[") }.map { String($0.dropFirst(8).dropLast()) })
  }

  /// Inodes of the sockets of this machine that wait for somebody from the network.
  private func listeners() throws -> Set<String> {
    var found: Set<String> = []
    for table in ["tcp", "tcp6"] {
      let text = try String(contentsOfFile: "/proc/net/" + table, encoding: .utf8)
      for line in text.split(separator: "\n").dropFirst() {
        let fields = line.split(separator: " ")
        // 0A is TCP_LISTEN (include/net/tcp_states.h).
        if fields.count > 9, fields[3] == "0A" { found.insert(String(fields[9])) }
      }
    }
    return found
  }

  @Test func `F24: runs from files, opens no port, and tells everything in one document`() throws {
    let site = try RunSite()
    // Nobody asks anything on a terminal: standard input is empty, the rest are pipes.
    let gateway = try site.startGateway()
    try site.wait { $0.machineState == "running" && $0.polls > 2 }
    let own = try sockets(of: gateway.process)
    #expect(!own.isEmpty)
    // A port of ours must be seen, or the test would prove nothing.
    #expect(try !listeners().isDisjoint(with: sockets(of: getpid())))
    #expect(try listeners().isDisjoint(with: own), "the gateway waits on a network port")

    let run = try Program.run("status", "--json", "--socket", site.scratch["takt.sock"])
    let status = try JSONValue(parsing: Array(run.output.utf8))
    for part in ["gateway", "clock", "machines", "buses", "uplinks", "journal", "memory"] {
      #expect(status[part] != nil, "\(part) is not in --json")
    }
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
  }
}
