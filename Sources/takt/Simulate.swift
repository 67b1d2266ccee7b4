// takt simulate: a line of machines on a real Modbus TCP port, with its truth in a file.
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
  static func run(_ arguments: [String]) -> Int32 {
    SimulateOptions.usage.run(arguments) { words throws(CommandFault) in
      let options = try SimulateOptions(words)
      if options.printsConfiguration {
        StandardStream.output.line(SimulateConfiguration.text(options))
      } else {
        try serve(options)
      }
      return .ok
    }
  }

  private static func serve(_ options: SimulateOptions) throws(CommandFault) {
    var signals = try signals()
    var server = try server(options.address)
    do throws(LinuxFault) {
      var world = try SimulateWorld(options, clock: SystemClock())
      let name = HostAndPort(host: options.address.host, port: server.port)
      StandardStream.error.line("listening on \(name)")
      while !world.isOver {
        let turn = server.serve(atMost: SimulateWorld.step, wake: signals.descriptor) {
          world.answer(unit: $0)
        }
        if turn == .woken, let signal = signals.next(), signal != .hangUp { break }
        try world.live()
        follow(world.hasPower, &server)
      }
      try world.finish()
    } catch {
      throw CommandFault(.storage, "\(error)")
    }
  }

  private static func signals() throws(CommandFault) -> SignalDescriptor {
    do throws(LinuxFault) {
      return try SignalDescriptor()
    } catch {
      throw CommandFault(.internal, "\(error)")
    }
  }

  private static func server(_ address: HostAndPort) throws(CommandFault) -> ModbusServer {
    do throws(ModbusServerFault) {
      return try ModbusServer(host: address.host, port: address.port)
    } catch {
      throw CommandFault(.network, error.description)
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
