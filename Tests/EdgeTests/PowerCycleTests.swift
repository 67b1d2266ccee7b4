// F12: devices that lose their power. After each time the link is back at the next try, and
// nothing is left over: no socket, no thread.
//
// Each run has a process of its own, where nobody else opens descriptors.

import Glibc
import LinuxEdge
import ModbusEdge
import Polling
import Primitives
import Testing

private let memory = ModbusMemory(holding: .init([1000, 1001]))
private let cycles = 50

@Suite("Power cycles") struct PowerCycleTests {
  @Test func `F12: TCP is back after each of 50 power cycles, and nothing is lost`() async {
    await #expect(processExitsWith: .success) {
      let device = try ServerPeer(host: "127.0.0.20") { _ in .memory(memory) }
      var bus = ModbusTCPBus(host: "127.0.0.20", port: device.port)
      try cycle(&bus) { isOn in
        device.perform { if isOn { try? $0.switchOn() } else { $0.switchOff() } }
      }
      device.stop()
    }
  }

  @Test func `F12: TLS is back after each of 50 power cycles, and nothing is lost`() async {
    await #expect(processExitsWith: .success) {
      let plant = try Plant()
      let device = try ServerPeer { _ in .memory(memory) }
      let front = try TLSFront(
        plant.server(), before: device.port, clientCA: plant.caFile, host: "127.0.0.21")
      var bus = try plant.bus(front.port, as: plant.client(), host: "127.0.0.21")
      try cycle(&bus) { isOn in
        front.perform(isOn ? .on : .off)
        // The peer behind notices its lost clients one by one.
        if !isOn { device.perform { $0.dropClients() } }
      }
      front.stop()
      device.stop()
    }
  }
}

/// Traps when a cycle does not come back or something is left over.
private func cycle(_ bus: inout ModbusTCPBus, _ power: (_ isOn: Bool) -> Void) throws {
  var before: Leftovers?
  for number in 1...cycles {
    try bus.open(timeout: .seconds(20))
    precondition(bus.reading() == .success([1000, 1001]), "cycle \(number)")
    power(false)
    precondition(bus.reading().isBroken, "cycle \(number): a device without power has answered")
    for _ in 0..<3 {
      guard case .unreachable = bus.opening() else {
        preconditionFailure("cycle \(number): a device without power has accepted")
      }
    }
    let now = Leftovers.count()
    before = before ?? now
    precondition(before == now, "cycle \(number): \(now) instead of \(before ?? now)")
    power(true)
  }
}

/// What a link may have left open while it is closed.
private struct Leftovers: Equatable {
  /// Sockets alone: the runtime opens descriptors of its own when it likes.
  var sockets: Int
  /// Threads that pump.
  var tunnels: Int

  static func count() -> Leftovers {
    let sockets = (0..<1024).count { number in
      var status = stat()
      return fstat(Int32(number), &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }
    let tasks = (try? Files.list("/proc/self/task")) ?? []
    let tunnels = tasks.count { task in
      let name = (try? Files.read("/proc/self/task/\(task)/comm", limit: 64)) ?? []
      return name.starts(with: Array("tls ".utf8))
    }
    return Leftovers(sockets: sockets, tunnels: tunnels)
  }
}
