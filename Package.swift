// swift-tools-version: 6.2
// Takt, the edge gateway. Targets are listed in the order in which data flows through them;
// who may import whom is the table that TidyTests reads and enforces.

import PackageDescription

/// What every target is built with: nothing may be implicit, nothing may warn.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Rooms that decide and never touch the world: additionally no unmarked unsafe operation.
let pure: [SwiftSetting] = strict + [.strictMemorySafety()]

/// Rooms that touch the world through one C library each.
let edge: [SwiftSetting] = strict

func room(_ name: String, _ rooms: [String], _ settings: [SwiftSetting]) -> Target {
  .target(name: name, dependencies: rooms.map { .init(stringLiteral: $0) }, swiftSettings: settings)
}

func tests(_ name: String, _ rooms: [String]) -> Target {
  .testTarget(
    name: name, dependencies: rooms.map { .init(stringLiteral: $0) }, swiftSettings: strict)
}

let decidingRooms = [
  "Primitives", "Signals", "Machines", "Events", "Polling", "Outbox", "Delivery",
]
let edgeRooms = ["ModbusEdge", "SQLiteEdge", "OpenSSLEdge", "LinuxEdge"]

/// What the tests with real peers use besides the rooms that decide and the edges.
let edgeTestRooms = ["Settings", "Gateway", "CLinux", "CModbus", "CSQLite", "takt"]

let package = Package(
  name: "takt",
  products: [.executable(name: "takt", targets: ["takt"])],
  targets: [
    // C libraries: headers only, linked by name.
    .systemLibrary(name: "CModbus", path: "Modules/CModbus", pkgConfig: "libmodbus"),
    .systemLibrary(name: "CSQLite", path: "Modules/CSQLite", pkgConfig: "sqlite3"),
    .systemLibrary(name: "COpenSSL", path: "Modules/COpenSSL", pkgConfig: "openssl"),
    .systemLibrary(name: "CLinux", path: "Modules/CLinux"),

    // Rooms that decide.
    room("Primitives", [], pure),
    room("Signals", ["Primitives"], pure),
    room("Machines", ["Primitives", "Signals"], pure),
    room("Events", ["Primitives", "Signals", "Machines"], pure),
    room("Polling", ["Primitives", "Signals"], pure),
    room("Outbox", ["Primitives", "Events"], pure),
    room("Delivery", ["Primitives", "Outbox"], pure),
    room("Settings", decidingRooms, pure),

    // Rooms that touch the world.
    room("ModbusEdge", ["Primitives", "Polling", "CModbus"], edge),
    room("SQLiteEdge", ["Primitives", "Outbox", "CSQLite"], edge),
    room("OpenSSLEdge", ["Primitives", "Events", "Delivery", "COpenSSL"], edge),
    room("LinuxEdge", ["Primitives", "CLinux"], edge),

    // The order of work, the program, and the virtual world that runs the same steps.
    room("Gateway", decidingRooms, pure),
    room("Simulation", decidingRooms + ["Gateway"], pure),
    .executableTarget(
      name: "takt",
      dependencies: (decidingRooms + edgeRooms + ["Settings", "Gateway", "Simulation"])
        .map { .init(stringLiteral: $0) },
      exclude: ["LOGCODES.md"], swiftSettings: strict),

    // Figures beside those of the bare libraries: scripts/bench.
    .target(
      name: "CAnchors", dependencies: ["CModbus", "CSQLite", "COpenSSL"],
      path: "Tests/Bench/Anchors"),
    .executableTarget(
      name: "takt-bench",
      dependencies: (decidingRooms + edgeRooms + ["Gateway", "CAnchors"])
        .map { .init(stringLiteral: $0) },
      path: "Tests/Bench", exclude: ["Anchors"], swiftSettings: strict),

    // A disk that loses power and fails its calls, around the real SQLite: StorageTests.
    .target(
      name: "CrashDisk", dependencies: ["CSQLite"],
      path: "Tests/CrashDisk", publicHeadersPath: "include"),

    // Tests, a suite for each room.
    tests("PrimitivesTests", ["Primitives"]),
    tests("SignalsTests", ["Primitives", "Signals"]),
    tests("MachinesTests", ["Primitives", "Signals", "Machines"]),
    tests("EventsTests", ["Primitives", "Signals", "Machines", "Events", "OpenSSLEdge"]),
    tests("PollingTests", ["Primitives", "Signals", "Polling"]),
    tests("OutboxTests", ["Primitives", "Events", "Outbox"]),
    tests("DeliveryTests", ["Primitives", "Outbox", "Delivery"]),
    tests("SettingsTests", decidingRooms + ["Settings"]),
    tests("GatewayTests", decidingRooms + ["Gateway", "Simulation"]),
    tests("SimulationTests", decidingRooms + ["Gateway", "Simulation"]),
    tests("EdgeTests", decidingRooms + edgeRooms + edgeTestRooms),
    tests("StorageTests", decidingRooms + ["SQLiteEdge", "CLinux", "CSQLite", "CrashDisk"]),
    tests("ProgramTests", decidingRooms + edgeRooms + ["Settings", "takt"]),
    tests("TidyTests", []),
  ]
)
