// What the gateway that runs with this configuration has learnt about its devices: read from the
// file it keeps, since a plan is shown whether or not it runs.

import Gateway
import LinuxEdge
import Polling
import Primitives
import Settings

/// The refusals of all buses, with the clock by which they are dated.
struct PlanLearnt {
  private var document = LearntDocument()
  private let now: ClockReading

  /// Nothing is known.
  init() { now = SystemClock().reading() }

  /// Reads the file of a site; none is as good as an empty one. What cannot be read is told on
  /// standard error: the plan of the configuration is worth showing without it.
  init(_ site: SitePlan) {
    self.init()
    let path = LearntKeeper.path(site.gateway)
    do {
      guard try Files.status(path) != nil else { return }
      let bytes = try Files.read(path, limit: LearntDocument.byteLimit)
      document = try LearntDocument(parsing: bytes, at: now)
    } catch {
      StandardStream.error.line(
        "takt plan: reading \(path): \(error); what the devices refuse is not shown"
          + " (sudo, or the user of the gateway, may read it)")
    }
  }

  /// What the units of a bus refuse, in the order of units, tables and addresses.
  func refusals(of bus: BusDefinition) -> [(refusal: LearntRefusal, since: WallTime)] {
    (document.buses[bus.name] ?? []).sorted { left, right in
      (left.unit, left.table.readFunction, left.addresses.lowerBound)
        < (right.unit, right.table.readFunction, right.addresses.lowerBound)
    }.map { refusal in
      let age = now.monotonic.nanoseconds(since: refusal.since) / 1_000_000
      let wall = now.wall.milliseconds.subtractingReportingOverflow(age)
      return (refusal, wall.overflow ? now.wall : WallTime(milliseconds: wall.0))
    }
  }
}
