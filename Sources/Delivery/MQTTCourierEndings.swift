// How connections end, whom to blame, and what waits for how long.

import Outbox
import Primitives

/// Why a connection is given up, with a sentence.
enum MQTTEnding: Equatable, Sendable {
  /// Passes by itself.
  case failed(String)
  /// Broke without a word while events may have been on their way.
  case broken(String)
  /// The broker ended it and means one event on its way; refused after so many times.
  case blamed(String, status: UInt8, times: Int)
  case closedAtGreeting(String)
  /// At once again.
  case again(String)
  case slow(String)
  case parked(String)
  case fallBack(String)
  case credential(String)
  case withoutRetain(String)
  case oneAtATime(String)
  case elsewhere(String, reference: String?)
}

extension MQTTCourier {
  /// What a verdict about the connection leads to.
  func ending(
    _ verdict: MQTTVerdict, _ said: String, _ properties: MQTTProperties
  ) -> MQTTEnding {
    switch verdict {
    case .accepted, .acceptedByNobody, .retry, .newIdentifier: .failed(said)
    case .protest, .refused, .parkTopic:
      .blamed(said, status: 130, times: MQTTLimits.protestsAtOneEvent)
    case .tooLarge: .blamed(said, status: 149, times: 1)
    case .fallBack: .fallBack(said)
    case .refreshCredential: .credential(said)
    case .park(let advice): .parked("\(said); \(advice)")
    case .reconnect: .again(said)
    case .oneAtATime: .oneAtATime(said)
    case .withoutRetain: .withoutRetain(said)
    case .slowDown: .slow(said)
    case .elsewhere: .elsewhere(said, reference: properties.text(.serverReference))
    }
  }

  /// Gives the connection up and decides what comes next.
  mutating func finish(
    _ ending: MQTTEnding, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) -> [CourierAction] {
    var onItsWay: [Int] = []
    var version = MQTTVersion.five
    if case .live(let session) = state { (onItsWay, version) = (session.events, session.version) }
    for topic in parkedTopics.keys { parkedTopics[topic]?.isTried = false }
    cargo.recall()
    // What the broker took and did not pass on may be lost with it (persistence is often off).
    cargo.recallAccepted()
    state = .offline
    switch ending {
    case .failed(let said): wait(said, now, &generator)
    case .broken(let said):
      let status: UInt8 = version == .three ? 149 : 130
      blameOrWait(onItsWay, said, status, MQTTLimits.breaksAtOneEvent, now, &generator)
    case .blamed(let said, let status, let times):
      blameOrWait(onItsWay, said, status, times, now, &generator)
    case .closedAtGreeting(let said):
      brokers.closedAtGreeting()
      wait(said, now, &generator)
    case .again(let said): retry(said, isAtOnce: retries.failures == 0, now, &generator)
    case .oneAtATime(let said):
      retry(said, isAtOnce: !oneAtATime, now, &generator)
      oneAtATime = true
    case .withoutRetain(let said):
      retry(said, isAtOnce: retains, now, &generator)
      retains = false
    case .slow(let said):
      _ = retries.next(using: &generator)
      wait(said, now, &generator)
    case .parked(let said): park(said, now, &generator)
    case .fallBack(let said):
      guard brokers.fallBack(now: now.instant) else {
        park("\(said); it does not speak the version of the configuration", now, &generator)
        break
      }
      retry(said, isAtOnce: true, now, &generator)
    case .credential(let said):
      guard !refreshed else {
        refreshed = false
        park("\(said); renew the password or the client's account", now, &generator)
        break
      }
      refreshed = true
      countFailure(said, now)
      state = .coolingOff(until: now.instant + policy.firstRetry)
      return [.close, .reloadToken] + reports()
    case .elsewhere(let said, let reference):
      guard !brokers.isLost else {
        wait("\(said), as others did before", now, &generator)
        break
      }
      guard brokers.follow(reference) != nil else {
        let place = reference.map { "\"\($0.prefix(100))\"" } ?? "nowhere"
        park(
          "\(said) and points to \(place), which is not allowed; put the address into "
            + "redirections if it is right", now, &generator)
        break
      }
      retry(said, isAtOnce: true, now, &generator)
    }
    return [.close] + reports()
  }

  private mutating func blameOrWait(
    _ onItsWay: [Int], _ said: String, _ status: UInt8, _ times: Int, _ now: Stamp,
    _ generator: inout some RandomNumberGenerator
  ) {
    if let doubt = blame(onItsWay, said, status, times, now) {
      park(doubt, now, &generator)
    } else {
      wait(said, now, &generator)
    }
  }

  /// Finds the event at which connections end; a sentence when the broker is doubted instead.
  private mutating func blame(
    _ onItsWay: [Int], _ said: String, _ status: UInt8, _ times: Int, _ now: Stamp
  ) -> String? {
    guard let last = onItsWay.max() else { return nil }
    guard onItsWay.count == 1 else {
      carefulThrough = max(carefulThrough, last)
      return nil
    }
    guard cargo.strike(last) >= times, let item = cargo[last] else { return nil }
    let count = item.message.payload.count
    let sentence =
      "\(said), \(times) times at event \(item.sequence) of \(count) bytes alone"
    guard case .parked(let doubt) = refuse(last, Int(status), sentence, now) else { return nil }
    return doubt
  }

  // MARK: Events and topics

  /// The broker will not take this event; when it takes nothing any more, the broker is doubted.
  mutating func refuse(
    _ number: Int, _ status: Int, _ said: String, _ now: Stamp
  ) -> MQTTEnding? {
    guard let item = cargo[number] else { return nil }
    parkedTopics[item.message.topic]?.isTried = false
    note(said, now)
    guard refusals < MQTTLimits.refusalsInARow || doubted == item.event.sequence else {
      doubted = item.event.sequence
      cargo.set(number, .waiting)
      return .parked("\(said); nothing is accepted any more; check the topics and the broker")
    }
    refusals += 1
    let text = String(said.prefix(DeliveryLimits.quotedCharacters))
    setRefused(number, item, status: status, text: text)
    return nil
  }

  /// Takes an event for refused; what follows of its key waits, if the policy says so.
  mutating func setRefused(_ number: Int, _ item: MQTTCargo.Item, status: Int, text: String) {
    cargo.set(number, .refused(status: status, text: text))
    guard policy.holdsKeys, keyHolds.hold(item.event) != nil else { return }
    cargo.giveBack(keyHolds.holds)
  }

  /// The events of this topic wait; those of others go on.
  mutating func parkTopic(
    _ topic: String, _ number: Int, _ why: String, _ now: Stamp,
    _ generator: inout some RandomNumberGenerator
  ) -> MQTTEnding? {
    var parked =
      parkedTopics[topic]
      ?? ParkedTopic(
        since: now.instant, until: now.instant,
        backoff: Backoff(floor: DeliveryLimits.firstPark, ceiling: DeliveryLimits.lastPark),
        why: why)
    guard parkedTopics[topic] != nil || parkedTopics.count < MQTTLimits.parkedTopics else {
      return .parked("\(why); so it is with \(MQTTLimits.parkedTopics) other topics")
    }
    parked.until = now.instant + parked.backoff.next(using: &generator)
    parked.isTried = false
    parked.why = why
    parkedTopics[topic] = parked
    cargo.set(number, .waiting)
    cargo.rescan()
    countFailure(why, now)
    record.alarm = alarmOfTopics
    return nil
  }

  /// What a person has to put right about topics.
  var alarmOfTopics: String? {
    guard let first = parkedTopics.min(by: { $0.key < $1.key }) else { return nil }
    let others = parkedTopics.count - 1
    return others == 0 ? first.value.why : "\(first.value.why) (and \(others) other topics)"
  }

  // MARK: Waiting

  /// A failure that passes by itself: the next broker, or later.
  private mutating func wait(
    _ said: String, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) {
    countFailure(said, now)
    // The others of the list are tried before anybody waits.
    guard brokers.advance() else { return state = .coolingOff(until: now.instant) }
    state = .coolingOff(until: now.instant + retries.next(using: &generator))
  }

  /// The same broker at once, or after the usual wait.
  private mutating func retry(
    _ said: String, isAtOnce: Bool, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) {
    countFailure(said, now)
    let delay = retries.next(using: &generator)
    state = .coolingOff(until: now.instant + (isAtOnce ? .zero : delay))
  }

  private mutating func park(
    _ said: String, _ now: Stamp, _ generator: inout some RandomNumberGenerator
  ) {
    countFailure(said, now)
    record.alarm = said
    _ = brokers.advance()
    state = .parked(until: now.instant + parks.next(using: &generator))
  }

  mutating func countFailure(_ sentence: String, _ now: Stamp) {
    record.consecutiveFailures = min(record.consecutiveFailures + 1, 1_000_000)
    record.failures &+= 1
    note(sentence, now)
  }

  mutating func note(_ sentence: String, _ now: Stamp) {
    record.lastError = sentence
    record.lastErrorAt = now
  }
}
