// What we say in HTTP/1.1: a courier's requests, and a receiver's answers.

import Primitives

/// Writes the requests that carry events.
public struct HTTPRequestWriter: Sendable {
  /// SHA-256, lent by an edge.
  public typealias Digest = @Sendable ([UInt8]) -> [UInt8]

  private let address: HTTPAddress
  private let userAgent: String
  private let digest: Digest

  public init(address: HTTPAddress, userAgent: String, digest: @escaping Digest) {
    self.address = address
    self.userAgent = userAgent
    self.digest = digest
  }

  /// A POST of the body with its digest and its key, which depend on the body alone. Packed, the
  /// digest is of what is sent (RFC 9530), and the key stays that of the events.
  public func post(
    _ plain: [UInt8], type: String, previous: UInt64, bearer: String?,
    isReplay: Bool = false, isPacked: Bool = false
  ) -> [UInt8] {
    let key = digest(plain)
    let body = isPacked ? Gzip.packed(plain) : plain
    let sum = isPacked ? digest(body) : key
    var fields = HTTPFields()
    fields.add("Host", address.authority)
    fields.add("User-Agent", userAgent)
    fields.add("Content-Type", type)
    fields.add("Content-Length", String(body.count))
    if isPacked { fields.add("Content-Encoding", "gzip") }
    fields.add("Content-Digest", "sha-256=:\(Base64.encode(sum)):")
    fields.add("Idempotency-Key", "\"\(Hex.encode(key.prefix(16)))\"")
    fields.add("Takt-Previous", String(previous))
    if isReplay { fields.add("Takt-Replay", "true") }
    if let bearer { fields.add("Authorization", "Bearer \(bearer)") }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(body.count + 1024)
    bytes.append(contentsOf: "POST \(address.path) HTTP/1.1\r\n".utf8)
    fields.write(to: &bytes)
    bytes.append(13)
    bytes.append(10)
    bytes.append(contentsOf: body)
    return bytes
  }
}

/// Writes the answers of `takt receive` and of the simulated receiver.
public enum HTTPResponseWriter {
  /// The interim answer that lets a client send the body it holds back.
  public static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  /// A complete answer with its length; 204 and 304 carry no body.
  public static func answer(
    _ status: Int, fields: HTTPFields = HTTPFields(), body: [UInt8] = [], keepsAlive: Bool = true
  ) -> [UInt8] {
    var all = fields
    if status != 204, status != 304 { all.add("Content-Length", String(body.count)) }
    if !keepsAlive { all.add("Connection", "close") }
    var bytes: [UInt8] = []
    bytes.append(contentsOf: "HTTP/1.1 \(status) \(HTTPStatus.phrase(status))\r\n".utf8)
    all.write(to: &bytes)
    bytes.append(13)
    bytes.append(10)
    if status != 204, status != 304 { bytes.append(contentsOf: body) }
    return bytes
  }
}

/// The names of the statuses that we send or explain.
public enum HTTPStatus {
  private static let phrases: [Int: String] = [
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 207: "Multi-Status",
    301: "Moved Permanently", 302: "Found", 307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required",
    408: "Request Timeout", 409: "Conflict", 410: "Gone", 411: "Length Required",
    412: "Precondition Failed", 413: "Content Too Large", 415: "Unsupported Media Type",
    417: "Expectation Failed", 422: "Unprocessable Content", 425: "Too Early",
    428: "Precondition Required", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error",
    501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout", 505: "HTTP Version Not Supported",
  ]

  /// The usual phrase of a status; empty for one without.
  public static func phrase(_ status: Int) -> String { phrases[status] ?? "" }
}
