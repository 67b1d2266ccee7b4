// The main thread's part of the status page: it starts the page's thread and makes its pictures.

import LinuxEdge
import Primitives
import Synchronization

/// Keeps the page of a running daemon.
struct PageKeeper {
  private let daemon: Daemon
  private var seat: PageSeat?
  private var story: PageStory

  /// Starts the page where one is configured; a fault is told and leaves the daemon without a page.
  init(_ daemon: Daemon) {
    self.daemon = daemon
    story = PageStory(
      machines: daemon.plan.machines.map(\.name), since: daemon.clock.reading().wall)
    guard let page = daemon.plan.page else { return }
    do throws(LinuxFault) {
      let bell = daemon.mainBell
      let seat = try PageSeat { bell.signal() }
      _ = try NamedThread(name: "page") { [daemon] in pageLoop(daemon, seat, page) }
      self.seat = seat
    } catch {
      daemon.log.line(.error, "status page: \(error.description)")
    }
  }

  /// Makes the picture that the page asked for, if it did.
  mutating func turn() {
    guard let seat else { return }
    for bytes in daemon.recent.takeAll() {
      if let event = try? JSONValue(parsing: bytes) { story.hear(event) }
    }
    guard seat.takeWish() else { return }
    let now = daemon.clock.reading()
    guard var members = daemon.status().json.object else { return }
    let machines = (members["machines"]?.array ?? []).map { machine -> JSONValue in
      guard var told = machine.object, let name = told["name"]?.string else { return machine }
      told["story"] = story.json(name, now: now.wall)
      return .object(told)
    }
    members["machines"] = .array(machines)
    members["storySince"] = .string(story.since.text)
    seat.post(.object(members), at: daemon.clock.now())
  }

  /// Wakes the page's thread, so that it sees that the daemon stops.
  func finish() { seat?.bell.signal() }
}
