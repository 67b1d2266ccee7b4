// Each part of a machine from JSON, with its instants carried into this boot.

import Primitives

extension Carry {
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
    if let cut = stamp(value["cutAt"]) { book.cut(at: cut) }
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
