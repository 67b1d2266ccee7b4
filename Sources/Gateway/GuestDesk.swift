// Where the control socket leaves a technician's read request for the thread that owns the bus.
//
// Invariants
// - Bounded: `GuestLimits.waiting` requests, `GuestLimits.answersKept` answers, and no more than
//   `GuestLimits.perSecond` requests are taken in a second; beyond that it refuses, at once.
// - While nobody asks, the field thread pays one atomic load a turn.
// - Neither side ever waits for the other: posting and answering hold the lock for one append.

public import Polling
public import Primitives
import Synchronization

/// One read that is not of the schedule.
public struct Guest: Equatable, Sendable {
  /// The number under which the answer is fetched; unique in the daemon.
  public var ticket: UInt64
  /// What is asked; its timeout is set when its turn comes unless `timeout` says it.
  public var unitAddress: UInt8
  public var table: ModbusTable
  public var start: UInt16
  public var count: UInt16
  /// How long the unit may take; nil for what suits the unit.
  public var timeout: Duration?
  public var postedAt: Instant

  public init(
    ticket: UInt64, unitAddress: UInt8, table: ModbusTable, start: UInt16, count: UInt16,
    timeout: Duration? = nil, postedAt: Instant
  ) {
    self.ticket = ticket
    self.unitAddress = unitAddress
    self.table = table
    self.start = start
    self.count = count
    self.timeout = timeout
    self.postedAt = postedAt
  }
}

/// What came of a guest's request.
public struct GuestAnswer: Equatable, Sendable {
  public var ticket: UInt64
  public var result: Result<[UInt16], BusFault>
  /// From sending to the answer; zero when nothing was sent.
  public var took: Duration
}

/// The counter at which guests of one bus wait and are answered.
public final class GuestDesk: Sendable {
  /// Whether a request was taken.
  public enum Admission: Equatable, Sendable {
    case taken
    /// As many as may wait are waiting.
    case full
    /// More than `GuestLimits.perSecond`.
    case tooFast
  }

  /// What is known under a ticket.
  public enum Progress: Equatable, Sendable {
    case waiting
    case done(GuestAnswer)
    /// Never posted here, or answered so long ago that it was forgotten.
    case unknown
  }

  private struct Waiting {
    var guest: Guest
    var askedAt: Instant
  }

  private struct Book {
    var waiting: [Waiting] = []
    var answers: [GuestAnswer] = []
    /// When the requests of the last second were taken.
    var taken: [Instant] = []
  }

  private let isAwaited = Atomic<Bool>(false)
  private let book = Mutex(Book())

  public init() {}

  /// Leaves a request, or says why it was not taken.
  public func post(_ guest: Guest, now: Instant) -> Admission {
    book.withLock { book in
      book.taken.removeAll { now - $0 >= .seconds(1) }
      guard book.taken.count < GuestLimits.perSecond else { return .tooFast }
      guard book.waiting.count < GuestLimits.waiting else { return .full }
      book.taken.append(now)
      book.waiting.append(Waiting(guest: guest, askedAt: now))
      isAwaited.store(true, ordering: .releasing)
      return .taken
    }
  }

  /// How far a request is; asking keeps it alive.
  public func progress(of ticket: UInt64, now: Instant) -> Progress {
    book.withLock { book in
      if let answer = book.answers.first(where: { $0.ticket == ticket }) { return .done(answer) }
      guard let place = book.waiting.firstIndex(where: { $0.guest.ticket == ticket }) else {
        return .unknown
      }
      book.waiting[place].askedAt = now
      return .waiting
    }
  }

  /// Whether anybody waits: one atomic load.
  public var hasGuest: Bool { isAwaited.load(ordering: .acquiring) }

  /// The guest whose turn it is; those who have left are let go.
  public func first(now: Instant) -> Guest? {
    book.withLock { book in
      book.waiting.removeAll { now - $0.askedAt > GuestLimits.abandonedAfter }
      isAwaited.store(!book.waiting.isEmpty, ordering: .releasing)
      return book.waiting.first?.guest
    }
  }

  /// Answers a guest and takes it from the line.
  public func answer(_ ticket: UInt64, _ result: Result<[UInt16], BusFault>, took: Duration) {
    book.withLock { book in
      book.waiting.removeAll { $0.guest.ticket == ticket }
      if book.answers.count >= GuestLimits.answersKept { book.answers.removeFirst() }
      book.answers.append(GuestAnswer(ticket: ticket, result: result, took: took))
      isAwaited.store(!book.waiting.isEmpty, ordering: .releasing)
    }
  }
}
