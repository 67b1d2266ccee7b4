// A thread with a name and a bounded stack, and a join that cannot hang.
//
// Invariants
// - The body runs once; the thread's end is visible before `join` returns true.
// - The name is visible in /proc/<pid>/task/*/comm, so `top -H` shows which loop is busy.
// - A thread that is not joined goes on: dropping the handle detaches it.

import CLinux
import Glibc
public import Primitives
import Synchronization

/// A running thread. Wraps pthread_create(3).
public struct NamedThread: ~Copyable, Sendable {
  private let context: ThreadContext
  private let handle: ThreadHandle

  /// Starts the body at once; a name longer than 15 bytes is cut.
  public init(
    name: String, stackBytes: Int = LinuxLimits.threadStackBytes,
    body: @escaping @Sendable () -> Void
  ) throws(LinuxFault) {
    let context = ThreadContext(name: name, body: body, finished: try WakeUp())
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    let size = max(stackBytes, Int(PTHREAD_STACK_MIN))
    var code = pthread_attr_setstacksize(&attributes, size)
    guard code == 0 else {
      throw LinuxFault("giving thread \(name) a stack of \(size) bytes", code: code)
    }
    let argument = Unmanaged.passRetained(context)
    var thread = pthread_t()
    code = pthread_create(&thread, &attributes, runNamedThread, argument.toOpaque())
    guard code == 0 else {
      argument.release()
      throw LinuxFault("starting thread \(name)", code: code)
    }
    self.context = context
    handle = ThreadHandle(thread)
  }

  /// Whether the body has returned.
  public var isFinished: Bool { context.isFinished(until: .distantPast) }

  /// Waits for the end of the body; false when the deadline passes first, and the thread goes on.
  public consuming func join(until deadline: Instant) -> Bool {
    guard context.isFinished(until: deadline) else { return false }
    handle.join()
    return true
  }

  /// Names the calling thread, for the one that started with the process.
  public static func nameCurrent(_ name: String) {
    _ = takt_name_thread(String(decoding: name.utf8.prefix(15), as: UTF8.self))
  }
}

/// Owns what the system keeps of a thread: joined once, or detached when nobody will.
private final class ThreadHandle: Sendable {
  private let thread: pthread_t
  private let isJoined = Atomic<Bool>(false)

  init(_ thread: pthread_t) { self.thread = thread }

  deinit { if !isJoined.load(ordering: .relaxed) { pthread_detach(thread) } }

  func join() {
    guard !isJoined.exchange(true, ordering: .relaxed) else { return }
    pthread_join(thread, nil)
  }
}

private final class ThreadContext: Sendable {
  let name: String
  let body: @Sendable () -> Void
  let finished: WakeUp

  init(name: String, body: @escaping @Sendable () -> Void, finished: WakeUp) {
    self.name = name
    self.body = body
    self.finished = finished
  }

  /// Looks without taking the ring, so that it can be asked again.
  func isFinished(until deadline: Instant) -> Bool {
    var set = PollSet()
    let index = set.add(finished.descriptor, reading: true)
    set.wait(until: deadline)
    return set.isReadable(index)
  }
}

private nonisolated func runNamedThread(_ argument: UnsafeMutableRawPointer?)
  -> UnsafeMutableRawPointer?
{
  guard let argument else { return nil }
  let context = Unmanaged<ThreadContext>.fromOpaque(argument).takeRetainedValue()
  NamedThread.nameCurrent(context.name)
  context.body()
  context.finished.signal()
  return nil
}
