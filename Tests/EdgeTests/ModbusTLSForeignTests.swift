// F55: Modbus/TCP Security with devices that are not ours.

import ModbusEdge
import Polling
import Testing

@testable import OpenSSLEdge

@Suite("Modbus over TLS: foreign devices") struct ModbusTLSForeignTests {
  @Test(.enabled(if: PythonDevice.interpreter != nil))
  func `F55: pymodbus and we prove ourselves to each other and read registers`() throws {
    let plant = try Plant()
    let device = try PythonDevice(PythonScript.pymodbus, plant.server(), ca: plant.caFile)
    defer { device.stop() }
    var bus = try plant.bus(device.port, as: plant.client(), host: PythonDevice.host)
    #expect(bus.opening() == nil)
    #expect(bus.reading(0, 125, unit: 1) == .success((0..<125).map { UInt16($0) &* 331 }))
    #expect(bus.reading(199, 2, unit: 1) == .failure(.exception(2)))
    for start in UInt16(0)..<50 {
      #expect(bus.reading(start, 1, unit: 1) == .success([start &* 331]))
    }
    bus.close()
    var nobody = plant.bus(device.port, host: PythonDevice.host)
    let sentence = nobody.opening()?.sentence ?? nobody.reading(unit: 1).sentence
    #expect(sentence.contains("want a client certificate and none is configured"))
  }

  @Test(arguments: [nil, "Operator", "Guest"])
  func `F55: a device that goes by roles finds ours in our certificate`(_ role: String?) throws {
    let plant = try Plant()
    let device = try PythonDevice(PythonScript.role, plant.server(), ca: plant.caFile)
    defer { device.stop() }
    let client = try plant.write(
      "client",
      CertifiedKey(
        CertificateRequest(commonName: "gateway", purpose: .client, role: role),
        issuer: plant.authority))
    var bus = plant.bus(device.port, as: client, host: PythonDevice.host)
    #expect(bus.opening() == nil)
    #expect(bus.reading() == (role == "Operator" ? .success([42, 42]) : .failure(.exception(1))))
    bus.close()
  }
}
