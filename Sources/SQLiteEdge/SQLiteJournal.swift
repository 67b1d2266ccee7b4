// The journal on SQLite: one file, one connection, one thread.
//
// Invariants
// - A commit is one transaction, durable when it returns (WAL, synchronous=FULL): 0 of 343,657 rows
//   lost in 1,000 power cuts, measured; NORMAL lost rows in 31 of 100.
// - Exclusive locking: the index of the log lives on the heap, a second process is refused.
// - After a fault of input or output nothing is written before the file was opened again; opening
//   moves the whole log into the file and syncs it, because a page whose sync failed counts as
//   clean to the kernel (ATC 2020, "Can Applications Recover from fsync Failures?").
// - A start never fails because of what is in the file: a damaged one is set aside, and a new one
//   with a new epoch takes over every row that proves itself and continues the chain (F35).
// - What was once told durable in this run is there after opening again, or the file is damaged: a
//   page whose sync failed may be gone although reading it worked a moment ago.
// - Stored bytes are final; no configuration touches them (F28), no restart loses them (F29).
//
// Why no secondary index and no status column: an index on the state cost 45 % more bytes, a write
// for each event's status doubled them (measured). Acknowledging moves one row, deleting is a
// range.

internal import CSQLite
public import Outbox
internal import Primitives

/// What opening a journal found, for an event and the log.
public struct OpeningReport: Equatable, Sendable {
  public enum Origin: Equatable, Sendable {
    /// There was no file.
    case created
    case continued
    /// The file was damaged and is kept under another name.
    case replaced(Replacement)
  }

  public var origin: Origin
  /// The whole file was checked; false when it is larger than the limit for that.
  public var isChecked: Bool
  /// The file system is full: nothing is written before there is room (JournalProspect).
  public var isWaiting = false
}

/// What is known of a journal that had to be replaced.
public struct Replacement: Equatable, Sendable {
  public var reason: String
  /// The name under which the damaged file is kept.
  public var keptAs: String
  public var epochBefore: String?
  /// The last sequence of the epoch before, as far as it can be read.
  public var lastSequenceBefore: UInt64?
  /// Events taken over: they prove themselves and are delivered as they were.
  public var carried: UInt64 = 0
  /// What could not be read any more; also in `StoreState.lost`.
  public var lost: [LostEvents] = []
}

/// The event store on SQLite.
public struct SQLiteJournal: ~Copyable, EventStore {
  let file: JournalFile
  let settings: JournalSettings
  let digest: @Sendable ([UInt8]) -> [UInt8]
  private var generator: SeededGenerator
  private var connection: Connection?
  /// What was refused while the file system was full; nil for a journal that is open.
  var prospect: Prospect?
  private var quotaPages: Int64 = 0
  /// What was told durable in this run; nil before the first opening.
  private(set) var known: KnownEnd?
  private var commitsSinceBallast = 0
  private var commitsSinceReserve = 0
  private var hasBallast = false
  var rows = JournalRows(state: StoreState(epoch: ""))

  /// What the last opening found.
  public internal(set) var report = OpeningReport(origin: .created, isChecked: false)
  /// What the file held when it was opened last.
  public var state: StoreState { rows.state }

  /// Opens or makes the journal; `digest` is SHA-256, chance draws the epoch of a new file.
  public init(
    path: String, settings: JournalSettings = JournalSettings(),
    digest: @escaping @Sendable ([UInt8]) -> [UInt8],
    using generator: inout some RandomNumberGenerator
  ) throws(StoreFault) {
    file = JournalFile(path: path)
    self.settings = settings
    self.digest = digest
    self.generator = SeededGenerator(seed: generator.next())
    do throws(StoreFault) {
      try openMakingRoom()
    } catch {
      guard error == .diskFull, settings.waitsForRoom else { throw error }
      try waitForRoom()
    }
  }

  public var byteCount: Int { file.size }

  public var room: JournalRoom? {
    guard let used = try? connection?.integer("PRAGMA page_count"),
      let unused = try? connection?.integer("PRAGMA freelist_count")
    else { return nil }
    let page = Int64(JournalLimits.pageBytes)
    let byQuota = max(0, quotaPages - used) * page
    let byDisk = max(0, file.freeBytes - Int64(settings.reserveBytes))
    return JournalRoom(
      freeBytes: min(byQuota, byDisk) + unused * page, isByDisk: byDisk < byQuota)
  }

  public mutating func reopen() throws(StoreFault) -> StoreState {
    connection = nil
    try openMakingRoom()
    prospect = nil
    return state
  }

  /// Opens it, at the price of the ballast if need be.
  mutating func openMakingRoom() throws(StoreFault) {
    do throws(StoreFault) {
      try open()
    } catch {
      connection = nil
      guard error == .diskFull, file.dropBallast() else { throw error }
      hasBallast = false
      try open()
    }
  }

  private mutating func open() throws(StoreFault) {
    var log: LogPages?
    do {
      if file.isBeingReplaced {
        try goOnReplacing()
      } else {
        let found = LogPages(file.readLog(file.logPath))
        log = found
        try file.recognise(found)
        try openAsItIs(found)
      }
    } catch .damaged(let reason) {
      connection = nil
      try file.beginReplacing()
      try replace(reason, log: log)
    }
  }

  /// Opens what is there under the name, or makes it when there is nothing.
  private mutating func openAsItIs(_ log: LogPages) throws(StoreFault) {
    var origin = OpeningReport.Origin.continued
    if !file.exists {
      guard file.logSize == 0 else {
        throw .damaged("opening \(file.path): there is its log, but not the file")
      }
      try file.create(epoch: drawEpoch(), settings: settings)
      origin = .created
    } else if log.isBroken {
      // SQLite would end where the log is damaged and take what lies before it for everything.
      var inLog = SalvageScan(file.path, log: log, digest: digest)
      var inFile = SalvageScan(file.path, log: LogPages(), digest: digest)
      if inLog.lastPlace(inLogOnly: true) > inFile.lastPlace(inLogOnly: false) {
        throw .damaged("opening \(file.path): its log is damaged before its end")
      }
    }
    try attach(origin)
  }

  /// A start that was interrupted while it replaced a damaged journal.
  private mutating func goOnReplacing() throws(StoreFault) {
    if file.exists {
      let name = try file.endReplacing()
      try attach(
        .replaced(
          Replacement(reason: "it was being replaced when the power went", keptAs: name)))
      return
    }
    try file.beginReplacing()
    try replace("it was being replaced when the power went", log: nil)
  }

  /// Makes a new journal of what proves itself in the one set aside.
  private mutating func replace(_ reason: String, log: LogPages?) throws(StoreFault) {
    let result: SalvageResult
    do {
      result = try salvage(log)
    } catch .diskFull {
      // Two files do not fit: what earlier salvages kept goes, then the ballast.
      file.dropDamaged()
      _ = file.dropBallast()
      result = try salvage(log)
    }
    let name = try file.endReplacing()
    known = nil
    try attach(
      .replaced(
        Replacement(
          reason: reason, keptAs: name, epochBefore: result.epochBefore,
          lastSequenceBefore: result.lastSequenceBefore, carried: result.carried,
          lost: result.lost)))
  }

  private mutating func salvage(_ log: LogPages?) throws(StoreFault) -> SalvageResult {
    try file.salvage(
      epoch: drawEpoch(), known: known, log: log, settings: settings, digest: digest)
  }

  mutating func drawEpoch() -> String {
    Hex.encode((0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) })
  }

  /// Opens the file that is there, checks it and reads where it stands.
  private mutating func attach(_ origin: OpeningReport.Origin) throws(StoreFault) {
    let hasLog = file.hasLog
    var opened = try Connection(
      path: file.path, creating: false, fileLayer: settings.fileLayer)
    guard !opened.isReadOnly else {
      throw .denied(
        "opening \(file.path): \(JournalLimits.readOnlyWords); is the file system mounted "
          + "read-only? Look at the kernel's log for faults of the disk and mount it for writing "
          + "again")
    }
    try opened.configure(settings)
    let isChecked = file.size <= settings.checkedBytes
    if isChecked { try opened.verify() }
    try opened.bringToThisForm()
    let found = try opened.journalState()
    guard hasLog || !found.wasOpened else {
      throw .damaged("opening \(file.path): its log is gone, and what was committed in it")
    }
    try confirm(found.state)
    if !found.wasOpened { try opened.noteOpened() }
    try opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rows = found
    quotaPages = try opened.integer("PRAGMA max_page_count") ?? 0
    let state = found.state
    known = KnownEnd(
      epoch: state.epoch, base: state.base, lastPlace: state.lastPlace,
      lastDigest: state.lastDigest)
    connection = consume opened
    report = OpeningReport(origin: origin, isChecked: isChecked)
    hasBallast = file.keepBallast(settings.ballastBytes)
  }

  /// Whether what was told durable in this run is what the file ends with, or is before that.
  private func confirm(_ state: StoreState) throws(StoreFault) {
    guard let known else { return }
    guard state.epoch == known.epoch, state.base == known.base else {
      throw .damaged("opening \(file.path): it is another journal than a moment ago")
    }
    guard state.lastPlace >= known.lastPlace,
      state.lastPlace > known.lastPlace || state.lastDigest == known.lastDigest
    else {
      throw .damaged(
        "opening \(file.path): it ends at \(state.lastPlace), and \(known.lastPlace) was durable")
    }
  }

  public mutating func commit(_ transaction: Transaction) throws(StoreFault) {
    guard !transaction.isEmpty else { return }
    if prospect != nil { try takeUp() }
    do {
      try write(transaction)
    } catch .diskFull where hasBallast {
      // A stranger filled the disk: without this not even a deletion would ever work again.
      hasBallast = !file.dropBallast()
      try write(transaction)
    }
    remember(transaction)
    keepReserve()
    if !hasBallast {
      commitsSinceBallast += 1
      if commitsSinceBallast >= JournalLimits.ballastInterval {
        commitsSinceBallast = 0
        hasBallast = file.keepBallast(settings.ballastBytes)
      }
    }
  }

  /// Lets the file grow no further than the disk's reserve allows.
  private mutating func keepReserve() {
    commitsSinceReserve += 1
    guard commitsSinceReserve >= JournalLimits.reserveInterval else { return }
    commitsSinceReserve = 0
    let quota = Int64(max(settings.quotaBytes, JournalLimits.quotaFloorBytes))
    guard let used = try? connection?.integer("PRAGMA page_count") else { return }
    let page = Int64(JournalLimits.pageBytes)
    let spare = max(0, file.freeBytes - Int64(settings.reserveBytes)) / page
    let allowed = min(quota / page, used + min(spare, quota / page))
    guard allowed != quotaPages else { return }
    // SQLite answers with what it took: never less than there is already.
    let taken = try? connection?.integer("PRAGMA max_page_count = \(allowed)")
    quotaPages = taken ?? quotaPages
  }

  /// What is durable now.
  private mutating func remember(_ transaction: Transaction) {
    let before = known?.lastPlace ?? 0
    if let through = transaction.deleteThrough {
      let end = transaction.events.isEmpty ? before - min(before, 1) : before
      rows.state.firstHeld = max(rows.state.firstHeld, min(through, end) + 1)
    }
    guard let last = transaction.events.last else { return }
    known?.end(at: last)
    rows.isTold = true
    rows.state.lost = []
  }

  private func closed(_ doing: String) -> StoreFault {
    guard prospect == nil else { return .diskFull }
    return .inputOutput("\(doing) \(file.path): a fault has closed it; open it again")
  }

  private mutating func write(_ transaction: Transaction) throws(StoreFault) {
    guard connection != nil else {
      throw closed("writing")
    }
    // What is deleted by the same transaction leaves no gap behind.
    let through = transaction.deleteThrough ?? 0
    var transaction = transaction
    transaction.thinned.removeAll { $0.lowerBound <= through }
    let gaps = transaction.thinned.map { Gap.row($0, digest: digest) }
    do {
      try connection?.write(
        transaction, gaps: gaps, after: known?.lastPlace ?? 0, base: known?.base ?? 0,
        telling: !rows.isTold && !transaction.events.isEmpty)
    } catch {
      throw settle(error)
    }
  }

  /// Undoes an open transaction and decides what the fault means.
  private mutating func settle(_ fault: StoreFault) -> StoreFault {
    var result = fault
    if fault == .diskFull, let used = connection?.pagesUsed(),
      used >= quotaPages - JournalLimits.splitPages
    {
      result = .quotaReached
    }
    let undone = connection?.rollBack() ?? true
    switch result {
    case .quotaReached, .diskFull:
      if !undone { connection = nil }
    case .inputOutput, .damaged, .damagedEvent, .inUse, .tooNew, .denied:
      connection = nil
    }
    return result
  }

  public mutating func read(
    after sequence: UInt64, dueBit: Int, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent] {
    guard connection != nil else {
      throw closed("reading")
    }
    guard (0..<64).contains(dueBit) else { return [] }
    let range = ReadRange(
      after: sequence, mask: 1 << UInt64(dueBit), countLimit: countLimit, byteLimit: byteLimit,
      rows, last: known?.lastPlace ?? 0)
    do {
      return try connection?.events(range, digest: digest) ?? []
    } catch {
      if case .damagedEvent = error { throw error }
      throw settle(error)
    }
  }

  public mutating func quarantined(
    _ query: QuarantineQuery
  ) throws(StoreFault) -> [QuarantinedRow] {
    guard connection != nil else {
      throw closed("reading")
    }
    do {
      return try connection?.quarantined(query) ?? []
    } catch {
      throw settle(error)
    }
  }

  /// Reads held events in order, whoever they are due to; for export and verification.
  public mutating func held(
    after sequence: UInt64, countLimit: Int, byteLimit: Int
  ) throws(StoreFault) -> [StoredEvent] {
    guard connection != nil else {
      throw closed("reading")
    }
    let range = ReadRange(
      after: sequence, mask: nil, countLimit: countLimit, byteLimit: byteLimit, rows,
      last: known?.lastPlace ?? 0)
    return try connection?.events(range, digest: digest) ?? []
  }

  /// Bytes that the journal takes on the disk now, with its log.
  public var sizeBytes: Int { file.size }
}
