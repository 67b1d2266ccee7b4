import LinuxEdge
import Primitives
import Synchronization
import Testing

@Suite("Linux threads, bells and clocks") struct LinuxThreadTests {
  let clock = SystemClock()

  @Test func `a thread runs its body under its name, cut to 15 bytes`() throws {
    let box = Box()
    let thread = try NamedThread(name: "field-a-very-long-name") {
      let comm = try? Files.read("/proc/thread-self/comm")
      box.text.withLock { $0 = String(decoding: comm ?? [], as: UTF8.self) }
    }
    let joined = thread.join(until: .distantFuture)
    #expect(joined)
    #expect(box.text.withLock { $0 } == "field-a-very-lo\n")
  }

  @Test func `joining a thread that does not end gives up at the deadline`() throws {
    let bell = try WakeUp()
    let box = Box()
    let thread = try NamedThread(name: "waits") {
      bell.wait(until: .distantFuture)
      box.done.signal()
    }
    let finished = thread.isFinished
    #expect(!finished)
    let joined = thread.join(until: .distantPast)
    #expect(!joined)
    bell.signal()
    #expect(box.done.wait(until: .distantFuture))
  }

  @Test func `rings before the wait are heard once, together`() throws {
    let bell = try WakeUp()
    bell.signal()
    bell.signal()
    #expect(bell.wait(until: .distantFuture))
    #expect(!bell.wait(until: .distantPast))
    #expect(!bell.drain())
  }

  @Test func `a ring from another thread ends a wait without deadline`() throws {
    let bell = try WakeUp()
    let thread = try NamedThread(name: "rings") { bell.signal() }
    #expect(bell.wait(until: .distantFuture))
    let joined = thread.join(until: .distantFuture)
    #expect(joined)
  }

  @Test func `a wait lasts to its deadline on the monotonic clock`() throws {
    let bell = try WakeUp()
    let deadline = clock.now() + .milliseconds(5)
    #expect(!bell.wait(until: deadline))
    #expect(clock.now() >= deadline)
  }

  @Test func `the reading lies between two looks at the monotonic clock`() {
    let before = clock.now()
    let reading = clock.reading()
    let after = clock.now()
    #expect(before <= reading.monotonic && reading.monotonic <= after)
    #expect(reading.bootID.utf8.count == 36)
    #expect(reading.quality != .stepped)
  }

  @Test func `random numbers differ`() {
    var random = SystemRandom()
    #expect(Set((0..<100).map { _ in random.next() }).count == 100)
  }

  @Test func `the figures of this process are plausible`() {
    let figures = ProcessFigures.now()
    #expect(figures.residentBytes > 1 << 20)
    #expect(figures.processorTime > .zero)
  }
}

private final class Box: Sendable {
  let text = Mutex("")
  let done: WakeUp

  init() {
    guard let bell = try? WakeUp() else { preconditionFailure("no event descriptor") }
    done = bell
  }
}
