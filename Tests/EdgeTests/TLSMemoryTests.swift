// What connections leave in memory: nothing, however many there were.
//
// In a process of its own, and the receiver is another one: nobody else's memory is counted.

import CLinux
import Delivery
import LinuxEdge
import OpenSSLEdge
import Primitives
import Testing

/// 400 bytes for each of 300 connections. One SSL has more than 5,000; but glibc counts as held
/// what it has in reserve for the next call, and that fills up meanwhile: by 110 bytes each,
/// 140,000 in all after 1,500 connections, and nothing after that.
private let bound = 120_000

@Suite("TLS: the memory of connections") struct TLSMemoryTests {
  @Test func `holds no more after 350 connections than after 50`() async {
    await #expect(processExitsWith: .success) {
      let growth = try growth(rounds: 300, host: "127.0.0.1", name: "mes.example")
      precondition(growth < bound, "\(growth) bytes more")
    }
  }

  @Test func `holds no more when each of them looks a name up`() async {
    await #expect(processExitsWith: .success) {
      let growth = try growth(rounds: 300, host: "localhost", name: "mes.example")
      precondition(growth < bound, "\(growth) bytes more")
    }
  }

  @Test func `holds no more when nobody trusts the receiver`() async {
    await #expect(processExitsWith: .success) {
      let foreign = try growth(rounds: 300, host: "127.0.0.1", name: "other.example")
      precondition(foreign < bound, "\(foreign) bytes more")
    }
  }
}

/// Bytes that are held more after so many connections, when the first 50 are not counted.
private func growth(rounds: Int, host: String, name: String) throws -> Int {
  let plant = try Plant()
  let server = try OpenSSLServer(plant.server(), [])
  defer { server.stop() }
  let settings = TLSClientSettings(caFile: plant.caFile, serverName: name)
  let clock = SystemClock()
  var stream = try TLSStream(settings: settings, clock: clock)
  var held = 0
  for round in 1...(rounds + 50) {
    stream.open(StreamTarget(host: host, port: server.port))
    let end = clock.now() + .seconds(20)
    var fault: StreamFault?
    while fault == nil {
      switch stream.wait(until: end) {
      case .opened: stream.send(Array("GET / HTTP/1.0\r\n\r\n".utf8))
      case .ended(let why): fault = why
      case .received: continue
      case .idle: precondition(clock.now() < end, "round \(round) has no end")
      }
    }
    if case .certificate = fault {
      precondition(name != "mes.example", "not trusted")
    } else {
      precondition(name == "mes.example", "ended as \(String(describing: fault))")
    }
    if round == 50 { held = mallinfo2().uordblks }
  }
  let now = mallinfo2().uordblks
  return now - held
}
