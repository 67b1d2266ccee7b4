// What the recorder tells besides stops and counts: losses, texts, clocks, health, its own start.

import Delivery
import Events
import Outbox
import Primitives
import Signals
import Testing

@testable import Gateway

@Suite struct `What a recorder tells` {
  @Test func `a ring that overran is told with its count and its times (F31)`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan(), ring: 8)
    life.scan(run: true, good: 1)
    life.turn(after: .seconds(1))
    let before = life.clock.reading.wall
    var lost = 0
    for index in 0..<10 {
      life.clock.now = life.clock.now + .seconds(1)
      let sample = Sample(
        signal: Press.temperature, at: life.clock.now, value: .real(Double(index)))
      if !life.producer.push(sample) { lost += 1 }
    }
    life.producer.publish()
    #expect(lost == 2)
    life.turn(after: .seconds(1))
    life.scan(run: true, good: 2)
    life.turn(after: .seconds(1))
    let dropped = try #require(life.told(.eventsDropped).first)
    #expect(life.told(.eventsDropped).count == 1)
    #expect(dropped.data["count"]?.integer == 2)
    #expect(dropped.data["where"]?.string == "ring of bus hall")
    let from = try #require(dropped.data["from"]?.string.flatMap(WallTime.init(text:)))
    let to = try #require(dropped.data["to"]?.string.flatMap(WallTime.init(text:)))
    #expect(from < to)
    #expect(before <= from)
    #expect(life.recorder.status.samplesLost == 2)
  }

  @Test func `published texts come whole, and what is not published stays inside`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    life.scan(run: true, good: 1)
    life.push(text: "Rezept 17 – Größe L")
    life.push(Press.temperature, .real(20.5))
    life.producer.publish()
    life.turn()
    life.turn(after: .seconds(2))
    let told = life.told(.signalsChanged)
    #expect(told.count == 1)
    let samples = try #require(told.first?.data["samples"]?.array)
    let names = samples.compactMap { $0["signal"]?.string }
    #expect(names == ["label", "temperature"])
    #expect(samples.first?["value"]?.string == "Rezept 17 – Größe L")
  }

  @Test func `a window of signals ends early when it is full`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan(publishWindow: .seconds(60)))
    for index in 0..<GatewayLimits.samplesPerWindow {
      life.push(Press.temperature, .real(Double(index)))
    }
    life.producer.publish()
    life.turn()
    let told = life.told(.signalsChanged)
    let samples = told.flatMap { $0.data["samples"]?.array ?? [] }
    #expect(samples.count == GatewayLimits.samplesPerWindow)
    #expect(disk.history.allSatisfy { $0.bytes.count <= EventLimits.eventBytes })
  }

  @Test(arguments: [-3_600_000, 7_200_000] as [Int64])
  func `a step of the clock is told once, as a correction (F40)`(step: Int64) throws {
    let life = Life(ScriptedDisk(), try Press.plan())
    life.turn()
    life.clock.wallOfBoot += step
    life.clock.quality = .held
    life.turn(after: .seconds(1))
    life.turn(after: .seconds(1))
    let corrected = life.told(.clockCorrected)
    #expect(corrected.count == 1)
    #expect(corrected.first?.data["offsetMs"]?.integer == step)
    #expect(corrected.first?.data["bootid"]?.string == "boot-1")
    #expect(corrected.first?.members["clock"]?.string == "stepped")
    life.clock.quality = .synchronised
    life.clock.wallOfBoot += 900
    life.turn(after: .seconds(1))
    #expect(life.told(.clockCorrected).count == 1, "a slew within a second is no step")
  }

  @Test func `health is told at its interval and names what is wrong with an uplink`() throws {
    let life = Life(ScriptedDisk(), try Press.plan(healthInterval: .seconds(60)))
    var status = CourierStatus()
    status.lastError = "connecting to mes:443: no answer"
    life.links[0].status.post(status)
    _ = life.live(.seconds(150))
    let told = life.told(.gatewayHealth)
    #expect(told.count == 2)
    let uplink = try #require(told.first?.data["uplinks"]?.array?.first)
    #expect(uplink["name"]?.string == "mes")
    #expect(uplink["lastError"]?.string == "connecting to mes:443: no answer")
    #expect((uplink["depth"]?.integer ?? 0) > 0)
    #expect(told.first?.data["clock"]?.string == "synchronised")
  }

  @Test func `each start tells how the run before it ended`() throws {
    let disk = ScriptedDisk()
    let plan = try Press.plan()
    var life = Life(disk, plan)
    life.turn()
    #expect(life.finish())
    var clock = life.clock
    clock.now = clock.now + .seconds(30)
    life = Life(disk, plan, clock)
    life.turn()
    clock.now = clock.now + .seconds(40)
    life = Life(disk, plan, clock, note: "the journal was repaired")
    life.turn()
    clock.wallOfBoot += clock.now.milliseconds + 50_000
    clock.now = .boot
    clock.boot = "boot-2"
    life = Life(disk, plan, clock)
    life.turn()
    let told = life.told(.gatewayStarted)
    #expect(
      told.map { $0.data["lastRun"]?.string } == ["none", "stopped", "killed", "powerLost"])
    #expect(told.map { $0.data["outageMs"]?.integer } == [nil, 30_000, 40_000, 50_000])
    #expect(told[2].data["note"]?.string == "the journal was repaired")
    #expect(life.told(.gatewayStopped).count == 1)
  }

  @Test func `a snapshot that cannot be read is told, and the machine begins anew`() throws {
    let disk = ScriptedDisk()
    disk.state.snapshots["machine/press-1"] = Array("nonsense".utf8)
    let life = Life(disk, try Press.plan())
    life.scan(run: true, good: 1)
    life.turn(after: .seconds(1))
    let note = life.told(.gatewayStarted).first?.data["note"]?.string
    #expect(note?.hasPrefix("machine press-1: ") == true)
    #expect(life.told(.stateChanged).count == 1)
  }

  @Test func `events go where the routes say, and what nobody wants is kept all the same`() throws {
    let disk = ScriptedDisk()
    let plan = try Press.plan(
      uplinks: ["mes", "erp", "all"],
      routes: [
        RecordedRoute(uplink: "mes", types: ["takt.stop.*"], machines: ["press-1"]),
        RecordedRoute(uplink: "erp", types: [], machines: ["saw"]),
      ])
    let life = Life(disk, plan)
    life.scan(run: true, good: 1)
    life.turn(after: .seconds(1))
    life.scan(run: false, fault: 12, good: 1)
    life.turn(after: .seconds(1))
    func masks(_ type: EventType) -> Set<UInt64> {
      let sequences = Set(life.told(type).map(\.sequence))
      return Set(disk.history.filter { sequences.contains($0.sequence) }.map(\.due))
    }
    #expect(masks(.stopStarted) == [0b101])
    #expect(masks(.stateChanged) == [0b100])
    #expect(masks(.gatewayStarted) == [0b110])
  }

  @Test func `a stop shorter than a route asks for is not due to it, a longer one is, once over`()
    throws
  {
    let disk = ScriptedDisk()
    let life = Life(
      disk,
      try Press.plan(
        uplinks: ["mes", "maintenance"],
        routes: [
          RecordedRoute(
            uplink: "maintenance", types: ["takt.stop.*"], machines: [],
            minimumDuration: .seconds(600))
        ]))
    var good: Int64 = 1
    func run(for time: Duration) {
      life.scan(run: true, good: good)
      good += 1
      life.turn(after: time)
    }
    run(for: .seconds(1))
    for length in [Duration.seconds(60), .seconds(700)] {
      life.scan(run: false, fault: 12, good: good - 1)
      life.turn(after: length)
      run(for: .seconds(5))
      run(for: .seconds(5))
    }
    let ended = life.told(.stopEnded)
    #expect(ended.count == 2)
    func due(_ type: EventType) -> [UInt64] {
      let sequences = life.told(type).map(\.sequence)
      return sequences.compactMap { own in disk.history.first { $0.sequence == own }?.due }
    }
    #expect(due(.stopEnded) == [0b01, 0b11])
    #expect(due(.stopStarted) == [0b01, 0b01])
  }

  @Test func `F36: acknowledgements wait for company, and many of them do not wait`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    life.scan(run: true, good: 1)
    life.turn(after: .seconds(1))
    let parcel = try #require(life.links[0].parcels.take()?.value)
    let last = try #require(parcel.events.last)
    let commits = disk.transactions.count
    #expect(life.links[0].post(.delivered(through: last.sequence), about: 0))
    let outcome = life.turn()
    #expect(disk.transactions.count == commits, "alone it does not cost a sync")
    #expect(outcome.nextTurn <= life.clock.now + GatewayLimits.acknowledgementDelay)
    life.turn(after: GatewayLimits.acknowledgementDelay)
    #expect(disk.transactions.count == commits + 1)
    #expect(disk.state.cursors.map(\.acknowledged) == [last.sequence])
  }

  @Test func `an acknowledgement that came while the disk refused is made durable too`() throws {
    let disk = ScriptedDisk()
    let life = Life(disk, try Press.plan())
    life.scan(run: true, good: 1)
    life.turn(after: .seconds(1))
    let parcel = try #require(life.links[0].parcels.take()?.value)
    let last = try #require(parcel.events.last)
    disk.trouble = .diskFull
    life.scan(run: false, fault: 12, good: 1)
    life.turn(after: .seconds(1))
    #expect(life.links[0].post(.delivered(through: last.sequence), about: 0))
    life.turn(after: .milliseconds(10))
    disk.trouble = nil
    _ = life.live(.seconds(20))
    #expect(disk.state.cursors.map(\.acknowledged) == [last.sequence])
  }

  @Test func `a damaged row is passed over and told, its neighbours arrive`() throws {
    let disk = ScriptedDisk()
    disk.damaged = 2
    let life = Life(disk, try Press.plan())
    life.scan(run: true, good: 1)
    life.turn(after: .seconds(1))
    var arrived: [UInt64] = []
    for _ in 0..<20 {
      while let parcel = life.links[0].parcels.take()?.value {
        arrived += parcel.events.map(\.sequence)
        #expect(life.links[0].post(.delivered(through: arrived.last ?? 0), about: 0))
      }
      life.turn(after: .seconds(1))
    }
    #expect(arrived == Array(1...disk.state.lastSequence).filter { $0 != 2 })
    #expect(life.told(.eventsDropped).first?.data["fromSequence"]?.integer == 2)
  }
}
