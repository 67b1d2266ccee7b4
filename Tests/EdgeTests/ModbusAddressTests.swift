// Where a Modbus link leads: IPv4, IPv6, host names, and names with more than one address, of which
// one refuses or swallows everything.

import Glibc
import ModbusEdge
import Polling
import Primitives
import Testing

private let memory = ModbusMemory(holding: .init([11, 22]))

private func hasIPv6() -> Bool { (try? ModbusServer(host: "::1", port: 0)) != nil }

@Suite struct ModbusAddressTests {
  @Test(.enabled(if: hasIPv6()), arguments: ["::1", "localhost"])
  func `a device at an IPv6 address is reached by address and by name`(_ host: String) throws {
    let device = try ServerPeer(host: "::1") { _ in .memory(memory) }
    var bus = ModbusTCPBus(host: host, port: device.port)
    let fault = bus.opening()
    // Where the name stands for 127.0.0.1 alone, nobody listens there.
    if host == "localhost", case .unreachable(let sentence) = fault {
      #expect(sentence == "connecting to localhost:\(device.port): connection refused")
    } else {
      #expect(fault == nil)
      #expect(bus.reading() == .success([11, 22]))
    }
    bus.close()
    device.stop()
  }

  @Test(.enabled(if: hasIPv6()))
  func `an IPv6 address is written so that its port can be told`() {
    var bus = ModbusTCPBus(host: "::1", port: 1)
    #expect(bus.opening()?.sentence == "connecting to [::1]:1: connection refused")
  }

  @Test(arguments: ["127.0.0.1", "localhost"])
  func `F55: the certificate is for what was dialled unless a name is given`(
    _ host: String
  ) throws {
    let plant = try Plant()
    let device = try ServerPeer { _ in .memory(memory) }
    let front = try TLSFront(plant.server(hosts: [host]), before: device.port)
    var bus = plant.bus(front.port, host: host, name: host)
    #expect(bus.opening() == nil)
    #expect(bus.reading() == .success([11, 22]))
    bus.close()
    var other = plant.bus(front.port, host: host)
    let sentence = other.opening()?.sentence ?? "opened"
    #expect(sentence.contains("the device's certificate is for \(host) and not for mes.example"))
    front.stop()
    device.stop()
  }

  @Test func `a device that swallows connections is a timeout by the deadline, plain or not`()
    throws
  {
    let plant = try Plant()
    let listener = listen(backlog: 0)
    let port = boundPort(listener)
    let fillers = (0..<8).map { _ in rawSocket() }
    for filler in fillers {
      _ = fcntl(filler, F_SETFL, O_NONBLOCK)
      _ = withAddress(port) { connect(filler, $0, $1) }
    }
    var bus = plant.bus(port)
    #expect(bus.opening(within: .milliseconds(200)) == .timeout)
    for filler in fillers { close(filler) }
    close(listener)
  }
}
