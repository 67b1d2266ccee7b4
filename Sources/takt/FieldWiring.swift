// Which edge stands behind the line of a bus.

import LinuxEdge
import ModbusEdge
import OpenSSLEdge
import Polling

/// Calls with the link that a line asks for, closed; frames pass `tap` when there is one, and
/// certificates are checked no earlier than `floor` knows while nothing sets the clock.
nonisolated func withFieldBus<Visit: FieldBusVisit>(
  _ line: BusLine, tap: FrameTap?, floor: TimeFloor? = nil, _ visit: consuming Visit
) -> Visit.Result {
  switch line {
  case .tcp(let host, let port):
    return visit.use(ModbusTCPBus(host: host, port: port, tap: tap))
  case .tls(let host, let port, let identity):
    let dial = SecureDial(
      host: host, port: port, identity: identity, clock: SystemClock(), floor: floor)
    return visit.use(ModbusTCPBus(host: host, port: port, through: dial, tap: tap))
  case .rtu(let serial):
    return visit.use(ModbusRTUBus(serial: serial, tap: tap))
  case .rtuOverTCP(let host, let port, let speed):
    return visit.use(ModbusRTUBus(host: host, port: port, behind: speed, tap: tap))
  }
}

/// What is done with a link whose kind is known only here; a closure cannot be generic.
protocol FieldBusVisit {
  associatedtype Result
  consuming func use<Bus: FieldBus & ~Copyable>(_ bus: consuming Bus) -> Result
}
