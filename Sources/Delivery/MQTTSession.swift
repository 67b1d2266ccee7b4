// One connection that the broker has accepted: what it allows, and what waits for an answer.
//
// Invariants
// - Errands stand in the order in which they were sent, so the first one has the first deadline.
// - A packet identifier is not zero and not that of another errand.
// - What is to be sent gathers in `outgoing` and leaves as one piece at the end of an input.

import Primitives

struct MQTTSession: Equatable, Sendable {
  /// What the answer to a packet is about.
  enum Purpose: Equatable, Sendable {
    /// An event of the cargo by its number.
    case event(Int)
    case status
    case canary
    case listenForAcknowledgements
    case listenForProof
    case stopListening
  }

  /// A packet that waits for its answer.
  struct Errand: Equatable, Sendable {
    var id: UInt16
    var purpose: Purpose
    var since: Instant
  }

  /// A message that has to come back before its topic's acknowledgements are believed.
  struct Proof: Equatable, Sendable {
    var topic: String
    /// The event; nil for the canary.
    var number: Int?
    var payload: [UInt8]
    var until: Instant
    var isHeard = false
    var isAcknowledged = false
  }

  /// What has to be done before the first event leaves.
  enum Preparation: Equatable, Sendable { case acknowledgements, canary }

  let version: MQTTVersion
  var window: Int
  var maximumPacket = Int.max
  var keepAlive: Duration
  var mayRetain = true
  var preparations: [Preparation] = []
  private(set) var errands: [Errand] = []
  /// Errands about events.
  private(set) var eventsOut = 0
  private var lastID: UInt16 = 0
  var outgoing: [UInt8] = []
  var lastSent: Instant
  /// When the answer to a PINGREQ has to be here.
  var pingUntil: Instant?
  /// No event leaves before.
  var pausedUntil: Instant?
  /// When a topic's park ends or its patience does.
  var fillAgainAt: Instant?
  var proof: Proof?
  /// Topics whose acknowledgements are believed, and until when (3.1.1).
  var assured: [String: Instant] = [:]

  init(version: MQTTVersion, window: Int, keepAlive: Duration, now: Instant) {
    self.version = version
    self.window = window
    self.keepAlive = keepAlive
    lastSent = now
  }

  /// Events on their way, oldest first.
  var events: [Int] {
    errands.compactMap { if case .event(let number) = $0.purpose { number } else { nil } }
  }

  /// An identifier for a packet that wants an answer.
  mutating func begin(_ purpose: Purpose, now: Instant) -> UInt16 {
    repeat {
      lastID = lastID == .max ? 1 : lastID + 1
    } while errands.contains { $0.id == lastID }
    errands.append(Errand(id: lastID, purpose: purpose, since: now))
    if case .event = purpose { eventsOut += 1 }
    return lastID
  }

  /// The errand that an answer is about; nil when there is none.
  mutating func end(_ id: UInt16) -> Purpose? {
    guard let place = errands.firstIndex(where: { $0.id == id }) else { return nil }
    let purpose = errands.remove(at: place).purpose
    if case .event = purpose { eventsOut -= 1 }
    return purpose
  }

  mutating func send(_ packet: MQTTPacket, now: Instant) {
    outgoing.append(contentsOf: packet.bytes(version))
    lastSent = now
  }

  /// Three quarters of the keep-alive: a broker waits for one and a half.
  var pingAt: Instant { lastSent + .nanoseconds(keepAlive.nanoseconds / 4 * 3) }

  /// When something has to happen, apart from the application's acknowledgement.
  func nextDeadline(_ answerTimeout: Duration) -> Instant {
    let errand = errands.first.map { $0.since + answerTimeout }
    let all = [errand, pingUntil ?? pingAt, pausedUntil, fillAgainAt, proof?.until]
    return all.compactMap { $0 }.min() ?? .distantFuture
  }
}
