// Where the main thread leaves the next site for the recorder.

import Gateway
import Synchronization

/// One hand-over at a time, and whether it is done.
final class HandOverDesk: Sendable {
  private let waiting = Mutex<RecorderHandOver?>(nil)
  private let isWanted = Atomic<Bool>(false)

  /// The main thread leaves what the recorder goes on with.
  func leave(_ order: RecorderHandOver) {
    waiting.withLock { $0 = order }
    isWanted.store(true, ordering: .releasing)
  }

  /// What waits for the recorder; nil nearly always, for the price of one load.
  var order: RecorderHandOver? {
    guard isWanted.load(ordering: .acquiring) else { return nil }
    return waiting.withLock { $0 }
  }

  /// The recorder has gone on.
  func finish() {
    waiting.withLock { $0 = nil }
    isWanted.store(false, ordering: .releasing)
  }

  var isDone: Bool { !isWanted.load(ordering: .acquiring) }
}
