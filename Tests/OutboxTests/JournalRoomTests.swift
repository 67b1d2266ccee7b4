// How long the journal lasts, and what is seen of an event without parsing it.

import Outbox
import Primitives
import Testing

@Suite("How long the journal lasts") struct JournalRoomTests {
  private let start = Instant(nanoseconds: 0)
  private func room(_ bytes: Int64) -> JournalRoom {
    JournalRoom(freeBytes: bytes, isByDisk: false)
  }

  @Test func `F33: a steady rate gives the room divided by it`() {
    var intake = JournalIntake(now: start)
    for minute in 0..<600 {
      intake.add(bytes: 60_000, now: start + .seconds(Int64(minute) * 60))
    }
    let lasts = intake.lasts(room(86_400_000), now: start + .seconds(36_000))
    let seconds = (lasts ?? .zero).wholeMilliseconds / 1000
    #expect((85_000...88_000).contains(seconds), "1000 bytes a second fill it in a day: \(seconds)")
  }

  @Test func `the rate is of the last hours, and nothing is said too early or of nothing`() {
    var intake = JournalIntake(now: start)
    intake.add(bytes: 1_000_000, now: start)
    #expect(intake.lasts(room(1), now: start + .seconds(30)) == nil)
    #expect(intake.lasts(room(1000), now: start + .seconds(60)) != nil)
    intake.add(bytes: 0, now: start + .seconds(7 * 3600))
    #expect(intake.lasts(room(1000), now: start + .seconds(7 * 3600)) == nil, "nothing came in")
    var idle = intake
    idle.add(bytes: 10, now: start + .seconds(400 * 86_400))
    #expect(idle.lasts(room(.max), now: start + .seconds(400 * 86_400 + 60)) != nil)
  }
}

@Suite("A glance at an event") struct EventGlanceTests {
  private let bytes = Array(
    (#"{"bootid":"b","data":{"a":"x,\"type\":\"forged\"","type":"takt.inner.v1"},"#
      + #""id":"g-1-1","recordedtime":"2026-03-02T07:12:01.250Z","#
      + #""time":"2026-03-02T07:12:01.000Z","#
      + #""type":"takt.stop.ended.v1"}"#).utf8)

  @Test func `finds members of the envelope, not those inside of data`() {
    #expect(EventGlance.type(bytes) == "takt.stop.ended.v1")
    #expect(EventGlance.recorded(bytes)?.text == "2026-03-02T07:12:01.250Z")
    #expect(EventGlance.text("id", bytes) == "g-1-1")
    #expect(EventGlance.text("nothing", bytes) == nil)
    #expect(EventClass(bytes) == .facts)
  }

  @Test func `bytes that are no event are nothing`() {
    for bytes in [
      [], [0x2C], Array(",\"type\":\"never ends".utf8), [UInt8](repeating: 0x22, count: 99),
    ] {
      #expect(EventGlance.type(bytes) == nil)
    }
  }
}
