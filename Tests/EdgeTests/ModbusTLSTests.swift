// F55: Modbus/TCP Security against devices that work, end, babble and cut.

import Glibc
import ModbusEdge
import Polling
import Primitives
import Synchronization
import Testing

private let memory = ModbusMemory(holding: .init((0..<200).map { UInt16($0) &* 331 }))

/// A device behind TLS that demands a certificate, with a gateway that has one.
private struct Rig: ~Copyable {
  let plant: Plant
  let device: ServerPeer
  let front: TLSFront
  var bus: ModbusTCPBus

  init() throws {
    let plant = try Plant()
    let client = try plant.client()
    let device = try ServerPeer { _ in .memory(memory) }
    let front = try TLSFront(plant.server(), before: device.port, clientCA: plant.caFile)
    (self.plant, self.device, self.front) = (plant, device, front)
    bus = plant.bus(front.port, as: client)
  }

  consuming func end() {
    bus.close()
    front.stop()
    device.stop()
  }
}

@Suite("Modbus over TLS") struct ModbusTLSTests {
  @Test func `F55: both sides are proven, then registers are read as over plain TCP`() throws {
    var rig = try Rig()
    #expect(rig.bus.opening() == nil)
    #expect(rig.bus.reading(0, 125) == .success((0..<125).map { UInt16($0) &* 331 }))
    #expect(rig.bus.reading(199, 2) == .failure(.exception(2)))
    for start in UInt16(0)..<100 {
      #expect(rig.bus.reading(start) == .success([start &* 331, (start + 1) &* 331]))
    }
    #expect(rig.front.heard.withLock { $0 } == 12 * 102)
    rig.end()
  }

  @Test(arguments: [TLSFront.Order.farewell, .cut])
  func `F55: a device that ends the link breaks it, and the next one works`(
    _ order: TLSFront.Order
  ) throws {
    var rig = try Rig()
    #expect(rig.bus.opening() == nil)
    #expect(rig.bus.reading() == .success([0, 331]))
    rig.front.perform(order)
    let broken = rig.bus.reading()
    #expect(broken.isBroken)
    #expect(
      broken.sentence.contains(
        order == .farewell
          ? "the device ended the secured connection" : "the device hung up without a farewell"))
    #expect(rig.bus.reading().sentence.contains("is not open"))
    #expect(rig.bus.opening() == nil)
    #expect(rig.bus.reading() == .success([0, 331]))
    rig.end()
  }

  @Test func `F6: a silent unit behind a secured gateway leaves its neighbours alone`() throws {
    let plant = try Plant()
    let device = try ServerPeer { $0 == 2 ? .silent : .memory(memory) }
    let front = try TLSFront(plant.server(), before: device.port)
    var bus = plant.bus(front.port)
    #expect(bus.opening() == nil)
    for _ in 0..<3 {
      #expect(bus.reading(unit: 2, within: 50) == .failure(.timeout))
      #expect(bus.reading() == .success([0, 331]))
    }
    bus.close()
    front.stop()
    device.stop()
  }

  @Test func `F11: a late answer through the tunnel is passed over`() throws {
    let plant = try Plant()
    let held = Mutex<[UInt8]>([])
    let peer = HostilePeer { number, request in
      if number == 1 {
        held.withLock { $0 = answer(request, value: 1111) }
        return .silence
      }
      return .send(held.withLock { $0 } + answer(request, value: 2222))
    }
    let front = try TLSFront(plant.server(), before: peer.port)
    var bus = plant.bus(front.port)
    #expect(bus.opening() == nil)
    #expect(bus.reading(within: 100) == .failure(.timeout))
    #expect(bus.reading() == .success([2222, 2222]))
    bus.close()
    front.stop()
    peer.stop()
  }

  @Test func `a device that babbles through the tunnel fills nothing and loses its link`() throws {
    let plant = try Plant()
    let peer = HostilePeer { number, request in
      number == 1
        ? .send(answer(request, value: 1)) : .babble([UInt8](repeating: 0x20, count: 1000))
    }
    let front = try TLSFront(plant.server(), before: peer.port)
    var bus = plant.bus(front.port)
    #expect(bus.opening() == nil)
    #expect(bus.reading() == .success([1, 1]))
    var last = bus.reading(within: 200)
    for _ in 0..<100 where last.isGarbage || last == .failure(.timeout) {
      last = bus.reading(within: 200)
    }
    #expect(last.isBroken)
    bus.close()
    front.stop()
    peer.stop()
  }

  @Test func `a link that is dropped without being closed leaves nothing behind`() throws {
    let plant = try Plant()
    let device = try ServerPeer { _ in .memory(memory) }
    let front = try TLSFront(plant.server(), before: device.port)
    do {
      var bus = plant.bus(front.port)
      #expect(bus.opening() == nil)
      #expect(bus.reading() == .success([0, 331]))
    }
    // The front notices the farewell before it can serve the next client.
    var next = plant.bus(front.port)
    #expect(next.opening() == nil)
    #expect(next.reading() == .success([0, 331]))
    next.close()
    front.stop()
    device.stop()
  }
}
