// How totals book: stretches of time that can be booked otherwise later, and stops with their
// shares of each bucket, so that a late reason moves exactly what the stop brought there.
//
// Invariants
// - Slices follow each other without gap; what is in the buckets is what the slices (and those that
//   were dropped) booked: a change unbooks and books again, with the same numbers.
// - A stop's time is counted while the machine stands: not while it runs, and not without contact.

import Primitives

/// Where a stretch of time, or a piece, is booked.
struct TotalsPlace: Equatable, Sendable {
  var shift: Int64
  var day: Int64
  var order: Int64?
  var planned: Bool
  var idealNanoseconds: Int64?

  var buckets: [Int64] { order.map { [shift, day, $0] } ?? [shift, day] }
}

/// A stretch of time in which one thing was done in one place.
struct TotalsSlice: Equatable, Sendable {
  var from: Int64
  var until: Int64
  var activity: MachineActivity
  var stop: Int64?
  var place: TotalsPlace

  var length: Int64 { saturating(until, plus: 0 - from) }

  func isLike(_ other: TotalsSlice) -> Bool {
    activity == other.activity && stop == other.stop && place == other.place
  }
}

/// What one stop brought to each bucket.
struct StopAccount: Equatable, Sendable {
  struct Share: Equatable, Sendable {
    var bucket: Int64
    var count: Int64 = 0
    var delay: Int64 = 0
    var other: Int64 = 0
  }

  var number: Int64
  var id: String
  var reason: StopReason
  var shares: [Share] = []
}

extension Totals {
  /// Lets the last slice grow to a moment.
  mutating func grow(to target: Int64) {
    guard target > reached else { return }
    guard let last = slices.indices.last else {
      reached = target
      return
    }
    slices[last].until = target
    book(slices[last], saturating(target, plus: 0 - reached))
    reached = target
  }

  /// Books a length of a slice, or takes it back if negative.
  private mutating func book(_ slice: TotalsSlice, _ milliseconds: Int64) {
    guard milliseconds != 0 else { return }
    let isDelay = slice.activity.isDelay && !slice.place.planned
    let stands = !slice.activity.isProducing && !slice.activity.isUnseen
    let ledger = slice.stop.flatMap { stop in ledgers.firstIndex { $0.number == stop } }
    for bucket in slice.place.buckets {
      update(bucket) {
        $0.sums.add(milliseconds, slice.activity, planned: slice.place.planned)
      }
      guard stands, let ledger else { continue }
      add(
        .init(
          bucket: bucket, delay: isDelay ? milliseconds : 0, other: isDelay ? 0 : milliseconds),
        to: ledger)
    }
  }

  private mutating func add(_ share: StopAccount.Share, to ledger: Int) {
    let reason = ledgers[ledger].reason
    let bucket = update(share.bucket) {
      $0.sums.add(reason, count: share.count, delay: share.delay, other: share.other)
    }
    guard bucket != nil else { return }
    guard let index = ledgers[ledger].shares.firstIndex(where: { $0.bucket == share.bucket }) else {
      ledgers[ledger].shares.append(share)
      return
    }
    var sum = ledgers[ledger].shares[index]
    sum.count = saturating(sum.count, plus: share.count)
    sum.delay = saturating(sum.delay, plus: share.delay)
    sum.other = saturating(sum.other, plus: share.other)
    ledgers[ledger].shares[index] = sum
  }

  /// Changes a bucket that is still kept; nil when it is not.
  @discardableResult
  mutating func update(
    _ number: Int64, _ change: (inout TotalsBucket) -> Void
  ) -> TotalsBucket? {
    for list in [\Totals.shifts, \Totals.days, \Totals.orders] {
      guard let index = self[keyPath: list].lastIndex(where: { $0.number == number }) else {
        continue
      }
      change(&self[keyPath: list][index])
      let bucket = self[keyPath: list][index]
      if bucket.until != nil { touched.insert(number) }
      return bucket
    }
    return nil
  }

  // MARK: Inputs

  mutating func follow(
    _ input: TotalsInput, _ reading: ClockReading, _ told: inout [TotalsBucket]
  ) {
    let at = input.at.flooredMilliseconds
    switch input {
    case .activity(let next, _):
      activity = next
      rewrite(from: at) { $0.activity = next }
    case .stopStarted(let id, let reason, _):
      start(id, reason, at: at)
    case .stopClassified(let id, let reason, _):
      classify(id, reason)
    case .stopEnded(let id, let reason, _):
      guard let ledger = ledgers.first(where: { $0.id == id }) else { return }
      rewrite(from: at) { if $0.stop == ledger.number { $0.stop = nil } }
      if openStop == ledger.number { openStop = nil }
      classify(id, reason)
    case .counted(let pieces, let from, _):
      // Boundaries lie on whole milliseconds, at or after their moment: what begins with one is
      // after it.
      count(pieces, from: from.ceiledMilliseconds, to: at)
    case .order(let next, _):
      change(to: next, at: at, reading, &told)
    }
  }

  private mutating func start(_ id: String, _ reason: StopReason, at: Int64) {
    guard !ledgers.contains(where: { $0.id == id }) else { return classify(id, reason) }
    if ledgers.count >= TotalsLimits.stops {
      // One that a slice still names is needed to take back what was booked for it.
      let needed = Set(slices.compactMap(\.stop))
      let oldest = ledgers.firstIndex { !needed.contains($0.number) } ?? 0
      ledgers.remove(at: oldest)
    }
    let number = takeNumber()
    ledgers.append(StopAccount(number: number, id: id, reason: reason))
    openStop = number
    rewrite(from: at) { $0.stop = number }
    guard let place = slices.last(where: { $0.from <= at })?.place ?? slices.first?.place else {
      return
    }
    for bucket in place.buckets {
      add(.init(bucket: bucket, count: 1), to: ledgers.count - 1)
    }
  }

  /// Moves what a stop brought from its old reason to a new one.
  private mutating func classify(_ id: String, _ reason: StopReason) {
    guard let index = ledgers.firstIndex(where: { $0.id == id }),
      ledgers[index].reason != reason
    else { return }
    let old = ledgers[index].reason
    ledgers[index].reason = reason
    for share in ledgers[index].shares {
      update(share.bucket) {
        $0.sums.add(old, count: 0 - share.count, delay: 0 - share.delay, other: 0 - share.other)
        $0.sums.add(reason, count: share.count, delay: share.delay, other: share.other)
      }
    }
  }

  private mutating func count(_ pieces: Quantities, from: Int64, to: Int64) {
    // One part for each place in the window, in order: places differ in their buckets or ideal.
    var parts: [(place: TotalsPlace, length: Int64)] = []
    for slice in slices where slice.from < to && slice.until > from {
      let length = saturating(min(slice.until, to), plus: 0 - max(slice.from, from))
      var place = slice.place
      place.planned = false
      if let last = parts.indices.last, parts[last].place == place {
        parts[last].length = saturating(parts[last].length, plus: length)
      } else if length > 0 {
        parts.append((place, length))
      }
    }
    if parts.isEmpty {
      let before = slices.last { $0.from < to } ?? slices.first
      guard let before else { return }
      parts = [(before.place, 1)]
    }
    let whole = parts.reduce(0) { saturating($0, plus: $1.length) }
    var (passed, given) = (Int64(0), Quantities())
    for part in parts {
      passed = saturating(passed, plus: part.length)
      let upTo = pieces.share(passed, of: whole)
      let own = upTo - given
      given = upTo
      for bucket in part.place.buckets {
        update(bucket) {
          $0.sums.add(own, ideal: part.place.idealNanoseconds)
          if parts.count > 1 { $0.approximate = true }
        }
      }
    }
  }

  // MARK: Slices

  /// Books everything from a moment on otherwise.
  private mutating func rewrite(from at: Int64, _ change: (inout TotalsSlice) -> Void) {
    guard let oldest = slices.first, let last = slices.last else { return }
    if at < oldest.from {
      lateMilliseconds = saturating(lateMilliseconds, plus: saturating(oldest.from, plus: 0 - at))
    }
    if at >= last.from, at >= reached, last.length > 0 {
      var next = last
      (next.from, next.until) = (reached, reached)
      slices.append(next)
    } else if let index = slices.firstIndex(where: { $0.from < at && at < $0.until }) {
      var rest = slices[index]
      rest.from = at
      slices[index].until = at
      slices.insert(rest, at: index + 1)
    }
    for index in slices.indices where slices[index].from >= at {
      var changed = slices[index]
      change(&changed)
      guard changed != slices[index] else { continue }
      book(slices[index], 0 - slices[index].length)
      slices[index] = changed
      book(changed, changed.length)
    }
    tidy()
  }

  /// Joins slices that have become alike and drops the oldest; they stay booked as they are.
  private mutating func tidy() {
    var joined: [TotalsSlice] = []
    joined.reserveCapacity(slices.count)
    for slice in slices {
      if let last = joined.indices.last, joined[last].isLike(slice) || joined[last].length == 0 {
        let from = joined[last].from
        joined[last] = slice
        joined[last].from = from
      } else {
        joined.append(slice)
      }
    }
    let excess = joined.count - TotalsLimits.slices
    slices = excess > 0 ? Array(joined.dropFirst(excess)) : joined
  }

  // MARK: Buckets

  /// The time from what is reached on belongs to this shift and day.
  mutating func enter(
    _ shift: TotalsBucket.Scope, _ day: TotalsBucket.Scope, planned: Bool, isBack: Bool,
    _ reading: ClockReading, _ told: inout [TotalsBucket]
  ) {
    let at = Stamp(reached.asInstant, reading)
    let shiftNumber = open(shift, in: \.shifts, TotalsLimits.shifts, at, isBack: isBack, &told)
    let dayNumber = open(day, in: \.days, TotalsLimits.days, at, isBack: isBack, &told)
    let place = TotalsPlace(
      shift: shiftNumber, day: dayNumber, order: runningOrder?.number, planned: planned,
      idealNanoseconds: order?.idealNanoseconds ?? idealNanoseconds)
    slices.append(
      TotalsSlice(
        from: reached, until: reached, activity: activity, stop: openStop, place: place))
    tidy()
  }

  /// Closes what runs in a list and opens a scope there, or the one that is kept of that name.
  private mutating func open(
    _ scope: TotalsBucket.Scope, in list: WritableKeyPath<Totals, [TotalsBucket]>, _ limit: Int,
    _ at: Stamp, isBack: Bool, _ told: inout [TotalsBucket]
  ) -> Int64 {
    if let last = self[keyPath: list].last, last.until == nil {
      if last.scope == scope { return last.number }
      close(list, at, &told)
    }
    let isNamed = scope != .outside && scope != .unknown
    if isNamed || isBack,
      let kept = self[keyPath: list].lastIndex(where: { $0.scope == scope })
    {
      var bucket = self[keyPath: list].remove(at: kept)
      bucket.until = nil
      self[keyPath: list].append(bucket)
      return bucket.number
    }
    let number = takeNumber()
    self[keyPath: list].append(TotalsBucket(number: number, scope: scope, from: at))
    let excess = self[keyPath: list].count - limit
    if excess > 0 {
      for dropped in self[keyPath: list].prefix(excess) { forget(dropped.number) }
      self[keyPath: list].removeFirst(excess)
    }
    return number
  }

  /// The shares of stops in a bucket that is no longer kept.
  private mutating func forget(_ number: Int64) {
    for index in ledgers.indices { ledgers[index].shares.removeAll { $0.bucket == number } }
  }

  private mutating func close(
    _ list: WritableKeyPath<Totals, [TotalsBucket]>, _ at: Stamp, _ told: inout [TotalsBucket]
  ) {
    guard let last = self[keyPath: list].indices.last, self[keyPath: list][last].until == nil
    else { return }
    self[keyPath: list][last].until = at
    told.append(self[keyPath: list][last])
  }

  private mutating func change(
    to next: TotalsOrder?, at: Int64, _ reading: ClockReading, _ told: inout [TotalsBucket]
  ) {
    order = next
    let stamp = Stamp(at.asInstant, reading)
    var number: Int64?
    if let next {
      number = open(
        .order(next.key), in: \.orders, TotalsLimits.orders, stamp, isBack: false, &told)
    } else {
      close(\.orders, stamp, &told)
    }
    let ideal = idealNanoseconds
    rewrite(from: at) {
      $0.place.order = number
      $0.place.idealNanoseconds = next?.idealNanoseconds ?? ideal
    }
  }

  private mutating func takeNumber() -> Int64 {
    defer { nextNumber = saturating(nextNumber, plus: 1) }
    return nextNumber
  }
}
