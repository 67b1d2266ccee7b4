// The main thread's part of the status page: it starts and ends the page's thread as the
// configuration says, follows what the machines do, and makes the pictures.

import Gateway
import LinuxEdge
import Machines
import Outbox
import Primitives
import Settings
import Synchronization

/// Keeps the page of a running daemon.
struct PageKeeper {
  private let daemon: Daemon
  private var page: PageSettings?
  private var seat: PageSeat?
  private var story: PageStory
  /// The number of the last event that the story heard.
  private var heard: UInt64 = 0

  init(_ daemon: Daemon) {
    self.daemon = daemon
    story = PageStory(machines: [], since: daemon.clock.reading().wall)
  }

  /// Follows the configuration and the machines, and makes the picture that is asked for.
  mutating func turn() {
    follow(daemon.plan)
    guard let seat else { return }
    hear()
    guard seat.takeWish() else { return }
    let now = daemon.clock.reading()
    guard var members = daemon.status().json.object else { return }
    hear()
    let machines = (members["machines"]?.array ?? []).map { machine -> JSONValue in
      guard var told = machine.object, let name = told["name"]?.string else { return machine }
      told["story"] = story.json(name, now: now.wall)
      return .object(told)
    }
    members["machines"] = .array(machines)
    members["storySince"] = .string(story.since.text)
    seat.post(.object(members), at: daemon.clock.now())
  }

  /// Ends the page's thread.
  func finish() { seat?.end() }

  private mutating func follow(_ plan: SitePlan) {
    if plan.page != page {
      seat?.end()
      seat = nil
      page = plan.page
      daemon.storyTap.turn(on: page != nil)
      if let page { start(page) }
    }
    if seat != nil { story.adopt(plan.machines.map(\.name)) }
  }

  private mutating func start(_ page: PageSettings) {
    do throws(LinuxFault) {
      let bell = daemon.mainBell
      let seat = try PageSeat { bell.signal() }
      story = PageStory(machines: [], since: daemon.clock.reading().wall)
      heard = daemon.storyTap.last
      _ = try NamedThread(name: "page") { [daemon] in pageLoop(daemon, seat, page) }
      self.seat = seat
    } catch {
      daemon.log.line(.error, .pageFaulty, "status page: \(error.description)")
    }
  }

  private mutating func hear() {
    let glance = daemon.storyTap.glance(after: heard, byteLimit: .max)
    heard = glance.last
    for body in glance.bodies {
      if let event = try? JSONValue(parsing: body) { story.hear(event) }
    }
  }
}
