// The gateway's own way to bundles: asks a server over HTTPS now and then, and drops what is new
// into the inbox, where it is judged like everything else.
//
// Invariants
// - What arrives is believed no more than a USB stick: only the signature counts.
// - The server is asked at most once an interval, give or take a tenth, the first time within a
//   minute of the start: 300 gateways that come back from one power cut do not come at once.
// - A bundle is asked for with the tag of the last one (If-None-Match), so that most questions cost
//   one head; it is bounded, and its signature is put into the inbox after it.
// - Whatever befalls it, it is logged once a change, and nothing else of the gateway notices.

import Delivery
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings
import Synchronization

enum PullLimits {
  /// From the first packet to the last byte of one file: 16 MiB at 1 Mbit/s.
  static let timeout = Duration.seconds(150)
  /// Within which the first question comes after a start.
  static let first = Duration.seconds(60)
  /// Characters of a tag.
  static let tag = 256
  static let bundle = HTTPLimits(
    headBytes: 32 * 1024, fieldCount: 100, bodyBytes: BundleLimits.bytes)
}

/// The thread that pulls, as the main thread sees it.
final class BundlePull: Sendable {
  private let plan: RemotePlan.Pull
  private let inbox: String
  private let daemon: Daemon
  private let bell: WakeUp
  private let over = Atomic<Bool>(false)

  /// Starts the thread; nil when nothing is to be pulled, or when it could not be started.
  init?(_ daemon: Daemon) {
    guard let remote = daemon.plan.remote, let plan = remote.pull else { return nil }
    self.plan = plan
    inbox = remote.inbox
    self.daemon = daemon
    do throws(LinuxFault) {
      bell = try WakeUp()
      _ = try NamedThread(name: "bundle-pull") { [self] in live() }
    } catch {
      daemon.log.line(.error, .inboxFaulty, "pulling bundles: \(error.description)")
      return nil
    }
  }

  /// Asks the thread to end; false while it has not.
  func end() -> Bool {
    bell.signal()
    return over.load(ordering: .acquiring)
  }

  private var isStopping: Bool { daemon.isStopping.load(ordering: .acquiring) }

  private func live() {
    var random = SystemRandom()
    var trouble = Remembered<String?>(nil)
    var tag: String?
    var next = daemon.clock.now() + Self.share(min(PullLimits.first, plan.interval), &random)
    while !isStopping {
      if daemon.clock.now() < next {
        _ = bell.wait(until: next)
        continue
      }
      let why = pull(&tag)
      if trouble.becomes(why) {
        daemon.log.line(
          why == nil ? .notice : .warning, why == nil ? .pullWorks : .pullFaulty,
          "pulling bundles: \(why ?? "the server answers again")")
      }
      next =
        daemon.clock.now() + plan.interval * 9 / 10 + Self.share(plan.interval / 5, &random)
    }
    over.store(true, ordering: .releasing)
    daemon.mainBell.signal()
  }

  /// A random part of a duration.
  private static func share(_ duration: Duration, _ random: inout SystemRandom) -> Duration {
    .milliseconds(Int64(random.next() % UInt64(max(1, duration.wholeMilliseconds))))
  }

  /// Asks once; the reason when nothing can be had.
  private func pull(_ tag: inout String?) -> String? {
    do throws(PullFault) {
      let bundle = try get(plan.path, PullLimits.bundle, tag: tag)
      guard bundle.status != 304 else { return nil }
      let signature = try get(plan.path + ".minisig", .response, tag: nil)
      let name = Self.name(plan.path)
      for (name, bytes) in [(name, bundle.body), (name + ".minisig", signature.body)] {
        do throws(LinuxFault) {
          try Files.replace("\(inbox)/.\(name).pull", with: bytes, mode: 0o640)
          try Files.move("\(inbox)/.\(name).pull", to: "\(inbox)/\(name)")
        } catch {
          throw PullFault(error.description)
        }
      }
      tag = bundle.fields.all("ETag").first.flatMap { $0.utf8.count <= PullLimits.tag ? $0 : nil }
      return nil
    } catch {
      return error.sentence
    }
  }

  /// The name under which it is put into the inbox: that of the path if it is one of a bundle.
  static func name(_ path: String) -> String {
    let path = path.prefix { $0 != "?" }
    let last = path.split(separator: "/").last.map(String.init) ?? ""
    for ending in [".takt-bundle", ".takt-keys"] where last.hasSuffix(ending) {
      let stem = last.dropLast(ending.count)
      let isPlain = stem.utf8.allSatisfy { byte in
        byte == 45 || (48...57).contains(byte) || (97...122).contains(byte | 32)
      }
      if isPlain, (1...100) ~= stem.utf8.count { return last }
    }
    return "pulled.takt-bundle"
  }

  // MARK: One request

  private struct PullFault: Error {
    var sentence: String
    init(_ sentence: String) { self.sentence = sentence }
  }

  private func get(
    _ path: String, _ limits: HTTPLimits, tag: String?
  ) throws(PullFault) -> HTTPResponse {
    let address = HTTPAddress(host: plan.host, port: plan.port, path: path)
    let place = "https://\(address.authority)\(path)"
    let result: Result<HTTPResponse, PullFault>
    do throws(TLSSettingsFault) {
      var stream = try TLSStream(
        settings: TLSClientSettings(caFile: plan.caFile), clock: daemon.clock,
        wake: bell.descriptor, peer: "bundle server")
      stream.timeFloor = daemon.timeFloor
      result = ask(address, limits, tag, &stream, place)
    } catch {
      throw PullFault(error.description)
    }
    return try result.get()
  }

  private func ask(
    _ address: HTTPAddress, _ limits: HTTPLimits, _ tag: String?, _ stream: inout TLSStream,
    _ place: String
  ) -> Result<HTTPResponse, PullFault> {
    var reader = HTTPResponseReader(limits: limits)
    let deadline = daemon.clock.now() + PullLimits.timeout
    stream.open(address.target)
    while true {
      let answer: HTTPResponse?
      do throws(HTTPFault) {
        switch stream.wait(until: deadline) {
        case .opened:
          stream.send(Self.request(address, tag))
          answer = nil
        case .received(let bytes): answer = try reader.read(bytes)
        case .ended(.finished): answer = try reader.finish(inGoodOrder: true)
        case .ended(let fault): return .failure(PullFault(fault.sentence(place)))
        case .idle:
          if isStopping { return .failure(PullFault("stopping")) }
          answer = nil
        }
      } catch {
        return .failure(PullFault("asking \(place): \(error)"))
      }
      if let answer { return judge(answer, place) }
      if deadline <= daemon.clock.now() {
        return .failure(
          PullFault("asking \(place): no whole answer within \(PullLimits.timeout.text)"))
      }
    }
  }

  private func judge(
    _ answer: HTTPResponse, _ place: String
  ) -> Result<HTTPResponse, PullFault> {
    switch answer.status {
    case 200 where answer.bodyWasCut: .failure(PullFault("asking \(place): it is too large"))
    case 200, 304: .success(answer)
    default:
      .failure(
        PullFault(
          "asking \(place): answered \(answer.status) \(HTTPStatus.phrase(answer.status))"))
    }
  }

  /// The bytes of one question.
  static func request(_ address: HTTPAddress, _ tag: String?) -> [UInt8] {
    var lines = [
      "GET \(address.path) HTTP/1.1", "Host: \(address.authority)",
      "User-Agent: takt/\(programVersion)", "Connection: close",
    ]
    // A tag comes from outside: nothing but what can stand in a field goes back.
    if let tag, tag.utf8.allSatisfy({ (33...126).contains($0) }) {
      lines.append("If-None-Match: \(tag)")
    }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }
}
