// Threads, bells, clocks and figures of the Linux edge, against the real kernel.

import Dispatch
import Glibc
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

@Suite(.serialized) struct `The descriptors of threads` {
  private func bells() -> Int {
    let names = (try? Files.list("/proc/self/fd")) ?? []
    return names.count { name in
      var buffer = [CChar](repeating: 0, count: 64)
      let length = readlink("/proc/self/fd/\(name)", &buffer, 63)
      return length > 0
        && String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
          == "anon_inode:[eventfd]"
    }
  }

  @Test func `are given back when a thread is joined, and when its handle is dropped`() throws {
    let before = bells()
    for round in 0..<300 {
      let thread = try NamedThread(name: "joined-\(round)") {}
      let joined = thread.join(until: .distantFuture)
      #expect(joined)
    }
    #expect(bells() < before + 100)
    let ended = DispatchSemaphore(value: 0)
    for round in 0..<300 {
      _ = try NamedThread(name: "dropped-\(round)") { ended.signal() }
    }
    for _ in 0..<300 { ended.wait() }
    #expect(bells() < before + 100)
    // What is neither joined nor detached keeps its stack mapped after its end.
    for round in 0..<3000 {
      _ = try NamedThread(name: "stack-\(round)") { ended.signal() }
      ended.wait()
    }
    let maps = String(decoding: try Files.read("/proc/self/maps", limit: 1 << 24), as: UTF8.self)
    #expect(maps.split(separator: "\n").count < 2000)
  }
}
