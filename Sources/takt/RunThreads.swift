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

/// Polls one endpoint until its post ends.
nonisolated func fieldLoop(_ daemon: Daemon, _ post: FieldPost) {
  withFieldBus(
    post.bus.line, tap: post.tap, floor: daemon.timeFloor, FieldLoop(daemon: daemon, post: post))
  post.life.finish()
  daemon.recorderBell.signal()
  daemon.mainBell.signal()
}

/// The loop over whatever link the bus has.
private struct FieldLoop: FieldBusVisit {
  let daemon: Daemon
  let post: FieldPost

  consuming func use<Bus: FieldBus & ~Copyable>(_ bus: consuming Bus) {
    poll(daemon, post, bus)
  }
}

private func poll<Bus: FieldBus & ~Copyable>(
  _ daemon: Daemon, _ post: FieldPost, _ link: consuming Bus
) {
  var random = SystemRandom()
  var work = post.begin()
  var step = FieldStep(
    bus: post.bus, signals: work.definitions, producer: RingProducer(work.ring),
    seed: random.next(), now: daemon.clock.now(), learnt: post.learnt, news: work.news)
  var words: [UInt16] = []
  var conditions = FieldConditions(post.bus, work.definitions, daemon.clock)
  var learnt = Remembered<UInt64>(0)
  var answered = 0
  var policy = GuestPolicy()
  while !post.life.isEnding {
    let turn = step.turn(bus: &link, clock: daemon.clock, words: &words)
    post.counter.move()
    let question = daemon.question
    if question != answered {
      answered = question
      post.board.post(Reported(question: question, value: step.status))
      daemon.mainBell.signal()
    }
    switch turn {
    case .idle(let until):
      if let renewed = step.renewed(now: daemon.clock.now()) {
        work.line.published(renewed, capacity: work.ring.capacity)
      }
      let served = step.host(
        post.desk, &policy, idleUntil: until, bus: &link, clock: daemon.clock, words: &words)
      if !served { _ = post.bell.wait(until: until) }
    case .acted(let outcome):
      work.line.published(outcome, capacity: work.ring.capacity)
      conditions.look(step.poller, daemon.log)
      if learnt.becomes(step.poller.learntChanges) { daemon.tellLearnt(step.poller, of: post) }
      _ = step.host(
        post.desk, &policy, idleUntil: nil, bus: &link, clock: daemon.clock, words: &words)
    }
    if let next = post.nextWork() {
      work = next.work
      step.changeOver(
        to: RingProducer(work.ring), signals: work.definitions, news: work.news,
        renewals: work.renewals, now: daemon.clock.now())
      post.changedOver(to: next)
      daemon.mainBell.signal()
    }
  }
  link.close()
}

/// Decides and commits until the daemon stops and every field thread is done, or out of time.
nonisolated func recorderLoop(_ daemon: Daemon) {
  var random = SystemRandom()
  let began = daemon.clock.now()
  let journal: SQLiteJournal
  do throws(StoreFault) {
    journal = try openJournalWithRoom(daemon, &random)
  } catch {
    daemon.phase.post(.refused(.storage, error.sentence))
    daemon.mainBell.signal()
    return
  }
  let state = journal.state
  let note = daemon.note(journal.report, waited: daemon.clock.now() - began)
  let site = daemon.site
  let inlets = site.fields.map { post in
    let work = post.work
    return RingInlet(consumer: RingConsumer(work.ring), line: work.line)
  }
  var step = RecorderStep(
    plan: site.design.recorder, store: journal, state: state, pen: daemon.keys.notary,
    inlets: inlets, couriers: site.couriers.map(\.link), requests: daemon.shop, seed: random.next(),
    reading: daemon.clock.reading(), note: note)
  step.taps = [daemon.eventTap, daemon.storyTap]
  daemon.phase.post(.working)
  daemon.mainBell.signal()
  var fault = Remembered<String?>(nil)
  var answered = 0
  while !daemon.fieldIsDone {
    if let order = daemon.handOver.order, step.handOver(order, daemon.clock.reading()) {
      daemon.handOver.finish()
      daemon.mainBell.signal()
    }
    for news in daemon.tidings.takeAll() { step.tell(news, daemon.clock.reading()) }
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
