// What the units were found to refuse, as the bytes of a file that outlives the daemon.
//
//   {"learnt":[{"bus","exception","first","last","learnedAt","longest","table","tries","unit"}],
//    "version":1}
//
// "longest" stands only where it is the length of a request that is refused.
//
// Invariants
// - Canonical JSON: the same knowledge gives the same bytes.
// - Nothing is believed that could not have been written: a file that is not whole is refused as a
//   whole, with a sentence. Whether an entry still fits the configuration is the poller's question.
// - At most `LearntDocument.entryLimit` entries are written or read.
// - Moments are told in wall time and carried back into this boot's monotonic time: a clock that
//   was set meanwhile moves a label, never a schedule.

public import Polling
public import Primitives
import Signals

/// Why a file of what was learnt cannot be used.
public struct LearntFault: Error, Equatable, Sendable, CustomStringConvertible {
  public var description: String
}

/// The refusals of all buses, by the name of the bus.
public struct LearntDocument: Equatable, Sendable {
  /// 64 buses × 64 refusals, however they are spread; 140 bytes each.
  public static let entryLimit = 4096
  public static let byteLimit = 1024 * 1024

  public var buses: [String: [LearntRefusal]]

  public init(buses: [String: [LearntRefusal]] = [:]) { self.buses = buses }

  /// The bytes of the file; `now` tells wall time and monotonic time at one moment.
  public func bytes(at now: ClockReading) -> [UInt8] {
    var entries: [JSONValue] = []
    for (bus, refusals) in buses.sorted(by: { $0.key < $1.key }) {
      for refusal in refusals.prefix(Self.entryLimit - entries.count) {
        entries.append(Self.entry(refusal, bus, now))
      }
    }
    let document: JSONValue = ["version": 1, "learnt": .array(entries)]
    return document.canonicalBytes + [UInt8(ascii: "\n")]
  }

  /// Reads what `bytes(at:)` has written.
  public init(parsing bytes: [UInt8], at now: ClockReading) throws(LearntFault) {
    guard bytes.count <= Self.byteLimit else {
      throw LearntFault(description: "it is larger than \(Self.byteLimit) bytes")
    }
    let document: JSONValue
    do throws(JSONFault) {
      document = try JSONValue(parsing: bytes)
    } catch {
      throw LearntFault(description: error.description)
    }
    guard document["version"]?.integer == 1, let entries = document["learnt"]?.array else {
      throw LearntFault(description: "it is not of version 1")
    }
    guard entries.count <= Self.entryLimit else {
      throw LearntFault(description: "it has more than \(Self.entryLimit) entries")
    }
    buses = [:]
    for (index, entry) in entries.enumerated() {
      guard let bus = entry["bus"]?.string, let refusal = Self.refusal(entry, now) else {
        throw LearntFault(description: "entry \(index + 1) is none")
      }
      buses[bus, default: []].append(refusal)
    }
  }

  private static func entry(
    _ refusal: LearntRefusal, _ bus: String, _ now: ClockReading
  ) -> JSONValue {
    let age = now.monotonic.nanoseconds(since: refusal.since) / 1_000_000
    let wall = now.wall.milliseconds.subtractingReportingOverflow(age)
    var members: [String: JSONValue] = [
      "bus": .string(bus), "unit": .integer(Int64(refusal.unit)),
      "table": .string(refusal.table.rawValue),
      "first": .integer(Int64(refusal.addresses.lowerBound)),
      "last": .integer(Int64(refusal.addresses.upperBound)),
      "exception": .integer(Int64(refusal.exception)),
      "learnedAt": .string((wall.overflow ? now.wall : WallTime(milliseconds: wall.0)).text),
      "tries": .integer(Int64(refusal.tries)),
    ]
    members["longest"] = refusal.longest.map { .integer(Int64($0)) }
    return .object(members)
  }

  private static func refusal(_ entry: JSONValue, _ now: ClockReading) -> LearntRefusal? {
    guard let unit = entry["unit"]?.integer.flatMap({ UInt8(exactly: $0) }),
      let table = entry["table"]?.string.flatMap(ModbusTable.init),
      let first = entry["first"]?.integer.flatMap({ UInt16(exactly: $0) }),
      let last = entry["last"]?.integer.flatMap({ UInt16(exactly: $0) }), first <= last,
      let exception = entry["exception"]?.integer, (0...3).contains(exception),
      let learnedAt = entry["learnedAt"]?.string.flatMap(WallTime.init(text:)),
      let tries = entry["tries"]?.integer, (0...Int64(PollingLimits.triesCounted)).contains(tries)
    else { return nil }
    var longest: Int?
    if let member = entry["longest"] {
      guard let told = member.integer, (1...Int64(table.limitPerRequest)).contains(told) else {
        return nil
      }
      longest = Int(told)
    }
    // A label from the future is of a clock that was wrong then or is wrong now.
    let age = max(0, now.wall.milliseconds - learnedAt.milliseconds)
    return LearntRefusal(
      unit: unit, table: table, addresses: first...last, exception: UInt8(exception),
      since: now.monotonic - .milliseconds(age), tries: Int(tries),
      longest: longest)
  }
}
