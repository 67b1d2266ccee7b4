// The command line as people meet it: help, versions, mistakes, exit codes.

import Testing

@Suite("Command line") struct CommandLineTests {
  @Test func `without a subcommand the help goes to standard error and the call was wrong`() throws
  {
    let run = try Program.run()
    #expect(run.code == 64)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("Usage: takt <subcommand> [options]"))
  }

  @Test(arguments: [["--help"], ["-h"], ["help"]])
  func `help is an answer, not a fault, and tells every exit code`(words: [String]) throws {
    let run = try RunningProgram(words).end()
    #expect(run.code == 0)
    #expect(run.errors.isEmpty)
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "64 "] {
      #expect(run.output.contains("\n  \(code)"))
    }
  }

  @Test(arguments: [
    "run", "check", "plan", "keygen", "status", "watch", "read", "scan", "decode", "trace",
    "simulate", "receive", "verify", "compare", "version", "reason", "order", "held", "hold",
    "release",
  ])
  func `every subcommand has its own help`(name: String) throws {
    for words in [[name, "--help"], ["help", name], [name, "--json", "-h"]] {
      let run = try RunningProgram(words).end()
      #expect(run.code == 0)
      #expect(run.output.hasPrefix("takt \(name): "))
      #expect(run.output.contains("Exit codes\n"))
    }
  }

  @Test(arguments: [
    (["stauts"], "takt: there is no subcommand \"stauts\"; did you mean \"status\"?"),
    (["xyzzy"], "takt: there is no subcommand \"xyzzy\"\n"),
    (
      ["status", "--sokcet", "a"],
      "takt status: there is no option \"--sokcet\"; did you mean \"--socket\"?"
    ),
    (["status", "-j"], "takt status: there is no option \"-j\""),
    (["status", "--json", "--json"], "takt status: --json is given twice"),
    (["status", "--json=yes"], "takt status: --json takes no value"),
    (["status", "--socket"], "takt status: a value is missing behind --socket PATH"),
    (["status", "more"], "takt status: \"more\" is one word too many"),
    (["version", "--"], ""),
    (["version", "--", "--help"], "takt version: \"--help\" is one word too many"),
  ])
  func `what is not understood is named, with the nearest word`(
    words: [String], text: String
  ) throws {
    let run = try RunningProgram(words).end()
    #expect(run.code == (text.isEmpty ? 0 : 64))
    #expect(run.errors.contains(text))
  }

  @Test func `a negative number is a number and no option`() throws {
    let run = try Program.run("decode", "-12", "5")
    #expect(run.code == 0, "\(run)")
    #expect(run.output.contains("FFF4  65524  -12"))
  }

  @Test(arguments: [
    ("scan", "takt scan [BUS] [options]"), ("trace", "takt trace BUS [options]"),
    ("reason", "takt reason [STOP|MACHINE] [CODE] [options]"),
    ("release", "takt release N [options]"),
    ("read", "takt read BUS/UNIT ADDRESS [TYPE ORDER] [options]"),
  ])
  func `the help puts in brackets what may be left out`(name: String, usage: String) throws {
    #expect(try Program.run(name, "--help").output.contains("Usage: " + usage + "\n"))
  }

  @Test(arguments: [["version"], ["--version"], ["-V"]])
  func `the version is told`(words: [String]) throws {
    let run = try RunningProgram(words).end()
    #expect(run.code == 0)
    #expect(run.output.hasPrefix("takt 0.1.0\n"))
  }
}
