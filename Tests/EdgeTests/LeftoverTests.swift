// What failing costs: after thousands of links that could not be opened, no descriptor and no
// thread is left over.
//
// Each in a process of its own, where nobody else opens anything.

import Glibc
import LinuxEdge
import ModbusEdge
import OpenSSLEdge
import Polling
import Primitives
import Testing

@testable import takt

@Suite("Failing links") struct LeftoverTests {
  @Test func `leave nothing behind when 10,000 connections are refused`() async {
    await #expect(processExitsWith: .success) {
      let listener = listen(backlog: 1)
      let port = boundPort(listener)
      close(listener)
      var bus = ModbusTCPBus(host: "127.0.0.1", port: port)
      var line = ModbusRTUBus(host: "127.0.0.1", port: port, behind: SerialSpeed())
      expectNothingLeft(after: 10_000) {
        guard case .unreachable? = bus.opening() else { preconditionFailure("opened") }
        precondition((try? line.open(timeout: .seconds(5))) == nil)
      }
    }
  }

  @Test func `leave nothing behind when 10,000 times there is no port, or none that is serial`()
    async
  {
    await #expect(processExitsWith: .success) {
      var gone = ModbusRTUBus(serial: SerialLine(path: freshName()))
      var file = ModbusRTUBus(serial: SerialLine(path: "/dev/null"))
      let terminal = Terminal()
      // A baud rate that a pseudo terminal takes and no line has: refused after it was opened.
      var odd = ModbusRTUBus(
        serial: SerialLine(path: terminal.path, direction: .kernel))
      expectNothingLeft(after: 10_000) {
        precondition((try? gone.open(timeout: .seconds(5))) == nil)
        precondition((try? file.open(timeout: .seconds(5))) == nil)
        precondition((try? odd.open(timeout: .seconds(5))) == nil)
      }
    }
  }

  @Test func `leave nothing behind when 1000 handshakes fail, and names lead nowhere`() async {
    await #expect(processExitsWith: .success) {
      let plant = try Plant()
      let stranger = try Plant()
      let device = try ServerPeer { _ in .silent }
      let front = try TLSFront(stranger.server(), before: device.port)
      var bus = plant.bus(front.port)
      expectNothingLeft(after: 1000) {
        guard case .unreachable? = bus.opening() else { preconditionFailure("opened") }
      }
    }
  }
}

/// Traps when descriptors or threads are more after the tries than after the first few.
private func expectNothingLeft(after count: Int, _ attempt: () -> Void) {
  for _ in 0..<20 { attempt() }
  let before = leftovers()
  for _ in 0..<count { attempt() }
  // Half a dozen of each: the peers' and the runtime's own come and go.
  let after = leftovers()
  precondition(
    after.descriptors <= before.descriptors + 6 && after.threads <= before.threads + 6,
    "\(before), then \(after)")
}

private func leftovers() -> (descriptors: Int, threads: Int) {
  let descriptors = (0..<1024).count { fcntl(Int32($0), F_GETFD) >= 0 }
  return (descriptors, (try? Files.list("/proc/self/task").count) ?? 0)
}
