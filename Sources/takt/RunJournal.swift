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
  return try SQLiteJournal(
    path: directory + "/journal.db", settings: settings, digest: SHA256.digest, using: &random)
}

extension Daemon {
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
        + "\(replacement.lost.reduce(0) { $0 + $1.count }) can no longer be read"
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
