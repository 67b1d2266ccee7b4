// Requests of people and dropped files on their way to the recorder, and its answers on the way
// back: tickets between the main thread and the recorder's.
//
// Invariants
// - A request is taken once, in the order in which it came, and answered under its ticket.
// - Bounded: a full book refuses, and of the answers only the newest are kept.

import Gateway
import Primitives
import Synchronization

enum ShopLimits {
  /// Requests that wait for the recorder: a shift's worth of people at once.
  static let waiting = 64
  /// Answers that wait to be fetched; each is a list of at most `LinuxLimits.controlAnswerBytes`.
  static let answersKept = 64
  /// How long a command waits for its answer: twice what a stalled disk takes.
  static let patience = Duration.seconds(10)
  /// Between two looks of a command whether the answer is there.
  static let lookInterval = Duration.milliseconds(15)
}

/// What is asked and answered between the two threads.
final class ShopBook: Sendable {
  enum Progress: Equatable {
    case waiting
    case done(ShopAnswer)
    /// Never asked here, or answered so long ago that it was forgotten.
    case unknown
  }

  private struct Pages {
    var last: UInt64 = 0
    var waiting: [(ticket: UInt64, request: ShopRequest)] = []
    /// Taken by the recorder and not answered.
    var taken: [UInt64] = []
    var answers: [(ticket: UInt64, answer: ShopAnswer)] = []
  }

  private let pages = Mutex(Pages())

  /// Leaves a request and gives its ticket; nil when too many wait.
  func post(_ request: ShopRequest) -> UInt64? {
    pages.withLock { pages in
      guard pages.waiting.count + pages.taken.count < ShopLimits.waiting else { return nil }
      pages.last += 1
      pages.waiting.append((pages.last, request))
      return pages.last
    }
  }

  /// Takes everything that waits, the oldest first.
  func takeAll() -> [(ticket: UInt64, request: ShopRequest)] {
    pages.withLock { pages in
      let all = pages.waiting
      pages.waiting.removeAll()
      pages.taken += all.map(\.ticket)
      return all
    }
  }

  /// Answers what was taken under a ticket.
  func answer(_ ticket: UInt64, _ answer: ShopAnswer) {
    pages.withLock { pages in
      pages.taken.removeAll { $0 == ticket }
      if pages.answers.count >= ShopLimits.answersKept { pages.answers.removeFirst() }
      pages.answers.append((ticket, answer))
    }
  }

  /// How far a request is.
  func progress(of ticket: UInt64) -> Progress {
    pages.withLock { pages in
      if let found = pages.answers.first(where: { $0.ticket == ticket }) {
        return .done(found.answer)
      }
      let isOpen =
        pages.taken.contains(ticket) || pages.waiting.contains { $0.ticket == ticket }
      return isOpen ? .waiting : .unknown
    }
  }
}
