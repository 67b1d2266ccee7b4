// HTTP behind a journal that began anew, and answers whose words say more than their status.

import Outbox
import Primitives
import Testing

@testable import Delivery

@Suite("HTTPS: epochs and words") struct CourierEpochTests {
  private let stamp = Stamp(
    instant: Instant(nanoseconds: 1_000_000_000), wall: WallTime(milliseconds: 1_790_000_000_000))

  /// A courier that has posted events 1…3 of an epoch which begins behind place 1000.
  private func posted() -> (courier: Courier, generator: SeededGenerator, request: String) {
    var courier = Courier(
      policy: UplinkPolicy(address: HTTPAddress(host: "mes.example")), digest: folded)
    var generator = SeededGenerator(seed: 1)
    let events = (1...3).map { number -> StoredEvent in
      StoredEvent(sequence: UInt64(1000 + number), bytes: [123, 125], digest: [], due: 1)
    }
    _ = courier.offer(
      Parcel(events: events, previous: 0, base: 1000), now: stamp, using: &generator)
    let actions = courier.handle(.opened, now: stamp, using: &generator)
    var request = ""
    for case .send(let bytes) in actions { request += String(decoding: bytes, as: UTF8.self) }
    return (courier, generator, request)
  }

  private func answer(_ status: Int, _ body: String) -> StreamEvent {
    .received(HTTPResponseWriter.answer(status, body: Array(body.utf8)))
  }

  @Test func `an answer for each event names sequences of its epoch, not places`() {
    var (courier, generator, request) = posted()
    #expect(request.contains("Takt-Previous: 0\r\n"), "\(request)")
    let list = (1...3).map {
      #"{"id":"gw-2b2b2b2b-0000000000000000000\#($0)","status":\#($0 == 2 ? 422 : 200)}"#
    }
    let actions = courier.handle(
      answer(207, "[\(list.joined(separator: ","))]"), now: stamp, using: &generator)
    var reports: [String] = []
    for case .report(let report) in actions {
      switch report {
      case .delivered(let through): reports.append("delivered \(through)")
      case .refused(let event, let status, _): reports.append("refused \(event.sequence) \(status)")
      case .held(let event): reports.append("held \(event.sequence)")
      }
    }
    #expect(reports == ["delivered 1001", "refused 1002 422", "delivered 1003"])
    #expect(courier.wantsParcel)
  }

  @Test(arguments: [
    (400, "<h1>400 Bad Request</h1>No required SSL certificate was sent", true),
    (400, "<title>400 The SSL certificate error</title>", true), (495, "", true), (496, "", true),
    (400, "{\"error\":\"no such field\"}", false),
  ])
  func `a server that wants our certificate blames no event`(
    status: Int, body: String, isParked: Bool
  ) {
    var (courier, generator, _) = posted()
    let actions = courier.handle(answer(status, body), now: stamp, using: &generator)
    #expect((courier.status.state == "parked") == isParked)
    #expect((courier.status.alarm?.contains("certificateFile") ?? false) == isParked)
    #expect(courier.status.refusedEvents == 0)
    for case .report in actions { Issue.record("something was reported") }
  }
}
