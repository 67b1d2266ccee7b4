// TLS for a server's poll loop: bytes from the socket in, bytes for the socket out.
//
//   session.feed(bytes from recv)
//   socket.send(session.takeOutput())      // after each feed, write and finish, until empty
//   reader.feed(session.takePlain())       // what the client said
//   session.write(answer)
//
// Invariants
// - No socket in here: the owner polls. The owner bounds what it feeds at once.
// - At most 256 KiB of plain bytes wait to be taken; the rest stays enciphered until then.

import COpenSSL

/// A server's certificate and key, and the authority that clients must come from, if any.
public struct TLSServerContext: ~Copyable {
  fileprivate let context: TLSContext

  /// Loads the files; with a client CA every client must show a certificate of it.
  public init(
    certificateFile: String, keyFile: String, clientCAFile: String? = nil
  ) throws(TLSSettingsFault) {
    context = try TLSContext.server(
      certificate: certificateFile, key: keyFile, clientCA: clientCAFile)
  }
}

/// One client's connection.
public struct TLSServerSession: ~Copyable {
  /// How far the session is.
  public enum State: Equatable, Sendable {
    case handshaking
    case open
    /// The client said farewell.
    case finished
    /// TLS broke; take the output, which holds the alert, and close.
    case broken(String)
  }

  public private(set) var state = State.handshaking
  private let ssl: OpaquePointer
  private var plain: [UInt8] = []

  /// A session of its own; the context may go before it.
  public init(_ server: borrowing TLSServerContext) throws(TLSSettingsFault) {
    ERR_clear_error()
    guard let ssl = SSL_new(server.context.raw) else {
      throw TLSSettingsFault("setting up TLS: \(OpenSSLError.drain().text)")
    }
    self.ssl = ssl
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
    SSL_set_accept_state(ssl)
  }

  deinit { SSL_free(ssl) }

  /// Whether nothing more will come from the client.
  public var ended: Bool {
    switch state {
    case .handshaking, .open: false
    case .finished, .broken: true
    }
  }

  /// Takes bytes of the socket.
  public mutating func feed(_ bytes: [UInt8]) {
    guard !bytes.isEmpty, !ended else { return }
    _ = BIO_write(SSL_get_rbio(ssl), bytes, Int32(clamping: bytes.count))
    advance()
  }

  /// What has to go to the socket now; empty when nothing.
  public mutating func takeOutput() -> [UInt8] {
    let count = BIO_ctrl_pending(SSL_get_wbio(ssl))
    guard count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, Int(BIO_read(SSL_get_wbio(ssl), buffer.baseAddress, Int32(clamping: count))))
    }
  }

  /// What the client said since the last call.
  public mutating func takePlain() -> [UInt8] {
    let taken = plain
    plain = []
    advance()
    return taken
  }

  /// Enciphers bytes for the client; before the handshake is over they are dropped.
  public mutating func write(_ bytes: [UInt8]) {
    guard state == .open, !bytes.isEmpty else { return }
    ERR_clear_error()
    var written = 0
    guard SSL_write_ex(ssl, bytes, bytes.count, &written) == 1 else {
      state = .broken(OpenSSLError.drain().text)
      return
    }
  }

  /// Says farewell; the output then holds it.
  public mutating func finish() {
    guard state == .open || state == .finished else { return }
    ERR_clear_error()
    _ = SSL_shutdown(ssl)
    state = .finished
  }

  private mutating func advance() {
    if state == .handshaking {
      ERR_clear_error()
      let result = SSL_do_handshake(ssl)
      guard result == 1 else { return judge(result) }
      state = .open
    }
    guard state == .open else { return }
    while plain.count < EdgeLimits.plainBytes {
      var count: Int32 = 0
      ERR_clear_error()
      let piece = [UInt8](unsafeUninitializedCapacity: EdgeLimits.readBytes) { buffer, filled in
        count = SSL_read(ssl, buffer.baseAddress, Int32(buffer.count))
        filled = max(0, Int(count))
      }
      guard count > 0 else { return judge(count) }
      plain.append(contentsOf: piece)
    }
  }

  private mutating func judge(_ result: Int32) {
    switch SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
    case SSL_ERROR_ZERO_RETURN: state = .finished
    default:
      let text = OpenSSLError.drain().text
      state = .broken(text.isEmpty ? "no reason given" : text)
    }
  }
}
