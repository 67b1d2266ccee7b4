// Each part of a machine from JSON, with its instants carried into this boot.

import Primitives

extension ClockQuality {
  /// The time between two boots can be taken from it: it was not unset, and has not jumped.
  fileprivate var measures: Bool {
    switch self {
    case .synchronised, .held: true
    case .stepped, .neverset: false
    }
  }
}

/// How the instants of a snapshot become instants of this boot.
struct Carry {
  private let step: Int64
  /// How long ago the snapshot was is unknown.
  private let vague: Bool
  /// The machine of the gateway has started anew since, and the device perhaps with it.
  private let isOtherBoot: Bool

  init(_ tree: JSONValue, to reading: ClockReading) {
    guard let boot = tree["boot"]?.string, boot != reading.bootID,
      let monotonic = tree["monotonic"]?.integer
    else {
      (step, vague, isOtherBoot) = (0, false, false)
      return
    }
    let wall = tree["wall"]?.integer ?? .max
    let clock = tree["clock"]?.string.flatMap(ClockQuality.init) ?? .neverset
    let (passed, overflow) = reading.wall.milliseconds.subtractingReportingOverflow(wall)
    let known = !overflow && passed >= 0 && clock.measures && reading.quality.measures
    let (gap, tooLong) = passed.multipliedReportingOverflow(by: 1_000_000)
    // The boot lies between the snapshot and now, so at least the time since boot has passed.
    let atLeast = max(0, reading.monotonic.nanoseconds)
    let ago = known && !tooLong ? max(gap, atLeast) : atLeast
    let then = reading.monotonic.advanced(nanoseconds: 0 - max(0, ago))
    step = then.nanoseconds(since: Instant(nanoseconds: monotonic))
    vague = !known
    isOtherBoot = true
  }

  func instant(_ value: JSONValue?) -> Instant? {
    guard let nanoseconds = value?.integer else { return nil }
    let instant = Instant(nanoseconds: nanoseconds)
    return instant == .distantPast ? instant : instant.advanced(nanoseconds: step)
  }

  func stamp(_ value: JSONValue?) -> Stamp? {
    guard let pair = value?.array, pair.count == 2, let instant = instant(pair[0]),
      let wall = pair[1].integer
    else { return nil }
    return Stamp(instant: instant, wall: WallTime(milliseconds: wall))
  }

  func state(_ value: JSONValue?) -> MachineState? {
    guard let value, let since = stamp(value["since"]),
      let condition = value["is"]?.string.flatMap(MachineCondition.init)
    else { return nil }
    let stop = value["stop"].flatMap(openStop)
    switch (condition, value["before"]?.string, stop) {
    case (.stopped, _, .some(let stop)): return .stopped(since: since, stop: stop)
    case (.noContact, _, .some(let stop)): return .noContact(since: since, before: .stopped(stop))
    case (.noContact, "running", nil): return .noContact(since: since, before: .running)
    case (.noContact, _, nil): return .noContact(since: since, before: .unknown)
    case (.running, _, _): return .running(since: since)
    case (.unknown, _, _), (.stopped, _, nil), (.slow, _, _), (.shortStop, _, _), (.fault, _, _),
      (.blocked, _, _), (.starved, _, _), (.changeover, _, _), (.planned, _, _):
      return .unknown(since: since)
    }
  }

  private func openStop(_ value: JSONValue) -> OpenStop? {
    guard let id = value["id"]?.string, let startedAt = stamp(value["startedAt"]) else {
      return nil
    }
    let origin = value["from"]?.string.flatMap(Cause.Origin.init) ?? .inferred
    let cause = Cause(
      code: value["code"]?.integer, text: value["text"]?.string ?? "", from: origin)
    let record = StopRecord(
      stopID: id, startedAt: startedAt,
      noContact: .nanoseconds(max(0, value["noContact"]?.integer ?? 0)), cause: cause,
      category: value["category"]?.string.flatMap(StopCategory.init) ?? .unplanned,
      costCenter: value["costCenter"]?.string, classified: value["classified"]?.bool ?? false,
      approximate: value["approximate"]?.bool ?? true,
      revision: max(0, Int(clamping: min(value["revision"]?.integer ?? 0, Self.highestRevision))))
    return OpenStop(record: record, standing: value["standing"]?.bool ?? false)
  }

  /// A revision that no stop reaches: a change a millisecond for 30 years. Keeps the sum in range.
  private static let highestRevision: Int64 = 1_000_000_000_000

  private func point(_ value: JSONValue?) -> CounterPoint? {
    guard let pair = value?.array, pair.count == 2, let count = pair[0].string.flatMap(UInt64.init),
      let at = instant(pair[1])
    else { return nil }
    return CounterPoint(value: count, at: vague ? .distantPast : at)
  }

  /// The counter as it was, with a gap from `seen`; as new when it was declared otherwise.
  func counter(_ value: JSONValue?, _ fresh: Counter, _ seen: Stamp) -> Counter {
    var counter = fresh
    guard let value, value["highest"]?.string == String(counter.rules.highest),
      value["direction"]?.string ?? "up" == counter.rules.direction.rawValue,
      value["source"]?.string ?? "register" == counter.rules.source.rawValue,
      let trusted = point(value["trusted"])
    else { return counter }
    counter.line = .trusted(trusted)
    counter.movedAt = instant(value["movedAt"]) ?? seen.instant
    counter.stoodThrough = value["stoodThrough"]?.bool ?? false
    counter.movedUnseen = value["movedUnseen"]?.bool ?? true
    if let suspect = point(value["suspect"]), let since = instant(value["since"]) {
      counter.line = .suspected(
        CounterSuspicion(
          trusted: trusted, suspect: suspect, since: since,
          recoveredFrom: stamp(value["recoveredFrom"])))
    }
    if let pulses = value["surplus"]?.string.flatMap(UInt64.init) {
      counter.surplus = PulseSurplus(pulses: pulses, since: seen.instant)
    }
    counter.isBeyond = value["beyond"]?.bool ?? false
    counter.interrupted = stamp(value["interrupted"])
    // A snapshot that does not say whether the device was there is not trusted with a rollover.
    let wasAway = counter.interrupted != nil && value["away"]?.bool ?? true
    counter.interrupt(at: seen, deviceIsAway: isOtherBoot || wasAway)
    return counter
  }

  private func pieces(_ value: JSONValue?) -> CountBook.Pieces {
    let numbers = value?.array ?? []
    func number(_ index: Int) -> Int64 {
      max(0, index < numbers.count ? numbers[index].integer ?? 0 : 0)
    }
    return CountBook.Pieces(good: number(0), scrap: number(1), rework: number(2))
  }

  func book(_ value: JSONValue, derivesGood: Bool) -> CountBook {
    var book = CountBook(derivesGood: derivesGood)
    book.owed = max(0, value["owed"]?.integer ?? 0)
    book.totals = pieces(value["totals"])
    book.toldUntil = stamp(value["toldUntil"])
    if let window = value["window"], let from = stamp(window["from"]),
      let deadline = instant(window["deadline"])
    {
      book.window = CountBook.Window(
        from: from, deadline: deadline, pieces: pieces(window["pieces"]),
        rollover: window["rollover"]?.bool ?? false, reset: window["reset"]?.bool ?? false)
    }
    return book
  }
}
