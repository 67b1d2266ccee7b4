// The edge to OpenSSL: TLS as a ByteStream, TLS as a tunnel to a field device, TLS for the bench's
// receiver, digests, signatures, keys and certificates.
//
// Invariants of the room
// - One C handle, one owner; `deinit` frees it. No handle leaves the room.
// - `ERR_clear_error` before each call whose result `SSL_get_error` or the error stack explains;
//   the stack is drained where the call was made.
// - Nobody is believed unverified: SSL_VERIFY_PEER always, names checked, never a callback that
//   turns a refusal into a yes.
// - Private keys are read from files that only their owner can read, and never written elsewhere.

import COpenSSL
import Glibc

/// Bounds of this room.
enum EdgeLimits {
  /// Bytes moved by one read: a TLS record holds 16 KiB.
  static let readBytes = 16 * 1024
  /// Bytes handed to one send.
  static let sendBytes = 64 * 1024
  /// Plain bytes a server session holds before it stops deciphering.
  static let plainBytes = 256 * 1024
  /// Characters of names and texts that come from a peer.
  static let peerText = 200
  /// Bytes of a key, certificate or token file.
  static let fileBytes = 1024 * 1024
  /// Addresses of one name that are tried.
  static let addresses = 8
  /// Milliseconds until the next address is tried beside those begun (RFC 8305, section 5).
  static let addressMilliseconds: Int64 = 250
  /// Questions to the resolver that one stream may leave behind.
  static let lookups = 4
  /// Bytes of a file with user and password for a proxy.
  static let credentialBytes = 1024
  /// Bytes that the kernel holds each way between a field link and its tunnel: 15 of the longest
  /// Modbus frames; the kernel doubles it for its own bookkeeping.
  static let tunnelBytes: Int32 = 4096
  /// Bytes taken from a field link at once: a read request has 12.
  static let requestBytes = 64
}

/// What the OpenSSL error stack says.
struct OpenSSLError {
  /// The reason of the first error, 0 when there is none.
  var reason: Int32 = 0
  var text: String = ""

  /// Empties the stack of the calling thread. ERR_get_error_all(3)
  static func drain() -> OpenSSLError {
    var result = OpenSSLError()
    var texts: [String] = []
    while true {
      var (data, flags): (UnsafePointer<CChar>?, Int32) = (nil, 0)
      let code = ERR_get_error_all(nil, nil, nil, &data, &flags)
      guard code != 0 else { break }
      if texts.isEmpty { result.reason = ERR_GET_REASON(code) }
      var text = ERR_reason_error_string(code).map { String(cString: $0) } ?? "code \(code)"
      if let data, flags & ERR_TXT_STRING != 0, data.pointee != 0 {
        text += " (\(String(cString: data)))"
      }
      if texts.count < 4 { texts.append(text) }
    }
    result.text = texts.joined(separator: ", ")
    return result
  }
}

/// Text of a peer made fit for a sentence: printable ASCII, bounded.
func printable(_ text: String) -> String {
  let bytes = text.utf8.prefix(EdgeLimits.peerText).map { (32...126).contains($0) ? $0 : 63 }
  return String(decoding: bytes, as: UTF8.self)
}

/// The text of an errno.
func systemText(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }
