// Schedules that do not drift, links that come back soon, and times that are measured.

import Polling
import Primitives
import Signals
import Testing

@Suite struct `A long run` {
  @Test(arguments: [(200_000, Int64(0)), (1000, 9_000_000_000_000_000_000)])
  func `many scans with wavering answers stay on their grid`(wanted: Int, origin: Int64) {
    let start = Instant(nanoseconds: origin)
    var poller = Poller(bus: bus(unit([binding(0, period: 100)])), seed: 1, now: start)
    var generator = SeededGenerator(seed: 9)
    _ = poller.next(now: start)
    poller.opened(now: start)
    var now = start
    var (scans, offGrid, late) = (0, 0, 0)
    var grid: Int64?
    while scans < wanted {
      switch poller.next(now: now) {
      case .wait(let until): now = until
      case .read:
        if scans > 0 {
          let within = now.nanoseconds % 100_000_000
          grid = grid ?? within
          offGrid += within == grid ? 0 : 1
        }
        let started = now
        now = now + .microseconds(Int64.random(in: 100...95_000, using: &generator))
        _ = poller.answered(wordCount: 1, started: started, ended: now)
        scans += 1
      case .open, .close: late += 1
      }
    }
    #expect(offGrid == 0 && late == 0)
    #expect(poller.statusSnapshot.counters.overruns == 0)
    let ran = (now - start).nanoseconds / 100_000_000
    #expect((wanted - 2...wanted).contains(Int(ran)))
  }

  @Test func `the end of time stops nobody`() {
    let start = Instant(nanoseconds: .max - 10_000_000_000)
    var dialogue = Dialogue(bus(unit([binding(0, period: 1000)])), now: start)
    dialogue.play(until: Instant(nanoseconds: .max - 500_000_000))
    #expect((9...10).contains(dialogue.requests.count))
  }

  @Test func `F16: overruns are counted for the unit that missed them, and for the bus`() {
    var dialogue = Dialogue(
      bus(unit(1, [binding(0, period: 100)]), unit(2, [binding(0, period: 10_000)])))
    dialogue.answerTime = .milliseconds(350)
    dialogue.play(until: ms(60_000))
    let status = dialogue.poller.statusSnapshot
    #expect((400...450).contains(status.units[0].counters.overruns))
    #expect(status.units[1].counters.overruns == 0)
    #expect(status.counters.overruns == status.units[0].counters.overruns)
  }

  @Test func `lateness is counted from due to start`() throws {
    var idle = Dialogue(bus(unit([binding(0, period: 100)])))
    idle.play(until: ms(60_000))
    #expect(try #require(idle.poller.statusSnapshot.lateness).p99 <= .milliseconds(1))
    var busy = Dialogue(
      bus(unit(1, [binding(0, period: 100)]), unit(2, [binding(0, period: 100)])))
    busy.answerTime = .milliseconds(60)
    busy.play(until: ms(60_000))
    let late = try #require(busy.poller.statusSnapshot.lateness)
    #expect(late.p99 >= .milliseconds(20))
    #expect(late.count == UInt64(busy.requests.count))
  }
}

@Suite struct `Coming back` {
  /// 50 power-cycles, each of this length in milliseconds.
  @Test(arguments: [Int64(300), 1000, 2000, 10_000, 60_000])
  func `F12: takes half of the outage more, or the floor, and never over ten seconds`(
    outage: Int64
  ) {
    var dialogue = Dialogue(bus(unit([binding(0, period: 250)])))
    for _ in 0..<50 {
      dialogue.play(until: dialogue.now + .seconds(30))
      let gone = dialogue.now
      let back = gone + .milliseconds(outage)
      dialogue.play(
        until: back, opening: { $0 < back ? .unreachable("refused") : nil },
        reading: { $1 < back ? .fault(.broken("reset")) : .words })
      let before = dialogue.requests.count
      dialogue.play(until: back + .seconds(11))
      let first = dialogue.requests[before...].first { $0.at >= back }
      let most = min(max(outage / 2 + 250, 250), 10_000) + 10
      #expect(first.map { ($0.at - back).wholeMilliseconds <= most } == true)
    }
    #expect(dialogue.poller.statusSnapshot.units[0].state == .up)
  }

  @Test(arguments: [Int64(2), 5, 20, 300])
  func `F12: so does a unit on a line that others keep open`(outage: Int64) throws {
    var dialogue = Dialogue(bus(unit(1, [binding(0)]), unit(2, [binding(0, period: 250)])))
    dialogue.play(until: ms(10_000))
    let back = dialogue.now + .seconds(outage)
    dialogue.play(until: back) { request, _ in
      request.unitAddress == 2 ? .fault(.timeout) : .words
    }
    let end = dialogue.now
    dialogue.play(until: end + .seconds(32))
    let first = try #require(dialogue.times(unit: 2).first { $0 >= end.milliseconds })
    #expect(first - end.milliseconds <= min(max(outage * 500, 1000), 30_000) + 500)
  }

  @Test func `F13: reopening an absent PLC slows down to the ceiling all the same`() {
    var dialogue = Dialogue(bus(unit([binding(0)])))
    dialogue.play(
      until: ms(600_000), opening: { _ in .unreachable("refused") }, reading: { _, _ in .words })
    let gaps = zip(dialogue.opens.dropFirst(), dialogue.opens).map { $0 - $1 }
    #expect(gaps.suffix(20).allSatisfy { $0 >= .seconds(5) && $0 <= .milliseconds(10_001) })
    #expect(gaps.allSatisfy { $0 >= .milliseconds(100) })
  }
}

@Suite struct `Response times` {
  private func times(_ milliseconds: [Int64]) -> ResponseTimes {
    var times = ResponseTimes()
    for time in milliseconds { times.add(.milliseconds(time)) }
    return times
  }

  @Test func `percentiles are right to an eighth of an octave`() throws {
    let summary = try #require(times((1...1000).map { $0 }).summary)
    #expect(summary.median >= .milliseconds(500) && summary.median <= .milliseconds(563))
    #expect(summary.p99 >= .milliseconds(990) && summary.p99 <= .milliseconds(1000))
    #expect(summary.maximum == .milliseconds(1000))
    #expect(summary.average == .microseconds(500_500))
    #expect(summary.count == 1000)
  }

  @Test func `whatever is added, nothing traps and the memory stays`() throws {
    var times = ResponseTimes()
    for duration: Duration in [.seconds(-5), .zero, .nanoseconds(1), .seconds(1 << 40)] {
      times.add(duration)
    }
    let summary = try #require(times.summary)
    #expect(summary.median == .microseconds(16))
    #expect(summary.p99 >= .seconds(134))
    #expect(ResponseTimes().summary == nil)
  }

  @Test func `the past fades`() throws {
    var times = ResponseTimes()
    for _ in 0..<150_000 { times.add(.milliseconds(400)) }
    for _ in 0..<600_000 { times.add(.milliseconds(4)) }
    let summary = try #require(times.summary)
    #expect(summary.p99 <= .milliseconds(400) && summary.median == .microseconds(4096))
    for _ in 0..<1_000_000 { times.add(.milliseconds(4)) }
    #expect(try #require(times.summary).p99 == .microseconds(4096))
    #expect(try #require(times.summary).maximum == .milliseconds(400))
  }

  @Test(arguments: [
    (Int64(4), Int64(50)), (20, 60), (30, 100), (100, 300), (160, 500), (480, 1500), (2000, 6000),
    (30_000, 60_000),
  ])
  func `F16: a proposed timeout leaves three times the room and is round`(
    answer: Int64, proposed: Int64
  ) {
    #expect(times(Array(repeating: answer, count: 99)).proposedTimeout == nil)
    let times = times(Array(repeating: answer, count: 100))
    #expect(times.proposedTimeout == .milliseconds(proposed))
  }

  @Test func `F16: a timeout that is too tight is said, with one that fits`() {
    var dialogue = Dialogue(bus(unit([binding(0)])))
    dialogue.answerTime = .milliseconds(480)
    dialogue.play(until: ms(200_000))
    let unit = dialogue.poller.statusSnapshot.units[0]
    #expect(
      unit.timeoutAdvice
        == "answers take up to 480ms of the 500ms allowed; a timeout of 1500ms would fit")
    dialogue = Dialogue(dialogue.poller.bus)
    dialogue.play(until: ms(200_000))
    #expect(dialogue.poller.statusSnapshot.units[0].timeoutAdvice == nil)
  }
}
