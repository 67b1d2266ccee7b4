// What each code of the log means, why it comes, and what to do about it: the one table behind
// `takt codes`, its --json and LOGCODES.md.

/// The explanation of one code.
struct LogEntry: Equatable, Sendable {
  /// What has happened, as the heading of a page.
  var title: String
  var cause: String
  var remedy: String

  init(_ title: String, _ cause: String, _ remedy: String) {
    self.title = title
    self.cause = cause
    self.remedy = remedy
  }
}

extension LogCode {
  /// Title, cause and remedy; a test sees that no code is without.
  var entry: LogEntry { Self.table[self] ?? LogEntry(name, "", "") }

  private static let table = fieldEntries.merging(keepingEntries) { $1 }
    .merging(houseEntries) { $1 }

  static let nothing = "Nothing; it says that the trouble is over."

  private static let fieldEntries: [LogCode: LogEntry] = [
    .busLost: LogEntry(
      "bus lost",
      "The link to the endpoint cannot be opened or broke: cable, power, switch, "
        + "port, or somebody else holds the serial device or the PLC's only connection.",
      "Run \"takt doctor\"; it tells name, port, rights and holder apart. Takt tries again by "
        + "itself, for ever."),
    .busConnected: LogEntry("bus connected", "The link is open.", nothing),
    .unitLost: LogEntry(
      "unit lost",
      "The link works but this unit does not answer: power, unit number, cable "
        + "behind a serial server, or an answer slower than its timeout.",
      "Run \"takt doctor\", then \"takt read\" with the unit; compare the unit number with the "
        + "device. Its neighbours are polled on."),
    .unitAnswers: LogEntry("unit answers", "The unit answers again.", nothing),
    .addressesRefused: LogEntry(
      "addresses refused", "The device answers with an exception for these addresses.",
      "Check the addresses in its manual (40001 is address 0) with \"takt read\" and \"takt "
        + "scan\"; the other signals are read on."),
    .addressesAnswered: LogEntry("addresses answered", "What was refused is answered.", nothing),
    .signalsUnread: LogEntry(
      "signals unread",
      "The device answers, but not with these values: it is busy, has failed, or drops these "
        + "requests.",
      "Look at the device; \"takt status\" shows its last answer. Takt goes on asking, and its "
        + "other signals are read on."),
    .signalsRead: LogEntry("signals read", "These values come again.", nothing),
    .learntNotKept: LogEntry(
      "learnt not kept", "What units refuse cannot be written to the state directory.",
      "Check space and rights of the state directory; it is only learnt anew after a restart."),
    .learntUnreadable: LogEntry(
      "learnt unreadable", "The file of what units refuse cannot be read.",
      "Nothing: it is learnt anew. Remove the file if the line comes at every start."),
  ]

  private static let keepingEntries: [LogCode: LogEntry] = [
    .journalNew: LogEntry(
      "journal new", "There was no journal in the state directory, so one was made.",
      "Nothing at a first start; else look where the old one went (stateDirectory, disk)."),
    .journalReplaced: LogEntry(
      "journal replaced", "The journal was damaged; what still verifies was carried over.",
      "Check the disk (\"smartctl\", kernel log). Keep the file that the line names: it may be "
        + "asked for."),
    .journalFaulty: LogEntry(
      "journal faulty", "The disk refuses to write: full, read-only or broken.",
      "Free space or change the disk; \"takt doctor\" tells which. Events wait in memory "
        + "meanwhile; what has to be dropped is told by an event."),
    .journalWorks: LogEntry("journal works", "The disk writes again.", nothing),
    .journalRefused: LogEntry(
      "journal refused", "The journal cannot be opened: rights, another process, the disk.",
      "Follow the sentence of the line; the service starts again by itself until it can."),
    .stopUnfinished: LogEntry(
      "stop unfinished", "The disk did not answer in the time that a stop has.",
      "Nothing is lost that was committed; check the disk if it comes again."),
    .uplinkFailing: LogEntry(
      "uplink failing",
      "Head office cannot be reached, or refuses: name, network, firewall, "
        + "certificate, answer.",
      "Run \"takt doctor\"; it tries each step by itself. Events wait on the disk."),
    .uplinkDelivers: LogEntry("uplink delivers", "Events are taken again.", nothing),
    .uplinkParked: LogEntry(
      "uplink parked", "Its certificate or key files cannot be used.",
      "Put the file right that the line names; it is looked at again by itself."),
    .uplinkCondition: LogEntry(
      "uplink condition", "Events are delivered, but something needs a person.",
      "Read the sentence: a certificate that ends soon, events refused for good, a clock."),
  ]

  private static let houseEntries: [LogCode: LogEntry] = [
    .configurationApplied: LogEntry(
      "configuration applied", "A new configuration is in force.", "Nothing."),
    .configurationRejected: LogEntry(
      "configuration rejected", "A new configuration has mistakes; the old one stays in force.",
      "Run \"takt check\" on it; each mistake has its line."),
    .configurationRolledBack: LogEntry(
      "configuration rolled back", "The gateway did worse with it than before.",
      "Read what got worse in the line and correct it; the one before is in force."),
    .configurationConfirmed: LogEntry(
      "configuration confirmed", "The new configuration has proved itself.", "Nothing."),
    .reloadAsked: LogEntry(
      "reload asked", "Somebody asked to read the configuration again (SIGHUP).",
      "Follow the sentence of the line."),
    .bundleRefused: LogEntry(
      "bundle refused",
      "A bundle is not signed by a key that is trusted here, is meant for "
        + "another gateway, is older than what is in force, or has expired.",
      "Read the reason in the line; make it anew with \"takt bundle make\"."),
    .bundleAccepted: LogEntry("bundle accepted", "A bundle verified and is tried.", "Nothing."),
    .zoneUnknown: LogEntry(
      "time zone unknown", "The system has no file of this time zone, so UTC is used.",
      "Install tzdata, or correct the name in the configuration."),
    .configurationUnchanged: LogEntry(
      "configuration unchanged", "What was read says what runs already.", "Nothing."),
    .configurationWorse: LogEntry(
      "configuration worse", "Changed local files do worse than what ran before, and stay.",
      "Read what got worse in the line and correct the files; then reload again."),
    .bundleWaits: LogEntry(
      "bundle waits", "It is not valid yet, or the clock is not known well enough to tell.",
      "Nothing, if the line names the time; else set the clock."),
    .bundleKeys: LogEntry(
      "bundle keys changed", "The root key has named others that may sign bundles.",
      "Check with head office that this was meant."),
    .pullFaulty: LogEntry(
      "bundles not fetched", "The server of remote.pull does not answer, or not as it should.",
      "Follow the sentence of the line; it is tried again by itself, and what runs goes on."),
    .pullWorks: LogEntry("bundles fetched", "The server answers again.", nothing),
    .inboxFaulty: LogEntry(
      "inbox faulty", "The inbox or the store of configurations cannot be used.",
      "Check rights and disk; what runs goes on."),
    .tidingsLost: LogEntry(
      "news of a configuration lost", "The recorder did not take it in time; no event tells it.",
      "Check the disk; \"takt status\" tells which configuration is in force."),
    .keyRenewed: LogEntry(
      "signing key renewed", "Events are signed with another key from now on.",
      "Give receivers the JWKS with both keys, if they do not have it yet."),
    .keyKept: LogEntry(
      "signing key kept", "The changed key file cannot be used; the key before signs on.",
      "Put the file right that the line names; it is looked at again by itself."),
    .pageFaulty: LogEntry(
      "status page faulty", "Its port is taken, or a file of it cannot be used.",
      "Follow the sentence of the line; it is tried again by itself."),
    .lineWithoutCode: LogEntry(
      "line without a code", "A line that has no code of its own.", "Read the sentence."),
    .linesLost: LogEntry(
      "lines lost", "The system's log did not take lines in time.",
      "Check systemd-journald and its disk; \"takt status\" tells how things stand now."),
    .threadHangs: LogEntry(
      "thread hangs",
      "A thread made no turn for as long as systemd's WatchdogSec allows: a disk or a driver that "
        + "does not answer, or a fault of the program.",
      "The service is started anew by itself. If it comes again, look into the kernel log for the "
        + "disk and the adapters, and send \"takt support\"."),
    .ordersRefused: LogEntry(
      "orders refused", "A dropped file of orders could not be carried out.",
      "Read the .txt beside the refused file; drop a corrected one."),
    .ordersTaken: LogEntry("orders taken", "A dropped file was carried out.", "Nothing."),
    .orderDropFaulty: LogEntry(
      "order directory faulty", "The directory of dropped orders cannot be used.",
      "Check that it exists and that the user takt may write there."),
    .orderDropWorks: LogEntry("order directory works", "The directory can be used again.", nothing),
  ]
}
