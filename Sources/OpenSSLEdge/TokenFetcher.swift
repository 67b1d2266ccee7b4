// Fetches a token over TLS: drives one TokenExchange from the courier's own thread.
//
// Invariants
// - Ends by the service's deadline, and at once when the daemon stops.
// - The client's secret is read from its file, closed to others, for each exchange; kept nowhere.
//
// Why it may hold the courier's thread: without a token there is nothing else for it to do.

public import Delivery
public import Primitives

/// Fetches the tokens of one uplink.
public struct TokenFetcher: Sendable {
  private let service: TokenService
  private let secretFile: String
  private let settings: TLSClientSettings
  private let userAgent: String
  private let clock: any Clock
  private let floor: TimeFloor?
  private let wake: Int32?
  private let isStopping: @Sendable () -> Bool
  /// How often it is asked whether to go on, so that whoever watches the thread sees it alive.
  static let pulse = Duration.seconds(2)

  /// `wake` is an eventfd that interrupts; `isStopping` says whether for good, and is asked each
  /// few seconds.
  public init(
    service: TokenService, secretFile: String, settings: TLSClientSettings, userAgent: String,
    clock: any Clock, floor: TimeFloor? = nil, wake: Int32? = nil,
    isStopping: @escaping @Sendable () -> Bool = { false }
  ) {
    self.service = service
    self.secretFile = secretFile
    self.settings = settings
    self.userAgent = userAgent
    self.clock = clock
    self.floor = floor
    self.wake = wake
    self.isStopping = isStopping
  }

  /// Asks for a token and waits for the answer.
  public func fetch() -> Secret {
    do throws(TLSSettingsFault) {
      let secret = try readSecret()
      var stream = try TLSStream(
        settings: settings, clock: clock, wake: wake, peer: "token service")
      stream.timeFloor = floor
      return ask(TokenExchange(service, clientSecret: secret, userAgent: userAgent), &stream)
    } catch {
      return .fault("asking for a token: \(error.description)", isLasting: true)
    }
  }

  private func ask(_ exchange: TokenExchange, _ stream: inout TLSStream) -> Secret {
    var exchange = exchange
    let deadline = clock.now() + service.timeout
    stream.open(service.address.target)
    while true {
      switch stream.wait(until: min(deadline, clock.now() + Self.pulse)) {
      case .opened: stream.send(exchange.request)
      case .received(let bytes):
        if let secret = exchange.read(bytes, now: clock.now()) { return secret }
      case .ended(let fault): return exchange.ended(fault, now: clock.now())
      case .idle:
        if isStopping() { return .fault("asking for a token: stopping", isLasting: false) }
      }
      if deadline <= clock.now() { return exchange.ended(.timeout, now: clock.now()) }
    }
  }

  private func readSecret() throws(TLSSettingsFault) -> String {
    do {
      return try SecretLine.read(secretFile, what: "client secret")
    } catch {
      throw TLSSettingsFault(error.description)
    }
  }
}
