// Orders, shifts and limits as the recorder tells them: members, holds, answers, sums.

import Events
import Machines
import Outbox
import Primitives
import Signals
import Testing

@testable import Gateway

@Suite struct `A recorder with orders` {
  @Test func `F48: gives every event the members of its order, a stop from its start on`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Hall1.plan(), Hall1.clock)
    life.step(0)
    #expect(life.ask(.order(Hall1.file("4711")))?.isDone == true)
    life.step(1)
    life.step(2)
    life.step(2, run: false, fault: 12)
    life.step(2, run: false, fault: 12)
    #expect(life.ask(.order(Hall1.file("4712")))?.isDone == true)
    life.step(2, run: false, fault: 12)
    life.step(3)
    _ = life.live(.seconds(5))
    life.step(4)
    let stops = life.told(.stopStarted) + life.told(.stopEnded)
    #expect(stops.count == 2)
    #expect(stops.allSatisfy { $0.data["orderId"]?.string == "4711" })
    #expect(stops.allSatisfy { $0.members["partitionkey"]?.string == "4711" })
    let counts = life.told(.productionCount).filter { ($0.data["goodQuantity"]?.integer ?? 0) > 0 }
    #expect(counts.compactMap { $0.data["orderId"]?.string } == ["4711", "4712"])
    let members = ["operationId": "0010", "materialId": "M-1", "lotId": "L-1", "uom": "KGM"]
    for count in counts {
      for (name, value) in members { #expect(count.data[name]?.string == value, "\(name)") }
      #expect(count.members["subject"]?.string == (count.data["orderId"]?.string ?? "") + "/0010")
    }
    let states = life.told(.stateChanged)
    #expect(states.last?.data["orderId"]?.string == "4712")
    #expect(states.last?.data["packmlState"]?.string == "Execute")
    #expect(states.last?.data["packmlMode"]?.string == "Production")
    #expect(states.last?.data["e10"]?.string == "PRD")
    #expect(life.told(.orderStarted).count == 2 && life.told(.orderEnded).count == 1)
  }

  @Test func `F49: a file cuts the count at the moment at which it was taken`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Hall1.plan(), Hall1.clock)
    life.step(0)
    _ = life.ask(.order(Hall1.file("4711")))
    life.step(3)
    // Within the window of two seconds: without a cut its pieces would be of one order.
    _ = life.ask(.order(Hall1.file("4712")))
    life.step(5)
    _ = life.live(.seconds(3))
    life.step(5)
    var made: [String: Int64] = [:]
    for count in life.told(.productionCount) {
      made[count.data["orderId"]?.string ?? "-", default: 0] +=
        count.data["goodQuantity"]?.integer ?? 0
    }
    #expect(made["4711"] == 3 && made["4712"] == 2)
  }

  @Test func `F49: an order that begins while nothing is counted gets every piece after it`()
    throws
  {
    let life = Life(ScriptedDisk(), try Hall1.plan(), Hall1.clock)
    life.step(0)
    _ = life.ask(.order(Hall1.file("4711")))
    life.step(3)
    // The window of two seconds is told; then the machine makes nothing for a while.
    for _ in 0..<7 { life.step(3) }
    _ = life.ask(.order(Hall1.file("4712")))
    for _ in 0..<3 { life.step(3) }
    life.step(10)
    _ = life.live(.seconds(3))
    life.step(10)
    let machine = try #require(life.recorder.status.shop.first ?? nil)
    #expect(machine.order?.order.key.orderID == "4712")
    #expect(machine.orderSums?.sums.good == 7 && machine.orderSums?.approximate == false)
  }

  @Test func `shows an order that is paused with what it has made, and goes on with its sums`()
    throws
  {
    let life = Life(ScriptedDisk(), try Hall1.plan(), Hall1.clock)
    func shown() throws -> ShopMachineStatus {
      try #require(life.recorder.status.shop.first ?? nil)
    }
    life.step(0)
    _ = life.ask(.order(Hall1.file("4711")))
    life.step(3)
    _ = life.ask(.order(Hall1.file("4711", .pause)))
    for _ in 0..<8 { life.step(5) }
    #expect(try shown().order == nil && shown().paused?.order.key.orderID == "4711")
    #expect(try shown().counted == 3 && shown().orderSums?.sums.good == 3)
    #expect(try shown().withoutOrder.good == 2)
    _ = life.ask(.order(Hall1.file("4711", .resume)))
    life.step(9)
    for _ in 0..<8 { life.step(9) }
    #expect(try shown().order != nil && shown().paused == nil)
    #expect(try shown().counted == 7 && shown().orderSums?.sums.good == 7)
    _ = life.ask(.order(Hall1.file("4711", .end)))
    #expect(try shown().paused == nil && shown().orderSums == nil)
  }

  @Test func `carries out every order of a file or none, with a sentence for each`() throws {
    let life = Life(ScriptedDisk(), try Hall1.plan(), Hall1.clock)
    life.step(0)
    let good = [
      Hall1.file("4711", .describe), Hall1.file("4711", request: "a"), Hall1.file("4711", .pause),
    ]
    let bad = life.ask(.orders(good + [Hall1.file("4712", place: .machine("saw"))]))
    #expect(bad?.isDone == false)
    #expect(bad?.sentence == "1 of 4 orders are refused, so nothing of the file is carried out")
    let parts = try #require(bad?.document?["orders"]?.array)
    #expect(parts.map { $0["done"]?.bool } == [true, true, true, false])
    #expect(parts.last?["sentence"]?.string?.contains("press-1") == true)
    #expect(life.told(.orderStarted).isEmpty)
    #expect(life.ask(.listOrders)?.document?["orders"]?.array?.isEmpty == true)
    // The same file when it is mended: nothing of it was remembered as done.
    let mended = life.ask(.orders(good))
    #expect(mended?.isDone == true)
    #expect(life.told(.orderStarted).count == 1 && life.told(.orderEnded).count == 1)
    #expect(life.ask(.listOrders)?.document?["orders"]?.array?.first?["state"] == "paused")
    #expect(life.ask(.orders(good))?.isDone == true)
    #expect(life.told(.orderStarted).count == 1, "once by its request id")
  }

  @Test func `answers when what it caused is durable, and never before`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Hall1.plan(), Hall1.clock)
    life.step(0)
    disk.trouble = .diskFull
    let ticket = try #require(life.requests.post(.order(Hall1.file("4711", request: "r"))))
    life.step(1)
    life.turn(after: .seconds(1))
    #expect(life.requests.progress(of: ticket) == .waiting)
    #expect(life.told(.orderStarted).isEmpty)
    disk.trouble = nil
    _ = life.live(.seconds(10))
    guard case .done(let answer) = life.requests.progress(of: ticket) else {
      Issue.record("no answer")
      return
    }
    #expect(answer.isDone && answer.sentence == "order 4711/0010 runs at machine press-1")
    #expect(life.told(.orderStarted).count == 1)
    // The same file again, and one for a machine that nobody knows.
    let again = life.ask(.order(Hall1.file("4711", request: "r")))
    #expect(again?.sentence == "this was carried out before, and is not done twice")
    let stranger = life.ask(.order(Hall1.file("4711", place: .machine("saw"))))
    #expect(stranger?.isDone == false && stranger?.sentence.contains("press-1") == true)
    #expect(life.told(.orderStarted).count == 1)
  }

  @Test func `refuses more requests than may wait, and forgets none that it took`() throws {
    let mailbox = ShopMailbox()
    let tickets = (0..<ShopLimits.requestsWaiting).compactMap { _ in mailbox.post(.listHeld) }
    #expect(tickets.count == ShopLimits.requestsWaiting)
    #expect(mailbox.post(.listHeld) == nil)
    let life = Life(ScriptedDisk(), try Hall1.plan(), Hall1.clock)
    let answer = life.ask(.listHeld)
    #expect(answer?.isDone == true && answer?.document?["holds"]?.array?.isEmpty == true)
    #expect(life.requests.progress(of: 99) == .unknown)
  }

  @Test func `a limit holds what is made until a person releases it`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Hall1.plan(), Hall1.clock)
    life.step(0)
    _ = life.ask(.order(Hall1.file("4711")))
    life.step(2)
    life.push(Press.temperature, .real(90))
    life.step(4)
    life.push(Press.temperature, .real(70))
    life.step(6)
    for _ in 0..<20 { life.step(6) }
    let kinds = disk.audit().events.map(\.type)
    let exceeded = try #require(kinds.firstIndex(of: EventType.limitExceeded.rawValue))
    let held = try #require(kinds.firstIndex(of: EventType.qualityHold.rawValue))
    #expect(exceeded < held)
    #expect(life.told(.limitCleared).count == 1)
    #expect(life.told(.productionConfirmation).isEmpty)
    let list = life.ask(.listHeld)?.document
    #expect(list?["holds"]?.array?.count == 1)
    let reasons = list?["confirmations"]?.array?.first?["reasons"]?.array
    #expect(reasons?.first?.string?.contains("limit hot") == true)
    #expect(life.ask(.release(number: 7, line: nil, by: "anna"))?.isDone == false)
    #expect(life.ask(.release(number: 1, line: "line1", by: "anna"))?.isDone == true)
    let told = life.told(.productionConfirmation)
    #expect(told.reduce(0) { $0 + ($1.data["goodQuantity"]?.integer ?? 0) } == 6)
    #expect(life.told(.qualityReleased).first?.data["by"]?.string == "anna")
  }

  @Test func `the PLC's register starts and ends orders, and what it makes waits for a file`()
    throws
  {
    let disk = ScriptedDisk()
    let life = Life(disk, try Hall1.plan(), Hall1.clock)
    life.step(0, order: 4711)
    for scan in 1..<10 { life.step(Int64(scan), order: 4711) }
    life.step(9, order: 0)
    for _ in 0..<15 { life.step(9) }
    #expect(life.told(.orderStarted).first?.data["from"]?.string == "plc")
    #expect(life.told(.orderEnded).count == 1)
    #expect(life.told(.productionConfirmation).isEmpty)
    let plain = Order(key: OrderKey(orderID: "4711"), uom: "PCE", from: .file)
    let file = OrderFile(action: .describe, place: nil, order: plain)
    #expect(life.ask(.order(file))?.isDone == true)
    let told = life.told(.productionConfirmation)
    #expect(told.reduce(0) { $0 + ($1.data["goodQuantity"]?.integer ?? 0) } == 9)
    #expect(told.last?.data["final"]?.bool == true)
  }

  @Test func `F48: a stop that nobody explained is listed until somebody does`() throws {
    let life = Life(ScriptedDisk(), try Hall1.plan(), Hall1.clock)
    life.step(0)
    _ = life.ask(.order(Hall1.file("4711")))
    life.step(1)
    for _ in 0..<6 { life.step(1, run: false) }
    let listed = life.ask(.listUnclassified)?.document?["stops"]?.array
    #expect(listed?.count == 1 && listed?.first?["machine"]?.string == "press-1")
    let stop = try #require(listed?.first?["stopId"]?.string)
    func classify(_ machine: String, _ stop: String, _ reason: String) -> ShopAnswer? {
      life.ask(.classify(machine: machine, stopID: stop, reason: reason, by: "anna"))
    }
    #expect(classify("press-1", stop, "nonsense")?.sentence.contains("feeder") == true)
    #expect(classify("press-1", "none", "feeder")?.isDone == false)
    #expect(classify("saw", stop, "feeder")?.sentence.contains("known are press-1") == true)
    #expect(life.told(.stopClassified).isEmpty)
    #expect(classify("press-1", stop, "feeder")?.isDone == true)
    let told = try #require(life.told(.stopClassified).first)
    #expect(told.data["by"]?.string == "anna" && told.data["costCenter"]?.string == "4711")
    #expect(told.data["category"]?.string == "external")
    #expect(told.members["partitionkey"]?.string == "4711", "with the other events of the stop")
    #expect(life.ask(.listUnclassified)?.document?["stops"]?.array?.isEmpty == true)
    for _ in 0..<4 { life.step(2) }
    let ended = try #require(life.told(.stopEnded).first)
    #expect(ended.data["stopId"]?.string == stop && ended.data["orderId"]?.string == "4711")
    #expect(ended.data["category"]?.string == "external")
  }
}

@Suite struct `A recorder with shifts` {
  @Test func `tells the sums of a shift that ended, and shows those of the one that runs`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Hall1.plan(), Hall1.clock)
    life.step(0)
    _ = life.ask(.order(Hall1.file("4711")))
    for scan in 1...30 { life.step(Int64(scan)) }
    let shifts = life.told(.gatewayHealth).compactMap { $0.data["shifts"]?.array }.flatMap { $0 }
    let early = try #require(shifts.last)
    #expect(early["shift"]?.string == "early" && early["date"]?.string == "2026-03-02")
    #expect(early["machine"]?.string == "press-1" && early["line"]?.string == "line1")
    #expect(early["to"]?.string == "2026-03-02T06:01:00.000Z")
    let status = life.recorder.status
    let machine = try #require(status.shop.first ?? nil)
    #expect(machine.order?.order.key.orderID == "4711" && machine.line == "line1")
    let before = try #require(machine.previousShift)
    let running = try #require(machine.shift)
    let date = try #require(CivilDate(text: "2026-03-02"))
    #expect(before.scope == .shift(name: "early", date: date))
    // Exact over both shifts, whatever window the edge fell into.
    let counted = disk.pieces(.productionCount).good
    #expect(before.sums.good + running.sums.good == counted && counted > 20)
    #expect(early["goodQuantity"]?.integer == before.sums.good)
    #expect(machine.orderSums?.sums.good == counted)
    #expect(running.sums.kpi(.availability).value == Ratio(1, 1))
    #expect(running.sums.kpi(.effectiveness).value != nil)
    #expect(status.lines.first?.shift?.name == "late")
    #expect(status.lines.first?.heldConfirmations == 0)
    // Confirmations end with the shift: none lies across its end.
    for told in life.told(.productionConfirmation) {
      let from = told.data["from"]?.string ?? ""
      let to = told.data["to"]?.string ?? ""
      #expect(!(from < "2026-03-02T06:01:00.000Z" && to > "2026-03-02T06:01:00.000Z"))
    }
  }

  @Test func `a shift that begins while nothing is counted gets every piece after it`() throws {
    var clock = Hall1.clock
    // A clock that is read between two milliseconds, as clocks are.
    clock.now = clock.now.advanced(nanoseconds: 700_000)
    let life = Life(ScriptedDisk(), try Hall1.plan(), clock)
    life.step(0)
    life.step(3)
    for _ in 0..<25 { life.step(3) }
    life.step(10)
    _ = life.live(.seconds(3))
    life.step(10)
    let machine = try #require(life.recorder.status.shop.first ?? nil)
    let before = try #require(machine.previousShift)
    let running = try #require(machine.shift)
    #expect(before.sums.good == 3 && before.approximate == false)
    #expect(running.sums.good == 7 && running.approximate == false)
  }

  @Test func `F47: sums short stops by cause until the shift ends, once`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Hall1.plan(), Hall1.clock)
    life.step(0)
    for scan in 1...6 {
      let jams = scan.isMultiple(of: 2)
      life.step(Int64(scan), run: !jams, fault: jams ? 12 : 0)
    }
    for _ in 0..<20 { life.step(6) }
    let told = life.told(.stopsMinor)
    #expect(told.count == 1)
    #expect(told.first?.data["count"]?.integer == 3)
    #expect(told.first?.data["durationMs"]?.integer == 1500)
    let causes = told.first?.data["causes"]?.array
    #expect(causes?.count == 1 && causes?.first?["cause"]?["text"]?.string == "jam")
    #expect(told.first?.data["to"]?.string == "2026-03-02T06:01:00.000Z")
    #expect(life.told(.stopEnded).count == 3, "each of them is a stop as well")
  }

  @Test func `F50: what nobody saw between two runs is in no sum but unseen`() throws {
    let disk = ScriptedDisk()
    let plan = try Hall1.plan()
    var life = Life(disk, plan, BenchClock())
    for scan in 0...8 { life.step(Int64(scan)) }
    var clock = life.clock
    clock.now = clock.now + .seconds(20)
    // Killed, not stopped.
    life = Life(disk, plan, clock)
    for _ in 0..<4 { life.step(8) }
    let machine = try #require(life.recorder.status.shop.first ?? nil)
    let sums = try #require(machine.shift?.sums)
    let unseen = sums.kpiSums[.unseen] ?? 0
    #expect((19_000...23_000).contains(unseen), "\(unseen)")
    #expect((sums.kpiSums[.apt] ?? 0) < 7000)
  }

  @Test func `a shift that ended while the gateway was down closes its windows at the start`()
    throws
  {
    let disk = ScriptedDisk()
    let plan = try Hall1.plan(ConfirmationRules(interval: .seconds(3600)))
    var life = Life(disk, plan, Hall1.clock)
    life.step(0)
    _ = life.ask(.order(Hall1.file("4711")))
    for scan in 1...6 { life.step(Int64(scan)) }
    _ = life.finish()
    var clock = life.clock
    clock.now = clock.now + .seconds(20)
    life = Life(disk, plan, clock)
    for _ in 0..<6 { life.step(6) }
    let told = life.told(.productionConfirmation)
    #expect(told.count == 1 && told.first?.data["goodQuantity"]?.integer == 6)
    #expect(told.first?.data["final"]?.bool == false)
  }
}

@Suite struct `A recorder whose stops nobody explains` {
  @Test func `F48: tells once that a list ran over, and again when it does so again`() throws {
    let life = Life(ScriptedDisk(), try Hall1.plan(), BenchClock())
    func told() -> [ReceivedEvent] {
      // Without those that tell the sums of a shift, which a late reason changes.
      life.told(.gatewayHealth).filter {
        $0.data["stopsWithoutReason"] != nil && $0.data["shifts"] == nil
      }
    }
    func stop(_ times: Int) {
      for _ in 0..<times {
        life.step(0, run: false)
        life.step(0)
      }
      life.step(0)
    }
    life.step(0)
    stop(ReasonLimits.endedStops)
    #expect(told().isEmpty)
    stop(1)
    #expect(told().count == 1)
    #expect(told().last?.data["stopsWithoutReason"]?["machines"] == ["press-1"])
    stop(2)
    let count = told().count
    #expect(count == 1, "the count goes on in the health of each hour")
    let stops = life.ask(.listUnclassified)?.document?["stops"]?.array ?? []
    for id in stops.prefix(2).compactMap({ $0["stopId"]?.string }) {
      let said = ShopRequest.classify(machine: "press-1", stopID: id, reason: "feeder", by: "anna")
      #expect(life.ask(said)?.isDone == true)
    }
    stop(3)
    #expect(told().count == 2)
    #expect(told().last?.data["stopsWithoutReason"]?["count"] == 4)
  }
}
