// The failure table: what an HTTP status means for a batch of events.
//
// It is one function, so that the table can be read, tested and printed. Sources: RFC 9110
// section 15, RFC 6585, the draft of Idempotency-Key. Statuses without a row follow their class.

/// What to do with the batch that got this status.
public enum StatusVerdict: Equatable, Sendable {
  /// The receiver has it; a list in the body may say otherwise for single events.
  case delivered
  /// The body says for each event whether it is delivered.
  case perEvent
  /// The receiver will not take this batch: isolate the event it means, and quarantine it.
  case refused
  /// As refused, but the status speaks of the address or the format more than of an event.
  case unwelcome
  /// Too many bytes: smaller batches; a single event is refused.
  case tooLarge
  /// The token is stale: once a new one, then it is a matter for people.
  case refreshCredential
  /// Only a person can help: look again now and then, and say so.
  case park(String)
  /// Not now: the same bytes again, with back-off.
  case retry
  /// The same bytes are being worked on, or disagree with something.
  case conflict
  /// A precondition: once more, then it is a matter for people.
  case retryOnce
  /// Too fast: wait as told, and send less often.
  case slowDown

  /// The verdict of the table for a status.
  public init(status: Int) {
    switch status {
    case 207: self = .perEvent
    case 200...299: self = .delivered
    case 101, 300...399:
      self = .park(
        "it points elsewhere, which is never followed; put the right address in the file")
    case 401: self = .refreshCredential
    case 403: self = .park("it does not allow us; have the receiver grant access")
    case 404, 405, 406, 415: self = .unwelcome
    case 402, 407, 411, 414, 417, 426, 431, 451:
      self = .park("what is between us and the receiver has to be set up for this")
    case 408, 421, 423, 424, 425: self = .retry
    case 409: self = .conflict
    case 495, 496: self = .park(Self.certificateAdvice)
    case 410: self = .park("the receiver says this address is gone for good; change the address")
    case 412, 428: self = .retryOnce
    case 413: self = .tooLarge
    case 429: self = .slowDown
    case 400...499: self = .refused
    default: self = .retry
    }
  }

  /// The verdict about an answer: some say in words what their status does not.
  init(_ response: HTTPResponse) {
    self.init(status: response.status)
    // nginx has 400 for a certificate of ours that is missing or not believed: no event is to
    // blame.
    let words = "SSL certificate"
    let start = String(
      decoding: response.body.prefix(DeliveryLimits.quotedCharacters), as: UTF8.self)
    if response.status == 400, start.contains(words) { self = .park(Self.certificateAdvice) }
  }

  private static let certificateAdvice =
    "it wants a certificate of ours that it believes: set certificateFile and keyFile, and have "
    + "their issuer trusted there"
}
