// Addresses of a receiver and a socket that connects without blocking.

import Delivery
import Glibc

/// One address of a name, as the kernel wants it.
struct SocketAddress: Sendable {
  var family: Int32
  var bytes: [UInt8]

  /// Asks the resolver; a literal address is not asked for. getaddrinfo(3)
  static func find(_ target: StreamTarget) throws(StreamFault) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | (isLiteral(target.host) ? AI_NUMERICHOST : AI_ADDRCONFIG)
    var first: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(target.host, String(target.port), &hints, &first)
    guard code == 0 else { throw .nameUnknown(words(code)) }
    defer { freeaddrinfo(first) }
    var found: [SocketAddress] = []
    var entry = first
    while let info = entry?.pointee, found.count < EdgeLimits.addresses {
      if let address = info.ai_addr {
        let bytes = UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen))
        found.append(SocketAddress(family: info.ai_family, bytes: Array(bytes)))
      }
      entry = info.ai_next
    }
    guard !found.isEmpty else { throw .nameUnknown("no address") }
    return found
  }

  /// What the resolver's code means for a technician. gai_strerror(3)
  private static func words(_ code: Int32) -> String {
    let text = String(cString: gai_strerror(code)).lowercased()
    switch code {
    case EAI_NONAME: return "no name server knows it; check its spelling: \(text)"
    case EAI_AGAIN: return "no name server answers; check /etc/resolv.conf and the network: \(text)"
    default: return "check it and the name server: \(text)"
    }
  }

  /// Whether a host is an IPv4 or IPv6 address and no name.
  static func isLiteral(_ host: String) -> Bool {
    var room = in6_addr()
    return inet_pton(AF_INET, host, &room) == 1 || inet_pton(AF_INET6, host, &room) == 1
  }
}

/// Non-blocking TCP, as much as TLSStream needs.
enum Dialer {
  /// A probe after 15 s of silence, then each 5 s, three times: half-open is noticed within 30 s.
  private static let keepAlive: [(Int32, Int32)] = [
    (TCP_KEEPIDLE, 15), (TCP_KEEPINTVL, 5), (TCP_KEEPCNT, 3),
  ]
  /// Milliseconds that sent bytes may stay unacknowledged: a link that is half-open is noticed
  /// within 10 s, and a lossy one has sent everything five times by then.
  private static let userTimeout: Int32 = 7_000

  /// Starts to connect; the socket becomes writable when it is decided. connect(2)
  static func begin(_ address: SocketAddress) throws(StreamFault) -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(address.family, type, 0)
    guard descriptor >= 0 else { throw .unreachable(systemText(errno)) }
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    set(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, userTimeout)
    for (option, value) in keepAlive { set(descriptor, Int32(IPPROTO_TCP), option, value) }
    let result = address.bytes.withUnsafeBytes { buffer in
      connect(
        descriptor, buffer.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        socklen_t(buffer.count))
    }
    guard result == 0 || errno == EINPROGRESS || errno == EINTR else {
      let why = systemText(errno)
      close(descriptor)
      throw .unreachable(why)
    }
    return descriptor
  }

  /// What became of a connect that is decided: 0, or its errno.
  static func outcome(_ descriptor: Int32) -> Int32 {
    var (code, size): (Int32, socklen_t) = (0, 4)
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
  }

  private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    // Best effort: a kernel without one of these options still connects.
    _ = setsockopt(descriptor, level, option, &value, 4)
  }
}
