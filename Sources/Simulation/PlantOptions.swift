// How a simulated line behaves: lengths, faults and power, all chosen before it starts.

import Primitives

/// The parameters of a simulated line of machines.
public struct PlantOptions: Equatable, Sendable {
  /// How often the common PLC loses its power, and for how long.
  public struct PowerCycle: Equatable, Sendable {
    /// From one loss of power to the next.
    public var every: Duration
    public var offFor: Duration
    /// Whether the counters survive it; otherwise they start again at 0.
    public var keepsCounters: Bool

    public init(every: Duration, offFor: Duration, keepsCounters: Bool = false) {
      self.every = every
      self.offFor = offFor
      self.keepsCounters = keepsCounters
    }
  }

  public var seed: UInt64
  /// 1…`PlantLimits.machines`.
  public var machines: Int
  /// Mean time for one piece; each piece takes 90 to 110 percent of it.
  public var cycle: Duration
  /// No run is shorter than the one end or longer than the other, but for the last one.
  public var runs: ClosedRange<Duration>
  /// No stop is shorter than the one end or longer than the other; time without power is added.
  public var stops: ClosedRange<Duration>
  /// Pieces until the 16-bit counter of the first machine rolls over.
  public var rolloverAfter: UInt16
  public var powerCycle: PowerCycle?
  /// Time after the start when the machines stand no more and count no more; nil for never.
  public var freezeAfter: Duration?
  /// How much later machines that show only their count come to rest: a count that rests for long
  /// is a stop for everybody outside.
  public var countsLonger = Duration.zero

  public init(
    seed: UInt64, machines: Int = 3, cycle: Duration = .milliseconds(500),
    runs: ClosedRange<Duration> = .seconds(10) ... .seconds(30),
    stops: ClosedRange<Duration> = .seconds(5) ... .seconds(15), rolloverAfter: UInt16 = 12,
    powerCycle: PowerCycle? = nil, freezeAfter: Duration? = nil
  ) {
    self.seed = seed
    self.machines = min(max(machines, 1), PlantLimits.machines)
    self.cycle = max(cycle, PlantLimits.shortestCycle)
    self.runs = runs
    self.stops = stops
    self.rolloverAfter = rolloverAfter
    self.powerCycle = powerCycle
    self.freezeAfter = freezeAfter
  }
}

/// The limits of a simulated line.
public enum PlantLimits {
  /// Machines of one line: every unit identifier that a Modbus serial line can have.
  public static let machines = 247
  /// 1000 pieces a second, so that a jump in time costs a bounded number of steps.
  public static let shortestCycle = Duration.milliseconds(1)
  /// One piece in so many is scrap; never two in a row, so a good count never rests for long.
  static let scrapOneIn = 20
  /// From the end of the last outage to the freeze: a gateway tries a refused link again every 10 s
  /// at the latest, and then needs some readings to be sure of a reset.
  static let recovery = Duration.seconds(15)
  /// Shortest time between two losses of power, so that virtual time always moves.
  static let shortestPowerCycle = Duration.milliseconds(100)
}
