// Totals: random days against a naive sum over minutes, restarts at every input, and the clock in
// all its moods.

import Machines
import Primitives
import Testing

private let reasons = [
  StopReason(.unplanned, code: 12, text: "jam"), StopReason(.minor, text: "short"),
  StopReason(.planned, code: 3, text: "meeting"), StopReason(.external, text: "no material"),
]

private func at(_ minute: Int) -> Instant { Instant(nanoseconds: Int64(minute) * 60_000_000_000) }

private func synchronised(_ start: String, step: Int64 = 0) -> ClockReading {
  ClockReading(
    monotonic: .boot,
    wall: WallTime(milliseconds: (WallTime(text: start) ?? .earliest).milliseconds + step),
    quality: .synchronised, bootID: "boot-1")
}

private let unset = ClockReading(
  monotonic: .boot, wall: WallTime(milliseconds: 0), quality: .neverset, bootID: "boot-1")

/// Early and late on every day in Berlin, with a break each, and a production day from 06:00.
private func twoShifts() throws -> WorkCalendar {
  let all = Set(Weekday.allCases)
  return WorkCalendar(
    CalendarRules(
      name: "c", zone: try Zones.zone(Zones.berlin), dayStart: 360,
      shifts: [
        ShiftDefinition(
          "early", ClockSpan(start: 360, end: 840), days: all,
          breaks: [BreakDefinition("b", ClockSpan(start: 540, end: 555))]),
        ShiftDefinition("late", ClockSpan(start: 840, end: 1320), days: all),
      ]))
}

/// The last that was told of every bucket.
private struct Told {
  var buckets: [Int64: TotalsBucket] = [:]

  mutating func note(_ told: [TotalsBucket]) {
    for bucket in told { buckets[bucket.number] = bucket }
  }

  mutating func note(_ totals: Totals) {
    note([totals.shift, totals.day, totals.runningOrder].compactMap { $0 })
  }

  func sums(_ scope: TotalsBucket.Scope) -> Sums? {
    buckets.values.filter { $0.scope == scope }.max { $0.number < $1.number }?.sums
  }
}

/// A machine by chance: a change every few minutes, some of them told late.
private struct Story {
  var inputs: [(told: Int, input: TotalsInput)] = []
  let minutes: Int
  /// What the machine did in each minute, told from the end.
  var activities: [MachineActivity]
  var stops: [Int?]
  var stopReasons: [StopReason] = []
  var stopStarts: [Int] = []

  init(minutes: Int, using generator: inout SeededGenerator) {
    self.minutes = minutes
    activities = Array(repeating: .unknown, count: minutes)
    stops = Array(repeating: nil, count: minutes)
    var minute = 0
    var last = 0
    var open: Int?
    while true {
      minute += Int.random(in: 1...90, using: &generator)
      guard minute < minutes else { break }
      let back = Bool.random(using: &generator) ? 0 : Int.random(in: 0...15, using: &generator)
      let when = max(last, minute - back)
      last = when
      if let number = open {
        let reason = reasons[Int.random(in: 0..<4, using: &generator)]
        if Bool.random(using: &generator) {
          stopReasons[number] = reason
          inputs.append((minute, .stopClassified(id: "s\(number)", reason, at: at(when))))
          continue
        }
        stopReasons[number] = reason
        inputs.append((minute, .stopEnded(id: "s\(number)", reason, at: at(when))))
        for index in when..<minutes { stops[index] = nil }
        open = nil
      } else if Bool.random(using: &generator) {
        open = stopReasons.count
        let reason = reasons[Int.random(in: 0..<4, using: &generator)]
        inputs.append((minute, .stopStarted(id: "s\(stopReasons.count)", reason, at: at(when))))
        for index in when..<minutes { stops[index] = stopReasons.count }
        stopReasons.append(reason)
        stopStarts.append(when)
      }
      let all = MachineActivity.allCases
      let next = all[Int.random(in: 0..<all.count, using: &generator)]
      inputs.append((minute, .activity(next, at: at(when))))
      for index in when..<minutes { activities[index] = next }
    }
  }

  /// The sums of the minutes for which a scope holds, added one by one.
  func sums(_ planned: (Int) -> Bool, where holds: (Int) -> Bool) -> [String: Int64] {
    var sums: [String: Int64] = [:]
    for minute in 0..<minutes where holds(minute) {
      let activity = activities[minute]
      sums["\(planned(minute) ? "free" : "busy") \(activity)", default: 0] += 60_000
      guard let stop = stops[minute], !activity.isProducing, !activity.isUnseen else { continue }
      let kind = activity.isDelay && !planned(minute) ? "delay" : "other"
      sums["\(kind) \(stopReasons[stop].text)", default: 0] += 60_000
    }
    for (stop, start) in stopStarts.enumerated() where holds(start) {
      sums["count \(stopReasons[stop].text)", default: 0] += 1
    }
    return sums
  }
}

extension Sums {
  /// The same in words, without what is zero.
  fileprivate var words: [String: Int64] {
    var words: [String: Int64] = [:]
    for activity in MachineActivity.allCases {
      words["busy \(activity)"] = busy(activity)
      words["free \(activity)"] = free(activity)
    }
    for stop in stops {
      words["delay \(stop.reason.text)"] = stop.milliseconds
      words["other \(stop.reason.text)"] = stop.otherMilliseconds
      words["count \(stop.reason.text)"] = stop.count
    }
    return words.filter { $0.value != 0 }
  }
}

@Suite struct `Sums over shifts` {
  @Test(arguments: 0..<8)
  func `are the sums of the minutes, for every shift and day, and are the whole time`(
    seed: Int
  ) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let zone = try Zones.zone(Zones.rules[seed % Zones.rules.count])
    let text = seed % 2 == 0 ? "2026-03-27T05:00:00.000Z" : "2026-10-23T05:00:00.000Z"
    let reading = synchronised(text)
    let day = zone.civil(reading.wall).date.advanced(days: 2)
    let calendar = WorkCalendar(RandomCalendar.make(zone, around: day, using: &generator))
    let story = Story(minutes: 3 * 1440, using: &generator)
    var totals = Totals(calendar: calendar, start: at(0))
    var told = Told()
    for (minute, input) in story.inputs {
      told.note(totals.advance(to: at(minute), reading: reading))
      told.note(totals.take(input, reading: reading))
    }
    told.note(totals.advance(to: at(story.minutes), reading: reading))
    told.note(totals)
    var spans: [CalendarSpan] = []
    for minute in 0..<story.minutes {
      let wall = WallTime(milliseconds: reading.wall.milliseconds + Int64(minute) * 60_000)
      let isSame = spans.last.map { wall < $0.until } ?? false
      spans.append(isSame ? spans[minute - 1] : calendar.span(at: wall))
    }
    var whole: Int64 = 0
    for bucket in told.buckets.values {
      let (from, until) = (bucket.from.instant, bucket.until?.instant ?? at(story.minutes))
      let expected = story.sums {
        spans[$0].planned != nil
      } where: { minute in
        from <= at(minute) && at(minute) < until
      }
      #expect(bucket.sums.words == expected, "seed \(seed): \(bucket.scope)")
      switch bucket.scope {
      case .shift(let name, let date):
        let first = spans[Int(from.milliseconds / 60_000)].shift
        #expect(first?.name == name && first?.date == date)
        whole += bucket.sums.wholeMilliseconds
      case .outside: whole += bucket.sums.wholeMilliseconds
      case .day, .order, .unknown: break
      }
    }
    #expect(whole == Int64(story.minutes * 60_000) && totals.lateMilliseconds == 0)
  }

  @Test(arguments: 0..<6)
  func `go on after a restart at every input, also before the clock is known`(seed: Int) throws {
    var generator = SeededGenerator(seed: 100 + UInt64(seed))
    let calendar = try twoShifts()
    let story = Story(minutes: 2 * 1440, using: &generator)
    let known = synchronised("2026-03-28T05:00:00.000Z")
    let from = seed % 2 == 0 ? 0 : 700
    var whole = Totals(calendar: calendar, start: at(0))
    var broken = whole
    for (minute, input) in story.inputs {
      let reading = minute < from ? unset : known
      let first = whole.take(input, reading: reading)
      #expect(broken.take(input, reading: reading) == first)
      let pieces = TotalsInput.counted(
        Quantities(good: 7, scrap: 1), from: at(minute - 1), to: at(minute))
      #expect(broken.take(pieces, reading: reading) == whole.take(pieces, reading: reading))
      let snapshot = broken.snapshot(reading: reading)
      broken = try Totals(calendar: calendar, snapshot: snapshot, reading: reading)
      #expect(broken.snapshot(reading: reading) == snapshot)
    }
    #expect(broken.snapshot(reading: known) == whole.snapshot(reading: known))
  }

  @Test func `close a shift exactly at its end, which is the deadline`() throws {
    let reading = synchronised("2026-06-01T11:59:00.000Z")
    var totals = Totals(calendar: try twoShifts(), start: at(0))
    #expect(totals.advance(to: at(0), reading: reading).isEmpty)
    #expect(totals.nextDeadline(reading: reading) == at(1))
    let early = Instant(nanoseconds: at(1).nanoseconds - 1_000_000)
    #expect(totals.advance(to: early, reading: reading).isEmpty)
    let closed = totals.advance(to: at(1), reading: reading)
    let day = try date("2026-06-01")
    #expect(closed.map(\.scope) == [.shift(name: "early", date: day)])
    #expect(closed.first?.until?.wall.text == "2026-06-01T12:00:00.000Z")
    #expect(totals.shift?.scope == .shift(name: "late", date: day))
    #expect(totals.previousShift?.scope == .shift(name: "early", date: day))
  }

  @Test func `split pieces over a boundary by time, whole, and the boundary belongs before it`()
    throws
  {
    let reading = synchronised("2026-06-01T11:50:00.000Z")
    var totals = Totals(calendar: try twoShifts(), start: at(0))
    // 14:00 is minute 10: a window that ends there is all of the early shift.
    _ = totals.take(.counted(Quantities(good: 5), from: at(3), to: at(10)), reading: reading)
    #expect(totals.previousShift?.sums.good == 5 && totals.shift?.sums.good == 0)
    #expect(totals.previousShift?.approximate == false)
    let told = totals.take(
      .counted(Quantities(good: 10, scrap: 1), from: at(8), to: at(14)), reading: reading)
    #expect(totals.previousShift?.sums.good == 8 && totals.shift?.sums.good == 7)
    #expect(totals.previousShift?.sums.scrap == 0 && totals.shift?.sums.scrap == 1)
    #expect(totals.previousShift?.approximate == true && totals.shift?.approximate == true)
    #expect(told.map(\.revision) == [2])
    #expect(totals.day?.sums.good == 15)
  }

  @Test func `a stop told late is booked into the shift that has ended, which is told again`()
    throws
  {
    let reading = synchronised("2026-06-01T11:50:00.000Z")
    var totals = Totals(calendar: try twoShifts(), start: at(0))
    _ = totals.take(.activity(.running, at: at(0)), reading: reading)
    _ = totals.advance(to: at(12), reading: reading)
    let stop = TotalsInput.stopStarted(id: "s", reasons[1], at: at(7))
    #expect(totals.take(stop, reading: reading).map(\.revision) == [1])
    _ = totals.take(.activity(.stopped, at: at(7)), reading: reading)
    #expect(totals.previousShift?.sums.busy(.stopped) == 180_000)
    #expect(totals.previousShift?.sums.busy(.running) == 420_000)
    #expect(totals.shift?.sums.busy(.stopped) == 120_000)
    let told = totals.take(
      .stopClassified(id: "s", reasons[0], at: at(12)), reading: reading)
    #expect(told.map(\.revision) == [3])
    #expect(told.first?.sums.words["delay jam"] == 180_000)
    #expect(told.first?.sums.words["count jam"] == 1)
    #expect(told.first?.sums.words["delay short"] == nil)
  }

  @Test func `an interrupted order goes on with its sums`() throws {
    let reading = synchronised("2026-06-01T07:50:00.000Z")
    var totals = Totals(calendar: try twoShifts(), start: at(0))
    let (first, second) = (TotalsOrder(key: "1/10"), TotalsOrder(key: "2/10"))
    _ = totals.take(.order(first, at: at(0)), reading: reading)
    let closed = totals.take(.order(second, at: at(10)), reading: reading)
    #expect(closed.map(\.scope) == [.order("1/10")])
    #expect(closed.first?.sums.wholeMilliseconds == 600_000)
    _ = totals.take(.order(first, at: at(15)), reading: reading)
    _ = totals.advance(to: at(20), reading: reading)
    #expect(totals.runningOrder?.scope == .order("1/10"))
    #expect(totals.runningOrder?.sums.wholeMilliseconds == 900_000)
    #expect(totals.previousOrder?.sums.wholeMilliseconds == 300_000)
    _ = totals.take(.order(nil, at: at(20)), reading: reading)
    #expect(totals.runningOrder == nil && totals.previousOrder?.scope == .order("1/10"))
  }
}
