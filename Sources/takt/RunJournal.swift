// Opening the journal, telling what was found, and the small questions of the recorder's loop.

import Gateway
import LinuxEdge
import OpenSSLEdge
import Outbox
import Primitives
import SQLiteEdge
import Settings
import Synchronization

/// Opens or makes the journal in the state directory.
func openJournal(
  _ daemon: Daemon, _ random: inout SystemRandom
) throws(StoreFault) -> SQLiteJournal {
  let directory = daemon.plan.gateway.stateDirectory
  do throws(LinuxFault) {
    try Files.makeDirectory(directory)
  } catch {
    throw .denied(error.description)
  }
  var settings = JournalSettings()
  settings.reserveBytes = Int(clamping: daemon.plan.limits.retention.diskReserveBytes)
  settings.quotaBytes = Int(clamping: daemon.plan.limits.journalBytes)
  settings.waitsForRoom = true
  return try SQLiteJournal(
    path: directory + "/journal.db", settings: settings, digest: SHA256.digest, using: &random)
}

/// Opens the journal. On a full file system it says where it stands, and the recorder decides from
/// there on, in memory. Where not even that can be read, as on a disk that fails, it is waited for:
/// the daemon polls and says so, and samples wait in the rings, which count what they refuse. A
/// damaged journal stays set aside until what it holds fits into a new one.
func openJournalWithRoom(
  _ daemon: Daemon, _ random: inout SystemRandom
) throws(StoreFault) -> SQLiteJournal {
  var isTold = false
  var sentence = ""
  while true {
    do throws(StoreFault) {
      let journal = try openJournal(daemon, &random)
      if isTold {
        daemon.log.line(.notice, .journalWorks, "the journal is open")
      }
      return journal
    } catch {
      guard error.isOfDisk, !daemon.fieldIsDone else { throw error }
      sentence = JournalWait.sentence(error)
      if !isTold { daemon.log.line(.error, .journalFaulty, sentence) }
      isTold = true
    }
    daemon.phase.post(.working)
    daemon.mainBell.signal()
    let until = daemon.clock.now() + RunLimits.journalWait
    while daemon.clock.now() < until {
      if daemon.fieldIsDone { throw .diskFull }
      daemon.recorderCounter.move()
      daemon.report(RecorderStatus(waiting: sentence), bytes: 0, daemon.question)
      _ = daemon.recorderBell.wait(until: daemon.untilStop(until))
    }
  }
}

/// What is told while the journal cannot even be read.
enum JournalWait {
  static func sentence(_ fault: StoreFault) -> String {
    var what = fault.sentence
    if case .inputOutput(let why) = fault { what = "opening the journal: the disk failed (\(why))" }
    return what + "; the journal is looked at again every \(RunLimits.journalWait.text). "
      + "Meanwhile units are polled, nothing is decided or sent, and samples beyond the rings are "
      + "counted as lost"
  }
}

extension StoreFault {
  /// The disk is to blame, and may work again: no reason to end and to ask the PLCs for nothing.
  fileprivate var isOfDisk: Bool {
    switch self {
    case .diskFull, .inputOutput: true
    case .denied(let why): why.contains(JournalLimits.readOnlyWords)
    case .quotaReached, .damaged, .damagedEvent, .inUse, .tooNew: false
    }
  }
}

extension Daemon {
  /// What opening the journal found, and how long it took to find room for it.
  func note(_ report: OpeningReport, waited: Duration) -> String? {
    let found =
      report.isWaiting
      ? "the file system was full: the journal could not be opened, and what was decided waited in "
        + "memory until there was room" : tell(report)
    guard waited >= RunLimits.journalWait else { return found }
    let seconds = waited.wholeMilliseconds / 1000
    let late = "the journal could be opened after \(seconds) s only, for its disk did not let it"
    return [found, late].compactMap { $0 }.joined(separator: "; ")
  }

  /// Logs what opening the journal found; returns it for the event when it needs telling.
  func tell(_ report: OpeningReport) -> String? {
    switch report.origin {
    case .created:
      log.line(.notice, .journalNew, "the journal is new")
      return nil
    case .continued: return nil
    case .replaced(let replacement):
      let text =
        "the journal was damaged (\(replacement.reason)); it is kept as \(replacement.keptAs), "
        + "\(replacement.carried) events were taken over, "
        + "\(replacement.lost.reduce(0) { $0 + $1.count }) can no longer be read; nothing to do "
        + "now, but look at the disk (smartctl, the kernel's log) before it happens again"
      log.line(.error, .journalReplaced, text)
      return text
    }
  }

  /// Posts the recorder's report as the answer to a question.
  func report(_ status: RecorderStatus, bytes: Int64, _ question: Int) {
    recorderBoard.post(
      Reported(question: question, value: RecorderReport(status: status, journalBytes: bytes)))
    mainBell.signal()
  }

  /// Whether the recorder may end: every field thread is done, or has had its time.
  var fieldIsDone: Bool {
    guard isStopping.load(ordering: .acquiring) else { return false }
    let began = Instant(nanoseconds: stopBegan.load(ordering: .acquiring))
    return areFieldsOver
      || clock.now() - began > RunLimits.fieldStop
  }

  /// The end of a wait, shortened while the daemon stops.
  func untilStop(_ instant: Instant) -> Instant {
    isStopping.load(ordering: .acquiring) ? min(instant, clock.now() + .milliseconds(50)) : instant
  }
}
