// Uplinks that come and go while the journal stays open.

import Events
import Outbox
import Primitives
import Testing

@Suite("Uplinks come and go") struct OutboxFollowingTests {
  private func events(_ range: ClosedRange<UInt64>, _ due: UInt64) -> [StoredEvent] {
    range.map { StoredEvent(sequence: $0, bytes: [1], digest: [2], due: due) }
  }

  private func commit(_ outbox: inout Outbox, _ events: [StoredEvent]) -> Transaction {
    var transaction = Transaction()
    transaction.events = events
    outbox.fill(&transaction)
    outbox.settled(transaction)
    return transaction
  }

  @Test func `who stays keeps what is in flight, who goes holds nothing back, and comes back`()
    throws
  {
    var outbox = Outbox(uplinks: ["mes", "erp"], state: StoreState(epoch: "00c0ffee"))
    let (mes, erp) = (try #require(outbox.bit(of: "mes")), try #require(outbox.bit(of: "erp")))
    let all = UInt64(1) << UInt64(mes) | UInt64(1) << UInt64(erp)
    _ = commit(&outbox, events(1...4, all))
    let order = try #require(outbox.order(for: mes))
    let parcel = outbox.offer(events(1...4, all), for: order)
    #expect(parcel?.events.count == 4)
    var strangers: [UplinkCursor] = []
    outbox.follow(["mes", "new"], strangers: &strangers)
    #expect(strangers == [UplinkCursor(name: "erp", bit: erp, acknowledged: 0)])
    let new = try #require(outbox.bit(of: "new"))
    #expect(new != mes && new != erp, "the bit stays with the name")
    #expect(outbox.statistics.first?.parcelsInFlight == 1)
    let isNews = outbox.answered(.delivered(through: 4), from: mes, at: testTime)
    #expect(isNews)
    #expect(outbox.statistics.first { $0.name == "new" }?.depth == 0)
    outbox.follow(["erp", "mes"], strangers: &strangers)
    #expect(outbox.bit(of: "erp") == erp && outbox.bit(of: "mes") == mes)
    #expect(outbox.order(for: erp)?.after == 0, "it is still owed what it did not get")
    #expect(strangers.map(\.name) == ["new"])
  }
}

private let testTime = WallTime(milliseconds: 1)
