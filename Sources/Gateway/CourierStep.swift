// One turn of a courier's thread: a parcel in, bytes out and in, answers back to the recorder.
//
// Invariants
// - It waits only in `stream.wait`, which ends at the courier's own deadline, at a call of the
//   recorder's bell, or after `GatewayLimits.courierIdle`.
// - An answer that the recorder's mailbox cannot take yet is kept, and no further parcel is begun.

public import Delivery
import Outbox
public import Primitives

/// The courier of one uplink with its stream.
public struct CourierStep<Stream: ByteStream & ~Copyable>: ~Copyable {
  private var courier: any UplinkCourier
  /// The courier as it was made, to begin again from.
  private let fresh: any UplinkCourier
  /// The journal that the parcel in hand is from.
  private var journal = 0
  /// A parcel of a newer journal, taken before the old one was forgotten.
  private var early: Numbered<Parcel>?
  private var stream: Stream
  private let link: CourierLink
  private var generator: SeededGenerator
  private var unposted: [Answer] = []
  private let readSecret: @Sendable () -> Secret

  /// `readToken` reads the file of the bearer token or password again; nil for none.
  public init(
    courier: any UplinkCourier, stream: consuming Stream, link: CourierLink, seed: UInt64,
    readToken: @escaping @Sendable () -> String?
  ) {
    self.init(courier: courier, stream: stream, link: link, seed: seed) {
      readToken().map { .token($0, staleAt: nil) } ?? Secret.none
    }
  }

  /// `readSecret` reads a file or asks a service, within bounds of its own.
  public init(
    courier: any UplinkCourier, stream: consuming Stream, link: CourierLink, seed: UInt64,
    readSecret: @escaping @Sendable () -> Secret
  ) {
    self.courier = courier
    fresh = courier
    self.stream = stream
    self.link = link
    generator = SeededGenerator(seed: seed)
    self.readSecret = readSecret
  }

  /// Sends what there is, then waits for the stream, the bell or the deadline, and reacts.
  public mutating func turn(clock: some Clock) {
    var now = Self.stamp(clock)
    forgetOldJournal()
    postAnswers()
    takeParcel(now)
    let idle = now.instant + GatewayLimits.courierIdle
    let event = stream.wait(until: min(courier.nextDeadline ?? idle, idle))
    now = Self.stamp(clock)
    perform(courier.handle(event, now: now, using: &generator), now)
    var status = courier.status
    status.conditions += stream.facts.conditions(at: now.wall)
    if let date = status.peerDate { stream.learn(peerDate: date) }
    link.status.post(status)
  }

  /// When the next turn is due if neither the stream nor the recorder does anything.
  public var nextDeadline: Instant? { courier.nextDeadline }

  /// Says farewell and drops the connection; what was not acknowledged is sent by the next run.
  public mutating func close() {
    for action in courier.farewell() {
      if case .send(let bytes) = action { stream.send(bytes) }
    }
    stream.close()
  }

  private static func stamp(_ clock: some Clock) -> Stamp {
    let reading = clock.reading()
    return Stamp(instant: reading.monotonic, wall: reading.wall)
  }

  private mutating func takeParcel(_ now: Stamp) {
    guard courier.wantsParcel, unposted.isEmpty, let parcel = early ?? link.parcels.take() else {
      return
    }
    // The recorder can begin anew within a turn; the old parcel is forgotten at the next one.
    guard parcel.journal == journal else {
      early = parcel
      return
    }
    early = nil
    perform(courier.offer(parcel.value, now: now, using: &generator), now)
  }

  /// Another journal has other events under the same sequences.
  private mutating func forgetOldJournal() {
    guard link.journalNumber != journal else { return }
    journal = link.journalNumber
    stream.close()
    courier = fresh
    unposted = []
    if early?.journal != journal { early = nil }
  }

  private mutating func postAnswers() {
    while let answer = unposted.first, link.post(answer, about: journal) { unposted.removeFirst() }
  }

  private mutating func perform(_ actions: [CourierAction], _ now: Stamp) {
    for action in actions {
      switch action {
      case .open(let target): stream.open(target)
      case .send(let bytes): stream.send(bytes)
      case .close: stream.close()
      case .report(let answer):
        unposted.append(answer)
        postAnswers()
      case .wantParcel: takeParcel(now)
      case .reloadToken: courier.use(readSecret())
      }
    }
  }
}
