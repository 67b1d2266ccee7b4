// Opening a TCP connection within a deadline, and the options that every Modbus socket gets.
//
// Why not modbus_connect(3): in 3.1.6 it hands its descriptor to select(2) before anybody can look
// at it (an overflow from 1024 on), gives each address of a name the whole timeout again, and says
// "refused" whatever happened.

import CModbus
import Glibc
import Polling

enum TCPSocket {
  /// How trying one address ended.
  enum Attempt {
    case connected(Int32)
    case timedOut
    case failed(String)
  }

  /// Tries one address; the descriptor is close-on-exec, non-blocking and below FD_SETSIZE.
  static func connect(_ address: SocketAddress, until deadline: Deadline) -> Attempt {
    let socket = Glibc.socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { return .failed(text(errno)) }
    guard socket < ModbusLimits.descriptors else {
      Glibc.close(socket)
      return .failed("more than \(ModbusLimits.descriptors) descriptors are open")
    }
    prepare(socket)
    var storage = address.storage
    let result = withUnsafePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket, $0, address.length)
      }
    }
    if result == 0 { return .connected(socket) }
    guard errno == EINPROGRESS || errno == EINTR else {
      let cause = text(errno)
      Glibc.close(socket)
      return .failed(cause)
    }
    return finish(socket, until: deadline)
  }

  private static func finish(_ socket: Int32, until deadline: Deadline) -> Attempt {
    while true {
      var entry = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
      let ready = poll(&entry, 1, deadline.milliseconds())
      if ready < 0 && errno == EINTR { continue }
      guard ready > 0 else {
        Glibc.close(socket)
        return .timedOut
      }
      var code: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size)
      if code == 0 { return .connected(socket) }
      Glibc.close(socket)
      return code == ETIMEDOUT ? .timedOut : .failed(text(code))
    }
  }

  /// Sends one request of `ModbusLimits.requestBytes`; why not, if it was not taken.
  static func send(_ request: Span<UInt8>, on socket: Int32) -> String? {
    guard request.count == ModbusLimits.requestBytes else { return "this is no request" }
    if let objection = ModbusFrame.objection(toSending: request[7]) { return objection }
    // No SIGPIPE when the peer is gone.
    let sent = request.withUnsafeBytes {
      Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    if sent == request.count { return nil }
    // A buffer too full for a request means that the peer has not read for minutes.
    return sent < 0 ? text(errno) : "the peer takes no bytes"
  }

  /// Close-on-exec, non-blocking, no delay of small packets, and a vanished peer is noticed.
  static func prepare(_ socket: Int32) {
    _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL, 0) | O_NONBLOCK)
    let tcp = Int32(IPPROTO_TCP)
    set(socket, tcp, TCP_NODELAY, 1)
    set(socket, SOL_SOCKET, SO_KEEPALIVE, 1)
    set(socket, tcp, TCP_KEEPIDLE, ModbusLimits.keepAliveIdleSeconds)
    set(socket, tcp, TCP_KEEPINTVL, ModbusLimits.keepAliveIntervalSeconds)
    set(socket, tcp, TCP_KEEPCNT, ModbusLimits.keepAliveProbes)
    set(socket, tcp, TCP_USER_TIMEOUT, ModbusLimits.unacknowledgedMilliseconds)
  }

  private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// The library's words for an error number, its own ones included. modbus_strerror(3)
  static func text(_ code: Int32) -> String {
    guard let words = modbus_strerror(code) else { return "error \(code)" }
    return String(cString: words).lowercased()
  }
}
