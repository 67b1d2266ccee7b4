// What the log says of a unit that answers without values: once, and once when they come again.

import Foundation
import LinuxEdge
import Polling
import Primitives
import Signals
import Synchronization
import Testing

@testable import takt

/// A clock that stands where it was put.
private final class HandClock: Clock {
  private let at = Atomic<Int64>(0)
  func set(_ moment: Instant) {
    at.store(moment.nanoseconds, ordering: .relaxed)
  }
  func now() -> Instant { Instant(nanoseconds: at.load(ordering: .relaxed)) }
  func reading() -> ClockReading {
    ClockReading(
      monotonic: now(), wall: WallTime(milliseconds: 0), quality: .neverset, bootID: "boot")
  }
}

@Suite("The conditions of a bus") struct FieldConditionsTests {
  @Test func `F54: values that a busy device does not give are told once, and so is their return`()
    throws
  {
    let scratch = try Scratch()
    let peer = try JournalPeer(path: scratch["journal"])
    let log = Log(journal: try #require(JournalSocket(path: scratch["journal"])))
    let bindings = [0, 1000].enumerated().map { index, start in
      ReadBinding(
        signal: SignalID(index), table: .holding, address: UInt16(start), count: 1,
        period: .milliseconds(200))
    }
    let bus = BusDefinition(
      name: "plc", line: .tcp(host: "plc", port: 502), connectTimeout: .seconds(3),
      units: [
        UnitDefinition(
          id: UnitID(0), name: "plc/1", address: 1, timeout: .seconds(1), bindings: bindings)
      ])
    let signals = ["speed", "pressure"].map {
      SignalDefinition(name: $0, format: RegisterFormat(type: .u16, order: .abcd, count: 1))
    }
    let clock = HandClock()
    var conditions = FieldConditions(bus, signals, clock)
    var poller = Poller(bus: bus, seed: 1, now: clock.now(), learnt: [])
    /// Plays until a moment; one block is busy.
    func play(until end: Instant, isBusy: Bool) {
      while clock.now() < end {
        switch poller.next(now: clock.now()) {
        case .open: poller.opened(now: clock.now())
        case .close: break
        case .wait(let until): clock.set(min(until, end))
        case .read(let request):
          let started = clock.now()
          clock.set(started + .milliseconds(2))
          if isBusy, request.start == 1000 {
            _ = poller.failed(.exception(6), started: started, ended: clock.now())
          } else {
            _ = poller.answered(wordCount: 1, started: started, ended: clock.now())
          }
        }
        conditions.look(poller, log)
      }
    }
    play(until: Instant(nanoseconds: 60_000_000_000), isBusy: true)
    play(until: Instant(nanoseconds: 120_000_000_000), isBusy: false)
    var lines: [String] = []
    while let bytes = peer.next() {
      lines.append(String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self))
    }
    #expect(
      lines == [
        "MESSAGE=T-102 bus plc at plc:502: connected",
        "MESSAGE=T-123 unit plc/1: answers, but without values for pressure (holding 1000); "
          + "reading holding registers 1000 of plc/1 (unit 1): refused with exception 6, "
          + "server device busy; it is asked again",
        "MESSAGE=T-124 unit plc/1: gives all of its values again",
      ])
  }
}
