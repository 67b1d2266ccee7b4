// A journal that cannot be opened because the file system is full, and yet has something to say.
//
//   init ──full──▶ waiting ──a commit is tried, and there is room──▶ open
//                     └── not yet: the commit is refused with `diskFull`
//
// Invariants
// - Machines go on from where the files say that they were: what proves itself is read, and nothing
//   is written.
// - Nothing is read for an uplink and nothing is taken as durable before the journal is open.
// - A journal that had to be made, or made anew, has another epoch than was said: whoever sealed
//   events for the one that was said opens it again and seals them once more.
// - A damaged file is not read whole for nothing: only when more is free than before, or after
//   `JournalLimits.roomInterval` refusals.

internal import Outbox

/// What a journal that waits for room remembers.
struct Prospect {
  var freeBytes: Int64
  var refusals = 0
}

extension SQLiteJournal {
  /// Says where the journal stands without opening it.
  mutating func waitForRoom() throws(StoreFault) {
    if file.isBeingReplaced {
      rows = JournalRows(state: file.prospect(epoch: drawEpoch(), known: known, digest: digest))
    } else if file.exists {
      let reader = try Connection(
        path: file.path, creating: false, fileLayer: settings.fileLayer)
      try reader.configure(settings)
      rows = try reader.journalState()
    } else {
      rows = JournalRows(state: StoreState(epoch: drawEpoch()))
    }
    prospect = Prospect(freeBytes: file.freeBytes)
    report = OpeningReport(origin: .continued, isChecked: false, isWaiting: true)
  }

  /// Opens what could not be opened; throws `diskFull` as long as there is no room for it.
  mutating func takeUp() throws(StoreFault) {
    guard var waiting = prospect else { return }
    waiting.refusals += 1
    let free = file.freeBytes
    guard free > waiting.freeBytes || waiting.refusals % JournalLimits.roomInterval == 1 else {
      prospect = waiting
      throw .diskFull
    }
    waiting.freeBytes = free
    prospect = waiting
    let said = rows.state.epoch
    try openMakingRoom()
    prospect = nil
    guard rows.state.epoch == said else {
      throw .inputOutput("\(file.path) could be made only now")
    }
  }
}
