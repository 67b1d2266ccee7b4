// What the tests of the events share: a gateway, a clock that stands, and a notary whose signature
// is a function of the bytes, so that any changed byte shows without a key.

import Events
import Primitives

/// Thirty-two bytes that depend on every byte.
func testDigest(_ bytes: [UInt8], salt: UInt64 = 0) -> [UInt8] {
  var generator = SeededGenerator(
    seed: bytes.reduce(0xCBF2_9CE4_8422_2325 ^ salt) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
  return (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

struct TestNotary: Notary, Verifier {
  var keyID = "gw17-2026a"
  var isRefusing = false

  func digest(_ bytes: [UInt8]) -> [UInt8] { testDigest(bytes) }

  func sign(_ bytes: [UInt8]) throws(NotaryFault) -> [UInt8] {
    guard !isRefusing else { throw NotaryFault("the key is gone") }
    return testDigest(bytes, salt: 1) + testDigest(bytes, salt: 2)
  }

  func verify(_ bytes: [UInt8], signature: [UInt8], keyID: String) -> SignatureVerdict {
    guard keyID == self.keyID else { return .keyUnknown }
    return signature == testDigest(bytes, salt: 1) + testDigest(bytes, salt: 2) ? .valid : .invalid
  }
}

let testReading = ClockReading(
  monotonic: Instant(nanoseconds: 5_000_000_000),
  wall: WallTime(milliseconds: 1_772_435_730_312), quality: .synchronised,
  bootID: "6b1f7c1e-0000-4000-8000-000000000001")

let testStamp = Stamp(Instant(nanoseconds: 4_938_000_000), testReading)

func testSource() throws(NameFault) -> EventSource {
  try EventSource(
    enterprise: "acme", site: "vienna", area: "packaging", line: "line3", gateway: "gw17")
}

func testChain(epoch: String = "00c0ffee", lastDigest: [UInt8]? = nil) throws -> EventChain {
  EventChain(
    source: try testSource(), epoch: epoch, lastSequence: 0,
    lastDigest: lastDigest ?? [UInt8](repeating: 0, count: 32))
}

func testDraft(_ number: Int, type: EventType = .productionCount) -> EventDraft {
  EventDraft(
    type: type, unit: .machine("filler1"), at: testStamp, partitionKey: "filler1",
    data: ["goodQuantity": .integer(Int64(number)), "uom": "PCE"])
}

/// A chain of sealed events, and the bytes of each.
func testEvents(_ count: Int, epoch: String = "00c0ffee", after: [UInt8]? = nil) throws
  -> [[UInt8]]
{
  var chain = try testChain(epoch: epoch, lastDigest: after)
  var notary = TestNotary()
  var events: [[UInt8]] = []
  for number in 1...count {
    events.append(
      try chain.seal(testDraft(number), reading: testReading, notary: &notary).bytes)
  }
  return events
}
