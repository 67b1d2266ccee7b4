// How a proxy is asked for a way through (RFC 9110 section 9.3.6): CONNECT, and its answer's head.
//
//   asking ──1xx──▶ asking ──2xx──▶ open, and what follows belongs to the tunnel
//      └──anything else──▶ refused
//
// Invariants
// - Nothing of an event, and no token for the receiver, is said to the proxy: TLS begins behind it
//   and is verified against the receiver's name.
// - The head of the answer is bounded as any other; its body is not read, the way is closed.

import Primitives

/// A proxy that carries connections through, and who we are to it.
public struct ProxySettings: Equatable, Sendable {
  public var host: String
  public var port: UInt16
  /// A file with "user:password", mode 0600; nil when the proxy asks nobody.
  public var credentialsFile: String?

  public init(host: String, port: UInt16, credentialsFile: String? = nil) {
    self.host = host
    self.port = port
    self.credentialsFile = credentialsFile
  }

  /// What a stream is opened to.
  public var target: StreamTarget { StreamTarget(host: host, port: port) }
}

/// One request for a way through.
public struct ProxyDialogue: Equatable, Sendable {
  /// What the proxy's bytes amount to.
  public enum Outcome: Equatable, Sendable {
    case more
    /// The way is open; these bytes came through it already.
    case open([UInt8])
    case refused(StreamFault)
  }

  private let proxy: String
  private var reader = HTTPHeadReader(limits: .response)
  private var interim = 0
  /// What to send.
  public let request: [UInt8]

  /// A request for a way to `target`; `credentials` is "user:password".
  public init(proxy: ProxySettings, target: StreamTarget, credentials: String?) {
    self.proxy = HTTPAddress.authority(proxy.host, proxy.port)
    // Unlike a Host field, CONNECT always names the port.
    let place = HTTPAddress.authority(target.host, target.port)
    var fields = HTTPFields()
    fields.add("Host", place)
    if let credentials {
      fields.add("Proxy-Authorization", "Basic \(Base64.encode(Array(credentials.utf8)))")
    }
    var bytes = Array("CONNECT \(place) HTTP/1.1\r\n".utf8)
    fields.write(to: &bytes)
    bytes += [13, 10]
    request = bytes
  }

  /// Takes what the proxy said.
  public mutating func read(_ bytes: [UInt8]) -> Outcome {
    var index = 0
    while index < bytes.count {
      let head: HTTPHead?
      do {
        head = try reader.take(bytes, &index)
      } catch {
        return .refused(
          .proxy("what answers at proxy \(proxy) is none (\(error))", isLasting: false))
      }
      guard let head else { return .more }
      guard head.start[0].hasPrefix("HTTP/1."), let status = Int(head.start[1]) else {
        return .refused(
          .proxy("what answers at proxy \(proxy) is no HTTP proxy; check the port", isLasting: true)
        )
      }
      switch status {
      case 200...299: return .open(Array(bytes[index...]))
      case 100...199 where status != 101 && interim < DeliveryLimits.interimAnswers:
        interim += 1
        reader = HTTPHeadReader(limits: .response)
      default: return .refused(fault(status))
      }
    }
    return .more
  }

  private func fault(_ status: Int) -> StreamFault {
    let phrase = HTTPStatus.phrase(status)
    let said = "proxy \(proxy) answers \(status)\(phrase.isEmpty ? "" : " " + phrase)"
    switch status {
    case 407:
      return .proxy("\(said); put \"user:password\" into its credentials file", isLasting: true)
    case 401, 403, 405:
      return .proxy("\(said); have it allow this gateway the way to the receiver", isLasting: true)
    case 300...399:
      return .proxy("\(said), which is never followed; put its right address here", isLasting: true)
    case 502, 503, 504:
      return .proxy("\(said); it can't reach the receiver", isLasting: false)
    default: return .proxy("\(said); ask who runs it", isLasting: status < 500)
    }
  }
}
