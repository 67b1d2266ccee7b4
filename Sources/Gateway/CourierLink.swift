// What a recorder and a courier share: parcels one way, answers the other, and two bells.
//
// Invariants
// - Parcels and answers carry the number of the journal they are about. When the journal has to be
//   replaced while running, sequences begin again: what is about the old one is dropped by both.

public import Delivery
import Outbox
import Synchronization

/// Something about one journal.
struct Numbered<Value: Sendable>: Sendable {
  var journal: Int
  var value: Value
}

/// The two mailboxes between the recorder and one courier.
public final class CourierLink: Sendable {
  public let name: String
  let parcels = Mailbox<Numbered<Parcel>>(capacity: GatewayLimits.parcelsWaiting)
  private let answers = Mailbox<Numbered<Answer>>(capacity: GatewayLimits.answersWaiting)
  private let journal = Atomic<Int>(0)
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

  /// The number of the journal in use; the courier forgets its parcel when it changes.
  var journalNumber: Int { journal.load(ordering: .acquiring) }

  /// The recorder has a new journal: what is on its way is about the old one.
  func startAnew() {
    journal.wrappingAdd(1, ordering: .acquiringAndReleasing)
    _ = parcels.takeAll()
    wakeCourier()
  }

  func post(_ parcel: Parcel) -> Bool {
    guard parcels.post(Numbered(journal: journalNumber, value: parcel)) else { return false }
    wakeCourier()
    return true
  }

  func post(_ answer: Answer, about number: Int) -> Bool {
    guard answers.post(Numbered(journal: number, value: answer)) else { return false }
    wakeRecorder()
    return true
  }

  /// The answers about the journal in use, oldest first.
  func takeAnswers() -> [Answer] {
    let number = journalNumber
    return answers.takeAll().filter { $0.journal == number }.map(\.value)
  }
}
