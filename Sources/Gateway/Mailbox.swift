// How parcels and answers cross between the recorder and a courier.
//
// The sample path has lock-free rings of trivial values; here a few messages a second cross, and
// they own memory. A mutex held for one append is the simpler tool, and no thread that polls a
// machine ever touches it. A full mailbox refuses, as the ring does.

import Synchronization

/// A bounded first-in-first-out queue between two threads.
public final class Mailbox<Message: Sendable>: Sendable {
  public let capacity: Int
  private let messages = Mutex<[Message]>([])

  public init(capacity: Int) {
    self.capacity = capacity
  }

  /// Puts a message in, or refuses when full.
  public func post(_ message: Message) -> Bool {
    messages.withLock { held in
      guard held.count < capacity else { return false }
      held.append(message)
      return true
    }
  }

  /// Takes the oldest message.
  public func take() -> Message? {
    messages.withLock { $0.isEmpty ? nil : $0.removeFirst() }
  }

  /// Takes everything, oldest first.
  public func takeAll() -> [Message] {
    messages.withLock { held in
      let all = held
      held.removeAll(keepingCapacity: true)
      return all
    }
  }

  /// Whether one more message would be refused.
  public var isFull: Bool { messages.withLock { $0.count >= capacity } }
}

/// The newest value of something, for whoever looks: written by one thread, read by another.
public final class Board<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  public init(_ initial: Value) { value = Mutex(initial) }

  /// Puts a newer value in the place of the one before.
  public func post(_ newest: Value) { value.withLock { $0 = newest } }

  /// Changes the value in its place.
  public func change(_ body: (inout Value) -> Void) { value.withLock { body(&$0) } }

  /// The value posted last.
  public var newest: Value { value.withLock { $0 } }
}
