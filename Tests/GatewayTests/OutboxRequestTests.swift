// Refused events as people handle them: listed, read, sent once more, given up; with every
// operation of the disk failing once.

import Events
import Machines
import Outbox
import Primitives
import Testing

@testable import Gateway

@Suite("Refused events and those who look after them") struct OutboxRequestTests {
  private func life(_ disk: ScriptedDisk = ScriptedDisk()) throws -> Life {
    Life(disk, try Press.plan())
  }

  /// Takes what is on its way to the first uplink.
  private func takeParcel(_ life: Life) -> Parcel? { life.links[0].parcels.take()?.value }

  private func answer(_ life: Life, _ answer: Answer) {
    _ = life.links[0].post(answer, about: life.links[0].journalNumber)
  }

  /// Refuses the first of everything that is on its way, and takes the rest.
  @discardableResult
  private func refuseFirst(_ life: Life) throws -> StoredEvent {
    let parcel = try #require(takeParcel(life))
    let first = try #require(parcel.events.first)
    answer(life, .refused(first, status: 422, body: "no such \"cost centre\""))
    if let last = parcel.events.last, last.sequence > first.sequence {
      answer(life, .delivered(through: last.sequence))
    }
    life.turn(after: .seconds(2))
    life.turn(after: .seconds(2))
    return first
  }

  private func ask(_ life: Life, _ request: OutboxRequest) throws -> ShopAnswer? {
    let ticket = try #require(life.requests.post(.outbox(request)))
    life.turn()
    guard case .done(let answer) = life.requests.progress(of: ticket) else { return nil }
    return answer
  }

  @Test func `F31: a refused event is listed with its answer and read with its bytes`() throws {
    let life = try life()
    life.turn()
    let refused = try refuseFirst(life)
    let list = try #require(try ask(life, .list(RefusedChoice(), after: 0))?.document)
    let row = try #require(list["refused"]?.array?.first)
    #expect(list["refused"]?.array?.count == 1)
    #expect(row["number"]?.integer == Int64(refused.sequence))
    #expect(row["status"]?.integer == 422)
    #expect(row["answer"]?.string == "no such \"cost centre\"")
    #expect(row["type"]?.string == EventType.gatewayStarted.rawValue)
    #expect(row["event"] == nil)
    #expect(list["uplinks"]?.array?.first?["refused"]?.integer == 1)
    let next = try #require(list["next"]?.integer)
    let rest = try #require(try ask(life, .list(RefusedChoice(), after: next))?.document)
    #expect(rest["refused"]?.array?.isEmpty == true && rest["next"] == nil)
    let read = try ask(life, .read(RefusedChoice(number: refused.sequence), after: 0))
    let text = try #require(read?.document?["refused"]?.array?.first?["event"]?.string)
    #expect(Array(text.utf8) == refused.bytes)
    let none = try ask(life, .read(RefusedChoice(number: 99), after: 0))
    #expect(none?.isDone == false && none?.sentence.contains("takt outbox list") == true)
  }

  @Test func `F45: what is sent once more goes alone, marked, and leaves when it arrived`() throws {
    let disk = ScriptedDisk()
    let life = try life(disk)
    life.turn()
    let refused = try refuseFirst(life)
    #expect(disk.rows.count == 1)
    #expect(try ask(life, .retry(RefusedChoice()))?.isDone == true)
    let late = try #require(takeParcel(life))
    #expect(late.isReplay && late.events.map(\.bytes) == [refused.bytes])
    life.scan(run: true, good: 1)
    life.turn(after: .seconds(1))
    #expect(takeParcel(life) == nil, "nothing overtakes it, or an answer would be about either")
    #expect(disk.rows.count == 1, "kept until it arrived")
    answer(life, .delivered(through: refused.sequence))
    life.turn(after: .seconds(2))
    life.turn(after: .seconds(2))
    #expect(disk.rows.isEmpty)
    #expect(life.recorder.status.uplinks[0].kept == 0)
    let next = try #require(takeParcel(life))
    #expect(!next.isReplay && next.previous == refused.sequence)
  }

  @Test func `what is refused again is kept again, with the new answer`() throws {
    let disk = ScriptedDisk()
    let life = try life(disk)
    life.turn()
    let refused = try refuseFirst(life)
    _ = try ask(life, .retry(RefusedChoice(number: refused.sequence)))
    let late = try #require(takeParcel(life))
    answer(life, .refused(late.events[0], status: 400, body: "still not"))
    life.turn(after: .seconds(2))
    life.turn(after: .seconds(2))
    #expect(disk.rows.map(\.event.status) == [400])
    #expect(disk.findings.isEmpty)
    #expect(life.recorder.status.uplinks[0].kept == 1)
    #expect(life.recorder.status.uplinks[0].late == 0)
  }

  @Test func `F29: a wish to send once more survives a restart`() throws {
    let disk = ScriptedDisk()
    let first = try life(disk)
    first.turn()
    let refused = try refuseFirst(first)
    _ = try ask(first, .retry(RefusedChoice()))
    let second = Life(disk, try Press.plan(), first.clock)
    second.turn(after: .seconds(1))
    var late: [Parcel] = []
    for _ in 0..<5 {
      while let parcel = takeParcel(second) {
        if parcel.isReplay { late.append(parcel) }
        answer(second, .delivered(through: parcel.events.last?.sequence ?? 0))
      }
      second.turn(after: .seconds(2))
    }
    #expect(late.map { $0.events.map(\.sequence) } == [[refused.sequence]])
    #expect(disk.rows.isEmpty)
  }

  @Test func `F31: giving one up is told by an event in the same transaction`() throws {
    let disk = ScriptedDisk()
    let life = try life(disk)
    life.turn()
    let refused = try refuseFirst(life)
    let answer = try ask(life, .drop(RefusedChoice(number: refused.sequence), by: "maria"))
    #expect(answer?.isDone == true)
    #expect(disk.rows.isEmpty)
    let transaction = try #require(disk.transactions.last { !$0.released.isEmpty })
    #expect(transaction.events.count == 1)
    let told = try #require(disk.audit().events.last)
    #expect(told.type == EventType.eventsDropped.rawValue)
    #expect(told.data["fromSequence"]?.integer == Int64(refused.sequence))
    #expect(told.data["count"]?.integer == 1)
    #expect(told.data["why"]?.string?.contains("maria") == true)
    let again = try ask(life, .drop(RefusedChoice(number: refused.sequence), by: "maria"))
    #expect(again?.isDone == false)
    #expect(disk.audit().findings.isEmpty)
  }

  /// Everything a person does, while one operation of the disk fails.
  @Test(arguments: DiskAccident.allCases)
  fileprivate func `whichever operation fails, nothing refused is lost or told twice`(
    accident: DiskAccident
  ) throws {
    var operation = 0
    var isOver = false
    while !isOver, operation < 200 {
      operation += 1
      let disk = ScriptedDisk()
      disk.plan = (operation, accident)
      var life = try life(disk)
      var delivered: Set<UInt64> = []
      var refusals = 0
      var isRevived = false
      for step in 0..<40 {
        life.turn(after: .seconds(3))
        if disk.isDead {
          isRevived = true
          life = Life(disk, try Press.plan(), life.clock)
          continue
        }
        while let parcel = takeParcel(life) {
          for event in parcel.events {
            if !parcel.isReplay, event.sequence % 2 == 1, refusals < 4 {
              refusals += 1
              answer(life, .refused(event, status: 422, body: "no"))
            } else {
              delivered.insert(event.sequence)
              answer(life, .delivered(through: event.sequence))
            }
          }
        }
        life.scan(run: step.isMultiple(of: 2), good: Int64(step))
        if step == 10 || step == 25 { _ = life.requests.post(.outbox(.retry(RefusedChoice()))) }
      }
      isOver = disk.operations < operation
      let (_, findings) = disk.audit()
      #expect(findings.isEmpty, "operation \(operation), \(accident)")
      let kept = Set(disk.rows.map(\.event.sequence))
      let all = Set(disk.history.map(\.sequence))
      let cursor = disk.state.cursors.first?.acknowledged ?? 0
      let missing = all.filter { $0 <= cursor }.subtracting(delivered).subtracting(kept)
      #expect(missing.isEmpty, "operation \(operation), \(accident), revived \(isRevived)")
    }
    #expect(isOver && operation > 20)
  }

  @Test func `F31: of too many refused events the oldest are given up, and one event tells so`()
    throws
  {
    let disk = ScriptedDisk()
    let life = try life(disk)
    life.turn()
    life.recorder.outbox.keptMost = 6
    var refused: [UInt64] = []
    for second in 0..<12 {
      life.scan(run: second.isMultiple(of: 2), fault: second.isMultiple(of: 2) ? 0 : 12, good: 0)
      life.turn(after: .seconds(2))
      while let parcel = takeParcel(life) {
        for event in parcel.events {
          let isTold = EventGlance.type(event.bytes) == EventType.eventsDropped.rawValue
          if !isTold { refused.append(event.sequence) }
          answer(
            life,
            isTold
              ? .delivered(through: event.sequence) : .refused(event, status: 422, body: "no"))
        }
      }
    }
    life.turn(after: .seconds(2))
    life.turn(after: .seconds(2))
    let (events, findings) = disk.audit()
    #expect(findings.isEmpty && refused.count > 6)
    let losses = events.filter {
      $0.data["why"]?.string?.contains("the oldest are given up") ?? false
    }
    let told = losses.compactMap { $0.data["count"]?.integer }.reduce(0, +)
    #expect(!losses.isEmpty && told > 0)
    #expect(Int(told) + disk.rows.count == refused.count, "each is kept or told")
    #expect(life.recorder.status.uplinks[0].kept == disk.rows.count)
  }
}
