// A server's view of requests: bytes in, of any cut, requests out, one after the other.
//
// Invariants
// - Never traps, on any bytes. After a fault the connection is to be answered and closed.
// - Holds at most one chunk as it was fed, one head and one body within the limits.
// - A request with both a length and a transfer coding is refused (RFC 9112 section 6.3).

/// A request as it arrived.
public struct HTTPRequest: Equatable, Sendable {
  public var method: String
  public var target: String
  public var fields: HTTPFields
  public var body: [UInt8]
  /// The client will use the connection again.
  public var keepsAlive: Bool

  public init(
    method: String, target: String, fields: HTTPFields = HTTPFields(), body: [UInt8] = [],
    keepsAlive: Bool = true
  ) {
    self.method = method
    self.target = target
    self.fields = fields
    self.body = body
    self.keepsAlive = keepsAlive
  }
}

/// Reads the requests of one connection.
public struct HTTPRequestReader: Sendable {
  private enum State {
    case head(HTTPHeadReader)
    case body(HTTPRequest, HTTPBodyReader)
    case broken(HTTPFault)
  }

  private let limits: HTTPLimits
  private var state: State
  private var waiting: [UInt8] = []
  private var index = 0
  /// The client holds its body back until it is told to go on; send `HTTPResponseWriter.goOn`.
  public private(set) var asksToGoOn = false

  public init(limits: HTTPLimits = .request) {
    self.limits = limits
    state = .head(HTTPHeadReader(limits: limits))
  }

  /// Whether a request has begun and is not complete.
  public var isInsideRequest: Bool {
    switch state {
    case .head(let reader): reader.hasBegun
    case .body: true
    case .broken: false
    }
  }

  /// Takes what arrived; call `next` until it gives nothing.
  public mutating func feed(_ bytes: [UInt8]) {
    if index == waiting.count {
      waiting = bytes
    } else {
      waiting.removeFirst(index)
      waiting.append(contentsOf: bytes)
    }
    index = 0
  }

  /// Clears the wish to go on, once it was granted.
  public mutating func wentOn() { asksToGoOn = false }

  /// The next complete request, or nil until more bytes were fed.
  public mutating func next() throws(HTTPFault) -> HTTPRequest? {
    do {
      return try advance()
    } catch {
      state = .broken(error)
      waiting = []
      index = 0
      throw error
    }
  }

  private mutating func advance() throws(HTTPFault) -> HTTPRequest? {
    while index < waiting.count {
      switch state {
      case .head(var reader):
        let head = try reader.take(waiting, &index)
        guard let head else {
          state = .head(reader)
          return nil
        }
        if let request = try begin(head) { return request }
      case .body(var request, var reader):
        state = .head(HTTPHeadReader(limits: limits))
        guard try reader.take(waiting, &index) else {
          state = .body(request, reader)
          return nil
        }
        request.body = reader.kept
        asksToGoOn = false
        return request
      case .broken(let fault): throw fault
      }
    }
    return nil
  }

  private mutating func begin(_ head: HTTPHead) throws(HTTPFault) -> HTTPRequest? {
    let (method, target, version) = (head.start[0], head.start[1], head.start[2])
    guard version.hasPrefix("HTTP/") else { throw .malformed("a request line without a version") }
    guard version == "HTTP/1.1" || version == "HTTP/1.0" else { throw .versionUnknown }
    guard !method.isEmpty, method.utf8.allSatisfy(HTTPFields.isToken), !target.isEmpty else {
      throw .malformed("a request line without method or target")
    }
    let close = head.fields.lists("Connection", "close")
    let stays = version == "HTTP/1.1" ? !close : head.fields.lists("Connection", "keep-alive")
    let request = HTTPRequest(
      method: method, target: target, fields: head.fields, keepsAlive: stays)
    let framing = try HTTPFraming(head.fields) ?? .length(0)
    let reader = try HTTPBodyReader(framing, limits: limits, excess: .refuse)
    if reader.isDone {
      state = .head(HTTPHeadReader(limits: limits))
      return request
    }
    asksToGoOn = head.fields.lists("Expect", "100-continue")
    state = .body(request, reader)
    return nil
  }
}
