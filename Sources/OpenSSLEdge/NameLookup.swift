// From a host name to socket addresses, beside the thread that waits for them.
//
// Invariants
// - An address in numbers is understood at once; only a name needs the resolver.
// - getaddrinfo(3) knows no deadline, so it runs in a thread of its own; who gives up and asks
//   again gets the same lookup while it lasts, and at most four last at once for one stream.
// - The thread owns the write end of the pipe and closes it when the answer is there.

import Delivery
import Glibc
import Synchronization

/// One question to the resolver, answered once.
final class NameLookup: Sendable {
  enum Answer: Sendable {
    case addresses([SocketAddress])
    case fault(StreamFault)
  }

  let target: StreamTarget
  /// Readable as soon as there is an answer.
  let done: Int32
  private let answer = Mutex<Answer?>(nil)

  var result: Answer? { answer.withLock { $0 } }

  /// Starts to look a name up. pthread_create(3)
  init(_ target: StreamTarget) throws(StreamFault) {
    self.target = target
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .nameUnknown(systemText(errno)) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    done = ends[0]
    let context = LookupContext(lookup: self, finished: ends[1])
    var thread = pthread_t()
    let retained = Unmanaged.passRetained(context)
    guard pthread_create(&thread, nil, lookUp, retained.toOpaque()) == 0 else {
      retained.release()
      Glibc.close(ends[1])
      throw .nameUnknown("no thread left to look it up")
    }
    pthread_detach(thread)
  }

  deinit { Glibc.close(done) }

  fileprivate func run() {
    let found: Answer
    do throws(StreamFault) {
      found = .addresses(try SocketAddress.find(target))
    } catch {
      found = .fault(error)
    }
    answer.withLock { $0 = found }
  }
}

/// The questions of one stream that are still out.
struct NameDesk {
  private var open: [NameLookup] = []

  /// Asks, or joins the same question that is out already.
  mutating func ask(_ target: StreamTarget) throws(StreamFault) -> NameLookup {
    open.removeAll { $0.result != nil }
    if let same = open.first(where: { $0.target == target }) { return same }
    guard open.count < EdgeLimits.lookups else {
      throw .nameUnknown("\(open.count) questions are out that no name server answers")
    }
    let lookup = try NameLookup(target)
    open.append(lookup)
    return lookup
  }
}

/// What the resolver's thread is given.
private final class LookupContext: Sendable {
  let lookup: NameLookup
  let finished: Int32

  init(lookup: NameLookup, finished: Int32) {
    self.lookup = lookup
    self.finished = finished
  }
}

private func lookUp(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  let context = Unmanaged<LookupContext>.fromOpaque(argument).takeRetainedValue()
  context.lookup.run()
  Glibc.close(context.finished)
  return nil
}
