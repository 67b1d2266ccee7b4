// The oracle's protocol: every true stop, reset and total as one JSON line, durable when written.
//
//   {"kind":"start","machine":"press-1","at":…}                       the first moment that counts
//   {"kind":"stop","machine":…,"startedAt":…,"endedAt":…,"code":12}   written when the stop ends;
//       `endedAt` is null when it was still open at the end, `code` is null when none was shown
//   {"kind":"reset","machine":…,"at":…,"good":n,"scrap":n}            what the declared counters
//       showed when the PLC lost its power; after it they start again at 0
//   {"kind":"settle","machine":…,"at":…}                              the last piece is made; a
//       machine that shows nothing but its count and goes on standing has an open stop from then on
//   {"kind":"total","machine":…,"good":n,"scrap":n}                   all pieces made since "start"

import LinuxEdge
import Primitives
import Simulation

/// Writes what truly happened; without a path it writes nothing.
struct SimulateTruth: ~Copyable {
  private var file: DurableAppender?

  /// Starts an empty file.
  init(path: String?) throws(LinuxFault) {
    guard let path else {
      file = nil
      return
    }
    var appender = try DurableAppender(path)
    try appender.truncate(to: 0)
    file = consume appender
  }

  /// Writes the facts that a comparison needs; a stop is told when it has ended.
  mutating func tell(
    _ facts: [PlantFact], _ reading: ClockReading, endsAtRest: Bool
  ) throws(LinuxFault) {
    var lines: [JSONValue] = []
    for fact in facts {
      let at = JSONValue.string(reading.label(fact.at).text)
      let machine = JSONValue.string(PlantRegisters.name(fact.machine))
      switch fact.kind {
      case .stopBegan: continue
      case .stopEnded(let startedAt, let code):
        lines.append(Self.stop(machine, startedAt, endedAt: at, code, reading))
      case .countersReset(let good, let scrap):
        lines.append([
          "kind": "reset", "machine": machine, "at": at, "good": .integer(Int64(clamping: good)),
          "scrap": .integer(Int64(clamping: scrap)),
        ])
      case .frozen:
        lines.append(["kind": "settle", "machine": machine, "at": at])
        // Who sees nothing but a count sees a stop that has not ended, and that is what it is.
        if !endsAtRest, PlantRegisters.kind(fact.machine) == .countOnly {
          lines.append([
            "kind": "stop", "machine": machine, "startedAt": at, "endedAt": .null, "code": .null,
          ])
        }
      }
    }
    try append(lines)
  }

  /// Writes the moment from which every piece and every stop counts.
  mutating func begin(_ plant: Plant, _ reading: ClockReading) throws(LinuxFault) {
    let at = JSONValue.string(reading.label(plant.startedAt).text)
    try append(
      (0..<plant.machineCount).map {
        ["kind": "start", "machine": .string(PlantRegisters.name($0)), "at": at]
      })
  }

  /// Writes the stops that are still open and the totals.
  mutating func finish(_ plant: Plant, _ reading: ClockReading) throws(LinuxFault) {
    var lines: [JSONValue] = []
    for index in 0..<plant.machineCount {
      let machine = JSONValue.string(PlantRegisters.name(index))
      if let open = plant.openStop(index) {
        lines.append(Self.stop(machine, open.startedAt, endedAt: .null, open.code, reading))
      }
      let made = plant.made(index)
      lines.append([
        "kind": "total", "machine": machine, "good": .integer(made.good),
        "scrap": .integer(made.scrap),
      ])
    }
    try append(lines)
  }

  private static func stop(
    _ machine: JSONValue, _ startedAt: Instant, endedAt: JSONValue, _ code: UInt16?,
    _ reading: ClockReading
  ) -> JSONValue {
    [
      "kind": "stop", "machine": machine,
      "startedAt": .string(reading.label(startedAt).text), "endedAt": endedAt,
      "code": code.map { .integer(Int64($0)) } ?? .null,
    ]
  }

  private mutating func append(_ lines: [JSONValue]) throws(LinuxFault) {
    guard !lines.isEmpty else { return }
    let bytes = lines.flatMap { $0.canonicalBytes + [UInt8(ascii: "\n")] }
    try file?.append(bytes)
  }
}
