// A broker that does anything a broker can do, drawn from a seed; then it heals, and everything has
// to have arrived. The seed in a failure replays its run.

import Outbox
import Primitives
import Testing

@testable import Delivery

/// The broker's side: what it keeps, and what it says to each packet.
private struct StormyBroker {
  var generator: SeededGenerator
  var isStormy = true
  /// Sequences in the order in which they were stored, repeats included.
  var stored: [UInt64] = []
  /// Acknowledgements that are held back, to come in another order.
  var heldBack: [MQTTPacket] = []

  mutating func chance(_ percent: Int) -> Bool {
    isStormy && Int.random(in: 0..<100, using: &generator) < percent
  }

  /// What it says to a message; nil ends the connection.
  mutating func answer(_ message: MQTTPublish) -> [MQTTPacket]? {
    let sequence = MQTTBench.sequence(message) ?? 0
    let codes: [UInt8] = [128, 131, 145, 151, 135]
    if chance(3) { return nil }
    if chance(6) {
      let code = codes[Int.random(in: 0..<codes.count, using: &generator)]
      return [.puback(id: message.id, reason: code, MQTTProperties())]
    }
    stored.append(sequence)
    if chance(3) { return nil }
    if chance(2) {
      let codes: [UInt8] = [0, 131, 137, 141, 147, 151]
      let code = codes[Int.random(in: 0..<codes.count, using: &generator)]
      return [.disconnect(reason: code, MQTTProperties())]
    }
    let word = MQTTPacket.puback(id: message.id, reason: 0, MQTTProperties())
    if chance(20) {
      heldBack.append(word)
      return []
    }
    defer { heldBack = [] }
    return [word] + heldBack
  }
}

/// One run: events through a storm, then through fair weather.
private struct Storm {
  var bench: MQTTBench
  var broker: StormyBroker
  let count: UInt64
  var offered: UInt64 = 0
  var looked = 0

  init(seed: UInt64, count: UInt64, keepsKeyOrder: Bool) throws {
    bench = try MQTTBench {
      $0.keepsKeyOrder = keepsKeyOrder
      $0.topicPatience = .seconds(1_000_000)
    }
    bench.generator = SeededGenerator(seed: seed)
    broker = StormyBroker(generator: SeededGenerator(seed: seed &+ 1000))
    self.count = count
  }

  var settled: UInt64 { max(bench.delivered ?? 0, bench.refused.max() ?? 0) }

  /// One step of the world: offers, lets the broker speak, or lets time pass.
  mutating func step() throws {
    if bench.courier.wantsParcel, offered < count, offered < settled + 200 {
      let part = (offered + 1)...min(count, offered + 50)
      let events = part.map { mqttEvent($0, unit: "m\($0 % 3)", key: "m\($0 % 3)") }
      try bench.offer(Parcel(events: events, previous: offered))
      offered = part.upperBound
    }
    let heard = bench.heard
    guard looked < heard.count else { return try idle() }
    let packet = heard[looked]
    looked += 1
    switch packet {
    case .publish(let message):
      guard let answers = broker.answer(message) else {
        try bench.handle(.ended(.closed("reset")))
        return
      }
      for answer in answers { try bench.say(answer) }
    case .pingreq: try bench.say(.pingresp)
    default: break
    }
  }

  private mutating func idle() throws {
    let held = broker.heldBack
    broker.heldBack = []
    if !held.isEmpty {
      for word in held { try bench.say(word) }
      return
    }
    let opens = bench.opens.count
    try bench.skip()
    guard bench.opens.count > opens else { return }
    (looked, broker.heldBack) = (0, [])
    if broker.chance(20) { return try bench.handle(.ended(.unreachable("refused"))) }
    try bench.handle(.opened)
    looked = bench.heard.count
    try bench.say(.connack(MQTTConnack(reason: broker.chance(10) ? 136 : 0)))
  }
}

@Suite("MQTT: storms") struct MQTTStormTests {
  @Test(arguments: [false, true])
  func `F44, F45: all of it arrives, reports keep their order, and keys theirs if asked`(
    keepsKeyOrder: Bool
  ) throws {
    var breaks: UInt64 = 0
    for seed in 0..<40 as Range<UInt64> {
      var storm = try Storm(seed: seed, count: 300, keepsKeyOrder: keepsKeyOrder)
      var steps = 0
      while storm.settled < storm.count, steps < 20_000 {
        steps += 1
        if steps == 3000 { storm.broker.isStormy = false }
        try storm.step()
        #expect(storm.bench.courier.cargo.items.count <= MQTTLimits.heldEvents)
      }
      #expect(storm.settled == 300, "seed \(seed)")
      let refused = Set(storm.bench.refused)
      let stored = Set(storm.broker.stored)
      #expect((1...300).allSatisfy { stored.contains($0) || refused.contains($0) }, "seed \(seed)")
      checkReports(storm.bench.answers, seed)
      if keepsKeyOrder { checkKeys(storm.broker.stored, seed) }
      breaks += storm.bench.courier.status.failures
    }
    #expect(breaks > 1000, "a storm that nobody noticed proves nothing")
  }

  /// Each event is reported once, in order.
  private func checkReports(_ answers: [Answer], _ seed: UInt64) {
    var last: UInt64 = 0
    for answer in answers {
      switch answer {
      case .delivered(let through):
        #expect(through > last, "seed \(seed)")
        last = through
      case .refused(let event, _, _), .held(let event):
        #expect(event.sequence == last + 1, "seed \(seed)")
        last = event.sequence
      }
    }
  }

  /// The first copies of each key are in order.
  private func checkKeys(_ stored: [UInt64], _ seed: UInt64) {
    var last: [UInt64: UInt64] = [:]
    var seen: Set<UInt64> = []
    for sequence in stored where seen.insert(sequence).inserted {
      #expect(sequence > last[sequence % 3, default: 0], "seed \(seed)")
      last[sequence % 3] = sequence
    }
  }
}
