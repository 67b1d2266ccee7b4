// How the desk sums counts and times into windows, and closes them.

public import Primitives

extension OrderDesk {
  /// Takes the pieces of one count event; the run they belong to, for the event's members.
  ///
  /// A sequence that was taken already is not taken again.
  @discardableResult
  public mutating func count(
    machine: String, _ record: CountRecord, sequence: UInt64, into facts: inout [OrderFact]
  ) -> OrderRun? {
    let run = orders.tag(machine: machine, before: record.to.instant)
    guard let index = station(machine), sequence > stations[index].takenThrough else { return run }
    advance(index, to: record.to, into: &facts)
    stations[index].takenThrough = sequence
    guard rules.confirms(machine) else { return run }
    let pieces = Quantities(
      good: max(0, record.good), scrap: max(0, record.scrap), rework: max(0, record.rework))
    guard let run else {
      stations[index].unordered.add(pieces)
      return nil
    }
    let slot = window(index, run, at: record.from)
    let change = orders.nextChange(machine: machine, after: record.from.instant)
    let straddles = record.recovered && (change.map { $0.instant < record.to.instant } ?? false)
    let range = SequenceRange(epoch: epoch, from: sequence, to: sequence)
    stations[index].windows[slot].part.add(
      pieces, from: record.from, to: record.to, sequences: range, straddles: straddles)
    if isOver(run, at: machine) { stations[index].windows[slot].deadline = .distantPast }
    total(run.order.key, plus: pieces.good)
    if stations[index].counted?.key != run.order.key { totalsTurn &+= 1 }
    stations[index].counted = Counted(key: run.order.key, sequence: sequence)
    settle(into: &facts)
    return run
  }

  /// From a moment on the machine spends its time otherwise.
  public mutating func spend(
    _ time: TimeClass, machine: String, from at: Stamp, into facts: inout [OrderFact]
  ) {
    guard let index = station(machine) else { return }
    advance(index, to: at, into: &facts)
    stations[index].time = time
    settle(into: &facts)
  }

  /// Everything before a moment has been told of a machine: closes what is due before it.
  public mutating func advance(
    machine: String, to at: Stamp, into facts: inout [OrderFact]
  ) {
    guard let index = station(machine) else { return }
    advance(index, to: at, into: &facts)
    settle(into: &facts)
  }

  /// A shift ends: every window with pieces or times is closed as of then.
  public mutating func endShift(at: Stamp, into facts: inout [OrderFact]) {
    for index in stations.indices where rules.confirms(stations[index].machine) {
      if stations[index].cuts.count >= OrderLimits.waitingCuts {
        let first = stations[index].cuts[0]
        advance(index, to: first.later(nanoseconds: 1), into: &facts)
      }
      stations[index].cuts.append(at)
      stations[index].cuts.sort { $0.instant < $1.instant }
    }
    settle(into: &facts)
  }

  /// The journal has begun a new epoch: windows are closed, for no window sums two epochs.
  public mutating func startAnew(epoch: String, into facts: inout [OrderFact]) {
    guard epoch != self.epoch else { return }
    for index in stations.indices {
      for window in stations[index].windows where !window.part.isEmpty {
        close(index, window, isFinal: false)
      }
      stations[index].windows = []
      stations[index].takenThrough = 0
      stations[index].counted = nil
    }
    self.epoch = epoch
    settle(into: &facts)
  }
}

extension OrderDesk {
  /// Books the time up to a moment and closes what is due before it.
  mutating func advance(_ index: Int, to: Stamp, into facts: inout [OrderFact]) {
    while let due = boundary(index), due < to.instant {
      let at = to.later(nanoseconds: due.nanoseconds(since: to.instant))
      account(index, to: at)
      closeDue(index, at)
    }
    account(index, to: to)
  }

  /// The earliest moment at which a window of a machine wants to be closed.
  func boundary(_ index: Int) -> Instant? {
    let station = stations[index]
    var earliest = station.cuts.first?.instant
    func lower(to other: Instant) { earliest = min(earliest ?? other, other) }
    for window in station.windows where !window.part.pieces.isEmpty { lower(to: window.deadline) }
    for ending in endings where ending.waiting.contains(station.machine) {
      lower(to: ending.at.instant)
    }
    guard let earliest, let accounted = station.accounted else { return earliest }
    return max(earliest, accounted.instant)
  }

  /// Books the time since the last booking to the orders that were in force.
  private mutating func account(_ index: Int, to: Stamp) {
    guard var from = stations[index].accounted else {
      stations[index].accounted = to
      return
    }
    let machine = stations[index].machine
    while from.instant < to.instant {
      var until = to
      if let change = orders.nextChange(machine: machine, after: from.instant),
        change.instant < until.instant
      {
        until = change
      }
      let spent = until.instant.floorMilliseconds - from.instant.floorMilliseconds
      if stations[index].time != .unseen, spent > 0, rules.confirms(machine),
        let run = orders.tag(machine: machine, at: from.instant)
      {
        let slot = window(index, run, at: from)
        stations[index].windows[slot].part.times.add(spent, to: stations[index].time)
        stations[index].windows[slot].part.to = until
      }
      from = until
    }
    stations[index].accounted = from
  }

  /// Closes everything of a machine that is due at a moment.
  private mutating func closeDue(_ index: Int, _ at: Stamp) {
    let machine = stations[index].machine
    let isCut = stations[index].cuts.first.map { $0.instant <= at.instant } ?? false
    stations[index].cuts.removeAll { $0.instant <= at.instant }
    let due = stations[index].windows.filter { window in
      isCut || (!window.part.pieces.isEmpty && window.deadline <= at.instant)
    }
    stations[index].windows.removeAll { window in
      due.contains { $0.part.run == window.part.run }
    }
    for window in due where !window.part.isEmpty { close(index, window, isFinal: false) }
    for number in endings.indices where endings[number].at.instant <= at.instant {
      guard let place = endings[number].waiting.firstIndex(of: machine) else { continue }
      endings[number].waiting.remove(at: place)
      finish(index, endings[number], at)
    }
    endings.removeAll(where: \.waiting.isEmpty)
  }

  /// One machine has told everything of a run that ended; the last of them closes it for good.
  private mutating func finish(_ index: Int, _ ending: Ending, _ at: Stamp) {
    let isLast = ending.isFinal && ending.waiting.isEmpty
    let slot = stations[index].windows.firstIndex { $0.part.run == ending.run }
    if let slot {
      let window = stations[index].windows.remove(at: slot)
      if isLast || !window.part.isEmpty { close(index, window, isFinal: isLast) }
    } else if isLast {
      let empty = ConfirmationPart(run: ending.run, from: ending.at, to: ending.at)
      close(index, Window(part: empty, deadline: .distantFuture), isFinal: true)
    }
  }

  private mutating func close(_ index: Int, _ window: Window, isFinal: Bool) {
    let key = orders.runs[window.part.run]?.order.key
    let total = totals.first { $0.key == key }?.good ?? window.part.pieces.good
    held.append(
      HeldPart(
        number: nextNumber, machine: stations[index].machine, part: window.part, isFinal: isFinal,
        total: total))
    nextNumber = saturating(nextNumber, plus: 1)
    isDirty = true
  }

  /// The open window of a run at a machine, which opens with the first that belongs to it.
  private mutating func window(_ index: Int, _ run: OrderRun, at: Stamp) -> Int {
    if let slot = stations[index].windows.firstIndex(where: { $0.part.run == run.number }) {
      return slot
    }
    let opened = at.instant < run.startedAt.instant ? run.startedAt : at
    let part = ConfirmationPart(run: run.number, from: opened, to: opened)
    stations[index].windows.append(
      Window(part: part, deadline: opened.instant + max(.zero, rules.interval)))
    return stations[index].windows.count - 1
  }

  /// Whether no later moment will close a window of the run.
  private func isOver(_ run: OrderRun, at machine: String) -> Bool {
    orders.force(at: run.place) != .running(run.number)
      && !endings.contains { $0.run == run.number && $0.waiting.contains(machine) }
  }

  private mutating func total(_ key: OrderKey, plus good: Int64) {
    let before = totals.firstIndex { $0.key == key }.map { totals.remove(at: $0).good }
    totals.append((key, saturating(before ?? 0, plus: good)))
    if before == nil { totalsTurn &+= 1 }
    guard totals.count > OrderLimits.rememberedTotals else { return }
    let needed = Set(orders.runs.values.map(\.order.key))
    if let index = totals.firstIndex(where: { !needed.contains($0.key) }) {
      totals.remove(at: index)
      totalsTurn &+= 1
    }
  }

  /// A place that changed too often for what its machines have told: brings them forward.
  mutating func catchUp(into facts: inout [OrderFact]) {
    guard orders.changes.values.contains(where: { $0.count > OrderLimits.changes }) else { return }
    for place in [OrderPlace.line(orders.line)] + orders.machines.map({ .machine($0) }) {
      guard let changes = orders.changes[place], changes.count > OrderLimits.changes else {
        continue
      }
      let until = changes[changes.count - OrderLimits.changes].at.later(nanoseconds: 1)
      for index in stations.indices where place.isLine || place == .machine(stations[index].machine)
      {
        if (stations[index].accounted?.instant ?? .distantPast) < until.instant {
          advance(index, to: until, into: &facts)
        }
      }
    }
  }
}

extension ConfirmationPart {
  mutating func add(
    _ pieces: Quantities, from: Stamp, to: Stamp, sequences range: SequenceRange, straddles: Bool
  ) {
    self.pieces.add(pieces)
    if to.instant > self.to.instant { self.to = to }
    if from.instant < self.from.instant { self.from = from }
    self.straddles = self.straddles || straddles
    sequences = SequenceRange(
      epoch: range.epoch, from: sequences?.from ?? range.from, to: range.to)
  }
}

extension Stamp {
  /// The moment so many nanoseconds later, labelled by the same clocks.
  func later(nanoseconds: Int64) -> Stamp {
    let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let step = remainder < 0 ? quotient - 1 : quotient
    return Stamp(
      instant: instant.advanced(nanoseconds: nanoseconds),
      wall: WallTime(milliseconds: saturating(wall.milliseconds, plus: step)))
  }
}

extension Instant {
  /// Whole milliseconds, rounded down: differences of them add up.
  var floorMilliseconds: Int64 {
    let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
