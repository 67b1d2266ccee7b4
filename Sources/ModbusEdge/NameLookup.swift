// From a host name to socket addresses, without ever blocking longer than the caller allows.
//
// Invariants
// - An address in numbers is understood at once; only a name needs the resolver.
// - getaddrinfo(3) knows no deadline (a dead name server holds it for 10 s and more), so it runs
//   in a thread of its own, one at a time for each link: who gives up asks the same lookup again.
// - The thread owns the write end of the pipe and closes it when the answer is there.

import Glibc
import Polling
import Synchronization

/// One address to connect to.
struct SocketAddress: Sendable {
  var family: Int32
  var storage: sockaddr_storage
  var length: socklen_t
}

/// One question to the resolver, answered once.
final class NameLookup: Sendable {
  enum Answer: Sendable {
    case addresses([SocketAddress])
    case failure(String)
  }

  private let host: String
  private let port: UInt16
  private let done: Int32
  private let answer = Mutex<Answer?>(nil)

  /// The addresses of a host given in numbers; nil when it is a name.
  static func numeric(host: String, port: UInt16) -> [SocketAddress]? {
    guard case .addresses(let found) = resolve(host, port, flags: AI_NUMERICHOST) else {
      return nil
    }
    return found
  }

  /// Starts to look a name up.
  init(host: String, port: UInt16) throws(BusFault) {
    self.host = host
    self.port = port
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw .unreachable("looking up \(host): no descriptor left (errno \(errno))")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    done = ends[0]
    let context = LookupContext(lookup: self, finished: ends[1])
    var thread = pthread_t()
    let retained = Unmanaged.passRetained(context)
    guard pthread_create(&thread, nil, lookUp, retained.toOpaque()) == 0 else {
      retained.release()
      Glibc.close(ends[1])
      throw .unreachable("looking up \(host): no thread left")
    }
    pthread_detach(thread)
  }

  deinit { Glibc.close(done) }

  /// Waits for the answer; nil when the deadline comes first.
  func wait(until deadline: Deadline) -> Answer? {
    while true {
      if let known = answer.withLock({ $0 }) { return known }
      var entry = pollfd(fd: done, events: Int16(POLLIN), revents: 0)
      let ready = poll(&entry, 1, deadline.milliseconds())
      if ready == 0 || (ready < 0 && errno != EINTR) { return answer.withLock { $0 } }
    }
  }

  fileprivate func run() {
    let found = Self.resolve(host, port, flags: 0)
    answer.withLock { $0 = found }
  }

  private static func resolve(_ host: String, _ port: UInt16, flags: Int32) -> Answer {
    var hints = addrinfo()
    hints.ai_flags = flags | AI_NUMERICSERV
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, String(port), &hints, &list)
    guard result == 0 else { return .failure(String(cString: gai_strerror(result))) }
    defer { freeaddrinfo(list) }
    var found: [SocketAddress] = []
    var next = list
    while let entry = next, found.count < ModbusLimits.addresses {
      let length = entry.pointee.ai_addrlen
      if let address = entry.pointee.ai_addr, Int(length) <= MemoryLayout<sockaddr_storage>.size {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) {
          $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
        }
        found.append(
          SocketAddress(family: entry.pointee.ai_family, storage: storage, length: length))
      }
      next = entry.pointee.ai_next
    }
    return found.isEmpty ? .failure("no address") : .addresses(found)
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
