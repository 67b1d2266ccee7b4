// A box without a battery-backed clock and its secured devices: 1970 is no reason to lose a line.

import Glibc
import LinuxEdge
import ModbusEdge
import Polling
import Primitives
import Testing

@testable import OpenSSLEdge
@testable import takt

@Suite("Modbus over TLS: an unset clock") struct ModbusTLSFloorTests {
  /// Boots into 1970, as nothing has set it.
  private struct BootClock: Clock {
    func now() -> Instant { SystemClock().now() }
    func reading() -> ClockReading {
      ClockReading(
        monotonic: now(), wall: WallTime(milliseconds: 1000), quality: .held, bootID: "b")
    }
  }

  private func opening(_ plant: Plant, _ port: UInt16, _ floor: TimeFloor?) -> BusFault? {
    let dial = SecureDial(
      host: "127.0.0.1", port: port,
      identity: TLSIdentity(
        caFile: plant.caFile, certificateFile: nil, keyFile: nil, serverName: "mes.example"),
      clock: BootClock(), floor: floor)
    var bus = ModbusTCPBus(host: "127.0.0.1", port: 0, through: dial)
    defer { bus.close() }
    return bus.opening()
  }

  @Test func `F40, F55: a device is verified at the newest time that is known, and never earlier`()
    throws
  {
    let plant = try Plant()
    let device = try ServerPeer { _ in .memory(ModbusMemory()) }
    let front = try TLSFront(plant.server(), before: device.port)
    let without = try #require(opening(plant, front.port, nil))
    #expect(without.sentence.contains("not valid"), "\(without.sentence)")
    let now = SystemClock().reading().wall
    #expect(opening(plant, front.port, TimeFloor(now)) == nil)
    // Evidence that lies behind its end is believed as well.
    let later = TimeFloor(WallTime(milliseconds: now.milliseconds + 1000 * 86_400_000))
    #expect(opening(plant, front.port, later)?.sentence.contains("expired") == true)
  }
}
