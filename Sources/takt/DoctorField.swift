// What `takt doctor` looks at in the field: the way to each bus, and whether its units answer.
//
// The running gateway owns its buses: what it says of them is told. Without it each link is opened
// here, and each unit is asked for the first thing that is wanted of it.

import Glibc
import LinuxEdge
import Polling
import Primitives
import Settings

struct DoctorField: Sendable {
  private let bus: BusDefinition
  private let daemon: DoctorDaemon
  private let identity: DoctorIdentity
  private var place: String { "bus \(bus.name)" }

  init(_ bus: BusDefinition, _ daemon: DoctorDaemon, _ identity: DoctorIdentity) {
    (self.bus, self.daemon, self.identity) = (bus, daemon, identity)
  }

  func findings() -> [DoctorFinding] {
    let port = port()
    if port.contains(where: { $0.verdict == .fail }) { return port }
    if let told = daemon.bus(bus.name) { return port + said(told) }
    return port + withFieldBus(bus.line, tap: nil, DoctorVisit(bus: bus, place: place))
  }

  // MARK: the serial port

  private func port() -> [DoctorFinding] {
    guard case .rtu(let line) = bus.line else { return [] }
    var status = stat()
    guard stat(line.path, &status) == 0 else {
      let there = adapters
      return [
        .fail(
          place, "there is no serial device \(line.path)",
          there.isEmpty
            ? "no USB adapter is plugged in; plug it in, or look for it with \"dmesg\""
            : "there is \(there); correct device, or plug the adapter in")
      ]
    }
    guard status.st_mode & S_IFMT == S_IFCHR else {
      return [.fail(place, "\(line.path) is no serial device", "correct device")]
    }
    guard
      identity.may(6, owner: status.st_uid, group: status.st_gid, mode: status.st_mode)
    else {
      return [
        .fail(
          place,
          "\(identity.name) may not use \(line.path): it belongs to group "
            + "\(group(status.st_gid))",
          "\"usermod -a -G \(group(status.st_gid)) \(identity.name)\", then start takt again; the "
            + "package's udev rule does it for every adapter")
      ]
    }
    guard daemon.bus(bus.name) == nil else { return [] }
    let holders = DoctorHolders.of(line.path)
    guard holders.isEmpty else {
      return [
        .fail(
          place, "\(holders.joined(separator: ", ")) has \(line.path) open",
          "stop it: a line bears one master only")
      ]
    }
    return []
  }

  private var adapters: String {
    let directory = "/dev/serial/by-id"
    return ((try? Files.list(directory)) ?? []).prefix(4).map { directory + "/" + $0 }
      .joined(separator: ", ")
  }

  private func group(_ id: UInt32) -> String {
    var entry = Glibc.group()
    var found: UnsafeMutablePointer<Glibc.group>?
    var buffer = [CChar](repeating: 0, count: 16_384)
    guard getgrgid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil,
      let name = entry.gr_name
    else { return String(id) }
    return String(cString: name)
  }

  // MARK: what the running gateway says

  private func said(_ told: JSONValue) -> [DoctorFinding] {
    let link = told["link"]?.string ?? "?"
    guard link == "up" else {
      let why = told["lastError"]?.string ?? "its link is \(link)"
      return [.fail(place, why, DoctorAdvice.link(bus.line, why))]
    }
    var findings = [DoctorFinding.ok(place, "the gateway is connected to \(bus.line.text)")]
    for unit in told["units"]?.array ?? [] {
      let name = "unit \(unit["name"]?.string ?? "?")"
      let fault = unit["lastError"]?.string
      switch unit["contact"]?.string {
      case "good":
        findings.append(.ok(name, "answers"))
      case "lost", "never":
        findings.append(.fail(name, fault ?? "does not answer", DoctorAdvice.silence(bus.line)))
      case .some(let word): findings.append(.warn(name, fault ?? "its contact is \(word)"))
      case nil: findings.append(.warn(name, "nothing is known of it yet"))
      }
      for refusal in unit["refusals"]?.array?.prefix(3) ?? [] {
        findings.append(.warn(name, refusal.string ?? "", DoctorAdvice.addresses))
      }
    }
    return findings
  }
}

/// What to do, by what was found.
enum DoctorAdvice {
  static let addresses =
    "compare the address with the device's manual: 40001 in a manual is \"holding 0\" here or "
    + "\"40001\" alone; \"takt read\" tries it"

  /// A unit that says nothing at all.
  static func silence(_ line: BusLine) -> String {
    switch line {
    case .tcp, .tls:
      "check power and unit number; behind a gateway the number counts, straight at a PLC it is "
        + "mostly 1 or 255"
    case .rtu, .rtuOverTCP:
      "check power, wires (A and B swapped?) and unit number; a wrong baud rate or parity cannot "
        + "be told from a dead unit: \"takt scan\" tries them all"
    }
  }

  /// A link that does not open.
  static func link(_ line: BusLine, _ why: String) -> String {
    let words = why.lowercased()
    if words.contains("refused") {
      return "that machine is on, but nothing listens on the port: check port and host, and that "
        + "Modbus is enabled in the device"
    }
    if words.contains("no route") || words.contains("unreachable") {
      return "check the network of this machine: \"ip route get\" the host, cable, VLAN"
    }
    if words.contains("looking up") {
      return "check the spelling of host, or write its address in numbers"
    }
    if words.contains("certificate") || words.contains("tls") { return "check the files it names" }
    switch line {
    case .rtu: return "check the adapter and its rights"
    case .tcp, .tls, .rtuOverTCP:
      return "nothing answers there: check host, power and cable; a firewall that drops looks the "
        + "same"
    }
  }
}

/// The looks over whatever link the bus has.
private struct DoctorVisit: FieldBusVisit {
  let bus: BusDefinition
  let place: String

  consuming func use<Bus: FieldBus & ~Copyable>(_ link: consuming Bus) -> [DoctorFinding] {
    let clock = SystemClock()
    let started = clock.now()
    do throws(BusFault) {
      try link.open(timeout: min(bus.connectTimeout, DoctorLimits.open))
    } catch {
      let why = Self.opening(error, bus)
      return [.fail(place, why, DoctorAdvice.link(bus.line, why))]
    }
    let took = (clock.now() - started).answerText
    var findings = [DoctorFinding.ok(place, "\(bus.line.text) is open, in \(took)")]
    for unit in bus.units.prefix(DoctorLimits.units) { findings += ask(unit, &link, clock) }
    if bus.units.count > DoctorLimits.units {
      findings.append(
        .warn(place, "\(bus.units.count - DoctorLimits.units) more units were not asked"))
    }
    link.close()
    return findings
  }

  private func ask<Bus: FieldBus & ~Copyable>(
    _ unit: UnitDefinition, _ link: inout Bus, _ clock: SystemClock
  ) -> [DoctorFinding] {
    let name = "unit \(unit.name)"
    guard let block = ReadPlan(alone(unit)).blocks.first else { return [] }
    let request = ReadRequest(
      unitAddress: unit.address, table: block.table, start: block.start, count: block.count,
      timeout: min(unit.timeout, DoctorLimits.answer))
    var words: [UInt16] = []
    let asked = "\(block.table.rawValue) \(block.start)"
    do throws(BusFault) {
      let started = clock.now()
      try link.read(request, into: &words)
      let took = (clock.now() - started).answerText
      return [.ok(name, "answers for \(asked) in \(took)")]
    } catch {
      switch error {
      case .exception(let code) where (1...3).contains(code):
        return [
          .fail(name, "answers, but refuses \(asked): \(error.cause)", DoctorAdvice.addresses)
        ]
      case .exception:
        return [.fail(name, "\(asked): \(error.cause)", DoctorAdvice.silence(bus.line))]
      case .timeout:
        return [
          .fail(
            name, "no answer within \(request.timeout.text)", DoctorAdvice.silence(bus.line))
        ]
      case .garbage(let cause):
        return [
          .fail(
            name, "what answers is not Modbus: \(cause)",
            "check host and port: another service, or serial framing (rtu over tcp) behind it")
        ]
      case .broken(let cause), .unreachable(let cause):
        return [
          .fail(
            name, "the link broke when it was asked: \(cause)",
            "check that host and port are a Modbus device's; many allow one connection only")
        ]
      }
    }
  }

  private func alone(_ unit: UnitDefinition) -> BusDefinition {
    var alone = bus
    alone.units = [unit]
    return alone
  }

  private static func opening(_ fault: BusFault, _ bus: BusDefinition) -> String {
    switch fault {
    case .timeout:
      let time = min(bus.connectTimeout, DoctorLimits.open).text
      return "connecting to \(bus.line.text): no answer within \(time)"
    case .unreachable(let cause), .broken(let cause), .garbage(let cause): return cause
    case .exception(let code): return "connecting to \(bus.line.text): exception \(code)"
    }
  }
}
