// A refused event holds back the later ones of its partition key, and nothing else: the outbox and
// the courier together, against a receiver that refuses what it likes and a person who decides.

import Delivery
import Outbox
import Primitives
import Testing

/// A journal in memory with its outbox and a courier over HTTPS, on a clock of its own.
private final class Site {
  var outbox: Outbox
  var bench: Bench
  var events: [StoredEvent] = []
  var rows: [QuarantinedRow] = []
  var state = StoreState(epoch: "1a2b3c4d")
  var queue: [Parcel] = []
  /// Refused whenever they come.
  var poison: Set<UInt64> = []
  /// What the receiver took, first copies only.
  var got: [UInt64] = []
  var dropped: Set<UInt64> = []
  var refusals = 0
  var mostHeld = 0
  private var lastRow: Int64 = 0
  private var answered = 0

  init(seed: UInt64) {
    outbox = Outbox(uplinks: ["mes"], state: state, rules: Self.rules)
    bench = Self.bench(seed)
  }

  private static let rules = ["mes": LaneRules(holdsKeys: true)]

  private static func bench(_ seed: UInt64) -> Bench {
    Bench(seed: seed) { policy in
      policy.holdsKeys = true
      policy.maxEvents = Int(seed % 7) + 2
    }
  }

  static func key(_ sequence: UInt64) -> UInt64 { sequence &* 2_654_435_761 >> 7 & 3 }

  func commit(_ count: Int, releasing keys: [QuarantineKey] = []) {
    var transaction = Transaction()
    transaction.released = keys
    for number in 0..<count {
      let sequence = state.lastSequence + UInt64(number) + 1
      transaction.events.append(mqttEvent(sequence, key: "k\(Self.key(sequence))"))
    }
    outbox.fill(&transaction)
    if let through = transaction.deleteThrough { events.removeAll { $0.sequence <= through } }
    for cursor in transaction.cursors { state.cursors = [cursor] }
    for (name, bytes) in transaction.snapshots { state.snapshots[name] = bytes }
    rows.removeAll { transaction.released.contains($0.key) }
    for event in transaction.quarantined {
      #expect(!rows.contains { $0.event.sequence == event.sequence }, "kept twice")
      lastRow += 1
      rows.append(QuarantinedRow(row: lastRow, event: event))
    }
    events += transaction.events
    state.lastSequence += UInt64(count)
    state.firstHeld = events.first?.sequence ?? state.lastSequence + 1
    state.quarantinedBy = ["mes": rows.count]
    outbox.settled(transaction)
    mostHeld = max(mostHeld, outbox.statistics[0].held)
  }

  func offer() {
    while queue.count < 2, let order = outbox.order(for: 0, now: bench.now) {
      let due = events.filter { $0.sequence > order.after }.prefix(order.countLimit)
      if let parcel = outbox.offer(Array(due), for: order, now: bench.now) { queue.append(parcel) }
    }
    guard queue.count < 2, let query = outbox.lateOrder(for: 0) else { return }
    let found = rows.filter {
      query.wants($0.row, uplink: $0.event.uplink, place: $0.event.sequence)
    }
    if let parcel = outbox.offerLate(Array(found.prefix(query.countLimit)), for: 0) {
      queue.append(parcel)
    }
  }

  /// One step of the courier: a parcel, a connection, an answer, or a wait.
  func deliver(losing: Bool = false) throws {
    if bench.courier.wantsParcel, !queue.isEmpty { try bench.offer(queue.removeFirst()) }
    switch bench.courier.state {
    case .connecting: try bench.handle(.opened)
    case .awaitingAnswer:
      let places = Self.places(try #require(bench.requests.last))
      let isRefused = !poison.isDisjoint(with: places)
      if !isRefused { for place in places where !got.contains(place) { got.append(place) } }
      if isRefused { refusals += 1 }
      if losing {
        try bench.handle(.ended(.closed("gone")))
      } else {
        try bench.answer(isRefused ? 422 : 200)
      }
    case .coolingOff, .parked, .pausing, .refreshing: try bench.skip()
    case .offline, .ready: break
    }
    for answer in bench.answers[answered...] {
      _ = outbox.answered(answer, from: 0, at: WallTime(milliseconds: 1), now: bench.now)
    }
    answered = bench.answers.count
  }

  private static func places(_ request: HTTPRequest) -> [UInt64] {
    let body = (try? JSONValue(parsing: request.body))?.array ?? []
    return body.compactMap { $0["sequence"]?.string.flatMap { UInt64($0) } }
  }

  /// The program ends and begins again on the same journal.
  func restart(_ seed: UInt64) {
    outbox = Outbox(uplinks: ["mes"], state: state, rules: Self.rules)
    outbox.resumeHeld(rows.map(KeptRow.init))
    let now = bench.now
    (bench, queue, answered) = (Self.bench(seed), [], 0)
    bench.now = now
  }

  func drop(_ row: QuarantinedRow) {
    guard !outbox.isOnItsWay(row.key) else { return }
    outbox.forget(row.key)
    dropped.insert(row.event.sequence)
    commit(0, releasing: [row.key])
  }

  func retry(_ row: QuarantinedRow) {
    let isKnown = outbox.retry([row.event.sequence], uplink: "mes")
    #expect(isKnown)
    commit(0)
  }

  func run(_ turns: Int) throws {
    for _ in 0..<turns {
      offer()
      try deliver()
      commit(0)
    }
  }

  /// No event came after a later one of its key.
  func check(_ seed: UInt64) {
    var last: [UInt64: UInt64] = [:]
    for place in got {
      #expect(place > last[Self.key(place)] ?? 0, "seed \(seed): \(place) in \(got)")
      last[Self.key(place)] = place
    }
  }
}

@Suite("Keys that wait behind a refused event") struct HeldKeyTests {
  @Test func `F45: what follows a refused event of its key waits, and the others go on`() throws {
    let site = Site(seed: 5)
    let bad: UInt64 = 3
    site.poison = [bad]
    site.commit(20)
    try site.run(60)
    let waiting = (1...20).filter { $0 >= bad && Site.key($0) == Site.key(bad) }
    #expect(waiting.count > 2)
    #expect(Set(site.got) == Set(1...20).subtracting(waiting))
    #expect(site.rows.map(\.event.sequence).sorted() == waiting)
    #expect(site.rows.filter(\.event.isRefused).map(\.event.sequence) == [bad])
    let told = site.outbox.statistics[0]
    #expect(told.heldKeys == ["k\(Site.key(bad))"] && told.held == waiting.count - 1)
    #expect(told.depth == 0 && told.acknowledged == 20, "nothing of the journal waits for them")
    site.restart(6)
    site.commit(8)
    try site.run(40)
    let more = (21...28).filter { Site.key($0) == Site.key(bad) }
    #expect(!more.isEmpty && Set(site.got).isDisjoint(with: more), "it holds over a restart")
    let isAsked = site.outbox.retry([bad], uplink: "mes")
    #expect(isAsked)
    try site.run(40)
    #expect(Set(site.got).isDisjoint(with: waiting), "refused again, it holds again")
    site.poison = []
    let refused = site.rows.first { $0.event.sequence == bad }
    site.retry(try #require(refused))
    try site.run(60)
    #expect(site.rows.isEmpty && site.outbox.statistics[0].heldKeys.isEmpty)
    #expect(Array(site.got.suffix(waiting.count + more.count)) == waiting + more)
    site.check(0)
  }

  @Test func `once the refused one is given up, the others follow in order`() throws {
    let site = Site(seed: 3)
    site.poison = [2]
    site.commit(20)
    try site.run(60)
    let behind = (3...20).filter { Site.key($0) == Site.key(2) }
    let refused = site.rows.first { $0.event.isRefused }
    site.drop(try #require(refused))
    site.restart(4)
    try site.run(60)
    #expect(site.rows.isEmpty && Array(site.got.suffix(behind.count)) == behind)
  }

  @Test func `F30: as much is kept as may be, and then the uplink as a whole waits`() throws {
    let site = Site(seed: 1)
    site.poison = [1]
    site.commit(1)
    try site.run(10)
    let outbox = site.outbox
    let rows = (1...Int64(OutboxLimits.keptBeforeWaiting)).map { number in
      let event = mqttEvent(UInt64(number), key: "k")
      let kept = QuarantinedEvent(
        uplink: "mes", sequence: event.sequence, bytes: event.bytes,
        status: number == 1 ? 422 : 0, answer: "", at: WallTime(milliseconds: 0))
      return QuarantinedRow(row: number, event: kept)
    }
    site.rows = rows
    site.state.quarantinedBy = ["mes": rows.count]
    site.restart(2)
    site.commit(5)
    #expect(outbox.statistics[0].isHeldUp == false && site.outbox.statistics[0].isHeldUp)
    #expect(site.outbox.order(for: 0) == nil)
    site.poison = []
    site.retry(rows[0])
    try site.run(40)
    #expect(!site.outbox.statistics[0].isHeldUp, "somebody has decided")
    #expect(site.got.prefix(50) == Array(1...50)[...])
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func `F45: whatever is refused, lost, decided and restarted, no key is out of order`(
    seed: UInt64
  ) throws {
    let site = Site(seed: seed)
    var chance = SeededGenerator(seed: seed)
    for _ in 0..<400 {
      switch Int.random(in: 0..<20, using: &chance) {
      case 0...2: site.commit(Int.random(in: 0...6, using: &chance))
      case 3: site.poison.insert(site.state.lastSequence + UInt64.random(in: 1...8, using: &chance))
      case 4: site.commit(0)
      case 5 where Int.random(in: 0..<6, using: &chance) == 0: site.restart(seed)
      case 6:
        guard let row = site.rows.randomElement(using: &chance) else { break }
        if Bool.random(using: &chance) { site.poison.remove(row.event.sequence) }
        site.retry(row)
      case 7 where Int.random(in: 0..<4, using: &chance) == 0:
        if let row = site.rows.randomElement(using: &chance) { site.drop(row) }
      case 8...12: site.offer()
      default: try site.deliver(losing: Int.random(in: 0..<12, using: &chance) == 0)
      }
    }
    site.poison = []
    for _ in 0..<40 {
      for row in site.rows where row.event.isRefused { site.retry(row) }
      try site.run(30)
    }
    site.check(seed)
    let all = Set(1...max(1, site.state.lastSequence))
    #expect(Set(site.got).union(site.dropped).isSuperset(of: all), "seed \(seed)")
    #expect(site.rows.isEmpty, "seed \(seed)")
  }

  @Test func `the storm above refuses, holds and decides`() throws {
    var (refusals, held) = (0, 0)
    for seed in 0..<20 as Range<UInt64> {
      let site = Site(seed: seed)
      site.poison = [2, 9]
      site.commit(30)
      try site.run(40)
      (refusals, held) = (refusals + site.refusals, held + site.mostHeld)
    }
    #expect(refusals > 40 && held > 40)
  }

  @Test func `over MQTT, too, what follows of the key is given back unsent`() throws {
    let events = [(1, "a"), (2, "a"), (3, "b"), (4, "a")].map {
      mqttEvent(UInt64($0.0), key: $0.1)
    }
    var bench = try MQTTBench.carrying(mqttParcel(events)) {
      ($0.keepsKeyOrder, $0.holdsKeys) = (true, true)
    }
    #expect(bench.sequences == [1, 3])
    try bench.acknowledge(1, 153)
    try bench.acknowledge(3)
    #expect(bench.sequences == [1, 3], "2 and 4 never leave")
    let held = bench.answers.compactMap { answer -> UInt64? in
      if case .held(let event) = answer { event.sequence } else { nil }
    }
    #expect(bench.refused == [1] && held == [2, 4])
    try bench.offer(mqttParcel([mqttEvent(5, key: "a"), mqttEvent(6, key: "b")]))
    #expect(bench.sequences == [1, 3, 6], "the outbox has not heard of the refusal")
    var heard = mqttParcel([mqttEvent(7, key: "a")])
    heard.heardThrough = 5
    try bench.offer(heard)
    #expect(bench.sequences == [1, 3, 6, 7], "now it has, and sends what may be sent")
  }
}
