// What the tests of this room share: a courier with its clock, and a receiver made of a closure.

import Delivery
import Outbox
import Primitives
import Testing

/// Not SHA-256, but as dependent on every byte; the real one is proved in EdgeTests.
func folded(_ bytes: [UInt8]) -> [UInt8] {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  return (0..<32).map { UInt8(truncatingIfNeeded: hash >> UInt64($0 % 8 * 8)) &+ UInt8($0) }
}

func event(_ sequence: UInt64, padding: Int = 0) -> StoredEvent {
  let digits = String(sequence)
  let id = "gw17-1a2b3c4d-" + String(repeating: "0", count: 16 - digits.count) + digits
  let pad = String(repeating: "x", count: padding)
  let bytes = Array("{\"id\":\"\(id)\",\"pad\":\"\(pad)\"}".utf8)
  return StoredEvent(sequence: sequence, bytes: bytes, digest: folded(bytes), due: 1)
}

func parcel(_ sequences: ClosedRange<UInt64>) -> Parcel {
  Parcel(events: sequences.map { event($0) }, previous: sequences.lowerBound - 1)
}

/// The sequences in a request's body, one event or a batch.
func sequences(_ request: HTTPRequest) -> [UInt64] {
  guard let value = try? JSONValue(parsing: request.body) else { return [] }
  return (value.array ?? [value]).compactMap { item in
    item["id"]?.string.flatMap { UInt64($0.suffix(16)) }
  }
}

/// Reads the one request that is in the bytes.
func request(in bytes: [UInt8]) throws -> HTTPRequest {
  var reader = HTTPRequestReader()
  reader.feed(bytes)
  return try #require(try reader.next())
}

/// A courier on a virtual clock.
struct Bench {
  var courier: Courier
  var generator: SeededGenerator
  var now = Instant(nanoseconds: 1_000_000_000)
  /// Every request so far.
  var requests: [HTTPRequest] = []
  var answers: [Answer] = []
  var parcelsWanted = 0
  var reloads = 0
  var opens = 0
  /// What the driver comes back with when it is asked for a token; none: nothing happens.
  var secrets: [Secret] = []

  init(seed: UInt64 = 1, token: String? = nil, _ change: (inout UplinkPolicy) -> Void = { _ in }) {
    var policy = UplinkPolicy(address: HTTPAddress(host: "mes.example", path: "/v1/events"))
    change(&policy)
    courier = Courier(policy: policy, token: token, digest: folded)
    generator = SeededGenerator(seed: seed)
  }

  var stamp: Stamp {
    Stamp(
      instant: now, wall: WallTime(milliseconds: 1_790_000_000_000 + now.nanoseconds / 1_000_000))
  }

  /// Notes the actions and returns them.
  @discardableResult
  mutating func perform(_ actions: [CourierAction]) throws -> [CourierAction] {
    for action in actions {
      switch action {
      case .open: opens += 1
      case .send(let bytes): requests.append(try request(in: bytes))
      case .close: break
      case .report(let answer): answers.append(answer)
      case .wantParcel: parcelsWanted += 1
      case .reloadToken:
        reloads += 1
        if !secrets.isEmpty { courier.use(secrets.removeFirst()) }
      }
    }
    return actions
  }

  @discardableResult
  mutating func offer(_ parcel: Parcel) throws -> [CourierAction] {
    try perform(courier.offer(parcel, now: stamp, using: &generator))
  }

  @discardableResult
  mutating func handle(_ event: StreamEvent) throws -> [CourierAction] {
    try perform(courier.handle(event, now: stamp, using: &generator))
  }

  /// An answer of the receiver.
  @discardableResult
  mutating func answer(
    _ status: Int, _ fields: [(String, String)] = [], body: String = "", keepsAlive: Bool = true
  ) throws -> [CourierAction] {
    var lines = HTTPFields()
    for (name, value) in fields { lines.add(name, value) }
    return try handle(
      .received(
        HTTPResponseWriter.answer(
          status, fields: lines, body: Array(body.utf8), keepsAlive: keepsAlive)))
  }

  /// Lets the time run to the next deadline.
  @discardableResult
  mutating func skip() throws -> [CourierAction] {
    now = max(now, try #require(courier.nextDeadline))
    return try perform(courier.timePassed(now: stamp, using: &generator))
  }

  /// Lets time run and connects until a request is out.
  mutating func untilSending() throws {
    for _ in 0..<100 {
      switch courier.state {
      case .awaitingAnswer: return
      case .connecting: try handle(.opened)
      case .refreshing, .coolingOff, .parked, .pausing: try skip()
      case .offline, .ready: return
      }
    }
    Issue.record("the courier does not come to send")
  }

  /// A bench whose first request is on its way.
  static func sending(_ parcel: Parcel, token: String? = nil) throws -> Bench {
    var bench = Bench(token: token)
    try bench.offer(parcel)
    try bench.handle(.opened)
    return bench
  }

  /// Serves the courier until its parcel is done, at most `limit` requests.
  mutating func serve(limit: Int, _ receiver: (HTTPRequest) -> Int) throws {
    let before = requests.count
    while !courier.wantsParcel, requests.count - before <= limit {
      try untilSending()
      let last = try #require(requests.last)
      try answer(receiver(last))
    }
  }

  var delivered: [UInt64] {
    answers.compactMap { if case .delivered(let through) = $0 { through } else { nil } }
  }

  var refused: [UInt64] {
    answers.compactMap { if case .refused(let event, _, _) = $0 { event.sequence } else { nil } }
  }
}
