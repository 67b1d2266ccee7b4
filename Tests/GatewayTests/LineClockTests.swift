// The calendar of a line as the recorder follows it: edges at their moments, over steps and starts.

import Machines
import Primitives
import Testing

@testable import Gateway

@Suite struct `The calendar of a line` {
  static let rules = LineRules(
    name: "line1", machines: [], timeZone: "UTC", calendar: Hall1.calendar)
  static let six: Int64 = 1_772_431_200_000

  private func reading(
    _ seconds: Int64, wall: Int64? = nil, quality: ClockQuality = .synchronised
  ) -> ClockReading {
    ClockReading(
      monotonic: Instant(nanoseconds: seconds * 1_000_000_000),
      wall: WallTime(milliseconds: Self.six + (wall ?? seconds) * 1000), quality: quality,
      bootID: "b")
  }

  private func clock(_ snapshot: [UInt8]? = nil) -> LineClock {
    LineClock(Self.rules, snapshot: snapshot, reading: reading(0))
  }

  @Test func `tells each edge with its own moment, however late it looks`() {
    var clock = clock()
    #expect(clock.advance(reading(0)).map(\.isPlanned) == [false])
    #expect(clock.nextEdge(reading(0)) == Instant(nanoseconds: 60_000_000_000))
    #expect(clock.advance(reading(59)).isEmpty)
    let edges = clock.advance(reading(200))
    #expect(edges.map(\.at.instant.milliseconds) == [60_000, 120_000, 180_000])
    #expect(edges.map(\.isPlanned) == [false, true, false])
    #expect(edges.map { $0.ended?.name } == ["early", nil, nil])
  }

  @Test func `F40: a step forward ends the shift at the step, a short step back nothing`() {
    var clock = clock()
    _ = clock.advance(reading(10))
    let step = clock.advance(reading(20, wall: 100))
    #expect(step.map(\.at.instant.milliseconds) == [10_000])
    #expect(step.first?.ended?.name == "early")
    #expect(clock.advance(reading(21, wall: 50)).isEmpty)
    #expect(clock.span?.shift?.name == "late")
    let back = clock.advance(reading(22, wall: -3600))
    #expect(back.first?.ended?.name == "late" && back.first?.isPlanned == true)
    #expect(clock.span?.shift == nil)
  }

  @Test func `F40: an unknown clock has no shifts, and no stop is planned`() {
    var clock = clock()
    #expect(clock.advance(reading(10, quality: .neverset)).isEmpty)
    #expect(clock.nextEdge(reading(10, quality: .neverset)) == nil)
    #expect(clock.takeSnapshot() == nil)
    #expect(clock.advance(reading(130)).first?.isPlanned == true)
    #expect(clock.span?.shift?.name == "late")
  }

  @Test func `knows after a start which shift has ended meanwhile`() throws {
    var first = clock()
    _ = first.advance(reading(10))
    let taken = first.takeSnapshot()
    let kept = try #require(taken)
    #expect(kept.name == "calendar/line1" && first.takeSnapshot() == nil)
    var same = clock(kept.bytes)
    #expect(same.advance(reading(20)).map { $0.ended?.name } == [nil])
    var later = clock(kept.bytes)
    let edges = later.advance(reading(90))
    #expect(edges.map { $0.ended?.name } == ["early"])
    #expect(edges.map(\.at.instant.milliseconds) == [90_000])
    var strange = clock(Array("nonsense".utf8))
    #expect(strange.advance(reading(90)).map { $0.ended?.name } == [nil])
  }

  @Test func `passes years in one look without counting every edge`() {
    var clock = clock()
    _ = clock.advance(reading(0))
    let edges = clock.advance(reading(86_400 * 700))
    #expect(edges.count <= LineClock.edges + 1)
    #expect(clock.span.map { $0.from <= reading(86_400 * 700).wall } == true)
    #expect(clock.advance(reading(86_400 * 700 + 1)).isEmpty)
  }
}
