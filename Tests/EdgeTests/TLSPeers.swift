// The other ends of the TLS tests: receivers on real sockets with certificates made on the spot.

import Delivery
import Glibc
import LinuxEdge
import Primitives
import Synchronization
import Testing

@testable import OpenSSLEdge

/// A receiver in a thread of its own that serves one client after the other.
final class TLSPeer: Sendable {
  /// What the receiver read in plain, over all connections.
  let plain = Mutex<[UInt8]>([])
  let port: UInt16
  private let listener: Int32

  init(_ serve: @escaping @Sendable (TLSPeer, Int32) -> Void) throws {
    listener = listen(backlog: 8)
    port = boundPort(listener)
    let thread = try NamedThread(name: "tls-peer") { [self] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { break }
        // Bounds a test that has gone wrong; nothing that passes waits for it.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        serve(self, client)
        close(client)
      }
      close(listener)
    }
    _ = consume thread
  }

  /// Ends the thread; the clients it has are served first.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  /// How a receiver ends its connection.
  enum Ending { case farewell, cut, wait }

  /// A receiver that speaks TLS and answers the first bytes it reads.
  static func tls(
    _ files: PeerFiles, clientCA: String? = nil, answer: [UInt8] = Array("ok".utf8),
    ending: Ending = .farewell
  ) throws -> TLSPeer {
    try TLSPeer { peer, client in
      guard
        let context = try? TLSServerContext(
          certificateFile: files.certificate, keyFile: files.key, clientCAFile: clientCA),
        var session = try? TLSServerSession(context)
      else { return }
      var answered = false
      while let bytes = readSome(client) {
        session.feed(bytes)
        let said = session.takePlain()
        peer.plain.withLock { $0 += said }
        if !said.isEmpty, !answered {
          answered = true
          session.write(answer)
          if ending == .farewell { session.finish() }
        }
        guard sendAll(client, session.takeOutput()), !session.ended else { return }
        if answered, ending == .cut { return }
      }
    }
  }

  /// A receiver that reads once and then says these bytes, whatever they are.
  static func raw(_ bytes: [UInt8], thenHangsUp: Bool) throws -> TLSPeer {
    try TLSPeer { _, client in
      guard readSome(client) != nil, sendAll(client, bytes), !thenHangsUp else { return }
      while readSome(client) != nil {}
    }
  }
}

/// A socket that is connected to a port of this machine, or on the way there.
func connectedTo(_ port: UInt16, waits: Bool = true) -> Int32 {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  if !waits { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  return descriptor
}

/// What a socket has, or nil at its end.
func readSome(_ client: Int32) -> [UInt8]? {
  var bytes = [UInt8](repeating: 0, count: 16384)
  let count = recv(client, &bytes, bytes.count, 0)
  return count > 0 ? Array(bytes[..<count]) : nil
}

/// Paths of a certificate and its key.
struct PeerFiles: Sendable {
  var certificate: String
  var key: String
}

/// A directory with an authority that everybody in the test trusts.
final class Plant {
  let scratch: Scratch
  let authority: CertifiedKey
  let caFile: String

  init() throws {
    scratch = try Scratch()
    authority = try CertifiedKey(CertificateRequest(commonName: "Plant CA", purpose: .authority))
    caFile = scratch["ca.pem"]
    try FileBytes.write(authority.certificatePEM, to: caFile, mode: 0o644, replace: true)
  }

  /// Writes a certificate, with its issuer behind it if it is no direct child, and its key.
  func write(
    _ name: String, _ made: CertifiedKey, chain: [CertifiedKey] = []
  ) throws -> PeerFiles {
    let files = PeerFiles(certificate: scratch["\(name).pem"], key: scratch["\(name).key"])
    let certificates = ([made] + chain).flatMap(\.certificatePEM)
    try FileBytes.write(certificates, to: files.certificate, mode: 0o644, replace: true)
    try FileBytes.write(made.keyPEM(), to: files.key, mode: 0o600, replace: true)
    return files
  }

  func server(hosts: [String] = ["mes.example"]) throws -> PeerFiles {
    try write(
      "server",
      CertifiedKey(
        CertificateRequest(commonName: "server", purpose: .server, hosts: hosts), issuer: authority)
    )
  }

  func client(_ name: String = "client", issuer: CertifiedKey? = nil) throws -> PeerFiles {
    try write(
      name,
      CertifiedKey(
        CertificateRequest(commonName: name, purpose: .client), issuer: issuer ?? authority))
  }
}

/// What a client lived through: connects, sends its events, reads until the end.
struct Journey: Equatable {
  var opened = false
  var received: [UInt8] = []
  var fault: StreamFault?

  /// The sentence of the fault.
  var sentence: String {
    switch fault {
    case .certificate(let text), .handshake(let text), .closed(let text), .nameUnknown(let text),
      .unreachable(let text), .proxy(let text, _):
      text
    case .timeout: "timeout"
    case .finished: "finished"
    case nil: "none"
    }
  }

  static let events = Array("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]".utf8)

  static func make(
    _ settings: TLSClientSettings, port: UInt16, host: String = "127.0.0.1",
    at time: WallTime? = nil, events: [UInt8] = events
  ) throws -> Journey {
    let clock = SystemClock()
    var stream = try TLSStream(settings: settings, clock: clock)
    stream.verificationTime = time
    stream.open(StreamTarget(host: host, port: port))
    var journey = Journey()
    let end = clock.now() + .seconds(20)
    while true {
      switch stream.wait(until: end) {
      case .opened:
        journey.opened = true
        stream.send(events)
      case .received(let bytes): journey.received += bytes
      case .ended(let fault):
        journey.fault = fault
        return journey
      case .idle:
        guard clock.now() < end else { return journey }
      }
    }
  }
}
