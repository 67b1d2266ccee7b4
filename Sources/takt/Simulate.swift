// `takt simulate`: a line of machines on a real Modbus TCP port, with its truth in a file.
//
// Invariants
// - The plant decides, this file performs: it reads the clock, turns the server, writes the truth.
// - Nothing is made before somebody looks: the first piece comes `--lead` after the first request,
//   so that a gateway has its first reading of every counter before the counting begins.
// - An answer shows the moment of the request; a loss of power closes the port in between.

import LinuxEdge
import ModbusEdge
import Primitives
import Simulation

enum SimulateCommand {
  static let help = """
    usage: takt simulate [options]

    A Modbus TCP server with a small line of machines that run, stop, count and make scrap.
    press-1 shows a run bit and a fault code, press-2 a fault code only, filler-1 only its count;
    more machines repeat that. Unit numbers are 1, 2, 3 and so on. The first piece is made 2s after
    the first request.

      --listen HOST:PORT       where to listen; port 0 picks one (127.0.0.1:1502)
      --machines N             how many machines, 1 to 247 (3)
      --seed N                 the same seed gives the same stops and pieces (1)
      --cycle MS               milliseconds for one piece (500)
      --min-stop S             shortest stop; the longest is three times that (5)
      --min-run S              shortest run; the longest is three times that (10)
      --lead S                 from the first request to the first piece (2)
      --power-cycle-every S    the PLC loses its power so often, and its counters (never)
      --power-off-for S        how long the power is off (3)
      --keep-counters          the counters survive a loss of power
      --truth FILE             every true stop, reset and total as JSON lines, durable
      --seconds N              end after so long (until SIGTERM or SIGINT)
      --settle S               come to rest so long before --seconds is over: the last piece is
                               made, open stops end, run bits stay on
      --freeze-at S            come to rest after so long
      --config                 print the matching part of a Takt configuration and end

    Times are seconds, or carry a unit: 250ms, 2s, 5min. Exit: 0 done, 1 wrong command line,
    3 the truth could not be written, 4 the port could not be opened.
    """

  static func run(_ arguments: [String]) -> Int32 {
    if arguments.contains("--help") || arguments.contains("-h") {
      StandardStream.output.line(help)
      return 0
    }
    let options: SimulateOptions
    do {
      options = try SimulateOptions(arguments)
    } catch {
      StandardStream.error.line("\(error.text); takt simulate --help shows what is")
      return 1
    }
    if options.printsConfiguration {
      StandardStream.output.line(SimulateConfiguration.text(options))
      return 0
    }
    do throws(ModbusServerFault) {
      var server = try ModbusServer(host: options.host, port: options.port)
      return serve(&server, options)
    } catch {
      StandardStream.error.line(error.description)
      return 4
    }
  }

  private static func serve(_ server: inout ModbusServer, _ options: SimulateOptions) -> Int32 {
    do throws(LinuxFault) {
      let signals = try SignalDescriptor()
      var world = try SimulateWorld(options, clock: SystemClock())
      let host = options.host.contains(":") ? "[\(options.host)]" : options.host
      StandardStream.error.line("listening on \(host):\(server.port)")
      while !world.isOver {
        let turn = server.serve(atMost: SimulateWorld.step, wake: signals.descriptor) {
          world.answer(unit: $0)
        }
        if turn == .woken { break }
        try world.live()
        follow(world.hasPower, &server)
      }
      try world.finish()
      return 0
    } catch {
      StandardStream.error.line("\(error)")
      return 3
    }
  }

  /// Opens and closes the port with the power of the PLC; tries again in the next turn.
  private static func follow(_ hasPower: Bool, _ server: inout ModbusServer) {
    if !hasPower {
      server.switchOff()
    } else if !server.isOn {
      try? server.switchOn()
    }
  }
}
