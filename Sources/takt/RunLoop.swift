// The main thread: signals, the control socket, readiness and the watchdog. Nothing else blocks it.

import Gateway
import LinuxEdge
import Primitives
import Settings
import Synchronization

enum RunLoop {
  /// Serves until a signal ends it; returns when everything is down or out of time.
  static func live(
    _ daemon: Daemon, _ signals: consuming SignalDescriptor,
    _ control: consuming UnixSocketServer
  ) -> ExitCode {
    NamedThread.nameCurrent("main")
    let notifier = ServiceNotifier()
    var watchdog = Watchdog(notifier.watchdogPeriod, daemon.clock.now())
    var keeper = LearntKeeper(daemon)
    var drop = OrderDrop(daemon)
    var reloader = Reloader(daemon)
    var page = PageKeeper(daemon)
    var inbox = Inbox(daemon)
    let pull = BundlePull(daemon)
    var isReady = false
    var tidyAt = Instant.distantFuture
    while true {
      if daemon.clock.now() >= tidyAt {
        giveBackMemory()
        tidyAt = daemon.clock.now() + RunLimits.tidyInterval
      }
      switch daemon.phase.newest {
      case .opening: break
      case .working:
        if !isReady {
          notifier.ready()
          giveBackMemory()
          tidyAt = daemon.clock.now() + RunLimits.firstTidy
        }
        isReady = true
        drop.turn()
        inbox?.turn(&reloader)
        let wasBusy = reloader.isBusy
        let outcomes = reloader.turn(daemon.clock.now())
        inbox?.heed(outcomes)
        if wasBusy, !reloader.isBusy { notifier.ready() }
        page.turn()
      case .refused(let code, let sentence):
        daemon.log.line(.error, .journalRefused, sentence)
        return code
      case .finished(let isDurable): return isDurable ? .ok : .storage
      }
      daemon.log.turn()
      feed(&watchdog, daemon, notifier)
      var set = PollSet()
      let signal = set.add(signals.descriptor, reading: true)
      let question = set.add(control.descriptor, reading: true)
      let bell = set.add(daemon.mainBell.descriptor, reading: true)
      let due = isReady ? min(tidyAt, drop.deadline, inbox?.deadline ?? tidyAt) : tidyAt
      let move = isReady ? reloader.deadline ?? .distantFuture : .distantFuture
      let next = min(due, move, watchdog.next(daemon.clock.now()))
      _ = set.wait(until: min(next, keeper.deadline ?? next))
      if set.isReadable(bell) { _ = daemon.mainBell.drain() }
      keeper.turn()
      if set.isReadable(question) { control.turn { daemon.answer($0, from: $1) } }
      if set.isReadable(signal), let received = signals.next() {
        if received == .hangUp {
          notifier.reloading()
          reloader.ask(inbox?.source ?? daemon.site.design.source, by: "SIGHUP")
          continue
        }
        notifier.stopping()
        page.finish()
        let code = stop(daemon, pull)
        keeper.finish()
        return code
      }
    }
  }

  /// Tells systemd that all is well, or that a thread hangs: then it ends this process and starts
  /// the next one.
  private static func feed(
    _ watchdog: inout Watchdog, _ daemon: Daemon, _ notifier: borrowing ServiceNotifier
  ) {
    switch watchdog.look(daemon.counters, daemon.clock.now()) {
    case .nothing: return
    case .alive: notifier.alive()
    case .hangs(let name):
      daemon.log.line(
        .error, .threadHangs, "thread \(name) makes no turn any more; the service is started anew")
      notifier.trigger()
    }
  }

  /// Lets go of what only starting and connecting needed.
  private static func giveBackMemory() {
    ProgramMemory.giveBack()
    HeapMemory.giveBack()
  }

  /// Asks every thread to end and waits within the promised time.
  private static func stop(_ daemon: Daemon, _ pull: BundlePull?) -> ExitCode {
    let deadline = daemon.clock.now() + RunLimits.stopDeadline
    daemon.stop()
    while daemon.clock.now() < deadline {
      switch daemon.phase.newest {
      case .finished(let isDurable):
        // The library under the couriers is taken down with the process: not under their hands.
        while !daemon.areCouriersOver || pull?.end() == false, daemon.clock.now() < deadline {
          _ = daemon.mainBell.wait(until: deadline)
        }
        return isDurable ? .ok : .storage
      case .refused(let code, _): return code
      case .opening, .working: _ = daemon.mainBell.wait(until: deadline)
      }
    }
    daemon.log.line(
      .warning, .stopUnfinished,
      "stopping: the disk did not answer in time; nothing committed is lost")
    return .storage
  }
}
