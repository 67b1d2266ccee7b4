// Key figures by hand: a shift as in the textbook, its edges, and exact ratios as text.

import Machines
import Primitives
import Testing

private let minute: Int64 = 60_000

/// A machine that starts at 0 ms of a clock that says 2026-03-02T06:00Z, round the clock in UTC.
private struct Shift {
  var totals: Totals
  let reading = ClockReading(
    monotonic: .boot, wall: WallTime(text: "2026-03-02T06:00:00.000Z") ?? .earliest,
    quality: .synchronised, bootID: "b")

  init(breaks: [BreakDefinition] = []) {
    let rules = CalendarRules(
      name: "c", zone: .utc, dayStart: 6 * 60,
      shifts: [
        ShiftDefinition(
          "early", ClockSpan(start: 6 * 60, end: 14 * 60), days: Set(Weekday.allCases),
          breaks: breaks)
      ])
    totals = Totals(calendar: WorkCalendar(rules), start: .boot)
  }

  static func at(_ minutes: Int64) -> Instant {
    Instant(nanoseconds: minutes * minute * 1_000_000)
  }

  mutating func take(_ input: TotalsInput) { _ = totals.take(input, reading: reading) }

  /// The sums after so many minutes.
  mutating func sums(_ minutes: Int64) -> Sums {
    _ = totals.advance(to: Self.at(minutes), reading: reading)
    return totals.shift?.sums ?? Sums()
  }

  /// 480 minutes: a break of 30, a fault of 47, a changeover of 20, 373 running; 1 s a piece.
  static var textbook: Shift {
    var shift = Shift(breaks: [BreakDefinition("lunch", ClockSpan(start: 600, end: 630))])
    shift.take(.order(TotalsOrder(key: "4711/10", idealNanoseconds: 1_000_000_000), at: at(0)))
    shift.take(.activity(.running, at: at(0)))
    shift.take(.stopStarted(id: "s1", StopReason(.unplanned, code: 12, text: "jam"), at: at(100)))
    shift.take(.activity(.fault, at: at(100)))
    shift.take(.stopEnded(id: "s1", StopReason(.unplanned, code: 12, text: "jam"), at: at(147)))
    shift.take(.activity(.running, at: at(147)))
    shift.take(.activity(.stopped, at: at(240)))
    shift.take(.activity(.running, at: at(270)))
    shift.take(.activity(.changeover, at: at(300)))
    shift.take(.activity(.running, at: at(320)))
    let pieces = Quantities(good: 18_848, scrap: 423)
    shift.take(.counted(pieces, from: at(0), to: at(479)))
    return shift
  }
}

@Suite struct `Key figures` {
  @Test func `are those of a shift counted by hand, exactly`() {
    var shift = Shift.textbook
    let sums = shift.sums(479)
    let told = sums.kpiSums
    #expect(told[.apt] == 382 * minute && told[.adet] == 47 * minute && told[.aust] == 20 * minute)
    #expect(told[.pbt] == 449 * minute && told[.planned] == 30 * minute)
    #expect(told[.fe] == 1 && told[.ttr] == 47 * minute && told[.pq] == 19_271)
    #expect(sums.kpi(.availability).value == Ratio(382, 449))
    #expect(sums.kpi(.effectiveness).value == Ratio(19_271, 382 * 60))
    #expect(sums.kpi(.qualityRatio).value == Ratio(18_848, 19_271))
    // The three multiplied: the good pieces' ideal time by the planned busy time.
    #expect(sums.kpi(.oee).value == Ratio(18_848, 449 * 60))
    #expect(sums.kpi(.oee).text == "70.0%")
    #expect(sums.kpi(.netEquipmentEffectiveness).value == Ratio(402 * 18_848, 449 * 382 * 60))
    #expect(sums.kpi(.scrapRatio).text == "2.2%" && sums.kpi(.reworkRatio).text == "0.0%")
    #expect(sums.kpi(.setupRatio).value == Ratio(20, 402))
    #expect(sums.kpi(.technicalEfficiency).value == Ratio(382, 429))
    #expect(sums.kpi(.mtbf).text == "22920.0s" && sums.kpi(.mttr).text == "2820.0s")
    #expect(sums.kpi(.mttr).from == [.ttr: 47 * minute, .fe: 1])
    #expect(sums.wholeMilliseconds == 479 * minute)
  }

  /// Two failures, of 10 and 20 minutes, in 240: 210 run. By FE: 105 and 15 minutes; FE + 1 would
  /// give 70 and 10, which no repair took.
  @Test func `mean times are those of the failures that were, and their sums stand beside`() {
    var shift = Shift()
    let jam = StopReason(.unplanned, code: 12, text: "jam")
    shift.take(.activity(.running, at: Shift.at(0)))
    for (id, start, end) in [("s1", 60, 70), ("s2", 130, 150)] as [(String, Int64, Int64)] {
      shift.take(.stopStarted(id: id, jam, at: Shift.at(start)))
      shift.take(.activity(.fault, at: Shift.at(start)))
      shift.take(.stopEnded(id: id, jam, at: Shift.at(end)))
      shift.take(.activity(.running, at: Shift.at(end)))
    }
    let sums = shift.sums(240)
    #expect(sums.kpi(.mtbf).value == Ratio(Int128(105 * minute), 1))
    #expect(sums.kpi(.mttr).value == Ratio(Int128(15 * minute), 1))
    #expect(sums.kpi(.mtbf).from == [.apt: 210 * minute, .fe: 2])
    #expect(sums.kpi(.mttr).from == [.ttr: 30 * minute, .fe: 2])
    #expect(sums.kpi(.availability).value == Ratio(7, 8))
  }

  @Test func `the ideal cycle of the machine counts where its order declares none`() {
    let rules = CalendarRules.roundTheClock(name: "c", zone: .utc)
    let reading = Shift().reading
    var totals = Totals(
      calendar: WorkCalendar(rules), start: .boot, idealNanoseconds: 2_000_000_000)
    func take(_ input: TotalsInput) { _ = totals.take(input, reading: reading) }
    take(.activity(.running, at: Shift.at(0)))
    take(.counted(Quantities(good: 15), from: Shift.at(0), to: Shift.at(1)))
    take(.order(TotalsOrder(key: "a", idealNanoseconds: 1_000_000_000), at: Shift.at(1)))
    take(.counted(Quantities(good: 30), from: Shift.at(1), to: Shift.at(2)))
    take(.order(TotalsOrder(key: "b"), at: Shift.at(2)))
    take(.counted(Quantities(good: 15), from: Shift.at(2), to: Shift.at(3)))
    let ideal = totals.shift?.sums.idealNanoseconds
    #expect(ideal == 90_000_000_000 && totals.shift?.sums.piecesWithoutIdeal == 0)
  }

  @Test func `a planned stop of the machine is planned in its sums`() {
    #expect(MachineActivity(.planned) == .plannedStop)
    for condition in MachineCondition.allCases where condition != .planned {
      #expect(MachineActivity(condition).rawValue == condition.rawValue)
    }
  }

  @Test func `are not defined where nothing was planned, made or broken`() {
    for figure in Sums().kpis {
      #expect(figure.value == nil && figure.text == "-", "\(figure.name)")
    }
  }

  @Test func `F50: a time without contact is neither a stop nor a run`() {
    var shift = Shift()
    shift.take(.activity(.running, at: Shift.at(0)))
    shift.take(.activity(.noContact, at: Shift.at(60)))
    shift.take(.activity(.running, at: Shift.at(120)))
    let sums = shift.sums(180)
    #expect(sums.kpiSums[.unseen] == 60 * minute && sums.kpiSums[.pbt] == 120 * minute)
    #expect(sums.kpi(.availability).text == "100.0%")
  }

  @Test func `a machine that runs through its break is not more than available`() {
    var shift = Shift(breaks: [BreakDefinition("lunch", ClockSpan(start: 600, end: 630))])
    shift.take(.activity(.running, at: Shift.at(0)))
    let sums = shift.sums(400)
    #expect(sums.free(.running) == 30 * minute && sums.busy(.running) == 370 * minute)
    #expect(sums.kpi(.availability).value == Ratio(1, 1))
  }

  @Test func `a stop that its reason plans is not held against availability, told late as well`() {
    var shift = Shift()
    shift.take(.activity(.running, at: Shift.at(0)))
    shift.take(.stopStarted(id: "s", StopReason(.unplanned, text: "?"), at: Shift.at(60)))
    shift.take(.activity(.stopped, at: Shift.at(60)))
    #expect(shift.sums(120).kpi(.availability).value == Ratio(1, 2))
    shift.take(.stopClassified(id: "s", StopReason(.planned, text: "meeting"), at: Shift.at(120)))
    #expect(shift.sums(120).kpi(.availability).value == Ratio(1, 1))
    #expect(shift.sums(120).kpiSums[.fe] == 0)
  }

  @Test func `without an ideal cycle there is no effectiveness, but a quality`() {
    var shift = Shift()
    shift.take(.activity(.running, at: Shift.at(0)))
    shift.take(.counted(Quantities(good: 9, scrap: 1), from: Shift.at(0), to: Shift.at(5)))
    let sums = shift.sums(10)
    #expect(sums.kpi(.effectiveness).value == nil && sums.kpi(.oee).value == nil)
    #expect(sums.kpi(.qualityRatio).text == "90.0%")
  }
}

@Suite struct `A ratio` {
  @Test(arguments: [
    (1, 2, 0, "1"), (1, 3, 3, "0.333"), (2, 3, 3, "0.667"), (-1, 2, 0, "-1"), (-1, 3, 0, "0"),
    (1, 8, 2, "0.13"), (-1, 8, 2, "-0.13"), (0, 5, 1, "0.0"), (999, 1000, 2, "1.00"),
    (7, 1, 2, "7.00"), (1, 1000, 2, "0.00"), (5, 1000, 2, "0.01"),
  ])
  func `rounds half away from zero, once`(top: Int, bottom: Int, digits: Int, text: String) {
    #expect(Ratio(Int128(top), Int128(bottom))?.text(digits: digits) == text)
  }

  @Test func `has a denominator above zero and no overflow`() throws {
    #expect(Ratio(1, 0) == nil && Ratio(1, -1) == nil && Ratio(.min, 1) == nil)
    let large = try #require(Ratio(.max, 2))
    #expect(large.times(large) == nil)
    #expect(Ratio(.max, .max - 1)?.percent == "100.0%")
    #expect(Ratio(.max, 1)?.text(digits: 9).isEmpty == false)
    #expect(Ratio(1, .max)?.percent == "0.0%")
  }
}
