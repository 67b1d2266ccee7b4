// What a request costs: the time in which nothing else can be on the line.
//
// Invariants
// - The wire time is the two frames and the two silences of 3.5 characters around the answer; the
//   cost of a request is the wire time, the device's own turnaround and the pause asked for.
// - A pause between requests runs beside the silence behind an answer: the longer one counts.
// - The silence that one device needs blocks only that device; it is told apart (`rest`).
// - Every number is bounded, so that no sum over a plan can overflow: 65,536 requests a table at
//   most, each below 16 minutes, are less than 2 years of nanoseconds.
//
// Sources: Modbus over serial line V1.02, 2.5.1.1 (frames, 3.5 characters, 1.75 ms above 19,200
// baud); Modbus messaging on TCP/IP V1.0b, 3.1.3 (the header of seven bytes).

import Primitives

/// The times of one line, from its speed and the pauses asked for.
public struct LineTiming: Equatable, Sendable {
  /// What a device is assumed to think between a request and its answer, until it is measured.
  public static let assumedTurnaround = Duration.milliseconds(5)
  /// What a request and its answer are assumed to take on a plant's network beside their bytes.
  public static let assumedRoundTrip = Duration.milliseconds(1)
  /// From this baud rate on the silence between frames is fixed; below it is 3.5 characters.
  public static let fixedSilenceAbove = 19_200
  /// The silence between frames above 19,200 baud, in nanoseconds.
  static let fixedSilence: Int64 = 1_750_000
  /// One byte at 100 Mbit/s, in nanoseconds: what most PLCs' ports still run at.
  static let networkByte: Int64 = 80
  /// Bytes of Ethernet, IP and TCP around a frame, with preamble and gap.
  static let packetBytes: Int64 = 78
  /// Turnarounds and pauses above this count as this, in nanoseconds: five minutes.
  static let longest: Int64 = 300_000_000_000

  /// One character on the wire, or one byte in a packet, in nanoseconds.
  let character: Int64
  /// The silence before and that behind an answer, in nanoseconds; none on a network.
  let silence: Int64
  /// Characters of a request, and of an answer without its data.
  let requestCharacters: Int64
  let answerCharacters: Int64
  /// Round trip on a network and thinking of the device, in nanoseconds.
  let turnaround: Int64
  /// Between an answer and the next request of the bus, in nanoseconds.
  let pause: Int64

  /// The times of a bus; `turnaround` is the devices' own, where it has been measured.
  public init(_ bus: BusDefinition, turnaround: Duration? = nil) {
    self.init(bus.line, requestPause: bus.requestPause, turnaround: turnaround)
  }

  /// The times of a line.
  public init(_ line: BusLine, requestPause: Duration = .zero, turnaround: Duration? = nil) {
    let thinking = turnaround.map(Self.bounded)
    let roundTrip = Self.assumedRoundTrip.nanoseconds
    pause = Self.bounded(requestPause)
    switch line {
    case .tcp, .tls:
      character = Self.networkByte
      silence = 0
      requestCharacters = 12 + Self.packetBytes
      answerCharacters = 9 + Self.packetBytes
      self.turnaround = thinking ?? roundTrip
    case .rtu(let serial):
      (character, silence) = Self.serial(serial.speed)
      (requestCharacters, answerCharacters) = (8, 5)
      self.turnaround = thinking ?? Self.assumedTurnaround.nanoseconds
    case .rtuOverTCP(_, _, let speed):
      (character, silence) = Self.serial(speed)
      (requestCharacters, answerCharacters) = (8, 5)
      self.turnaround = thinking ?? Self.assumedTurnaround.nanoseconds + roundTrip
    }
  }

  private static func serial(_ speed: SerialSpeed) -> (character: Int64, silence: Int64) {
    let bits = Int64(min(max(speed.bitsPerCharacter, 10), 12))
    let baud = Int64(min(max(speed.baud, 50), 10_000_000))
    let character = bits * 1_000_000_000 / baud
    let isFixed = speed.baud > fixedSilenceAbove
    return (character, isFixed ? fixedSilence : character * 7 / 2)
  }

  static func bounded(_ duration: Duration) -> Int64 { min(max(0, duration.nanoseconds), longest) }

  // MARK: costs

  /// Both frames and the silences around the answer: what the wire alone takes.
  public func wireTime(_ table: ModbusTable, count: Int) -> Duration {
    .nanoseconds(characters(table, count) * character + 2 * silence)
  }

  /// How long the line is taken by one request: wire, turnaround and the pause behind it.
  public func cost(_ table: ModbusTable, count: Int) -> Duration {
    .nanoseconds(
      characters(table, count) * character + silence + turnaround + max(silence, pause))
  }

  /// What of a measured time from request to answer was the device's own: without the frames of
  /// what it is mostly asked for, and the silence by which the end of an answer is known.
  func turnaround(of unit: Int, in plan: ReadPlan, _ answer: Duration) -> Duration {
    var (frames, requests) = (0.0, 0.0)
    for block in plan.blocks where block.unit == unit {
      let rate = 1e9 / Double(max(1, block.period.nanoseconds))
      frames += rate * Double(characters(block.table, Int(block.count)) * character)
      requests += rate
    }
    guard requests > 0 else { return answer }
    let wire = Int64(frames / requests) + silence
    return .nanoseconds(max(0, Self.bounded(answer) - wire))
  }

  /// How long a unit rests beyond the line's own pause before it may be asked again.
  public func rest(_ quirks: DeviceQuirks) -> Duration {
    .nanoseconds(max(0, Self.bounded(quirks.pause) - max(silence, pause)))
  }

  /// Unused addresses that cost less to read along than another request to the same unit.
  public func gapWorth(_ table: ModbusTable, _ quirks: DeviceQuirks) -> Int {
    Int(clamping: requestCost(quirks) / max(1, addressCost(table)))
  }

  /// What a request costs before its first address, in nanoseconds.
  func requestCost(_ quirks: DeviceQuirks) -> Int64 {
    cost(.holding, count: 0).nanoseconds + rest(quirks).nanoseconds
  }

  /// What one more address costs, in nanoseconds: two characters, or an eighth for a bit.
  func addressCost(_ table: ModbusTable) -> Int64 {
    table.holdsBits ? character / 8 : character * 2
  }

  private func characters(_ table: ModbusTable, _ count: Int) -> Int64 {
    let addresses = Int64(min(max(0, count), 65_536))
    let data = table.holdsBits ? (addresses + 7) / 8 : addresses * 2
    return requestCharacters + answerCharacters + data
  }
}
