// A conditioner that goes on under another configuration tells how things stand, and loses nothing.

import Primitives
import Signals
import Testing

@Suite("A conditioner that goes on") struct ConditionerRenewalTests {
  private static func at(_ tick: Int64) -> Instant { Instant(nanoseconds: tick * 100_000_000) }

  private static func signal(_ off: Duration = .zero, scale: Double = 1) -> SignalDefinition {
    SignalDefinition(
      name: "run", format: RegisterFormat(type: .u16, count: 1),
      scaling: Scaling(gain: scale, offset: 0), debounce: Debounce(on: .zero, off: off))
  }

  private static func read(
    _ conditioner: inout Conditioner, _ word: UInt16, at tick: Int64, _ ring: TestRing
  ) {
    let place = SignalPlace(slot: 0, offset: 0, count: 1)
    let words = [word]
    _ = conditioner.observe([place], in: words.span, at: at(tick), into: &ring.producer)
  }

  @Test func `what was told is told again, and an unmoved signal not a third time`() {
    let (old, new) = (TestRing(16), TestRing(16))
    var conditioner = Conditioner([(SignalID(0), Self.signal())])
    Self.read(&conditioner, 7, at: 1, old)
    var next = conditioner.renewed(
      [(SignalID(0), Self.signal())], ranks: [], redefined: [], at: Self.at(2),
      into: &new.producer)
    Self.read(&next, 7, at: 3, new)
    #expect(old.takeAll().map(\.value) == [.integer(7)])
    let told = new.takeAll()
    #expect(told.map(\.value) == [.integer(7)] && told.map(\.at) == [Self.at(2)])
  }

  @Test func `a change in the middle of its debounce keeps the time at which it began`() {
    let (old, new) = (TestRing(16), TestRing(16))
    let definition = Self.signal(.milliseconds(500))
    var conditioner = Conditioner([(SignalID(0), definition)])
    Self.read(&conditioner, 1, at: 1, old)
    Self.read(&conditioner, 0, at: 4, old)
    var next = conditioner.renewed(
      [(SignalID(0), definition)], ranks: [], redefined: [], at: Self.at(6), into: &new.producer)
    #expect(next.earliestPending == Self.at(4))
    Self.read(&next, 0, at: 7, new)
    Self.read(&next, 0, at: 9, new)
    let told = new.takeAll()
    #expect(told.map(\.value) == [.integer(1), .integer(0)])
    #expect(told.map(\.at) == [Self.at(4), Self.at(4)])
    #expect(next.earliestPending == nil)
  }

  @Test func `a signal that is scaled otherwise is told by the next read alone`() {
    let (old, new) = (TestRing(16), TestRing(16))
    var conditioner = Conditioner([(SignalID(0), Self.signal())])
    Self.read(&conditioner, 7, at: 1, old)
    var next = conditioner.renewed(
      [(SignalID(0), Self.signal(scale: 2))], ranks: [], redefined: [0], at: Self.at(2),
      into: &new.producer)
    #expect(new.takeAll().isEmpty)
    Self.read(&next, 7, at: 3, new)
    #expect(new.takeAll().map(\.value) == [.real(14)])
  }

  @Test(arguments: [false, true])
  func `that a unit is lost is told again at once`(isRedefined: Bool) {
    let (old, new) = (TestRing(16), TestRing(16))
    var conditioner = Conditioner([(SignalID(0), Self.signal())])
    Self.read(&conditioner, 7, at: 1, old)
    conditioner.degrade(0, to: .noContact, at: Self.at(2), into: &old.producer)
    _ = conditioner.renewed(
      [(SignalID(0), Self.signal(scale: isRedefined ? 2 : 1))], ranks: [],
      redefined: isRedefined ? [0] : [], at: Self.at(3), into: &new.producer)
    #expect(new.takeAll().map(\.quality) == [.noContact])
  }

  @Test func `what the new ring refused is told by the next read`() {
    let (old, new) = (TestRing(16), TestRing(2))
    var conditioner = Conditioner([(SignalID(0), Self.signal())])
    Self.read(&conditioner, 7, at: 1, old)
    while new.push(Sample(mark: UnitID(0), at: Self.at(2))) {}
    var next = conditioner.renewed(
      [(SignalID(0), Self.signal())], ranks: [], redefined: [], at: Self.at(2),
      into: &new.producer)
    _ = new.takeAll()
    Self.read(&next, 7, at: 3, new)
    #expect(new.takeAll().map(\.value) == [.integer(7)])
  }
}
