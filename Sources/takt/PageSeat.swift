// Between the page's thread and the main thread: pictures one way, wishes the other.
//
// Invariants
// - The main thread makes a picture only when the page's thread wants one, and that at most once in
//   `PageLimits.pictureAge`: a page nobody looks at costs nothing.
// - Neither waits for the other but the page's thread, and that only with a deadline.

import LinuxEdge
import Primitives
import Synchronization

/// What the page's thread shares with the others.
final class PageSeat: Sendable {
  private struct Picture {
    var status: JSONValue
    var at: Instant
  }

  private let picture = Mutex<Picture?>(nil)
  private let isWanted = Atomic<Bool>(false)
  private let isEnding = Atomic<Bool>(false)
  /// Rings the page's thread: a picture is there, or the end is near.
  let bell: WakeUp
  private let wakeMain: @Sendable () -> Void

  init(wakeMain: @escaping @Sendable () -> Void) throws(LinuxFault) {
    bell = try WakeUp()
    self.wakeMain = wakeMain
  }

  // MARK: The page's thread

  /// The newest picture, made anew if it is old; nil before the first.
  func newest(now: () -> Instant) -> JSONValue? {
    let asked = now()
    if let fresh = held(notBefore: asked - PageLimits.pictureAge) { return fresh }
    isWanted.store(true, ordering: .releasing)
    wakeMain()
    let deadline = asked + PageLimits.pictureWait
    while now() < deadline {
      _ = bell.wait(until: deadline)
      if let fresh = held(notBefore: asked) { return fresh }
    }
    return held(notBefore: .distantPast)
  }

  private func held(notBefore time: Instant) -> JSONValue? {
    picture.withLock { held in held.flatMap { $0.at >= time ? $0.status : nil } }
  }

  /// Whether the page is to end.
  var hasEnded: Bool { isEnding.load(ordering: .acquiring) }

  // MARK: The main thread

  /// Ends the page's thread; it lets go of the port within its turn.
  func end() {
    isEnding.store(true, ordering: .releasing)
    bell.signal()
  }

  /// Whether a picture is asked for; asking again is taken as the same wish.
  func takeWish() -> Bool { isWanted.exchange(false, ordering: .acquiringAndReleasing) }

  /// Hands over a picture.
  func post(_ status: JSONValue, at time: Instant) {
    picture.withLock { $0 = Picture(status: status, at: time) }
    bell.signal()
  }
}
