// What `takt doctor` asks of the running gateway: whether it is there, is the one that this
// configuration means, and is watched over.

import Glibc
import LinuxEdge
import Primitives
import Settings

/// The running gateway as the doctor sees it.
struct DoctorDaemon: Sendable {
  var socket: String
  var status: JSONValue?
  var findings: [DoctorFinding]

  static func ask(_ site: DoctorCase, _ plan: SitePlan) -> DoctorDaemon {
    let socket = site.socket ?? plan.gateway.controlSocket
    let client = GatewayClient(path: socket, clock: SystemClock())
    do throws(CommandFault) {
      let status = try client.ask("status")
      let about = try? client.ask("about")
      return DoctorDaemon(
        socket: socket, status: status, findings: judge(status, about, plan, socket))
    } catch {
      guard error.code == .notRunning else {
        return DoctorDaemon(
          socket: socket, status: nil,
          findings: [.fail("daemon", error.text, "ask as root, or as a member of group takt")])
      }
      let isManaged = access("/run/systemd/system", F_OK) == 0
      let remedy =
        isManaged
        ? "\"systemctl status takt\" says why; \"systemctl start takt\" starts it"
        : "start it with \"takt run --config \(site.path)\""
      return DoctorDaemon(
        socket: socket, status: nil,
        findings: [.warn("daemon", "it is not running: nobody answers at \(socket)", remedy)])
    }
  }

  private static func judge(
    _ status: JSONValue, _ about: JSONValue?, _ plan: SitePlan, _ socket: String
  ) -> [DoctorFinding] {
    let name = status["gateway"]?.string ?? "?"
    guard name == plan.gateway.name else {
      return [
        .fail(
          "daemon",
          "gateway \(name) answers at \(socket), and the configuration is of "
            + plan.gateway.name, "give each gateway of a machine a controlSocket of its own")
      ]
    }
    var findings: [DoctorFinding] = []
    let version = status["version"]?.string ?? "?"
    findings.append(.ok("daemon", "gateway \(name), takt \(version), answers at \(socket)"))
    if version != programVersion {
      findings.append(
        .warn(
          "daemon", "it runs takt \(version), and installed is \(programVersion)",
          "\"systemctl restart takt\""))
    }
    if about?["managed"]?.bool == true {
      let watchdog = about?["watchdogMs"]?.integer
      findings.append(
        watchdog.map {
          .ok("daemon", "systemd watches over it, every \(Human.duration(milliseconds: $0))")
        }
          ?? .warn(
            "daemon", "systemd started it without a watchdog",
            "set WatchdogSec= as the unit that comes with takt has it"))
    } else if about != nil {
      findings.append(
        .warn(
          "daemon", "it was started by hand: nobody starts it again",
          "\"systemctl enable --now takt\""))
    }
    return findings + machines(status)
  }

  private static func machines(_ status: JSONValue) -> [DoctorFinding] {
    (status["machines"]?.array ?? []).compactMap { machine in
      let name = machine["name"]?.string ?? "?"
      switch machine["state"]?.string {
      case "noContact":
        return .fail("machine \(name)", "no contact", "see its bus and unit here")
      case "unknown", nil: return .warn("machine \(name)", "its state is not known yet")
      case .some(let state): return .ok("machine \(name)", state)
      }
    }
  }

  /// How long the journal holds, where the gateway tells.
  var timeToFull: [DoctorFinding] {
    guard let lasts = status?["journal"]?["lastsMs"]?.integer else { return [] }
    let days = lasts / 86_400_000
    let length = Human.duration(milliseconds: lasts)
    let text = "at today's rate it holds events for \(length) without an uplink"
    return [days < 3 ? .warn("journal", text, "raise its limit") : .ok("journal", text)]
  }

  /// What the running gateway says of a bus.
  func bus(_ name: String) -> JSONValue? {
    status?["buses"]?.array?.first { $0["name"]?.string == name }
  }

  /// What the running gateway says of an uplink.
  func uplink(_ name: String) -> JSONValue? {
    status?["uplinks"]?.array?.first { $0["name"]?.string == name }
  }
}
