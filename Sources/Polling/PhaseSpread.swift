// When in its period a unit is read, so that not all are due at the same moment (F19).
//
// Invariants
// - All requests of one unit with one period share a phase: they follow one another without a
//   pause, so that what belongs together is read together, and the unit's scan ends once.
// - On a serial line the units of one period are laid out one after the other over the whole
//   period, each with a share as long as its requests take of all: nobody queues behind anybody
//   as long as the line has time, and no share is wasted when it has none.
// - On a network the phase is a hash of the names of bus and unit: the buses do not know of each
//   other, and neither do the gateways of a plant, but they must not all ask at once. The only unit
//   of its bus is asked at one of a few moments of its period, so that the threads of several buses
//   share the processor's waking: measured with 64 PLCs, that halves what they take of it.
// - It depends on the definition alone: after a refusal the halves keep the phase of the whole.

import Primitives

/// The phases of the units of a bus.
public struct PhaseSpread: Equatable, Sendable {
  /// One unit and one of its periods.
  private struct Scan: Hashable {
    let unit: Int
    let period: Duration
  }

  private var phases: [Scan: Duration] = [:]
  private let hashes: [UInt64]

  /// Spreads the requests of a plan over their periods.
  public init(_ plan: ReadPlan, in bus: BusDefinition) {
    hashes = bus.units.map { stableHash("\(bus.name)/\($0.name)") }
    guard bus.line.isSerial else { return }
    let timing = LineTiming(bus)
    var costs: [Scan: Int64] = [:]
    var totals: [Duration: Int64] = [:]
    for block in plan.blocks {
      let cost = timing.cost(block.table, count: Int(block.count)).nanoseconds
      costs[Scan(unit: block.unit, period: block.period), default: 0] += cost
      totals[block.period, default: 0] += cost
    }
    for (period, total) in totals {
      var before: Int64 = 0
      for unit in bus.units.indices {
        let scan = Scan(unit: unit, period: period)
        guard let cost = costs[scan] else { continue }
        let share = Double(before) / Double(max(1, total))
        phases[scan] = .nanoseconds(Int64(Double(period.nanoseconds) * min(max(0, share), 1)))
        before += cost
      }
    }
  }

  /// How far into each period the unit's requests with that period are due.
  public func phase(ofUnit unit: Int, period: Duration) -> Duration {
    if let phase = phases[Scan(unit: unit, period: period)] { return phase }
    guard hashes.indices.contains(unit) else { return .zero }
    let length = UInt64(max(1, period.nanoseconds))
    guard hashes.count == 1 else { return .nanoseconds(Int64(clamping: hashes[unit] % length)) }
    let grain = max(1, length / PollingLimits.networkMoments)
    return .nanoseconds(Int64(clamping: hashes[unit] % length / grain * grain))
  }
}

extension ReadPlan {
  /// The phase of each block, by its position in `blocks`.
  public func phases(in bus: BusDefinition) -> [Duration] {
    let spread = PhaseSpread(self, in: bus)
    return blocks.map { spread.phase(ofUnit: $0.unit, period: $0.period) }
  }
}

extension BusLine {
  /// Whether the frames go over a serial line, at the port or behind a server.
  public var isSerial: Bool { speed != nil }

  /// The speed of the serial line; nil on a network.
  public var speed: SerialSpeed? {
    switch self {
    case .tcp, .tls: nil
    case .rtu(let line): line.speed
    case .rtuOverTCP(_, _, let speed): speed
    }
  }

  /// The same line at another baud rate; a network stays as it is.
  func at(baud: Int) -> BusLine {
    switch self {
    case .tcp, .tls: return self
    case .rtu(var line):
      line.speed.baud = baud
      return .rtu(line)
    case .rtuOverTCP(let host, let port, var speed):
      speed.baud = baud
      return .rtuOverTCP(host: host, port: port, behind: speed)
    }
  }
}
