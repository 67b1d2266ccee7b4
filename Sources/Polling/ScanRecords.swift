// What a scan asks, what comes back, and what it costs, as values.

/// One step of a scan.
public enum ScanAction: Equatable, Sendable {
  /// Ask, with the line at that speed; nil for the speed it has, or where there is none.
  case ask(ReadRequest, at: SerialSpeed?)
  case over(ScanEnd)
}

/// Why a scan has nothing more to ask.
public enum ScanEnd: Equatable, Sendable {
  /// Everything that was to be asked was asked.
  case complete
  /// The bound on requests was reached.
  case requestsUsed
  /// The link did not hold; the last cause.
  case lost(String)
}

/// What came back for one request of a scan.
public enum ScanAnswer: Equatable, Sendable {
  case words([UInt16])
  case exception(UInt8)
  /// Nobody answered in time.
  case silence
  /// Something came that is no answer: noise, two units at once, another speed.
  case noise
  /// There is no link: refused, broken, device gone; the cause.
  case lost(String)

  /// The answer that a fault of a link amounts to.
  public init(_ fault: BusFault) {
    switch fault {
    case .timeout: self = .silence
    case .exception(let code): self = .exception(code)
    case .garbage: self = .noise
    case .broken(let cause), .unreachable(let cause): self = .lost(cause)
    }
  }

  /// A gateway says that nobody is there: path unavailable, or target silent (V1.1b3, section 7).
  var isGatewayDenial: Bool { self == .exception(10) || self == .exception(11) }
}

/// What a scan will cost, before it begins.
public struct ScanEstimate: Equatable, Sendable {
  /// Requests it cannot exceed.
  public var mostRequests: Int
  public var mostTime: Duration
  /// Where devices are set as devices usually are.
  public var likelyTime: Duration
}

/// A scan in steps: ask `next`, do it, tell what came back.
public protocol ScanSteps {
  /// The next request, or the end; the same until it is answered.
  mutating func next() -> ScanAction
  /// Takes the answer to the request that `next` named, and how long it took.
  mutating func answered(_ answer: ScanAnswer, took: Duration)
  /// Requests answered so far.
  var asked: Int { get }
  /// Requests that will have been asked at the end, at most.
  var mostRequests: Int { get }
  /// What was found so far, in a few words: "3 units found".
  var finding: String { get }
}
