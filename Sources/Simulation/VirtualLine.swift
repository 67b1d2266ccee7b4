// The field of the virtual world: the plant behind a bus, and how the bus misbehaves.

import Polling
import Primitives

/// How the bus or a unit misbehaves until it is healed.
enum LineTrouble: Equatable {
  case none
  /// One unit does not answer.
  case silentUnit(UInt8)
  /// Every second request breaks the link.
  case resets
  /// One request in four times out.
  case timeouts
  /// One answer in four is noise.
  case noise
  /// One unit answers "server device busy" to half of the requests.
  case busyUnit(UInt8)
  /// Half of one unit's answers are noise.
  case noisyUnit(UInt8)
  /// One unit refuses every request that touches one register, as while it is being programmed.
  case illegalRegister(UInt8, UInt16)
}

/// The plant with the wire to it. Outlives the gateway.
final class VirtualLine {
  /// Behind the registers of the plant: the number of the running order.
  static let orderRegister: UInt16 = 9

  private(set) var plant: Plant
  /// Orders are shown, drawn from this; nil for a plant that knows none.
  var ordersSeed: UInt64?
  let clock: VirtualClock
  var trouble = LineTrouble.none
  var generator: SeededGenerator
  private(set) var truth: [JSONValue] = []
  /// What the gateway has learnt about the units: the file that outlives it.
  var learnt: [LearntRefusal] = []
  private(set) var struck: [String: Int] = [:]

  init(options: PlantOptions, clock: VirtualClock, seed: UInt64) {
    plant = Plant(options: options, start: Instant(nanoseconds: clock.worldTime))
    self.clock = clock
    generator = SeededGenerator(seed: seed)
  }

  /// Lets the plant live up to world time and writes down what happened.
  func live() { record(plant.advance(to: Instant(nanoseconds: clock.worldTime))) }

  /// The PLC loses its power and its counters.
  func cutPower(for outage: Duration, keepCounters: Bool) {
    live()
    struck["PLC restart", default: 0] += 1
    record(plant.cutPower(for: outage, keepCounters: keepCounters))
  }

  private func record(_ facts: [PlantFact]) {
    for fact in facts {
      let machine = JSONValue.string(PlantRegisters.name(fact.machine))
      switch fact.kind {
      case .stopBegan: break
      case .frozen:
        // Nobody can tell a machine that only counts and rests from one that stands.
        if PlantRegisters.kind(fact.machine) == .countOnly {
          truth.append([
            "kind": "stop", "machine": machine, "startedAt": wall(fact.at), "endedAt": .null,
            "code": .null,
          ])
        }
      case .stopEnded(let startedAt, let code):
        truth.append([
          "kind": "stop", "machine": machine, "startedAt": wall(startedAt),
          "endedAt": wall(fact.at), "code": code.map { .integer(Int64($0)) } ?? .null,
        ])
      case .countersReset(let good, let scrap):
        truth.append([
          "kind": "reset", "machine": machine, "at": wall(fact.at),
          "good": .integer(Int64(clamping: good)), "scrap": .integer(Int64(clamping: scrap)),
        ])
      }
    }
  }

  private func wall(_ instant: Instant) -> JSONValue {
    .string(clock.wall(at: instant.nanoseconds).text)
  }

  /// The truth up to now: open stops and totals included.
  func wholeTruth() -> [JSONValue] {
    var lines = truth
    for machine in 0..<plant.machineCount {
      let name = JSONValue.string(PlantRegisters.name(machine))
      if let open = plant.openStop(machine) {
        lines.append([
          "kind": "stop", "machine": name, "startedAt": wall(open.startedAt), "endedAt": .null,
          "code": open.code.map { .integer(Int64($0)) } ?? .null,
        ])
      }
      let made = plant.made(machine)
      lines.append([
        "kind": "total", "machine": name, "good": .integer(made.good),
        "scrap": .integer(made.scrap),
      ])
    }
    return lines
  }

  // MARK: The wire

  private func chance(_ oneIn: Int) -> Bool { Int.random(in: 1...oneIn, using: &generator) == 1 }

  private func latency() -> Duration {
    .microseconds(Int64.random(in: 2000...20_000, using: &generator))
  }

  func open(timeout: Duration) -> (Duration, Result<Void, BusFault>) {
    live()
    guard plant.hasPower else { return (latency(), .failure(.unreachable("connection refused"))) }
    return (latency(), .success(()))
  }

  func read(_ request: ReadRequest) -> (Duration, Result<[UInt16], BusFault>) {
    live()
    guard plant.hasPower else { return (latency(), .failure(.broken("connection reset"))) }
    switch trouble {
    case .none: break
    case .silentUnit(let unit):
      if unit == request.unitAddress { return strike("silent unit", .timeout, request.timeout) }
    case .resets: if chance(2) { return strike("bus reset", .broken("reset"), latency()) }
    case .timeouts: if chance(4) { return strike("timeout", .timeout, request.timeout) }
    case .noise: if chance(4) { return strike("noise", .garbage("wrong length"), latency()) }
    case .busyUnit(let unit):
      if unit == request.unitAddress, chance(2) {
        return strike("busy unit", .exception(6), latency())
      }
    case .noisyUnit(let unit):
      if unit == request.unitAddress, chance(2) {
        return strike("noisy unit", .garbage("checksum"), latency())
      }
    case .illegalRegister(let unit, let address):
      if unit == request.unitAddress, request.start <= address,
        address - request.start < request.count
      {
        return strike("illegal register", .exception(2), latency())
      }
    }
    let machine = Int(request.unitAddress) - 1
    var registers = plant.registers(machine)
    if let ordersSeed {
      registers.append(WorldOrders.shown(machine, at: clock.worldTime, seed: ordersSeed))
    }
    let end = Int(request.start) + Int(request.count)
    guard request.table == .holding, end <= registers.count else {
      return (latency(), .failure(.exception(2)))
    }
    return (latency(), .success(Array(registers[Int(request.start)..<end])))
  }

  private func strike(
    _ name: String, _ fault: BusFault, _ delay: Duration
  ) -> (Duration, Result<[UInt16], BusFault>) {
    struck[name, default: 0] += 1
    return (delay, .failure(fault))
  }
}
