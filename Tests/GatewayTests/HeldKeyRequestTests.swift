// Keys that wait behind a refused event, as the recorder serves them: over a restart, for those who
// look, and after the decision.

import Events
import Outbox
import Primitives
import Testing

@testable import Gateway

@Suite("Keys that wait, and those who decide") struct HeldKeyRequestTests {
  private func plan() throws -> RecorderPlan {
    var plan = try Press.plan()
    plan.lanes["mes"] = LaneRules(holdsKeys: true)
    return plan
  }

  private func isOfPress(_ event: StoredEvent) -> Bool {
    EventGlance.partitionKey(event.bytes) == "press-1"
  }

  /// Takes all that is on its way as a courier would: refuses one event, gives back what follows
  /// of its key, and delivers the rest. Returns what was delivered.
  private func serve(_ life: Life, refusing bad: (StoredEvent) -> Bool = { _ in false }) -> [UInt64]
  {
    var delivered: [UInt64] = []
    for _ in 0..<12 {
      // Until the recorder's next turn, which hears of the refusal.
      var isHeld = false
      while let parcel = life.links[0].parcels.take()?.value {
        for event in parcel.events {
          let answer: Answer
          if isHeld, isOfPress(event) {
            answer = .held(event)
          } else if bad(event) {
            isHeld = true
            answer = .refused(event, status: 422, body: "no such order")
          } else {
            delivered.append(event.sequence)
            answer = .delivered(through: event.sequence)
          }
          _ = life.links[0].post(answer, about: life.links[0].journalNumber)
        }
      }
      life.turn(after: .seconds(2))
    }
    return delivered
  }

  private func run(_ life: Life, _ seconds: Int) {
    for second in 0..<seconds {
      life.scan(run: second % 4 < 2, fault: second % 4 < 2 ? 0 : 12, good: 0)
      life.turn(after: .seconds(1))
    }
  }

  private func ask(_ life: Life, _ request: OutboxRequest) throws -> ShopAnswer {
    let ticket = try #require(life.requests.post(.outbox(request)))
    life.turn()
    guard case .done(let answer) = life.requests.progress(of: ticket) else {
      Issue.record("no answer")
      return ShopAnswer(isDone: false, sentence: "")
    }
    return answer
  }

  @Test(arguments: [true, false])
  func `F45: they wait over a restart, are listed, and follow in order`(isDropped: Bool) throws {
    let disk = ScriptedDisk()
    let first = Life(disk, try plan())
    first.turn()
    run(first, 3)
    _ = serve(first)
    run(first, 12)
    var bad: UInt64?
    _ = serve(first) { event in
      if bad == nil, self.isOfPress(event) { bad = event.sequence }
      return event.sequence == bad
    }
    let refused = try #require(bad)
    #expect(disk.rows.count > 3 && disk.rows.allSatisfy { isOfPress(self.event($0)) })
    let life = Life(disk, try plan(), first.clock)
    life.turn(after: .seconds(1))
    run(life, 8)
    let others = serve(life)
    let waiting = disk.rows.map(\.event.sequence).sorted()
    #expect(!others.isEmpty && Set(others).isDisjoint(with: waiting))
    #expect(
      waiting == disk.history.filter { isOfPress($0) && $0.sequence >= refused }.map(\.sequence))
    let list = try ask(life, .list(RefusedChoice(), after: 0)).document
    #expect(list?["uplinks"]?.array?.first?["refused"]?.integer == 1)
    #expect(list?["uplinks"]?.array?.first?["held"]?.integer == Int64(waiting.count - 1))
    #expect(list?["refused"]?.array?.count { $0["status"]?.integer == 0 } == waiting.count - 1)
    #expect(life.recorder.status.uplinks[0].heldKeys == ["press-1"])
    let choice = RefusedChoice(number: refused)
    let answer = try ask(life, isDropped ? .drop(choice, by: "maria") : .retry(choice))
    #expect(answer.isDone)
    let late = serve(life).filter(waiting.contains)
    #expect(late == (isDropped ? Array(waiting.dropFirst()) : waiting))
    #expect(disk.rows.isEmpty && disk.findings.isEmpty)
    #expect(life.recorder.status.uplinks[0].heldKeys.isEmpty)
  }

  private func event(_ row: QuarantinedRow) -> StoredEvent {
    StoredEvent(sequence: row.event.sequence, bytes: row.event.bytes, digest: [], due: 0)
  }
}
