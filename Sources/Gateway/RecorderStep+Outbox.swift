// What the recorder does for people who look after refused events: it lists, reads, sends them once
// more, and gives them up.
//
// Invariants
// - Looking changes nothing and waits for no commit.
// - Giving up is an event (F31), in the same transaction as the deletion it tells of.
// - An event that is sent once more stays in the journal until the commit behind its answer.

import Events
public import Outbox
public import Primitives

extension RecorderStep where Store: ~Copyable {
  /// Answers what is only looked at, and lets the rest wait for the next transaction.
  mutating func hear(_ request: OutboxRequest, _ ticket: UInt64, _ reading: ClockReading) {
    switch request {
    case .list, .read, .waiting:
      do throws(StoreFault) {
        requests.answer(ticket, try look(request, reading))
      } catch {
        requests.answer(ticket, ShopAnswer(isDone: false, sentence: error.sentence))
      }
    case .retry, .drop: entries.append(.outbox(ticket: ticket, request))
    }
  }

  private mutating func look(
    _ request: OutboxRequest, _ reading: ClockReading
  ) throws(StoreFault) -> ShopAnswer {
    switch request {
    case .list(let choice, let row):
      let rows = try store.quarantined(choice.query(after: row, byteLimit: OutboxPage.bytes * 8))
      return page(rows, withBytes: false, uplinks: row == 0 ? uplinkList(reading) : nil)
    case .read(let choice, let row):
      let rows = try store.quarantined(choice.query(after: row, byteLimit: OutboxPage.bytes))
      guard !rows.isEmpty || choice.number == nil else { return .none(choice) }
      return page(rows, withBytes: true, uplinks: nil)
    case .waiting(let name, let place): return try waiting(name, after: place)
    case .retry, .drop: return ShopAnswer(isDone: false, sentence: "nothing to look at")
    }
  }

  private func page(
    _ rows: [QuarantinedRow], withBytes: Bool, uplinks: JSONValue?
  ) -> ShopAnswer {
    var members: [String: JSONValue] = [
      "refused": .array(rows.map { $0.document(withBytes: withBytes) })
    ]
    members["uplinks"] = uplinks
    members["next"] = rows.last.map { .integer($0.row) }
    return ShopAnswer(isDone: true, sentence: "", document: .object(members))
  }

  private func uplinkList(_ reading: ClockReading) -> JSONValue {
    .array(
      outbox.statistics.map { lane in
        var members: [String: JSONValue] = [
          "name": .string(lane.name), "waiting": .integer(Int64(clamping: lane.depth)),
          "refused": .integer(Int64(lane.kept - min(lane.kept, lane.held))),
          "held": .integer(Int64(lane.held)), "late": .integer(Int64(lane.late)),
        ]
        members["oldestMs"] = lane.oldestAge(reading).map { .integer($0.wholeMilliseconds) }
        return .object(members)
      })
  }

  private mutating func waiting(
    _ name: String, after place: UInt64
  ) throws(StoreFault) -> ShopAnswer {
    guard let lane = outbox.statistics.first(where: { $0.name == name }) else {
      let names = outbox.statistics.map(\.name).joined(separator: ", ")
      return ShopAnswer(
        isDone: false, sentence: "there is no uplink \"\(name)\"; there is: \(names)")
    }
    let events = try store.read(
      after: max(place, lane.acknowledged), dueBit: lane.bit, countLimit: OutboxPage.rows,
      byteLimit: OutboxPage.bytes)
    var members: [String: JSONValue] = [
      "events": .array(events.map { .string(String(decoding: $0.bytes, as: UTF8.self)) })
    ]
    members["next"] = events.last.map { .integer(Int64(clamping: $0.sequence)) }
    return ShopAnswer(isDone: true, sentence: "", document: .object(members))
  }

  // MARK: Changes

  /// Sends once more or gives up, within the transaction that is being made.
  mutating func carryOut(
    _ request: OutboxRequest, _ pending: inout Pending, _ reading: ClockReading
  ) -> ShopAnswer {
    let choice: RefusedChoice
    switch request {
    case .retry(let chosen), .drop(let chosen, _): choice = chosen
    case .list, .read, .waiting: return ShopAnswer(isDone: false, sentence: "nothing to change")
    }
    let keys: [QuarantineKey]
    do throws(StoreFault) {
      keys = try self.keys(choice)
    } catch {
      return ShopAnswer(isDone: false, sentence: error.sentence)
    }
    guard !keys.isEmpty else { return .none(choice) }
    let names = Set(keys.map(\.uplink)).sorted()
    if choice.number != nil, names.count > 1 {
      return ShopAnswer(
        isDone: false,
        sentence: "\(choice.text) was refused by \(names.joined(separator: " and ")); name one "
          + "with --uplink")
    }
    switch request {
    case .drop(_, let by): return drop(keys, by: by, &pending, reading)
    case .retry, .list, .read, .waiting: return retry(keys)
    }
  }

  private mutating func keys(_ choice: RefusedChoice) throws(StoreFault) -> [QuarantineKey] {
    var keys: [QuarantineKey] = []
    var row: Int64 = 0
    while true {
      let rows = try store.quarantined(choice.query(after: row, byteLimit: OutboxPage.bytes * 8))
      guard let last = rows.last else { return keys }
      keys += rows.map(\.key)
      row = last.row
    }
  }

  private mutating func retry(_ keys: [QuarantineKey]) -> ShopAnswer {
    var sent = 0
    var unknown: Set<String> = []
    for (uplink, own) in Dictionary(grouping: keys, by: \.uplink) {
      if outbox.retry(own.map(\.sequence), uplink: uplink) {
        sent += own.count
      } else {
        unknown.insert(uplink)
      }
    }
    var parts: [String] = []
    if sent > 0 {
      parts.append(
        "\(sent) event\(sent == 1 ? "" : "s") put back to be sent as late; what is refused again "
          + "is kept again")
    }
    if !unknown.isEmpty {
      parts.append(
        "\(keys.count - sent) stay\(keys.count - sent == 1 ? "s" : ""): no uplink "
          + "\(unknown.sorted().joined(separator: ", ")) is configured any more")
    }
    return ShopAnswer(isDone: sent > 0, sentence: parts.joined(separator: "; "))
  }

  private mutating func drop(
    _ keys: [QuarantineKey], by: String, _ pending: inout Pending, _ reading: ClockReading
  ) -> ShopAnswer {
    if let busy = keys.first(where: outbox.isOnItsWay) {
      return ShopAnswer(
        isDone: false,
        sentence: "event \(busy.sequence) is on its way to \(busy.uplink) once more; look again "
          + "when it has answered")
    }
    var told: Set<UInt64> = []
    for key in keys {
      outbox.forget(key)
      pending.transaction.released.append(key)
      guard told.insert(key.sequence).inserted else { continue }
      let loss = outbox.givenUp(key, by: by)
      seal(
        EventDraft.eventsDropped(plan.source, at: Stamp(reading.monotonic, reading), loss),
        &pending, reading)
    }
    return ShopAnswer(
      isDone: true,
      sentence: "event \(keys[0].sequence), refused by \(keys[0].uplink), is given up; "
        + "takt.events.dropped tells it")
  }

  /// Gives up the oldest refused events when too many are kept, and tells so.
  mutating func giveUpOldest(_ pending: inout Pending, _ reading: ClockReading) {
    let count = outbox.keptTooMany(pending.transaction)
    guard count > 0,
      let rows = try? store.quarantined(
        QuarantineQuery(after: 0, countLimit: count, byteLimit: .max))
    else { return }
    let released = Set(pending.transaction.released)
    let keys = rows.map(\.key).filter { !released.contains($0) && !outbox.isOnItsWay($0) }
    for key in keys { outbox.forget(key) }
    pending.transaction.released += keys
    for loss in outbox.givenUp(keys) {
      seal(
        EventDraft.eventsDropped(plan.source, at: Stamp(reading.monotonic, reading), loss),
        &pending, reading)
    }
  }

  // MARK: Keys that wait

  /// Continues with what the journal keeps of refused events, and of what waits behind them. What
  /// cannot be read now is looked at again by the next start.
  mutating func resumeHeld() {
    var kept: [KeptRow] = []
    var row: Int64 = 0
    while true {
      guard let rows = try? store.quarantined(QuarantineQuery(after: row)) else { return }
      guard let last = rows.last else { break }
      kept += rows.map(KeptRow.init)
      row = last.row
    }
    outbox.resumeHeld(kept)
  }

  // MARK: Offering

  /// Hands late events to a courier, when it is their turn.
  mutating func offerLate(_ courier: CourierLink, _ bit: Int) {
    // Twice: the rows may have been looked through up to their end.
    for _ in 0..<2 {
      guard let query = outbox.lateOrder(for: bit), !courier.parcels.isFull,
        let rows = try? store.quarantined(query)
      else { return }
      if let parcel = outbox.offerLate(rows, for: bit) {
        _ = courier.post(parcel)
        return
      }
    }
  }
}

extension ShopAnswer {
  fileprivate static func none(_ choice: RefusedChoice) -> ShopAnswer {
    ShopAnswer(
      isDone: false,
      sentence: "there is no \(choice.text) here; \"takt outbox list\" shows those that there are")
  }
}

extension UplinkStatistics {
  /// How long the oldest event on its way has waited, by the wall clock.
  public func oldestAge(_ reading: ClockReading) -> Duration? {
    oldestRecorded.map {
      .milliseconds(max(0, reading.wall.milliseconds - $0.milliseconds))
    }
  }
}
