// The register map of the simulated machines, one unit identifier each, all holding registers.
//
//   address  type  what
//         0  u16   state word: bit 0 runs, bit 1 has a fault (run-bit machines only, else 0)
//         1  u16   fault code, 0 for none (0 always where only the count shows)
//         2  u16   good pieces, rolling over after 65,535
//       3-4  u32   good pieces, high word first
//         5  u16   scrap
//       6-7  f32   temperature in °C, high word first
//         8  u16   speed in pieces a minute, 0 while standing

import Primitives

/// One signal of a simulated machine, with its address as a Takt configuration writes it.
public struct PlantSignal: Equatable, Sendable {
  public var name: String
  public var address: String
  /// The engineering unit, for people.
  public var unit: String?
}

/// The register map and the fault codes of the simulated machines.
public enum PlantRegisters {
  /// Registers of each unit, from address 0.
  public static let count = 9

  /// The fault codes and what they mean.
  public static let faults: [(code: UInt16, text: String)] = [
    (11, "Guard door open"), (12, "Material missing"), (17, "Outfeed jam"),
    (23, "Drive overload"), (31, "Tool change"), (42, "Lubrication low"),
  ]

  /// The name of a machine by its index: press-1, press-2, filler-1, press-3 and so on.
  public static func name(_ machine: Int) -> String {
    let (group, place) = machine.quotientAndRemainder(dividingBy: 3)
    return place == 2 ? "filler-\(group + 1)" : "press-\(group * 2 + place + 1)"
  }

  /// What a machine shows of its state.
  public static func kind(_ machine: Int) -> PlantKind {
    PlantKind.allCases[machine % PlantKind.allCases.count]
  }

  /// The signals that a machine offers; the one called "good" is its declared counter.
  public static func signals(_ machine: Int) -> [PlantSignal] {
    var signals: [PlantSignal] = []
    let kind = kind(machine)
    if kind == .runBitAndCode { signals.append(PlantSignal(name: "run", address: "holding 0.0")) }
    if kind != .countOnly {
      signals.append(PlantSignal(name: "fault", address: "holding 1 u16"))
    }
    let good = kind == .runBitAndCode ? "holding 2 u16" : "holding 3 u32 abcd"
    return signals + [
      PlantSignal(name: "good", address: good, unit: "pcs"),
      PlantSignal(name: "scrap", address: "holding 5 u16", unit: "pcs"),
      PlantSignal(name: "temperature", address: "holding 6 f32 abcd", unit: "°C"),
      PlantSignal(name: "speed", address: "holding 8 u16", unit: "pcs/min"),
    ]
  }

  /// What the declared counter of a machine shows.
  static func shownGood(_ machine: PlantMachine) -> UInt64 {
    machine.kind == .runBitAndCode ? machine.counter & 0xFFFF : machine.counter & 0xFFFF_FFFF
  }

  static func values(_ machine: PlantMachine, at now: Instant, since start: Instant) -> [UInt16] {
    var state: UInt16 = 0
    var fault: UInt16 = 0
    var speed: UInt16 = 0
    switch machine.phase {
    case .running:
      state = 1
      speed = machine.piecesPerMinute
    case .waiting, .frozen: state = 1
    case .stopped(_, _, let code):
      fault = code ?? 0
      state = fault == 0 ? 0 : 2
    }
    let temperature = temperature(now - start).bitPattern
    return [
      machine.kind == .runBitAndCode ? state : 0,
      fault,
      UInt16(truncatingIfNeeded: machine.counter),
      UInt16(truncatingIfNeeded: machine.counter >> 16),
      UInt16(truncatingIfNeeded: machine.counter),
      UInt16(truncatingIfNeeded: machine.scrapCounter),
      UInt16(truncatingIfNeeded: temperature >> 16),
      UInt16(truncatingIfNeeded: temperature),
      speed,
    ]
  }

  /// Rises from 55 to 65 °C in a minute and falls again, in steps of a tenth of a degree.
  private static func temperature(_ elapsed: Duration) -> Float {
    let second = max(0, elapsed.wholeMilliseconds / 100) % 1200
    let tenths = second < 600 ? second / 6 : (1200 - second) / 6
    return Float(550 + tenths) / 10
  }
}

extension PlantMachine {
  fileprivate var piecesPerMinute: UInt16 {
    UInt16(clamping: 60_000_000_000 / max(1, options.cycle.nanoseconds))
  }
}
