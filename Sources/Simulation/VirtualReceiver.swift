// The receiver of the virtual world: verifies, drops duplicates, and answers as it is told to.

import Delivery
import Events
import Primitives

/// How the receiver misbehaves until it is healed.
enum ReceiverTrouble: Equatable, CaseIterable {
  case none
  /// 503 to half of the requests.
  case overloaded
  /// 429 with Retry-After.
  case limited
  /// 401: the token is refused.
  case unauthorised
  /// 413 to more than three events at once.
  case small
  /// 500 after the events were taken.
  case failsAfterTaking
}

/// What head office has got. Outlives everything.
final class VirtualReceiver {
  /// One connection as the receiver sees it.
  struct Session { var reader = HTTPRequestReader() }

  var trouble = ReceiverTrouble.none
  var generator: SeededGenerator
  private var verifier = EventVerifier()
  private let notary = VirtualNotary()
  private(set) var accepted: [JSONValue] = []
  private(set) var duplicates = 0
  private(set) var struck: [String: Int] = [:]
  private(set) var findings: [String] = []

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  func take(
    _ bytes: [UInt8], _ session: inout Session, _ reading: ClockReading
  ) -> (bytes: [UInt8], closes: Bool) {
    session.reader.feed(bytes)
    var reply: [UInt8] = []
    do throws(HTTPFault) {
      while let request = try session.reader.next() {
        reply += HTTPResponseWriter.answer(status(of: request), fields: fields)
      }
    } catch {
      findings.append("a request is not HTTP: \(error)")
      return (HTTPResponseWriter.answer(error.status, keepsAlive: false), true)
    }
    return (reply, false)
  }

  private var fields: HTTPFields {
    var fields = HTTPFields()
    if trouble == .limited { fields.add("Retry-After", "3") }
    return fields
  }

  private func status(of request: HTTPRequest) -> Int {
    guard case .array(let events)? = try? JSONValue(parsing: request.body) else {
      findings.append("a body is no JSON array")
      return 400
    }
    switch trouble {
    case .none: return store(events)
    case .overloaded:
      return Bool.random(using: &generator) ? strike("503", 503) : store(events)
    case .limited: return strike("429", 429)
    case .unauthorised: return strike("401", 401)
    case .small: return events.count > 3 ? strike("413", 413) : store(events)
    case .failsAfterTaking:
      _ = store(events)
      return strike("500 after taking", 500)
    }
  }

  private func strike(_ name: String, _ status: Int) -> Int {
    struck[name, default: 0] += 1
    return status
  }

  /// Events are canonical: writing them again gives the bytes that were sent.
  private func store(_ events: [JSONValue]) -> Int {
    for event in events {
      switch verifier.check(event.canonicalBytes, verifier: notary) {
      case .accepted: accepted.append(event)
      case .duplicate: duplicates += 1
      case .misplaced(_, let finding), .rejected(let finding):
        findings.append(finding.description)
        accepted.append(event)
      }
    }
    return 204
  }
}
