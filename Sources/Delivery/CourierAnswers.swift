// What a courier does with an answer: the failure table (StatusVerdict) turned into moves.

import Outbox
import Primitives

/// What has been tried since the last delivery.
struct Patience: Equatable, Sendable {
  /// The token was read again after a 401.
  var refreshed = false
  /// A precondition was met once.
  var preconditions = 0
  /// Answers 409 in a row.
  var conflicts = 0
  /// Events refused in a row.
  var refusals = 0
  /// The event for which the courier last parked, doubting the receiver.
  var doubted: UInt64?
}

extension Courier {
  mutating func settle(
    _ response: HTTPResponse, _ link: Link, _ exchange: Exchange, _ now: Stamp,
    _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    record.lastStatus = response.status
    if let date = response.fields["Date"].flatMap(WallTime.init(httpDate:)) {
      record.peerDate = date
    }
    let said = sentence(response)
    if takesGzip != nil, let codings = response.fields["Accept-Encoding"] {
      takesGzip = Self.isGzip(in: codings)
    }
    let used = response.keepsAlive ? Link(answers: link.answers + 1, idleUntil: .boot) : nil
    var verdict = StatusVerdict(response)
    if verdict == .conflict {
      patience.conflicts += 1
      verdict = patience.conflicts >= DeliveryLimits.conflictsInARow ? .refused : .retry
    }
    if exchange.isPacked, verdict == .refused || verdict == .unwelcome {
      // It may be the packing that it means: no event is blamed before it was seen as it is.
      takesGzip = nil
      return goOn(used, now)
    }
    switch verdict {
    case .delivered, .perEvent:
      return applyEach(response, verdict, used, exchange.end, now, &generator)
    case .refused, .unwelcome:
      return refuse(response, verdict, used, exchange.end, now, &generator)
    case .tooLarge:
      let count = exchange.end - (cargo?.next ?? 0)
      guard count > 1 else {
        return refuse(response, verdict, used, exchange.end, now, &generator)
      }
      (learntSize, deliveriesAtSize) = (count / 2, 0)
      return goOn(used, now)
    case .refreshCredential:
      guard !patience.refreshed else {
        patience.refreshed = false
        return park("\(said); renew the token or the client's account", now, &generator)
      }
      patience.refreshed = true
      if policy.secret == .service {
        token = nil  // The next connection asks for another one.
        return wait(policy.firstRetry, said, now)
      }
      return [.reloadToken] + wait(policy.firstRetry, said, now)
    case .park(let advice): return park("\(said); \(advice)", now, &generator)
    case .retry: return fail(said, now, &generator, atLeast: retryAfter(response, now))
    case .conflict: return fail(said, now, &generator)
    case .retryOnce:
      patience.preconditions += 1
      guard patience.preconditions > 1 else { return wait(policy.firstRetry, said, now) }
      return park("\(said); a precondition has to be set up", now, &generator)
    case .slowDown:
      let doubled = (pacing?.nanoseconds ?? 0).multipliedReportingOverflow(by: 2).partialValue
      pacing = min(
        max(.nanoseconds(doubled), DeliveryLimits.firstPacing), DeliveryLimits.lastPacing)
      return fail(said, now, &generator, atLeast: retryAfter(response, now))
    }
  }

  /// Whether a receiver's list of codings has gzip, and not with the weight 0 (RFC 9110, 12.5.3).
  static func isGzip(in codings: String) -> Bool {
    codings.lowercased().split(separator: ",").contains { coding in
      let parts = coding.split(separator: ";").map { word in
        String(word.filter { $0 != " " && $0 != "\t" })
      }
      guard parts.first == "gzip" || parts.first == "x-gzip" else { return false }
      return !parts.dropFirst().contains {
        $0.hasPrefix("q=0") && !$0.contains { "123456789".contains($0) }
      }
    }
  }

  // MARK: Delivered

  /// Applies an answer that took the batch, event by event if its body says so.
  private mutating func applyEach(
    _ response: HTTPResponse, _ verdict: StatusVerdict, _ link: Link?, _ end: Int, _ now: Stamp,
    _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    guard var cargo else { return goOn(link, now) }
    let list = PerEventAnswer(response.body)
    if list == nil, verdict == .perEvent {
      return park("\(sentence(response)); its list for each event cannot be read", now, &generator)
    }
    guard let list, !list.isAllDelivered || verdict == .perEvent else {
      return delivered(to: end, link, now)
    }
    var reports: [CourierAction] = []
    var (index, reported) = (cargo.next, cargo.next)
    walk: while index < end {
      let event = cargo.events[index]
      let entry = list.entry(cargo.sequence(of: event), place: index - cargo.next)
      if let entry {
        switch StatusVerdict(status: entry.status) {
        case .delivered: break
        case .refused, .unwelcome, .tooLarge:
          reports += deliveredReport(cargo, reported..<index)
          reports.append(.report(.refused(event, status: entry.status, body: entry.text)))
          record.refusedEvents &+= 1
          reported = index + 1
          if policy.holdsKeys { _ = keyHolds.hold(event) }
        case .perEvent, .refreshCredential, .park, .retry, .conflict, .retryOnce, .slowDown:
          break walk
        }
      } else if verdict == .perEvent {
        break walk
      }
      index += 1
    }
    reports += deliveredReport(cargo, reported..<index)
    let progress = index > cargo.next
    cargo.advance(to: index)
    self.cargo = cargo
    if progress { succeed(now) }
    reports += giveBack()
    guard index < end, self.cargo?.isDone == false else {
      return reports + finishPiece(link, now)
    }
    return reports
      + fail("\(sentence(response)); not yet for every event", now, &generator)
  }

  private mutating func deliveredReport(_ cargo: Cargo, _ range: Range<Int>) -> [CourierAction] {
    guard let last = range.last else { return [] }
    record.deliveredEvents &+= UInt64(range.count)
    return [.report(.delivered(through: cargo.events[last].sequence))]
  }

  private mutating func delivered(to end: Int, _ link: Link?, _ now: Stamp) -> [CourierAction] {
    guard var cargo else { return goOn(link, now) }
    let report = deliveredReport(cargo, cargo.next..<end)
    cargo.advance(to: end)
    self.cargo = cargo
    succeed(now)
    return report + finishPiece(link, now)
  }

  /// Notes a success: full speed again.
  private mutating func succeed(_ now: Stamp) {
    record.deliveredBatches &+= 1
    record.lastSuccess = now
    record.consecutiveFailures = 0
    record.alarm = nil
    patience = Patience()
    retries.reset()
    parks.reset()
    deliveriesAtSize += 1
    if let size = learntSize, deliveriesAtSize >= DeliveryLimits.deliveriesBeforeGrowth {
      learntSize = size * 2 < policy.maxEvents ? size * 2 : nil
      deliveriesAtSize = 0
    }
    if let pause = pacing {
      pacing = pause <= DeliveryLimits.firstPacing ? nil : pause / 2
    }
  }

  /// After a piece: the next one, with the pause the receiver asked for, or the next parcel.
  private mutating func finishPiece(_ link: Link?, _ now: Stamp) -> [CourierAction] {
    guard let cargo, !cargo.isDone else {
      self.cargo = nil
      return goOn(link, now) + [.wantParcel]
    }
    guard let pacing else { return goOn(link, now) }
    guard var link else {
      state = .coolingOff(until: now.instant + pacing)
      return [.close]
    }
    link.idleUntil = now.instant + pacing + policy.keepAlive
    state = .pausing(link, until: now.instant + pacing)
    return []
  }

  /// Goes on over the same connection if it stays, over a new one otherwise.
  private mutating func goOn(_ link: Link?, _ now: Stamp) -> [CourierAction] {
    guard var link else {
      state = .offline
      return [.close] + proceed(now)
    }
    link.idleUntil = now.instant + policy.keepAlive
    state = .ready(link)
    return proceed(now)
  }

  // MARK: Refused

  /// Isolates the event that the answer means; alone, it is refused for good.
  private mutating func refuse(
    _ response: HTTPResponse, _ verdict: StatusVerdict, _ link: Link?, _ end: Int, _ now: Stamp,
    _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    guard var cargo, cargo.next < end else { return goOn(link, now) }
    note(sentence(response), now)
    if end - cargo.next > 1 {
      cargo.narrow(to: end)
      self.cargo = cargo
      return goOn(link, now)
    }
    let event = cargo.events[cargo.next]
    let neverWorked = verdict == .unwelcome && record.deliveredEvents == 0
    let allowed =
      verdict == .unwelcome ? (neverWorked ? 0 : 1) : DeliveryLimits.refusalsInARow
    guard patience.refusals < allowed || patience.doubted == event.sequence else {
      patience.doubted = event.sequence
      let advice = "nothing is accepted any more; check the address and the receiver"
      return park("\(sentence(response)); \(advice)", now, &generator)
    }
    patience.refusals += 1
    patience.conflicts = 0
    record.refusedEvents &+= 1
    let body = quote(response)
    cargo.advance(to: cargo.next + 1)
    cargo.forgetRefusal()
    self.cargo = cargo
    if policy.holdsKeys { _ = keyHolds.hold(event) }
    return [.report(.refused(event, status: response.status, body: body))] + giveBack()
      + finishPiece(link, now)
  }

  /// Gives back what waits behind a refused event of its key.
  mutating func giveBack() -> [CourierAction] {
    guard !keyHolds.isEmpty else { return [] }
    let holds = keyHolds
    return (cargo?.takeOut(holds.holds) ?? []).map { .report(.held($0)) }
  }

  // MARK: Failed

  /// A failure that passes by itself: the same bytes again, later.
  mutating func fail(
    _ sentence: String, _ now: Stamp, _ generator: inout some RandomNumberGenerator,
    atLeast: Duration? = nil
  ) -> [CourierAction] {
    var delay = retries.next(using: &generator)
    if let atLeast {
      // A tenth of jitter, so that gateways told the same moment do not all come back in it.
      let extra = Int64.random(in: 0...(max(0, atLeast.nanoseconds) / 10), using: &generator)
      delay = max(delay, atLeast + .nanoseconds(extra))
    }
    return wait(delay, sentence, now)
  }

  /// A fault for a person: looked at again after minutes, for ever.
  mutating func park(
    _ sentence: String, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    countFailure(sentence, now)
    record.alarm = sentence
    let until = now.instant + parks.next(using: &generator)
    state = .parked(until: until, why: sentence)
    return [.close]
  }

  private mutating func wait(
    _ delay: Duration, _ sentence: String, _ now: Stamp
  ) -> [CourierAction] {
    countFailure(sentence, now)
    state = .coolingOff(until: now.instant + delay)
    return [.close]
  }

  private mutating func countFailure(_ sentence: String, _ now: Stamp) {
    record.consecutiveFailures = min(record.consecutiveFailures + 1, 1_000_000)
    record.failures &+= 1
    note(sentence, now)
  }

  private mutating func note(_ sentence: String, _ now: Stamp) {
    record.lastError = sentence
    record.lastErrorAt = now
  }

  // MARK: Words

  private func sentence(_ response: HTTPResponse) -> String {
    let phrase = HTTPStatus.phrase(response.status)
    let code = phrase.isEmpty ? "\(response.status)" : "\(response.status) \(phrase)"
    return "posting to https://\(policy.address.authority)\(policy.address.path): answered \(code)"
  }

  /// The beginning of the answer's body, for quarantine.
  private func quote(_ response: HTTPResponse) -> String {
    String(decoding: response.body.prefix(DeliveryLimits.quotedCharacters), as: UTF8.self)
  }

  /// How long the receiver wants to be left alone; its own clock counts before ours.
  private func retryAfter(_ response: HTTPResponse, _ now: Stamp) -> Duration? {
    guard let text = response.fields["Retry-After"] else { return nil }
    if text.utf8.allSatisfy({ (48...57).contains($0) }), !text.isEmpty {
      guard let seconds = Int64(text) else { return DeliveryLimits.longestRetryAfter }
      return min(.seconds(seconds), DeliveryLimits.longestRetryAfter)
    }
    guard let date = WallTime(httpDate: text) else { return nil }
    let base = response.fields["Date"].flatMap(WallTime.init(httpDate:)) ?? now.wall
    let milliseconds = date.milliseconds.subtractingReportingOverflow(base.milliseconds)
    guard !milliseconds.overflow else { return nil }
    return min(
      max(.zero, .milliseconds(milliseconds.partialValue)),
      DeliveryLimits.longestRetryAfter)
  }
}
