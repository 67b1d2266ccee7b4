// A client's view of an answer: bytes in, of any cut, one response out.
//
//   head ──1xx──▶ head        head ──no body──▶ done
//     └──────▶ body ──▶ done
//
// Invariants
// - Never traps, on any bytes; never holds more than its limits.
// - Interim answers (1xx) are passed over, at most 16 of them.
// - A body without a length counts only if the stream ended in good order (RFC 9112 section 8).
// - Bytes after the answer forbid to use the connection again.

/// A final answer.
public struct HTTPResponse: Equatable, Sendable {
  public var status: Int
  public var fields: HTTPFields
  public var body: [UInt8]
  /// The body was longer than what was kept.
  public var bodyWasCut: Bool
  /// The connection may carry another request.
  public var keepsAlive: Bool

  public init(
    status: Int, fields: HTTPFields = HTTPFields(), body: [UInt8] = [], bodyWasCut: Bool = false,
    keepsAlive: Bool = true
  ) {
    self.status = status
    self.fields = fields
    self.body = body
    self.bodyWasCut = bodyWasCut
    self.keepsAlive = keepsAlive
  }
}

/// Reads one response.
public struct HTTPResponseReader: Sendable {
  private enum State {
    case head(HTTPHeadReader)
    case body(HTTPResponse, HTTPBodyReader)
    case done
  }

  private let limits: HTTPLimits
  private var state: State
  private var interim = 0

  public init(limits: HTTPLimits = .response) {
    self.limits = limits
    state = .head(HTTPHeadReader(limits: limits))
  }

  /// Whether any byte of an answer has arrived.
  public var hasBegun: Bool {
    switch state {
    case .head(let reader): reader.hasBegun || interim > 0
    case .body, .done: true
    }
  }

  /// Takes what arrived; the response when it is complete. Throws for what is not HTTP/1.1.
  public mutating func read(_ bytes: [UInt8]) throws(HTTPFault) -> HTTPResponse? {
    var index = 0
    while index < bytes.count {
      switch state {
      case .head(var reader):
        let head = try reader.take(bytes, &index)
        guard let head else {
          state = .head(reader)
          return nil
        }
        if let response = try begin(head) { return close(response, bytes.count - index) }
      case .body(var response, var reader):
        state = .done  // Gives the reader's buffer up, so that it is not copied.
        guard try reader.take(bytes, &index) else {
          state = .body(response, reader)
          return nil
        }
        response.body = reader.kept
        response.bodyWasCut = reader.wasCut
        if reader.wasCut { response.keepsAlive = false }
        return close(response, bytes.count - index)
      case .done: throw .malformed("bytes after the answer")
      }
    }
    return nil
  }

  /// The stream ended: the response if its body ends with the stream and nothing was cut off.
  public mutating func finish(inGoodOrder: Bool) throws(HTTPFault) -> HTTPResponse? {
    guard inGoodOrder, case .body(var response, let reader) = state, reader.endsWithStream else {
      throw .cutOff
    }
    response.body = reader.kept
    response.bodyWasCut = reader.wasCut
    response.keepsAlive = false
    state = .done
    return response
  }

  private mutating func close(_ response: HTTPResponse, _ excess: Int) -> HTTPResponse {
    var response = response
    if excess > 0 { response.keepsAlive = false }
    state = .done
    return response
  }

  /// What follows a head: nil when more bytes are needed.
  private mutating func begin(_ head: HTTPHead) throws(HTTPFault) -> HTTPResponse? {
    let (version, code) = (head.start[0], head.start[1])
    guard version == "HTTP/1.1" || version == "HTTP/1.0" else { throw .versionUnknown }
    guard code.utf8.count == 3, let status = Int(code), (100...599).contains(status) else {
      throw .malformed("a status line without a status")
    }
    if status < 200, status != 101 {
      interim += 1
      guard interim <= DeliveryLimits.interimAnswers else {
        throw .malformed("more interim answers than anybody needs")
      }
      state = .head(HTTPHeadReader(limits: limits))
      return nil
    }
    let close = head.fields.lists("Connection", "close")
    let stays = version == "HTTP/1.1" ? !close : head.fields.lists("Connection", "keep-alive")
    var response = HTTPResponse(status: status, fields: head.fields, keepsAlive: stays)
    if status == 204 || status == 304 || status == 101 { return response }
    let framing = try HTTPFraming(head.fields) ?? .untilClose
    if framing == .untilClose { response.keepsAlive = false }
    let reader = try HTTPBodyReader(framing, limits: limits, excess: .discard)
    if reader.isDone { return response }
    state = .body(response, reader)
    return nil
  }
}
