// Every limit of a configuration, with its unit and where the number comes from.

import Primitives

/// What a configuration may ask for at most and at least.
public enum SettingsLimits {
  /// Bytes of one file. 10,000 signals of 200 bytes are 2 MB; four times that.
  public static let fileBytes = 8 << 20
  /// Files: the main one and 255 fragments.
  public static let files = 256
  /// Profiles that machines may name; more kinds of devices than any one gateway sees.
  public static let profiles = 64
  /// Nesting of objects and arrays; the deepest of ours is 7.
  static let depth = 32
  /// Mistakes told in one run; the rest is counted. A list of 10,000 signals with one wrong word
  /// each stays a list that can be read.
  static let mistakes = 1000

  /// Characters of a name: 64, so that a source of five names stays under 400 bytes.
  static let nameLength = 64
  static let textLength = 200
  /// Characters of a note: a screenful.
  static let proseLength = 2000
  static let pathLength = 1024

  /// A thread and a ring each (2 MB at the usual ring), so 64 buses are 128 MB.
  static let buses = 64
  static let machines = 1024
  /// 65,536 signals × about 300 bytes of definitions and state = 20 MB.
  static let signals = 65_536
  /// One bit each in a row's 64-bit due mask.
  static let uplinks = 64
  static let routes = 1024
  /// Fault codes named for one machine.
  static let causes = 4096

  /// A Modbus TCP round trip takes 1 ms at best; faster than 5 ms no PLC scans its own registers.
  static let period = Duration.milliseconds(5)...Duration.seconds(86_400)
  /// A gateway to RTU behind TCP may need seconds; over a minute a bus would stand still.
  static let unitTimeout = Duration.milliseconds(10)...Duration.seconds(60)
  static let connectTimeout = Duration.milliseconds(50)...Duration.seconds(60)
  static let answerTimeout = Duration.seconds(1)...Duration.seconds(600)
  /// A day: an application may do its work at night.
  static let applicationTimeout = Duration.seconds(1)...Duration.seconds(86_400)
  /// Under 10 s a slow link fails by itself; over 20 minutes firewalls have forgotten it.
  static let keepAlive = Duration.seconds(10)...Duration.seconds(1200)
  static let topicPatience = Duration.seconds(10)...Duration.seconds(7 * 86_400)
  /// Messages without an acknowledgement; the courier holds twice as many events at most.
  static let window: ClosedRange<Int64> = 1...200
  static let brokers = 16
  static let backoffFloor = Duration.milliseconds(100)...Duration.seconds(3600)
  static let backoffCeiling = Duration.seconds(1)...Duration.seconds(86_400)
  static let debounce = Duration.zero...Duration.seconds(3600)
  static let heartbeat = Duration.milliseconds(100)...Duration.seconds(30 * 86_400)
  static let standstill = Duration.milliseconds(100)...Duration.seconds(86_400)
  static let shortStop = Duration.zero...Duration.seconds(86_400)
  static let countWindow = Duration.milliseconds(100)...Duration.seconds(86_400)
  /// A window of less than a minute sums nothing; one of more than a day is in no shift.
  static let minorStopWindow = Duration.seconds(60)...Duration.seconds(86_400)
  /// Delays of evidence and the dips a machine may make; an hour is no interruption any more.
  static let evidenceDelay = Duration.zero...Duration.seconds(86_400)
  /// The fastest presses and the longest cycles of ovens.
  static let idealCycle = Duration.milliseconds(1)...Duration.seconds(86_400)
  static let slowWindow = Duration.seconds(1)...Duration.seconds(86_400)
  static let changeover = Duration.zero...Duration.seconds(86_400)
  static let confirmation = Duration.seconds(10)...Duration.seconds(86_400)
  /// Percent that an order may be above its plan: ten times the plan is no order any more.
  static let abovePlan = 1000.0
  /// Ideal cycles without a count that are still a standstill and not a holiday.
  static let standingCycles = 1_000_000.0
  /// Lines of one gateway, each with a calendar of its own at most: one a machine in small plants.
  static let lines = 64
  static let calendars = 64
  /// A week: what stood longer is no stop that a route waits for.
  static let minimumDuration = Duration.seconds(1)...Duration.seconds(7 * 86_400)
  static let publishWindow = Duration.zero...Duration.seconds(3600)
  static let healthInterval = Duration.seconds(1)...Duration.seconds(86_400)

  /// 16 KB is one event at its largest; 4 MB is what common proxies accept at most.
  static let batchBytes: ClosedRange<Int64> = 16_384...4_194_304
  static let batchEvents: ClosedRange<Int64> = 1...1000
  /// One a second is a line by hand; what a receiver takes beyond a million needs no limit.
  static let replayRate: ClosedRange<Int64> = 1...1_000_000
  /// Under 16 MB a day of stops does not fit; 1 TB is more than any such disk.
  static let journalBytes: ClosedRange<Int64> = 16_000_000...1_000_000_000_000

  /// Under an hour a lunch break of the network loses events; ten years are the life of the box.
  static let retention = Duration.seconds(3600)...Duration.seconds(315_576_000)
  static let diskReserve: ClosedRange<Int64> = 0...1_000_000_000_000

  /// A power of two; 4,194,304 samples × 32 bytes = 128 MB for one bus.
  static let ringSamples = 1024...4_194_304
  /// The longest time one fsync was seen to take on worn flash.
  static let worstDiskStall = Duration.seconds(2)
  /// The ring holds this many such stalls.
  static let ringSafety = 4

  /// Registers in one read answer (Modbus application protocol V1.1b3, 6.3).
  static let registersPerRequest: ClosedRange<Int64> = 1...125
  /// Bits in one read answer (the same, 6.1 and 6.2).
  static let bitsPerRequest: ClosedRange<Int64> = 1...2000
  /// As many bits as a gap may have: one less than a request.
  static let gapLimit: ClosedRange<Int64> = 0...1999
  static let addresses: ClosedRange<Int64> = 0...65_535
  /// Forbidden ranges of one device; the longest known list has 30.
  static let forbiddenRanges = 256
  /// Silence that a device may ask for; a minute would be a broken device.
  static let pause = Duration.zero...Duration.seconds(60)
  /// The slowest device in the field talks 300 baud, the fastest adapters reach 4 million.
  static let baud: ClosedRange<Int64> = 300...4_000_000
  /// Rates that adapters and devices agree on.
  static let usualBaud: Set<Int64> = [
    300, 600, 1200, 2400, 4800, 9600, 14_400, 19_200, 28_800, 38_400, 57_600, 76_800, 115_200,
    230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000, 2_000_000,
    2_500_000, 3_000_000, 3_500_000, 4_000_000,
  ]
  /// Slave addresses of a serial line: 0 is broadcast, 248 and above are reserved (Modbus over
  /// serial line V1.02, 2.2).
  static let serialUnits: ClosedRange<Int64> = 1...247

  /// The smallest power of two that holds the stalls: samples a second × stall × safety.
  static func ringSamples(forSamplesPerSecond rate: Double) -> Int {
    let stall = Double(worstDiskStall.nanoseconds) / 1e9
    let needed = min(rate * stall * Double(ringSafety), Double(ringSamples.upperBound) * 2)
    var size = ringSamples.lowerBound
    while Double(size) < needed { size *= 2 }
    return size
  }
}
