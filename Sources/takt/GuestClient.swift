// The asking side of the control socket for the tools: which buses the running gateway owns, and
// reads that go through it.
//
// Why `GuestBus` is a `FieldBus`: `takt read` and its sisters are written once against that port,
// and whether a request goes straight to the wire or through the gateway is decided in one place.

import LinuxEdge
import Polling
import Primitives

/// A bus of the running gateway.
struct GatewayBus: Equatable {
  struct Unit: Equatable {
    var address: UInt8
    var name: String
    var timeout: Duration
  }

  var name: String
  /// Where it leads, as the status shows it.
  var at: String
  var framing: Framing
  var units: [Unit]
}

/// Asks the running gateway.
struct GatewayClient: Sendable {
  /// How long one question may take: the main thread answers each at once.
  static let patience = Duration.seconds(5)

  let path: String
  let clock: SystemClock

  /// The answer, or the gateway's own sentence as a fault.
  func ask(_ line: String) throws(CommandFault) -> JSONValue {
    let bytes: [UInt8]
    do throws(LinuxFault) {
      bytes = try UnixSocketClient.ask(path: path, line: line, until: clock.now() + Self.patience)
    } catch {
      if error.isCutOff { throw Self.isEnding(path) }
      guard error.isNobodyThere else { throw CommandFault(.internal, error.description) }
      throw CommandFault(
        .notRunning,
        "the gateway is not running: nobody answers at \(path); start it with "
          + "\"systemctl start takt\", or name its socket with --socket")
    }
    guard !bytes.isEmpty else { throw Self.isEnding(path) }
    do throws(JSONFault) {
      return try JSONValue(parsing: bytes)
    } catch {
      throw CommandFault(.internal, "reading the answer of \(path): \(error)")
    }
  }

  /// It was asked in the moment of its end.
  private static func isEnding(_ path: String) -> CommandFault {
    CommandFault(
      .internal,
      "asking the gateway at \(path): it ended before it answered, since it is being stopped or "
        + "started anew; ask again in a few seconds")
  }

  /// The buses of the running gateway; nil when none is running.
  func buses() throws(CommandFault) -> [GatewayBus]? {
    let answer: JSONValue
    do throws(CommandFault) {
      answer = try ask("buses")
    } catch {
      guard error.code != .notRunning else { return nil }
      throw error
    }
    return (answer["buses"]?.array ?? []).compactMap(GatewayBus.init)
  }
}

extension GatewayBus {
  fileprivate init?(_ json: JSONValue) {
    guard let name = json["name"]?.string, let at = json["at"]?.string else { return nil }
    self.init(
      name: name, at: at, framing: json["framing"]?.string.flatMap(Framing.init) ?? .mbap,
      units: (json["units"]?.array ?? []).compactMap { unit in
        guard let address = unit["unit"]?.integer.flatMap(UInt8.init(exactly:)) else { return nil }
        return Unit(
          address: address, name: unit["name"]?.string ?? "\(name)/\(address)",
          timeout: .milliseconds(unit["timeoutMs"]?.integer ?? 0))
      })
  }
}

/// How long the unit itself took for the last answer, as the gateway measured it.
final class AnswerMeter {
  var took: Duration?
}

/// A bus of the running gateway, as a guest reads from it.
struct GuestBus: FieldBus, ~Copyable {
  /// Between two looks whether the answer is there.
  static let lookInterval = Duration.milliseconds(10)
  /// Between two tries when the gateway asks for patience.
  static let retryInterval = Duration.milliseconds(60)

  private let client: GatewayClient
  private let name: String
  private let meter: AnswerMeter?

  init(_ client: GatewayClient, bus name: String, meter: AnswerMeter? = nil) {
    self.client = client
    self.name = name
    self.meter = meter
  }

  /// The gateway holds the link; here is nothing to open.
  mutating func open(timeout: Duration) throws(BusFault) {}

  /// Leaves the request with the gateway and waits for what comes of it; it ends by the gateway's
  /// own longest wait at the latest.
  mutating func read(_ request: ReadRequest, into words: inout [UInt16]) throws(BusFault) {
    let ticket = try leave(request)
    while true {
      let answer = try ask("result \(ticket)")
      if answer["state"]?.string == "done" { return try take(answer, into: &words) }
      if let sentence = answer["error"]?.string { throw .unreachable(sentence) }
      pause(Self.lookInterval)
    }
  }

  mutating func close() {}

  private func leave(_ request: ReadRequest) throws(BusFault) -> Int64 {
    while true {
      let answer = try ask("read \(name) \(GuestRead(request).text)")
      if let ticket = answer["ticket"]?.integer { return ticket }
      guard answer["busy"]?.bool == true else {
        throw .unreachable(answer["error"]?.string ?? "the gateway gave no ticket")
      }
      pause(Self.retryInterval)
    }
  }

  private func take(_ answer: JSONValue, into words: inout [UInt16]) throws(BusFault) {
    meter?.took = answer["tookUs"]?.integer.map { .microseconds($0) }
    guard let values = answer["words"]?.array else {
      throw BusFault(
        kind: answer["kind"]?.string, cause: answer["fault"]?.string ?? "no answer",
        exception: answer["exception"]?.integer)
    }
    words = values.map { UInt16(clamping: $0.integer ?? 0) }
  }

  private func ask(_ line: String) throws(BusFault) -> JSONValue {
    do throws(CommandFault) {
      return try client.ask(line)
    } catch {
      throw .broken(error.text)
    }
  }

  private func pause(_ duration: Duration) {
    var nothing = PollSet()
    nothing.wait(until: client.clock.now() + duration)
  }
}
