// takt: the program. Which subcommand does what stands in CommandLineProgram.swift.

import LinuxEdge

endProcess(Program.run(CommandLine.arguments))
