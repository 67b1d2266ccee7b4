// Where people and dropped files leave what they ask of orders, holds and stops, and where the
// recorder leaves its answers.
//
// Invariants
// - An answer says "done" only when what the request caused is durable: whoever reads it may throw
//   the dropped file away. What changed nothing is answered as soon as all before it is durable.
// - Bounded: `ShopLimits.requestsWaiting` requests and `ShopLimits.answersKept` answers; beyond it
//   a request is refused at once, and the oldest answer is forgotten.
// - Neither side waits for the other: both hold the lock for one append.
// - A request that was taken and not answered may or may not have happened (a crash): repeating an
//   order file with its `requestId` is harmless, and so is the same hold or the same reason again.

public import Machines
public import Primitives
import Synchronization

/// What is asked of the recorder.
public enum ShopRequest: Equatable, Sendable {
  /// An order file; where it has no request id, give it the name of the dropped file.
  case order(OrderFile)
  /// All orders of a file, or none of them.
  case orders([OrderFile])
  /// Gives a stop its reason, late or again.
  case classify(machine: String, stopID: String, reason: String, by: String)
  case hold(HoldScope, reason: String, by: String)
  /// Ends a quality hold; `line` is needed where holds of two lines have one number.
  case release(number: Int64, line: String?, by: String)
  /// Lets a held confirmation go by hand.
  case approve(number: Int64, line: String?, by: String)
  case listOrders
  case listHeld
  case listUnclassified
  /// About what waits for uplinks, and what they refused.
  case outbox(OutboxRequest)
}

/// What came of a request.
public struct ShopAnswer: Equatable, Sendable {
  /// What was asked for is so now, and durable.
  public var isDone: Bool
  /// For who asked: what happened, or why not and what to do.
  public var sentence: String
  /// What was listed; nil where nothing was asked to be listed.
  public var document: JSONValue?

  public init(isDone: Bool, sentence: String, document: JSONValue? = nil) {
    self.isDone = isDone
    self.sentence = sentence
    self.document = document
  }
}

/// Limits of requests, holds and sums in the recorder.
public enum ShopLimits {
  /// Requests that wait for the recorder: a full drop directory goes in by and by.
  public static let requestsWaiting = 64
  /// Answers kept for those who come back for them: 256 × 1 KiB.
  public static let answersKept = 256
}

/// The counter at which requests wait and are answered.
public final class ShopMailbox: Sendable {
  /// What is known under a ticket.
  public enum Progress: Equatable, Sendable {
    case waiting
    case done(ShopAnswer)
    /// Never posted here, or answered so long ago that it was forgotten.
    case unknown
  }

  /// One request with the number under which its answer is fetched.
  struct Ticket: Equatable, Sendable {
    var number: UInt64
    var request: ShopRequest
  }

  private struct Book {
    var next: UInt64 = 1
    var waiting: [Ticket] = []
    /// Taken by the recorder and not answered.
    var taken: [UInt64] = []
    var answers: [(number: UInt64, answer: ShopAnswer)] = []
  }

  private let book = Mutex(Book())
  private let wakeRecorder: @Sendable () -> Void
  private let wakeAsker: @Sendable () -> Void

  /// The closures ring the bells of the recorder and of who answers people; they must not block.
  public init(
    wakeRecorder: @escaping @Sendable () -> Void = {},
    wakeAsker: @escaping @Sendable () -> Void = {}
  ) {
    self.wakeRecorder = wakeRecorder
    self.wakeAsker = wakeAsker
  }

  /// Leaves a request; its ticket, or nil when as many as may wait are waiting.
  public func post(_ request: ShopRequest) -> UInt64? {
    let number: UInt64? = book.withLock { book in
      guard book.waiting.count + book.taken.count < ShopLimits.requestsWaiting else { return nil }
      let number = book.next
      book.next &+= 1
      book.waiting.append(Ticket(number: number, request: request))
      return number
    }
    if number != nil { wakeRecorder() }
    return number
  }

  /// How far a request is.
  public func progress(of ticket: UInt64) -> Progress {
    book.withLock { book in
      if let done = book.answers.first(where: { $0.number == ticket }) { return .done(done.answer) }
      let isOpen = book.waiting.contains { $0.number == ticket } || book.taken.contains(ticket)
      return isOpen ? .waiting : .unknown
    }
  }

  /// Everything that waits, oldest first; the recorder owes an answer to each.
  func take() -> [Ticket] {
    book.withLock { book in
      let all = book.waiting
      book.waiting.removeAll(keepingCapacity: true)
      book.taken += all.map(\.number)
      return all
    }
  }

  /// Answers a request that was taken.
  func answer(_ ticket: UInt64, _ answer: ShopAnswer) {
    book.withLock { book in
      book.taken.removeAll { $0 == ticket }
      if book.answers.count >= ShopLimits.answersKept { book.answers.removeFirst() }
      book.answers.append((ticket, answer))
    }
    wakeAsker()
  }
}
