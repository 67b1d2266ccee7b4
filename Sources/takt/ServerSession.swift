// What lies between a socket and HTTP on the server's side: TLS, or nothing.

import OpenSSLEdge

/// One client's bytes, enciphered or as they are.
struct ServerSession: ~Copyable {
  private var tls: TLSServerSession?
  private var heard: [UInt8] = []
  private var said: [UInt8] = []
  private var isFinished = false

  /// Without TLS.
  init() { tls = nil }

  init(_ session: consuming TLSServerSession) { tls = consume session }

  /// Whether nothing more will come from the client.
  var ended: Bool {
    switch tls {
    case .some(let session): session.ended
    case nil: isFinished
    }
  }

  var isHandshaking: Bool {
    switch tls {
    case .some(let session): session.state == .handshaking
    case nil: false
    }
  }

  /// Why TLS broke, if it did.
  var broken: String? {
    switch tls {
    case .some(let session): if case .broken(let reason) = session.state { reason } else { nil }
    case nil: nil
    }
  }

  /// Takes bytes of the socket.
  mutating func feed(_ bytes: [UInt8]) {
    if tls == nil { heard += bytes } else { tls?.feed(bytes) }
  }

  /// What has to go to the socket now.
  mutating func takeOutput() -> [UInt8] {
    guard tls == nil else { return tls?.takeOutput() ?? [] }
    let taken = said
    said = []
    return taken
  }

  /// What the client said since the last call.
  mutating func takePlain() -> [UInt8] {
    guard tls == nil else { return tls?.takePlain() ?? [] }
    let taken = heard
    heard = []
    return taken
  }

  mutating func write(_ bytes: [UInt8]) {
    if tls == nil { said += bytes } else { tls?.write(bytes) }
  }

  /// Says farewell.
  mutating func finish() {
    if tls == nil { isFinished = true } else { tls?.finish() }
  }
}
