// The RTU link against servers that others wrote, on pairs of pseudo terminals: libmodbus' own, and
// pymodbus behind socat.

import CModbus
import Dispatch
import Glibc
import ModbusEdge
import Polling
import Primitives
import Synchronization
import Testing

private func request(
  _ table: ModbusTable, _ start: UInt16, _ count: UInt16, unit: UInt8 = 7, within: Int = 5000
) -> ReadRequest {
  ReadRequest(
    unitAddress: unit, table: table, start: start, count: count, timeout: .milliseconds(within))
}

/// Two terminals joined by socat, by names of our own.
private struct Pair {
  let near: String
  let far: String
  private let socat: Program

  init() throws {
    let name = freshName()
    (near, far) = (name + "-near", name + "-far")
    socat = try #require(
      Program(["socat", "PTY,rawer,link=\(name)-near", "PTY,rawer,link=\(name)-far"]),
      "socat is not installed")
    while socat.isRunning, access(near, F_OK) != 0 || access(far, F_OK) != 0 { sched_yield() }
  }

  func stop() {
    socat.stop()
    unlink(near)
    unlink(far)
  }
}

@Suite struct SerialServerTests {
  @Test(arguments: [9600, 115_200])
  func `a slave made with libmodbus is read, and its exceptions come through`(_ baud: Int) throws {
    let pair = try Pair()
    let slave = try LibraryPeer(pair.far, baud: baud)
    var bus = ModbusRTUBus(
      serial: SerialLine(path: pair.near, speed: SerialSpeed(baud: baud, parity: .none)))
    try bus.open(timeout: .seconds(5))
    var words: [UInt16] = []
    try bus.read(request(.holding, 0, 125), into: &words)
    #expect(words == (0..<125).map { UInt16($0) &* 331 })
    try bus.read(request(.input, 10, 2), into: &words)
    #expect(words == [1010, 1011])
    try bus.read(request(.coil, 0, 2000), into: &words)
    #expect(words == (0..<2000).map { $0 % 3 == 0 ? 1 : 0 })
    try bus.read(request(.discrete, 1, 9), into: &words)
    #expect(words == [1, 0, 1, 0, 1, 0, 1, 0, 1])
    #expect(throws: BusFault.exception(2)) {
      try bus.read(request(.holding, 199, 2), into: &words)
    }
    // Another unit last: libmodbus then takes the next request on the line for that unit's answer.
    #expect(throws: BusFault.timeout) {
      try bus.read(request(.holding, 0, 1, unit: 8, within: 100), into: &words)
    }
    bus.close()
    slave.stop()
    pair.stop()
  }

  @Test func `pymodbus as a slave is read, on a port that socat makes`() throws {
    let pair = try Pair()
    let script = pair.near + ".py"
    try #require(writeText(pythonSlave, to: script))
    defer { unlink(script) }
    let python = try #require(Program(["python3", script, pair.far]), "python3 is not installed")
    var bus = ModbusRTUBus(
      serial: SerialLine(path: pair.near, speed: SerialSpeed(baud: 19_200, parity: .none)))
    try bus.open(timeout: .seconds(5))
    var words: [UInt16] = []
    // It takes its time to start, and says nothing until then.
    while python.isRunning {
      do throws(BusFault) {
        try bus.read(request(.holding, 0, 1, within: 200), into: &words)
        break
      } catch {
        guard error == .timeout else { throw error }
      }
    }
    try #require(python.isRunning, "pymodbus with pyserial is not installed")
    for _ in 0..<20 {
      try bus.read(request(.holding, 0, 100), into: &words)
      #expect(words == (0..<100).map { UInt16($0) &* 7 })
    }
    try bus.read(request(.coil, 0, 20), into: &words)
    #expect(words == (0..<20).map { $0 % 2 })
    #expect(throws: BusFault.exception(2)) {
      try bus.read(request(.holding, 99, 2), into: &words)
    }
    bus.close()
    python.stop()
    pair.stop()
  }
}

/// Unit 7 on a serial port; names of both 3.0 (Debian 12) and later.
private let pythonSlave = """
  import sys
  from pymodbus.datastore import ModbusSequentialDataBlock as Block, ModbusServerContext
  from pymodbus.server import StartSerialServer
  try:
      from pymodbus.datastore import ModbusDeviceContext as Unit
      several = "devices"
  except ImportError:
      from pymodbus.datastore import ModbusSlaveContext as Unit
      several = "slaves"
  try:
      from pymodbus.framer import FramerType
      framer = FramerType.RTU
  except ImportError:
      from pymodbus.transaction import ModbusRtuFramer as framer
  registers = Block(1, [number * 7 for number in range(100)])
  bits = Block(1, [number % 2 == 1 for number in range(100)])
  unit = Unit(di=bits, co=bits, hr=registers, ir=registers)
  StartSerialServer(context=ModbusServerContext(**{several: {7: unit}}, single=False),
                    framer=framer, port=sys.argv[1], baudrate=19200, parity="N",
                    bytesize=8, stopbits=1)

  """

private func writeText(_ text: String, to path: String) -> Bool {
  let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
  guard file >= 0 else { return false }
  defer { close(file) }
  return text.withCString { write(file, $0, strlen($0)) } == text.utf8.count
}

/// Unit 7 as libmodbus' example of a slave does it, in a thread of its own.
private final class LibraryPeer: Sendable {
  private let isOver = Atomic<Bool>(false)
  private let over = DispatchSemaphore(value: 0)

  init(_ path: String, baud: Int) throws {
    let made = modbus_new_rtu(path, Int32(baud), CChar(UInt8(ascii: "N")), 8, 1)
    let context = Handle(pointer: try #require(made))
    let map = Mapping(pointer: try #require(modbus_mapping_new(2000, 20, 200, 200)))
    for number in 0..<200 {
      map.pointer.pointee.tab_registers[number] = UInt16(number) &* 331
      map.pointer.pointee.tab_input_registers[number] = 1000 + UInt16(number)
    }
    for number in 0..<2000 { map.pointer.pointee.tab_bits[number] = number % 3 == 0 ? 1 : 0 }
    for number in 0..<20 {
      map.pointer.pointee.tab_input_bits[number] = UInt8(number % 2)
    }
    modbus_set_slave(context.pointer, 7)
    try #require(modbus_connect(context.pointer) == 0)
    modbus_set_indication_timeout(context.pointer, 0, 50_000)
    Thread.start { [self] in
      var query = [UInt8](repeating: 0, count: Int(MODBUS_RTU_MAX_ADU_LENGTH))
      while !isOver.load(ordering: .acquiring) {
        let length = modbus_receive(context.pointer, &query)
        if length > 0 { modbus_reply(context.pointer, query, length, map.pointer) }
      }
      modbus_close(context.pointer)
      modbus_free(context.pointer)
      modbus_mapping_free(map.pointer)
      over.signal()
    }
  }

  func stop() {
    isOver.store(true, ordering: .releasing)
    over.wait()
  }
}

/// Carried into the thread that uses it alone.
private struct Handle: @unchecked Sendable { let pointer: OpaquePointer }
private struct Mapping: @unchecked Sendable { let pointer: UnsafeMutablePointer<modbus_mapping_t> }
