// The thread of the status page: it listens, and keeps the story of the machines.
//
// Invariants
// - It owns no part of the gateway: whatever happens here, polling, storing and sending go on.
// - A port that is taken or a certificate that cannot be used is told once and tried again; the
//   rest of the gateway does not notice.
// - The password file is read again when it changes; one that cannot be read shuts the door.

import Delivery
import Gateway
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

/// Serves the page until its seat ends.
nonisolated func pageLoop(_ daemon: Daemon, _ seat: PageSeat, _ page: PageSettings) {
  var trouble = Remembered<String?>(nil)
  var thread = PageThread(daemon, seat, page)
  while !seat.hasEnded {
    do throws(PageFault) {
      try thread.serve()
    } catch {
      if trouble.becomes(error.description) {
        daemon.log.line(.error, .pageFaulty, "status page: \(error.description)")
      }
      _ = seat.bell.wait(until: daemon.clock.now() + PageThread.retry)
    }
  }
}

/// The page of one gateway.
struct PageThread {
  /// How often what stood in the way is tried again.
  static let retry = Duration.seconds(5)

  private let daemon: Daemon
  private let seat: PageSeat
  private let page: PageSettings

  init(_ daemon: Daemon, _ seat: PageSeat, _ page: PageSettings) {
    self.daemon = daemon
    self.seat = seat
    self.page = page
  }

  /// Listens and answers until the seat ends or a file it stands on changes.
  mutating func serve() throws(PageFault) {
    let sight = sights()
    var server = try listen()
    while !seat.hasEnded {
      server.turn(beside: seat.bell.descriptor, until: daemon.clock.now() + Self.retry) { _ in }
      _ = seat.bell.drain()
      if sights() != sight { return }
    }
  }

  private func listen() throws(PageFault) -> HTTPServer<PageDesk> {
    let address = HostAndPort(host: page.host, port: page.port)
    let daemon = daemon
    let seat = seat
    let clock = daemon.clock
    let desk = PageDesk(
      door: PageDoor(
        users: try users(),
        tools: .init(verify: PasswordHash.verify, digest: SHA256.digest)),
      sources: PageSources(
        picture: { seat.newest { clock.now() } }, reasons: { daemon.reasonList() },
        leave: { daemon.leave(classification: $0, provenBy: $1) },
        outcome: { daemon.outcome(of: $0) }, now: { clock.now() }),
      isLocal: page.certificateFile == nil)
    let listener: TCPListener
    do throws(LinuxFault) { listener = try TCPListener(address) } catch {
      throw PageFault(error.description)
    }
    return HTTPServer(
      listener: listener, context: try context(), desk: desk,
      limits: ServerLimits(
        connections: PageLimits.connections, idle: PageLimits.idle,
        patience: PageLimits.patience, request: PageLimits.request))
  }

  private func context() throws(PageFault) -> TLSServerContext? {
    guard let certificate = page.certificateFile, let key = page.keyFile else { return nil }
    do throws(TLSSettingsFault) {
      return try TLSServerContext(certificateFile: certificate, keyFile: key)
    } catch {
      throw PageFault(error.description)
    }
  }

  private func users() throws(PageFault) -> PageUsers? {
    guard let path = page.passwordFile else { return nil }
    do {
      let bytes = try Files.read(path, limit: PageLimits.passwordFileBytes)
      return try PageUsers(text: String(decoding: bytes, as: UTF8.self))
    } catch let fault as PageFault {
      throw PageFault("\(path), \(fault.description)")
    } catch {
      throw PageFault("\(error)")
    }
  }

  /// When the files were last changed.
  private func sights() -> [WallTime?] {
    [page.passwordFile, page.certificateFile, page.keyFile].map { path in
      path.flatMap { (try? Files.status($0))??.modifiedAt }
    }
  }
}
