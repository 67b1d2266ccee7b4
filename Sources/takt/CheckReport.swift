// What `takt check` prints.

import Glibc
import OpenSSLEdge
import Polling
import Primitives
import Settings

enum CheckReport {
  /// Files that the configuration names and that are not on this machine: a hint, no mistake,
  /// since a configuration may be checked elsewhere.
  static func missingFiles(_ plan: SitePlan) -> [String] {
    var hints: [String] = []
    func look(_ path: String?, _ what: String, _ remedy: String) {
      // A credential is handed over to the service only: nobody else can look for it.
      guard let path, !Credential.isMeant(by: path), access(path, F_OK) != 0 else { return }
      hints.append("\(what) \(path) is not on this machine\(remedy)")
    }
    look(
      plan.gateway.keyFile, "gateway.keyFile",
      "; \"takt keygen --key \(plan.gateway.keyFile)\" makes it")
    hints += plan.unknownZones()
    for bus in plan.buses {
      switch bus.line {
      case .tcp, .rtuOverTCP: break
      case .tls(_, _, let identity):
        look(identity.caFile, "buses[\(bus.name)].caFile", "")
        look(identity.certificateFile, "buses[\(bus.name)].certificateFile", "")
        look(identity.keyFile, "buses[\(bus.name)].keyFile", "")
      case .rtu(let line):
        look(
          line.path, "buses[\(bus.name)].device",
          "; \"ls -l /dev/serial/by-id\" shows the adapters that are")
      }
    }
    for uplink in plan.uplinks {
      look(uplink.caFile, "uplinks[\(uplink.name)].caFile", "")
      look(uplink.certificateFile, "uplinks[\(uplink.name)].certificateFile", "")
      look(uplink.keyFile, "uplinks[\(uplink.name)].keyFile", "")
      look(uplink.bearerFile, "uplinks[\(uplink.name)].bearerFile", "")
      look(uplink.passwordFile, "uplinks[\(uplink.name)].passwordFile", "")
      look(uplink.crlFile, "uplinks[\(uplink.name)].crlFile", "")
      look(
        uplink.oauth?.clientSecretFile, "uplinks[\(uplink.name)].oauth.clientSecretFile", "")
      look(
        uplink.proxy?.credentialsFile, "uplinks[\(uplink.name)].proxy.credentialsFile", "")
    }
    return hints + sharedPorts(plan)
  }

  /// Two names of one serial port, which only this machine can tell (F9).
  private static func sharedPorts(_ plan: SitePlan) -> [String] {
    var busByPort: [String: String] = [:]
    var hints: [String] = []
    for bus in plan.buses {
      guard case .rtu(let line) = bus.line, let resolved = realpath(line.path, nil) else {
        continue
      }
      defer { free(resolved) }
      let port = String(cString: resolved)
      if let other = busByPort[port] {
        hints.append(
          "buses[\(bus.name)].device \(line.path) is \(port), the device of bus \(other);"
            + " requests of two buses would collide on its line")
      }
      busByPort[port] = bus.name
    }
    return hints
  }

  /// Buses that cannot be read at the rate asked for, or only just (F20), and signals that no
  /// request can read.
  static func overloads(_ plan: SitePlan) -> [String] {
    plan.buses.flatMap { bus in
      let planned = PlannedBus(bus)
      let unreadable = planned.plan.impossible.map { read in
        "\(bus.name): \(PlanNames.signal(read, bus, plan)) cannot be read: \(read.reason.text)"
      }
      return planned.warnings.map { "\($0); see \"takt plan --bus \(bus.name)\"" } + unreadable
    }
  }

  static func text(
    _ outcome: ConfigurationOutcome, _ missing: [String], _ overloads: [String], _ path: String
  ) -> String {
    var lines = outcome.mistakes.map(\.description)
    let hints = overloads + missing
    lines += hints.map { "\(path): warning: \($0)" }
    if let plan = outcome.configuration?.plan {
      lines.append(
        "\(path): usable: \(count(plan.buses.count, "bus", "buses")),"
          + " \(count(plan.machines.count, "machine", "machines")),"
          + " \(count(plan.signals.count, "signal", "signals")),"
          + " \(count(plan.uplinks.count, "uplink", "uplinks"));"
          + " \(count(outcome.warnings.count + hints.count, "warning", "warnings"))")
    } else {
      lines.append(
        "\(path): not usable: \(count(outcome.errors.count, "mistake", "mistakes")),"
          + " \(count(outcome.warnings.count, "warning", "warnings"))")
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func count(_ number: Int, _ one: String, _ many: String) -> String {
    "\(number) \(number == 1 ? one : many)"
  }

  static func json(
    _ outcome: ConfigurationOutcome, _ missing: [String], _ overloads: [String],
    isExplaining: Bool
  ) -> String {
    var members: [String: JSONValue] = [
      "usable": .bool(outcome.configuration != nil),
      "mistakes": .array(outcome.mistakes.map(json)),
      "missingFiles": .array(missing.map { .string($0) }),
      "overloads": .array(overloads.map { .string($0) }),
    ]
    if isExplaining, let plan = outcome.configuration?.plan,
      let effective = try? JSONValue(parsing: plan.digestInput)
    {
      members["effective"] = effective
    }
    return JSONValue.object(members).canonicalText + "\n"
  }

  static func json(unreadable: String) -> String {
    let members: [String: JSONValue] = ["usable": false, "unreadable": .string(unreadable)]
    return JSONValue.object(members).canonicalText
  }

  private static func json(_ mistake: Mistake) -> JSONValue {
    [
      "severity": .string(mistake.severity.rawValue), "file": .string(mistake.place.file),
      "line": .integer(Int64(mistake.place.line)),
      "column": .integer(Int64(mistake.place.column)), "path": .string(mistake.path),
      "found": .string(mistake.found), "allowed": .string(mistake.allowed),
    ]
  }
}
