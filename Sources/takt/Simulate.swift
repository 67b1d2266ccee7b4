// takt simulate: a line of machines on a real Modbus TCP or serial port, with its truth in a file.
//
// Invariants
// - The plant decides, this file performs: it reads the clock, turns the server, writes the truth.
// - Nothing is made before somebody looks: the first piece comes `--lead` after the first request,
//   so that a gateway has its first reading of every counter before the counting begins.
// - An answer shows the moment of the request; a loss of power closes the TCP port in between, and
//   makes the slaves of a serial line silent.

import LinuxEdge
import ModbusEdge
import Polling
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
    if let serial = options.serial {
      let server = try listening { () throws(ModbusServerFault) in try RTUServer(serial) }
      try live(options, over: server)
    } else {
      let address = options.address
      let server = try listening { () throws(ModbusServerFault) in
        try ModbusServer(host: address.host, port: address.port)
      }
      try live(options, over: server)
    }
  }

  private static func live<Server: PlantServer & ~Copyable>(
    _ options: SimulateOptions, over server: consuming Server
  ) throws(CommandFault) {
    var signals = try signals()
    do throws(LinuxFault) {
      var world = try SimulateWorld(options, clock: SystemClock())
      StandardStream.error.line("listening on \(server.place)")
      while !world.isOver {
        let turn = server.serve(atMost: SimulateWorld.step, wake: signals.descriptor) {
          world.answer(unit: $0)
        }
        if turn == .woken, let signal = signals.next(), signal != .hangUp { break }
        try world.live()
        server.follow(hasPower: world.hasPower)
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

  private static func listening<Server: ~Copyable>(
    _ open: () throws(ModbusServerFault) -> Server
  ) throws(CommandFault) -> Server {
    do throws(ModbusServerFault) {
      return try open()
    } catch {
      throw CommandFault(.network, error.description)
    }
  }
}

/// What shows the plant to gateways.
protocol PlantServer: ~Copyable {
  /// Where it listens.
  var place: String { get }

  mutating func serve(
    atMost timeout: Duration, wake: Int32, respond: (_ unit: UInt8) -> ModbusReply
  ) -> ModbusServer.Turn

  /// The PLC has power, or has lost it.
  mutating func follow(hasPower: Bool)
}

extension ModbusServer: PlantServer {
  var place: String { "\(HostAndPort(host: host, port: port))" }

  /// Opens and closes the port with the power of the PLC; tries again in the next turn.
  mutating func follow(hasPower: Bool) {
    if !hasPower {
      switchOff()
    } else if !isOn {
      try? switchOn()
    }
  }
}

extension RTUServer: PlantServer {
  var place: String { path }

  /// A slave without power is silent, and the line is still there.
  mutating func follow(hasPower: Bool) {}
}
