// What `takt doctor` looks at towards head office: files, name, connection, TLS and an answer.
//
// It never posts an event: over the verified connection it asks with HEAD, and whatever the
// receiver answers proves that it is there. A broker is reached and verified, and not logged in to:
// a second client of the same name would throw the gateway's own one out. Where a proxy is the way,
// it is the way here as well, and what fails says which of the two it was. A token is asked for as
// the gateway would, and thrown away.

import Delivery
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

struct DoctorUplink: Sendable {
  private let uplink: UplinkSettings
  private let plan: SitePlan
  private let identity: DoctorIdentity
  private let clock = SystemClock()
  private var place: String { "uplink \(uplink.name)" }

  init(_ uplink: UplinkSettings, _ plan: SitePlan, _ identity: DoctorIdentity) {
    (self.uplink, self.plan, self.identity) = (uplink, plan, identity)
  }

  func findings() -> [DoctorFinding] {
    let files = files()
    guard files.isEmpty else { return files }
    guard let mqtt = uplink.mqtt else {
      return secured { stream in
        reach(&stream, uplink.host, uplink.port) { answer(&$0, until: $1) }
      }
    }
    return mqtt.brokers.flatMap { broker in
      guard broker.isSecure else {
        var stream = PlainStream(clock: clock)
        return reach(&stream, broker.host, broker.port, isVerified: false) { stream, _ in
          stream.close()
          return []
        }
      }
      return secured { stream in
        reach(&stream, broker.host, broker.port) { stream, _ in
          stream.close()
          return []
        }
      }
    }
  }

  /// Looks with a stream that verifies as the uplink's own does.
  private func secured(_ look: (inout TLSStream) -> [DoctorFinding]) -> [DoctorFinding] {
    do throws(TLSSettingsFault) {
      var stream = try TLSStream(settings: uplink.tls, clock: clock)
      stream.timeFloor = TimeFloor(TimeEvidence.newest(plan))
      return look(&stream)
    } catch {
      return [.fail(place, error.description, "put the file right")]
    }
  }

  // MARK: files

  private func files() -> [DoctorFinding] {
    let closed = [
      uplink.keyFile, uplink.bearerFile, uplink.passwordFile, uplink.oauth?.clientSecretFile,
      uplink.proxy?.credentialsFile,
    ].compactMap { $0 }
    // What systemd hands over, it has checked; without it, it is not here to look at.
    let secrets = closed.filter { !Credential.isMeant(by: $0) }
    let named = [uplink.caFile, uplink.certificateFile, uplink.crlFile, uplink.oauth?.caFile]
    var all = secrets
    for path in named.compactMap({ $0 }) where !all.contains(path) { all.append(path) }
    var findings: [DoctorFinding] = []
    for path in all {
      guard let status = (try? Files.status(path)) ?? nil else {
        findings.append(.fail(place, "there is no file \(path)", "bring it, or correct its name"))
        continue
      }
      if identity.may(4, path) == false {
        findings.append(
          .fail(
            place, "\(identity.name) may not read \(path)",
            "\"chown \(identity.name) \(path)\""))
      }
      if secrets.contains(path), status.kind == .file, status.isOpenToOthers {
        findings.append(
          .fail(
            place,
            "\(path) is a secret, and others may read it (mode "
              + "\(String(status.mode, radix: 8)))",
            "\"chmod 600 \(path)\""))
      }
    }
    return findings
  }

  // MARK: the way

  private func reach<Stream: ByteStream & ~Copyable>(
    _ stream: inout Stream, _ host: String, _ port: UInt16, isVerified: Bool = true,
    _ then: (inout Stream, Instant) -> [DoctorFinding]
  ) -> [DoctorFinding] {
    let target = StreamTarget(host: host, port: port)
    let through = uplink.proxy.map { " through proxy \($0.host):\($0.port)" } ?? ""
    let goal = "\(host):\(port)" + through
    let started = clock.now()
    let deadline = started + DoctorLimits.uplink
    stream.open(target)
    while true {
      switch stream.wait(until: min(deadline, started + DoctorLimits.open)) {
      case .opened:
        let took = (clock.now() - started).answerText
        let expiries = stream.facts.conditions(at: clock.reading().wall).map {
          DoctorFinding.warn(place, $0)
        }
        let how = isVerified ? " and its certificate verified" : ""
        return [.ok(place, "\(goal) is reached\(how), in \(took)")] + expiries
          + then(&stream, deadline)
      case .ended(let fault): return [judge(fault, goal)]
      case .received: continue
      case .idle:
        guard clock.now() >= started + DoctorLimits.open else { continue }
        return [judge(.timeout, goal)]
      }
    }
  }

  private func judge(_ fault: StreamFault, _ goal: String) -> DoctorFinding {
    switch fault {
    case .nameUnknown(let why):
      .fail(
        place, "\(why)",
        "check \(uplink.proxy == nil ? "url" : "proxy"), /etc/resolv.conf and the network")
    case .unreachable(let why): .fail(place, why, refusal(why, goal))
    case .timeout:
      .fail(
        place, "connecting to \(goal): no answer within \(DoctorLimits.open.text)",
        uplink.proxy == nil
          ? "a firewall drops it, or the host is off: ask for its port to be let through; where a "
            + "proxy is the only way out, set proxy"
          : "the proxy is off, or does not get through to the receiver: ask who runs it")
    case .certificate(let why): .fail(place, why, "see caFile, and the certificate over there")
    case .handshake(let why):
      .fail(
        place, why, "check that the port speaks TLS, and our certificateFile if it asks for one")
    case .proxy(let why, _): .fail(place, why, "check proxy, and its credentialsFile")
    case .finished:
      .fail(place, "\(goal) closed the connection", "check that the port is the receiver's")
    case .closed(let why): .fail(place, why, "check that the port is the receiver's")
    }
  }

  private func refusal(_ why: String, _ goal: String) -> String {
    if let proxy = uplink.proxy {
      return "the way to the proxy \(proxy.host):\(proxy.port) is not open: check host and port of "
        + "proxy, and that it is on"
    }
    return why.lowercased().contains("refused")
      ? "the host is there, but nothing listens on port "
        + "\(goal.split(separator: ":").last ?? ""): check url"
      : "check cable, network and route: \"ip route get\" the host"
  }

  // MARK: the answer

  /// Asks with HEAD: nothing is delivered.
  private func answer(_ stream: inout TLSStream, until deadline: Instant) -> [DoctorFinding] {
    stream.send(
      Array(
        ("HEAD \(uplink.path) HTTP/1.1\r\nHost: \(uplink.host)\r\nUser-Agent: takt-doctor/"
          + "\(programVersion)\r\nConnection: close\r\n\r\n").utf8))
    var bytes: [UInt8] = []
    while bytes.count < 4096 {
      switch stream.wait(until: deadline) {
      case .received(let more): bytes += more
      case .opened: continue
      case .idle where clock.now() < deadline: continue
      case .idle, .ended:
        return [.warn(place, "it does not answer HTTP", "check that the port is the receiver's")]
      }
      if let end = bytes.firstIndex(of: 13) {
        stream.close()
        return [judge(statusLine: String(decoding: bytes[..<end], as: UTF8.self))]
      }
    }
    return [.warn(place, "what answers is not HTTP", "check url")]
  }

  private func judge(statusLine: String) -> DoctorFinding {
    let words = statusLine.split(separator: " ")
    guard words.first?.hasPrefix("HTTP/") == true, words.count > 1, let code = Int(words[1]) else {
      return .warn(place, "what answers is not HTTP", "check url")
    }
    switch code {
    case 401, 403, 407:
      return .warn(
        place, "it answers \(code) to a question without an event: it wants other credentials",
        "check certificateFile, bearerFile or oauth; events may be refused as well")
    case 404: return .warn(place, "it answers 404 for \(uplink.path)", "check the path of url")
    case 500...: return .warn(place, "it answers \(code): it is there and in trouble", "tell them")
    default: return .ok(place, "the receiver answers (HTTP \(code), nothing was posted)")
    }
  }
}
