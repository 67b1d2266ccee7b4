// The thread loops: read the clock, take a step, perform, wait. No decision is made here.

import Gateway
import LinuxEdge
import ModbusEdge
import Outbox
import Polling
import Primitives
import SQLiteEdge
import Settings
import Signals
import Synchronization

/// Polls one endpoint until the daemon stops.
nonisolated func fieldLoop(_ daemon: Daemon, _ index: Int) {
  withFieldBus(
    daemon.plan.buses[index].line, tap: daemon.taps[index],
    FieldLoop(daemon: daemon, index: index))
}

/// The loop over whatever link the bus has.
private struct FieldLoop: FieldBusVisit {
  let daemon: Daemon
  let index: Int

  consuming func use<Bus: FieldBus & ~Copyable>(_ bus: consuming Bus) {
    poll(daemon, index, bus)
  }
}

private func poll<Bus: FieldBus & ~Copyable>(
  _ daemon: Daemon, _ index: Int, _ link: consuming Bus
) {
  let bus = daemon.plan.buses[index]
  var random = SystemRandom()
  var step = FieldStep(
    bus: bus, signals: daemon.definitions,
    producer: RingProducer(daemon.rings[index]), seed: random.next(), now: daemon.clock.now(),
    learnt: daemon.learnt[index], news: daemon.news)
  var words: [UInt16] = []
  var conditions = FieldConditions(bus, daemon.definitions, daemon.clock)
  var learnt = Remembered<UInt64>(0)
  var answered = 0
  let desk = daemon.desks[index]
  var policy = GuestPolicy()
  while !daemon.isStopping.load(ordering: .acquiring) {
    let turn = step.turn(bus: &link, clock: daemon.clock, words: &words)
    daemon.counters[index].move()
    let question = daemon.question
    if question != answered {
      answered = question
      daemon.busBoards[index].post(Reported(question: question, value: step.status))
      daemon.mainBell.signal()
    }
    switch turn {
    case .idle(let until):
      if let renewed = step.renewed(now: daemon.clock.now()) {
        daemon.wakeLines[index].published(renewed, capacity: daemon.rings[index].capacity)
      }
      let served = step.host(
        desk, &policy, idleUntil: until, bus: &link, clock: daemon.clock, words: &words)
      if !served { _ = daemon.fieldBells[index].wait(until: until) }
    case .acted(let outcome):
      daemon.wakeLines[index].published(outcome, capacity: daemon.rings[index].capacity)
      conditions.look(step.poller, daemon.log)
      if learnt.becomes(step.poller.learntChanges) { daemon.tellLearnt(step.poller, of: index) }
      _ = step.host(
        desk, &policy, idleUntil: nil, bus: &link, clock: daemon.clock, words: &words)
    }
  }
  link.close()
  daemon.fieldThreadsRunning.wrappingSubtract(1, ordering: .acquiringAndReleasing)
  daemon.recorderBell.signal()
}

/// Decides and commits until the daemon stops and every field thread is done, or out of time.
nonisolated func recorderLoop(_ daemon: Daemon) {
  var random = SystemRandom()
  let journal: SQLiteJournal
  do throws(StoreFault) {
    journal = try openJournal(daemon, &random)
  } catch {
    daemon.phase.post(.refused(.storage, error.sentence))
    daemon.mainBell.signal()
    return
  }
  let state = journal.state
  let note = daemon.tell(journal.report)
  let inlets = daemon.rings.indices.map {
    RingInlet(consumer: RingConsumer(daemon.rings[$0]), line: daemon.wakeLines[$0])
  }
  var step = RecorderStep(
    plan: daemon.keys.recorderPlan, store: journal, state: state, pen: daemon.keys.notary,
    inlets: inlets, couriers: daemon.couriers, requests: daemon.shop, seed: random.next(),
    reading: daemon.clock.reading(), note: note)
  step.tap = daemon.eventTap
  daemon.phase.post(.working)
  daemon.mainBell.signal()
  var fault = Remembered<String?>(nil)
  var answered = 0
  while !daemon.fieldIsDone {
    let outcome = step.turn(daemon.clock.reading())
    daemon.recorderCounter.move()
    if fault.becomes(step.fault) {
      daemon.log.line(
        step.fault == nil ? .notice : .error, step.fault == nil ? .journalWorks : .journalFaulty,
        step.fault ?? "the journal works again")
    }
    let question = daemon.question
    if question != answered {
      answered = question
      daemon.report(step.status, bytes: step.journalBytes, question)
    }
    if !outcome.hasMore { _ = daemon.recorderBell.wait(until: daemon.untilStop(outcome.nextTurn)) }
  }
  let isDurable = step.finish(daemon.clock.reading(), why: "asked to stop")
  daemon.phase.post(.finished(isDurable: isDurable))
  daemon.mainBell.signal()
}
