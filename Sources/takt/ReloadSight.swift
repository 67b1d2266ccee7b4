// What the main thread sees of units and uplinks, to compare before and after.

import Delivery
import Gateway
import LinuxEdge
import Outbox
import Polling
import Primitives
import Settings

/// A question to every thread, and when its answers are looked at, complete or not.
struct ReloadQuestion {
  private var number: Int?
  private(set) var dueAt: Instant

  /// Asks at once.
  init(_ daemon: Daemon, _ now: Instant) {
    number = daemon.ask()
    dueAt = now + RunLimits.statusWait
  }

  /// Asks later.
  init(_ daemon: Daemon, _ now: Instant, after delay: Duration) { dueAt = now + delay }

  var isAsked: Bool { number != nil }

  mutating func ask(_ daemon: Daemon, _ now: Instant) { self = ReloadQuestion(daemon, now) }

  func isAnswered(_ daemon: Daemon, _ now: Instant) -> Bool {
    guard let number else { return false }
    return now >= dueAt || daemon.isAnswered(number)
  }
}

extension ProbationSight {
  /// Every unit and uplink of what runs, as it told of itself last.
  init(_ daemon: Daemon) {
    let now = daemon.clock.now()
    let site = daemon.site
    var units: [String: Unit] = [:]
    for field in site.fields {
      let status = field.board.newest?.value
      for (index, unit) in field.bus.units.enumerated() {
        guard let status, index < status.units.count else {
          units[unit.name] = .lost("bus \(field.bus.name) has not begun yet")
          continue
        }
        let told = status.units[index]
        let word = told.contactWord(at: now)
        let cause = told.lastError ?? status.lastError ?? "it has not answered yet"
        units[unit.name] = word == "lost" || word == "never" ? .lost(cause) : .inContact
      }
    }
    let owed = daemon.recorderBoard.newest?.value.status.uplinks ?? []
    var uplinks: [String: Uplink] = [:]
    for courier in site.couriers {
      let depth = owed.first { $0.name == courier.uplink.name }?.depth ?? 0
      uplinks[courier.uplink.name] = Uplink(courier.link.status.newest, depth: depth)
    }
    self.init(units: units, uplinks: uplinks)
  }
}

extension ProbationSight.Uplink {
  fileprivate init(_ status: CourierStatus?, depth: UInt64) {
    guard let status else {
      self = depth > 0 ? .owing : .idle
      return
    }
    if status.consecutiveFailures > 0 || status.alarm != nil {
      self = .failing(status.alarm ?? status.lastError ?? "it fails")
    } else if status.lastSuccess != nil {
      self = .good
    } else {
      self = depth > 0 ? .owing : .idle
    }
  }
}

extension SiteDesign {
  /// How long it is watched after it was applied.
  var probation: Duration { plan.remote?.probation ?? ProbationRules().length }

  /// Whether it is taken back when it fails: always when it came from afar.
  var rollsBack: Bool { source.serial != nil || plan.takesBackLocalFiles }
}

extension ConfigurationStatus {
  /// Another design runs from now on, and is not watched.
  mutating func run(_ design: SiteDesign, _ clock: SystemClock) {
    digest = design.digest
    source = design.source
    since = clock.reading().wall
    probationUntil = nil
  }
}
