// What a recorder and a courier share: parcels one way, answers the other, and two bells.

public import Delivery
import Outbox

/// The two mailboxes between the recorder and one courier.
public final class CourierLink: Sendable {
  public let name: String
  let parcels = Mailbox<Parcel>(capacity: GatewayLimits.parcelsWaiting)
  let answers = Mailbox<Answer>(capacity: GatewayLimits.answersWaiting)
  /// What the courier said last of itself.
  public let status: Board<CourierStatus?>
  private let wakeCourier: @Sendable () -> Void
  private let wakeRecorder: @Sendable () -> Void

  /// The closures ring the bell of the other thread and must not block.
  public init(
    name: String, wakeCourier: @escaping @Sendable () -> Void,
    wakeRecorder: @escaping @Sendable () -> Void
  ) {
    self.name = name
    self.status = Board(nil)
    self.wakeCourier = wakeCourier
    self.wakeRecorder = wakeRecorder
  }

  func post(_ parcel: Parcel) -> Bool {
    guard parcels.post(parcel) else { return false }
    wakeCourier()
    return true
  }

  func post(_ answer: Answer) -> Bool {
    guard answers.post(answer) else { return false }
    wakeRecorder()
    return true
  }
}
