// What `takt simulate` keeps between two turns: the plant, its facts not yet written, the time.

import LinuxEdge
import ModbusEdge
import Primitives
import Simulation

/// The plant on the clocks of this machine.
struct SimulateWorld: ~Copyable {
  /// Longest time between two looks at the plant: well below the 100 ms that stops are told to.
  static let step = Duration.milliseconds(20)

  private let options: SimulateOptions
  private let clock: SystemClock
  private let startedAt: Instant
  private var truth: SimulateTruth
  private var plant: Plant?
  private var untold: [PlantFact] = []
  private var isStartTold = false

  init(_ options: SimulateOptions, clock: SystemClock) throws(LinuxFault) {
    self.options = options
    self.clock = clock
    startedAt = clock.now()
    truth = try SimulateTruth(path: options.truthPath)
  }

  /// Whether the time asked for is over.
  var isOver: Bool { options.runFor.map { clock.now() >= startedAt + $0 } ?? false }

  var hasPower: Bool { plant?.hasPower ?? true }

  /// The registers of a unit at this moment; a unit that does not exist stays silent.
  mutating func answer(unit: UInt8) -> ModbusReply {
    guard unit >= 1, unit <= options.plant.machines else { return .silent }
    let now = clock.now()
    var current = plant ?? begin(now)
    untold += current.advance(to: now)
    plant = current
    guard current.hasPower, !options.dead.contains(unit) else { return .silent }
    let registers = current.registers(Int(unit) - 1)
    return .memory(ModbusMemory(holding: ModbusMemory.Registers(registers)))
  }

  /// Lets the plant live until now and writes what happened.
  mutating func live() throws(LinuxFault) {
    let reading = clock.reading()
    untold += plant?.advance(to: reading.monotonic) ?? []
    if let plant, !isStartTold {
      try truth.begin(plant, reading)
      isStartTold = true
    }
    guard !untold.isEmpty else { return }
    try truth.tell(untold, reading, endsAtRest: options.plant.countsLonger > .zero)
    untold.removeAll()
  }

  /// Writes what is open and the totals.
  mutating func finish() throws(LinuxFault) {
    try live()
    // Without a single request nothing was made: a plant that never began says so.
    let idle = Plant(options: options.plant, start: .distantFuture)
    try truth.finish(plant ?? idle, clock.reading())
  }

  private mutating func begin(_ now: Instant) -> Plant {
    let start = now + options.lead
    var plantOptions = options.plant
    plantOptions.freezeAfter = options.freezeAfter.map { max(.zero, startedAt + $0 - start) }
    return Plant(options: plantOptions, start: start)
  }
}
