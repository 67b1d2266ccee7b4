// A listening TCP socket; libmodbus' own leaks into child processes and cannot tell its port.

import CModbus
import Glibc

enum ListeningSocket {
  /// Listens on a host given by name or number; port 0 picks a free one.
  static func open(host: String, port: UInt16) throws(ModbusServerFault) -> Int32 {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, String(port), &hints, &list)
    guard result == 0 else {
      throw ModbusServerFault(
        description: "listening on \(host): \(String(cString: gai_strerror(result)))")
    }
    defer { freeaddrinfo(list) }
    var cause = "no address"
    var next = list
    while let entry = next {
      let address = entry.pointee
      let socket = Glibc.socket(address.ai_family, address.ai_socktype, address.ai_protocol)
      if socket >= 0 {
        var yes: Int32 = 1
        setsockopt(
          socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        TCPSocket.prepare(socket)
        if bind(socket, address.ai_addr, address.ai_addrlen) == 0,
          listen(socket, ModbusLimits.serverBacklog) == 0
        {
          return socket
        }
      }
      cause = TCPSocket.text(errno)
      if socket >= 0 { Glibc.close(socket) }
      next = address.ai_next
    }
    throw ModbusServerFault(description: "listening on \(host):\(port): \(cause)")
  }

  /// The port a socket is bound to.
  static func port(of socket: Int32) -> UInt16 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(socket, $0, &length)
      }
    }
    // The port stands in the same place, in network order, for IPv4 and IPv6.
    return withUnsafeBytes(of: &storage) {
      UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    }
  }
}
