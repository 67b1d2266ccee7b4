// The way to a connected socket: the name, its addresses, and the race between them (RFC 8305).
//
//   begin ──name──▶ asking ──▶ racing ──▶ connected
//     └───address────────────────┘ └────▶ failed, when no address is left
//
// Invariants
// - Nothing blocks: the owner polls the descriptors that `watch` names and calls `look` after it.
// - Addresses of both families take turns, the resolver's first one first. The next one is begun
//   when one fails or after 250 ms; those begun go on, and the first that connects wins.
// - At most eight sockets are open at once; all but the winner's are closed.

import Delivery
import Glibc
import Primitives

struct Dial: ~Copyable {
  enum Progress {
    case waiting
    case connected(Int32)
    case failed(StreamFault)
  }

  private var names = NameDesk()
  private var lookup: NameLookup?
  private var waiting: ArraySlice<SocketAddress> = []
  private var running: [Int32] = []
  private var last = StreamFault.unreachable("no address")
  private var tried = 0
  /// When `look` is due although nothing happened: the next address, or what went wrong at once.
  private(set) var deadline = Instant.distantFuture

  deinit { for descriptor in running { Glibc.close(descriptor) } }

  /// Starts; what went before is given up.
  mutating func begin(_ target: StreamTarget, now: Instant) {
    stop()
    do throws(StreamFault) {
      if SocketAddress.isLiteral(target.host) {
        race(try SocketAddress.find(target), now)
      } else {
        lookup = try names.ask(target)
      }
    } catch {
      last = error
      deadline = .boot
    }
  }

  /// Gives up; a name that is being looked up goes on beside us.
  mutating func stop() {
    for descriptor in running { Glibc.close(descriptor) }
    (running, waiting, lookup, tried) = ([], [], nil, 0)
    (last, deadline) = (.unreachable("no address"), .distantFuture)
  }

  /// Adds what to poll.
  func watch(_ list: inout [pollfd]) {
    if let lookup {
      list.append(pollfd(fd: lookup.done, events: Int16(POLLIN), revents: 0))
    }
    for descriptor in running {
      list.append(pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0))
    }
  }

  /// Acts on what `poll` said of the descriptors that `watch` added.
  mutating func look(_ list: ArraySlice<pollfd>, now: Instant) -> Progress {
    if let lookup {
      switch lookup.result {
      case nil: return .waiting
      case .fault(let fault):
        stop()
        return .failed(fault)
      case .addresses(let found):
        self.lookup = nil
        race(found, now)
      }
    }
    for entry in list where entry.revents != 0 && running.contains(entry.fd) {
      running.removeAll { $0 == entry.fd }
      let code = Dialer.outcome(entry.fd)
      if code == 0 {
        stop()
        return .connected(entry.fd)
      }
      Glibc.close(entry.fd)
      last = .unreachable(systemText(code))
      deadline = .boot  // Its place is free for the next one.
    }
    if deadline <= now { beginNext(now) }
    guard running.isEmpty, waiting.isEmpty else { return .waiting }
    let fault = tried > 1 ? last.after(tried) : last
    stop()
    return .failed(fault)
  }

  /// Begins the race between addresses that are known.
  mutating func race(_ addresses: [SocketAddress], _ now: Instant) {
    waiting = Self.mixed(addresses)[...]
    beginNext(now)
  }

  private mutating func beginNext(_ now: Instant) {
    while let address = waiting.popFirst() {
      tried += 1
      do throws(StreamFault) {
        running.append(try Dialer.begin(address))
        break
      } catch {
        last = error
      }
    }
    let pause = Duration.milliseconds(EdgeLimits.addressMilliseconds)
    if running.isEmpty {
      deadline = .boot  // Nothing is left: `look` tells it.
    } else {
      deadline = waiting.isEmpty ? .distantFuture : now + pause
    }
  }

  /// Families in turns, beginning with the one the resolver prefers.
  static func mixed(_ addresses: [SocketAddress]) -> [SocketAddress] {
    guard let preferred = addresses.first?.family else { return [] }
    let first = addresses.filter { $0.family == preferred }
    let second = addresses.filter { $0.family != preferred }
    var mixed: [SocketAddress] = []
    for index in 0..<max(first.count, second.count) {
      if index < first.count { mixed.append(first[index]) }
      if index < second.count { mixed.append(second[index]) }
    }
    return mixed
  }
}

extension StreamFault {
  /// The fault of the last of several addresses.
  fileprivate func after(_ count: Int) -> StreamFault {
    guard case .unreachable(let why) = self else { return self }
    return .unreachable("none of \(count) addresses: \(why)")
  }
}
