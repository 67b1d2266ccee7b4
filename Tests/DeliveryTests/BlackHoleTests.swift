// Black holes that take minutes or gigabytes, on virtual time and without sockets.

import Delivery
import Outbox
import Primitives
import Testing

@Suite struct `Receivers that swallow slowly` {
  @Test func `one byte a second is ended by the deadline of the whole answer`() throws {
    var bench = try Bench.sending(parcel(1...3))
    let start = bench.now
    try bench.handle(.received(Array("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n".utf8)))
    var bytes = 0
    while case .awaitingAnswer = bench.courier.state, bytes < 5000 {
      bench.now = bench.now + .seconds(1)
      if try #require(bench.courier.nextDeadline) <= bench.now {
        try bench.skip()
      } else {
        try bench.handle(.received([120]))
        bytes += 1
      }
    }
    #expect(bytes == 59 && bench.now - start == .seconds(60))
    #expect(bench.courier.status.lastError?.contains("not complete within 60 s") == true)
    #expect(bench.answers.isEmpty && bench.courier.status.state == "retrying")
  }

  @Test func `silence is ended by the shorter deadline`() throws {
    var bench = try Bench.sending(parcel(1...3))
    let start = bench.now
    try bench.skip()
    #expect(bench.now - start == .seconds(30))
    #expect(bench.courier.status.lastError?.contains("no byte within 30 s") == true)
  }

  @Test(arguments: [
    "Content-Length: 1073741824\r\n", "Transfer-Encoding: chunked\r\n", "",
  ])
  func `a body of a gigabyte costs 256 KiB and the connection`(framing: String) throws {
    var bench = try Bench.sending(parcel(1...3))
    try bench.handle(.received(Array("HTTP/1.1 200 OK\r\n\(framing)\r\n".utf8)))
    if framing.hasPrefix("Transfer") { try bench.handle(.received(Array("40000000\r\n".utf8))) }
    var taken = 0
    var actions: [CourierAction] = []
    while case .awaitingAnswer = bench.courier.state, taken < 1 << 30 {
      actions = try bench.handle(.received([UInt8](repeating: 120, count: 16_384)))
      taken += 16_384
    }
    #expect(taken == 256 * 1024 + 16_384)
    #expect(actions.contains(.close))
    // The status was known; what else the receiver had to say is nobody's loss.
    #expect(bench.delivered == [3] && bench.courier.state == .offline)
  }

  @Test func `ten thousand lines of header are a failure of HTTP at 32 KiB`() throws {
    var bench = try Bench.sending(parcel(1...3))
    try bench.handle(.received(Array("HTTP/1.1 200 OK\r\n".utf8)))
    var lines = 0
    while case .awaitingAnswer = bench.courier.state, lines < 10_000 {
      try bench.handle(.received(Array("X-Line: 1\r\n".utf8)))
      lines += 1
    }
    #expect(lines == 101)
    #expect(bench.courier.status.lastError?.contains("longer than allowed") == true)
    #expect(bench.answers.isEmpty)
  }
}
