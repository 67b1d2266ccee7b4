// The first steps of a TLS stream over a connected socket: through a proxy, if there is one.

import COpenSSL
import Delivery
import Glibc

extension TLSStream {
  /// Connected to the receiver, or to the proxy before it.
  mutating func connected(_ socket: Int32) {
    descriptor = socket
    guard let proxy = settings.proxy else { return beginTLS() }
    do throws(StreamFault) {
      let dialogue = try ProxyDialogue(proxy, to: goal)
      let sent = dialogue.request.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      // A few hundred bytes fit into a fresh socket, or it is broken.
      guard sent == dialogue.request.count else {
        throw .closed("the proxy hung up: \(systemText(errno))")
      }
      phase = .asking(dialogue)
    } catch {
      phase = .failed(error)
    }
  }

  /// Reads the proxy's answer.
  mutating func listen(_ dialogue: ProxyDialogue) {
    var dialogue = dialogue
    var bytes = [UInt8](repeating: 0, count: EdgeLimits.readBytes)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else {
      if count < 0, errno == EAGAIN || errno == EINTR { return }
      return phase = .failed(.closed("the proxy hung up before it answered"))
    }
    switch dialogue.read(Array(bytes[..<count])) {
    case .more: phase = .asking(dialogue)
    case .refused(let fault): phase = .failed(fault)
    case .open(let rest):
      beginTLS()
      if let ssl, !rest.isEmpty { _ = BIO_write(SSL_get_rbio(ssl), rest, Int32(rest.count)) }
    }
  }
}
