// Nothing but a read leaves this program: what the encoders write, and what the wires refuse.

import Glibc
import Polling
import Primitives
import Testing

@testable import ModbusEdge

@Suite("Nothing but reads") struct ModbusReadOnlyTests {
  @Test func `a million requests of any kind are reads of the right length, on both framings`() {
    var generator = SeededGenerator(seed: 50)
    let tables = ModbusTable.allCases
    for _ in 0..<1_000_000 {
      let bits = generator.next()
      let request = ReadRequest(
        unitAddress: UInt8(truncatingIfNeeded: bits), table: tables[Int(bits >> 8 & 3)],
        start: UInt16(truncatingIfNeeded: bits >> 16),
        count: UInt16(truncatingIfNeeded: bits >> 32),
        timeout: .zero)
      let transaction = UInt16(truncatingIfNeeded: bits >> 48)
      let tcp = ModbusFrame.encode(request, transaction: transaction)
      let rtu = RTUFrame.encode(request)
      guard (1...4).contains(tcp[7]), (1...4).contains(rtu[1]), tcp[4] == 0, tcp[5] == 6,
        ModbusFrame.objection(toSending: tcp[7]) == nil, RTUFrame.isSealed(rtu.span),
        tcp[6] == rtu[0], (1...5).allSatisfy({ tcp[6 + $0] == rtu[$0] })
      else {
        Issue.record("\(request)")
        return
      }
    }
  }

  @Test func `the last line before the wire lets four functions pass and no other`() {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
    #expect(socketpair(AF_UNIX, type, 0, &ends) == 0)
    defer { for end in ends { close(end) } }
    let wire = RTUWire(descriptor: ends[0], kind: .socket)
    var arrived = [UInt8](repeating: 0, count: 64)
    for function in UInt8.min...UInt8.max {
      let reads = (1...4).contains(function)
      let tcp: [UInt8] = [0, 1, 0, 0, 0, 6, 7, function, 0, 0, 0, 1]
      let refused = TCPSocket.send(tcp.span, on: ends[0])
      #expect((refused == nil) == reads)
      #expect(recv(ends[1], &arrived, 64, 0) == (reads ? 12 : -1))
      let rtu = sealed([7, function, 0, 0, 0, 1])
      #expect((wire.send(rtu.span, timing: RTUTiming(SerialSpeed())) == nil) == reads)
      #expect(recv(ends[1], &arrived, 64, 0) == (reads ? 8 : -1))
      if !reads {
        #expect(refused == "function \(function) was not sent: this program only reads")
      }
    }
    // Nor anything that has not the length of a request.
    #expect(TCPSocket.send([0, 1, 0, 0, 0, 6, 7, 3].span, on: ends[0]) == "this is no request")
    #expect(wire.send([7, 3].span, timing: RTUTiming(SerialSpeed())) == "this is no request")
    #expect(recv(ends[1], &arrived, 64, 0) == -1)
  }
}
