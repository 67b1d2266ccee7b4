// The Modbus link against peers that stop, stutter or vanish within an answer: the link finds the
// beginning of a frame again, or ends; no byte out of place becomes a value.

import Dispatch
import Glibc
import ModbusEdge
import Polling
import Primitives
import Synchronization
import Testing

/// One opened link to a peer.
private struct Rig: ~Copyable {
  var bus: ModbusTCPBus
  let peer: HostilePeer

  init(_ script: @escaping HostilePeer.Script) throws {
    peer = HostilePeer(script)
    bus = ModbusTCPBus(host: "127.0.0.1", port: peer.port)
    try bus.open(timeout: .seconds(20))
  }

  consuming func end() {
    bus.close()
    peer.stop()
  }
}

/// What passes between two bytes of a peer that stutters.
private func pause(_ milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }

@Suite struct ModbusHostileStreamTests {
  @Test(arguments: 1...12)
  func `F10: the tail of a frame that comes after its deadline is thrown away`(
    _ cut: Int
  ) throws {
    let gate = DispatchSemaphore(value: 0)
    let sent = DispatchSemaphore(value: 0)
    var rig = try Rig { number, request in
      let own = answer(request, value: UInt16(number))
      guard number == 1 else { return .send(own) }
      return .act { client in
        _ = sendAll(client, Array(own.prefix(cut)))
        gate.wait()
        defer { sent.signal() }
        return sendAll(client, Array(own.dropFirst(cut)))
      }
    }
    #expect(rig.bus.reading(within: 200) == .failure(.timeout))
    gate.signal()
    sent.wait()
    // In step again at once; only where the head itself came too late is it passed over as stale.
    for number in UInt16(2)...5 {
      #expect(rig.bus.reading() == .success([number, number]))
    }
    rig.end()
  }

  @Test func `F10: the rest of a frame that never comes costs one answer and no link`() throws {
    var rig = try Rig { number, request in
      let own = answer(request, value: UInt16(number))
      return .send(number == 1 ? Array(own.prefix(10)) : own)
    }
    #expect(rig.bus.reading(within: 200) == .failure(.timeout))
    for number in UInt16(2)...5 {
      #expect(rig.bus.reading() == .success([number, number]))
    }
    rig.end()
  }

  @Test func `F10: a peer that stops within each answer loses its link, not its place`() throws {
    var rig = try Rig { number, request in
      let own = answer(request, value: 5)
      return .send(number <= 2 ? Array(own.prefix(10)) : own)
    }
    #expect(rig.bus.reading(within: 200) == .failure(.timeout))
    let second = rig.bus.reading(within: 200)
    #expect(second.breaksLink)
    #expect(second.sentence.contains("the peer stops in the middle of its answers"))
    #expect(rig.bus.opening() == nil)
    #expect(rig.bus.reading() == .success([5, 5]))
    rig.end()
  }

  @Test func `F10: what came along with an answer is passed over, not lost count of`() throws {
    // The peer repeats itself, and gives the answer before once more: two or three frames at once.
    let held = Mutex<[UInt8]>([])
    var rig = try Rig { number, request in
      let own = answer(request, value: UInt16(number))
      defer { held.withLock { $0 = own } }
      return .send(held.withLock { $0 } + own + own + own.prefix(number % 2 == 0 ? 5 : 0))
    }
    var (good, bad) = (0, 0)
    for number in UInt16(1)...30 {
      switch rig.bus.reading() {
      case .success(let words):
        #expect(words == [number, number])
        good += 1
      case .failure(.garbage): bad += 1
      case .failure(let fault): Issue.record("\(fault)")
      }
    }
    // Half a frame has no end of its own: the next answer goes with it, the one behind is whole.
    #expect(good >= 10 && bad >= 1, "\(good) good, \(bad) bad")
    rig.end()
  }

  @Test func `F10: an answer is whole however the network cuts it`() throws {
    var rig = try Rig { number, request in
      let own = answer(request, value: UInt16(number))
      return .act { client in
        let cut = Int(number) % own.count
        guard sendAll(client, Array(own.prefix(cut))) else { return false }
        pause(2)
        return sendAll(client, Array(own.dropFirst(cut)))
      }
    }
    for number in UInt16(1)...26 {
      #expect(rig.bus.reading(within: 20_000) == .success([number, number]))
    }
    rig.end()
  }

  @Test func `one byte at a time is an answer when it is whole by the deadline`() throws {
    var rig = try Rig { _, request in
      .act { client in
        answer(request, value: 7).allSatisfy { byte in
          pause(5)
          return sendAll(client, [byte])
        }
      }
    }
    for _ in 0..<3 { #expect(rig.bus.reading(within: 20_000) == .success([7, 7])) }
    rig.end()
  }

  @Test func `F10: one byte now and then is no answer, ends the link, and the next one works`()
    throws
  {
    var rig = try Rig { number, request in
      guard number == 1 else { return .send(answer(request, value: 7)) }
      return .act { client in
        while true {
          for byte in answer(request, value: 9) {
            pause(60)
            guard sendAll(client, [byte]) else { return false }
          }
        }
      }
    }
    var reads = 0
    var last = rig.bus.reading(within: 100)
    while !last.breaksLink, reads < 100 {
      #expect(last == .failure(.timeout) || last.isNoAnswer)
      last = rig.bus.reading(within: 100)
      reads += 1
    }
    #expect(last.breaksLink)
    #expect(rig.bus.opening() == nil)
    #expect(rig.bus.reading() == .success([7, 7]))
    rig.end()
  }

  @Test func `F7: noise after noise leaves the link open and the next answer is believed`() throws {
    var rig = try Rig { number, request in
      switch number % 4 {
      case 1: .send([UInt8](repeating: UInt8(number), count: number * 3))
      case 2: .send(Array("\0\0\0noise".utf8) + answer(request, value: 9))
      case 3: .send(answer(request, value: 9, unit: 99))
      default: .send(answer(request, value: UInt16(number)))
      }
    }
    for round in 1...5 {
      for _ in 0..<3 {
        let wrong = rig.bus.reading(within: 300)
        #expect(wrong.isNoAnswer || wrong == .failure(.timeout))
      }
      let number = UInt16(round * 4)
      #expect(rig.bus.reading() == .success([number, number]))
    }
    rig.end()
  }

  @Test func `a unit with little time is found again after noise`() throws {
    var rig = try Rig { number, request in
      .send(number == 1 ? [UInt8](repeating: 1, count: 50) : answer(request, value: 5))
    }
    #expect(rig.bus.reading(within: 10) != .success([5, 5]))
    // A starved machine may miss 10 ms a few times, but not for ever.
    var last = rig.bus.reading(within: 10)
    for _ in 0..<1000 where last != .success([5, 5]) { last = rig.bus.reading(within: 10) }
    #expect(last == .success([5, 5]))
    rig.end()
  }

  @Test func `F16: an answer later than the library's own patience is taken in its time`() throws {
    // libmodbus gives up after 500 ms unless it is told otherwise.
    var rig = try Rig { _, request in
      .act { client in
        pause(700)
        return sendAll(client, answer(request, value: 7))
      }
    }
    #expect(rig.bus.reading(within: 20_000) == .success([7, 7]))
    rig.end()
  }

  @Test(.enabled(if: canForget()))
  func `F14: a link that the device has forgotten is broken at the next request`() throws {
    // The device comes back from a power cut and knows nothing of the connection.
    var rig = try Rig { number, request in
      guard number == 1 else { return .send(answer(request, value: 7)) }
      return .act { client in
        _ = sendAll(client, answer(request, value: 6))
        return !forget(client)
      }
    }
    #expect(rig.bus.reading() == .success([6, 6]))
    var last = rig.bus.reading()
    for _ in 0..<3 where last == .failure(.timeout) { last = rig.bus.reading() }
    #expect(last.breaksLink)
    #expect(rig.bus.opening() == nil)
    #expect(rig.bus.reading() == .success([7, 7]))
    rig.end()
  }
}

/// Makes the kernel close a connection without a word to the other side (TCP_REPAIR, which takes
/// CAP_NET_ADMIN).
private func forget(_ socket: Int32) -> Bool {
  var yes: Int32 = 1
  let repair: Int32 = 19
  return setsockopt(socket, Int32(IPPROTO_TCP), repair, &yes, 4) == 0
}

private func canForget() -> Bool {
  let socket = rawSocket()
  defer { close(socket) }
  return forget(socket)
}
