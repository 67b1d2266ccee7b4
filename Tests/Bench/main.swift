// takt-bench: our figures beside those of the bare libraries, measured in one run.
//
//   takt-bench --takt PROGRAM --folder DIR [ring] [polls] [signals] [machines] [journal] [memory]
//     [life] [schedule] [field]
//
// Without a name every section runs. Nothing is asserted: a ratio is printed with its goal, and
// "no" is a finding, not a failure.

let options = BenchOptions(Array(CommandLine.arguments.dropFirst()))
var table = Table()
table.head()
if options.wants("ring") { RingBench.run(&table) }
if options.wants("polls") || options.wants("field") { PollBench.run(&table) }
if options.wants("signals") { SignalBench.run(&table) }
if options.wants("machines") { SignalBench.machines(&table) }
if options.wants("journal") { JournalBench.run(&table, options.folder) }
DaemonBench.run(&table, options)
table.foot()

/// What the command line asks for.
struct BenchOptions {
  var program = "takt"
  var folder = "."
  var sections: Set<String> = []

  init(_ arguments: [String]) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--takt": program = rest.popFirst() ?? program
      case "--folder": folder = rest.popFirst() ?? folder
      default: sections.insert(argument)
      }
    }
  }

  func wants(_ section: String) -> Bool { sections.isEmpty || sections.contains(section) }
}
