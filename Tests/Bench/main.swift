// takt-bench: our figures beside those of the bare libraries, measured in one run.
//
//   takt-bench --takt PROGRAM --folder DIR [ring] [polls] [signals] [machines] [journal] [memory]
//     [life] [schedule] [field] [forward] [--backlog EVENTS] [--outage SECONDS]
//
// Without a name every section runs. Nothing is asserted: a ratio is printed with its goal, and
// "no" is a finding, not a failure; only a soak (--minutes N soak) ends with 1 for it.

import Glibc

let options = BenchOptions(Array(CommandLine.arguments.dropFirst()))
var table = Table()
table.head()
if options.wants("ring") { RingBench.run(&table) }
if options.wants("polls") || options.wants("field") { PollBench.run(&table) }
if options.wants("signals") { SignalBench.run(&table) }
if options.wants("machines") { SignalBench.machines(&table) }
if options.wants("hall", of: "machines") { HallBench.run(&table) }
if options.wants("journal") { JournalBench.run(&table, options.folder) }
DaemonBench.run(&table, options)
table.foot()
if options.wantsSoak, !table.isMet { exit(1) }

/// What the command line asks for.
struct BenchOptions {
  var program = "takt"
  var folder = "."
  var sections: Set<String> = []
  /// Events that a drain has to deliver, and seconds that the receiver is away.
  var backlog = 1_000_000
  var outage = 60.0
  /// How long a soak takes.
  var minutes = 5.0

  init(_ arguments: [String]) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--takt": program = rest.popFirst() ?? program
      case "--folder": folder = rest.popFirst() ?? folder
      case "--backlog": backlog = rest.popFirst().flatMap { Int($0) } ?? backlog
      case "--minutes": minutes = rest.popFirst().flatMap { Double($0) } ?? minutes
      case "--outage": outage = rest.popFirst().flatMap { Double($0) } ?? outage
      default: sections.insert(argument)
      }
    }
  }

  /// A soak is asked for by name, and alone.
  var wantsSoak: Bool { sections == ["soak"] }

  /// Parts of a section are done with it, or when they are named.
  func wants(_ part: String, of section: String) -> Bool {
    sections.contains(part) || wants(section)
  }

  func wants(_ section: String) -> Bool { sections.isEmpty || sections.contains(section) }
}
