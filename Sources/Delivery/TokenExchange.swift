// Asking a token service for a token: the client credentials grant (RFC 6749 section 4.4).
//
//   request out ──▶ answer in, of any cut ──▶ token, or why there is none
//
// Invariants
// - One exchange is one connection: no token is asked for twice by accident.
// - Nothing of the client's secret is ever in a sentence; what the service said is quoted bounded
//   and printable, and never the token.
// - A redirect is not followed: it would carry the secret elsewhere.

public import Primitives

/// Where tokens come from, and as whom.
public struct TokenService: Equatable, Sendable {
  public var address: HTTPAddress
  public var clientID: String
  public var scope: String?
  /// From the first packet to the end of the answer.
  public var timeout: Duration = .seconds(15)

  public init(address: HTTPAddress, clientID: String, scope: String? = nil) {
    self.address = address
    self.clientID = clientID
    self.scope = scope
  }
}

/// One question to a token service.
public struct TokenExchange: Sendable {
  private let place: String
  private var reader = HTTPResponseReader(limits: DeliveryLimits.tokenAnswer)
  /// What to send.
  public let request: [UInt8]

  public init(_ service: TokenService, clientSecret: String, userAgent: String) {
    place = "https://\(service.address.authority)\(service.address.path)"
    // Section 2.3.1: both halves are form-encoded before they are joined.
    let pair = "\(Self.encoded(service.clientID)):\(Self.encoded(clientSecret))"
    var body = "grant_type=client_credentials"
    if let scope = service.scope { body += "&scope=\(Self.encoded(scope))" }
    var fields = HTTPFields()
    fields.add("Host", service.address.authority)
    fields.add("User-Agent", userAgent)
    fields.add("Authorization", "Basic \(Base64.encode(Array(pair.utf8)))")
    fields.add("Content-Type", "application/x-www-form-urlencoded")
    fields.add("Accept", "application/json")
    fields.add("Content-Length", String(body.utf8.count))
    fields.add("Connection", "close")
    var bytes = Array("POST \(service.address.path) HTTP/1.1\r\n".utf8)
    fields.write(to: &bytes)
    bytes += [13, 10]
    bytes += Array(body.utf8)
    request = bytes
  }

  /// Takes what arrived; nil while more is needed.
  public mutating func read(_ bytes: [UInt8], now: Instant) -> Secret? {
    do {
      return try reader.read(bytes).map { judge($0, now) }
    } catch {
      return .fault("asking \(place) for a token: \(error)", isLasting: false)
    }
  }

  /// The stream ended before the answer was complete, unless the answer ends with it.
  public mutating func ended(_ fault: StreamFault, now: Instant) -> Secret {
    if let response = try? reader.finish(inGoodOrder: fault == .finished) {
      return judge(response, now)
    }
    let isLasting =
      switch fault {
      case .certificate, .proxy(_, isLasting: true): true
      case .proxy(_, isLasting: false), .nameUnknown, .unreachable, .timeout, .handshake, .finished,
        .closed:
        false
      }
    return .fault("asking for a token: \(fault.sentence(place))", isLasting: isLasting)
  }

  private func judge(_ response: HTTPResponse, _ now: Instant) -> Secret {
    let phrase = HTTPStatus.phrase(response.status)
    let said = "asking \(place) for a token: answered \(response.status) \(phrase)"
    let document = try? JSONValue(parsing: response.body)
    switch response.status {
    case 200: return token(document, now) ?? .fault("\(said), without a token", isLasting: true)
    case 300...399:
      return .fault("\(said), which is never followed; put the right address here", isLasting: true)
    case 400...499 where response.status != 408 && response.status != 429:
      let why = document?["error"]?.string.map { " (\(Self.printable($0)))" } ?? ""
      return .fault(
        "\(said)\(why); check client id, secret and scope with who runs it", isLasting: true)
    default: return .fault(said, isLasting: false)
    }
  }

  private func token(_ document: JSONValue?, _ now: Instant) -> Secret? {
    guard let document, let token = document["access_token"]?.string,
      (1...DeliveryLimits.tokenBytes) ~= token.utf8.count,
      token.utf8.allSatisfy({ (33...126).contains($0) }),
      HTTPFields.same(document["token_type"]?.string ?? "bearer", "bearer")
    else { return nil }
    let told = document["expires_in"]?.integer ?? DeliveryLimits.tokenSeconds
    let seconds = min(max(told, 1), DeliveryLimits.longestTokenSeconds)
    // A minute before its end; a token that lives shorter is used for half of its life.
    let use = max(seconds - DeliveryLimits.tokenMargin, seconds / 2)
    return .token(token, staleAt: now + .seconds(use))
  }

  /// application/x-www-form-urlencoded.
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 48...57, 65...90, 97...122, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
      default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func printable(_ text: String) -> String {
    let bytes = text.utf8.prefix(100).map { (32...126).contains($0) ? $0 : 63 }
    return String(decoding: bytes, as: UTF8.self)
  }
}
