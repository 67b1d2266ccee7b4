// Answers on the control socket about the field side: buses, guest reads, traces. All at once: what
// takes time is left with the thread of the bus and fetched with a ticket.
//
//   buses   {"buses":[{"name","at","framing","units":[{"unit","name","timeoutMs"}]}]}
//   read    {"ticket"}
//   result  {"state":"waiting"} or {"state":"done","tookUs", and "words":[…], or "kind","fault"
//           and for a refusal "exception"}
//   trace   {"bus","framing","last","missed","frames":[{"n","at","us","way","hex"}]}
//   any     {"error":"sentence"}, with "busy":true when asking again a little later helps
//
// Invariants
// - "at" of a frame is RFC 3339 in UTC, "us" monotonic microseconds to measure with; "way" is sent,
//   received or discarded; "missed" counts frames that went before they were fetched.
// - A tap closes by itself when nobody has asked for `ControlLimits.traceLease`.
// - What the configuration forbids to read is not read for a guest either.

import Gateway
import LinuxEdge
import ModbusEdge
import Polling
import Primitives
import Settings

enum ControlLimits {
  /// Nobody asks for frames for so long: the tap closes.
  static let traceLease = Duration.seconds(10)
}

extension Daemon {
  /// The answer to one line on the control socket; `user` is who asks, as the kernel says.
  func answer(_ line: String, from user: UInt32?) -> [UInt8] {
    do throws(ControlQuestion.Fault) {
      switch try ControlQuestion(line) {
      case .status: return status().bytes
      case .buses: return busList().canonicalBytes
      case .read(let name, let read): return try leave(read, on: try bus(name)).canonicalBytes
      case .result(let ticket): return progress(of: ticket).canonicalBytes
      case .traceOn(let name): return frames(of: try bus(name), after: .max).canonicalBytes
      case .trace(let name, let number):
        return frames(of: try bus(name), after: number).canonicalBytes
      case .traceOff(let name):
        fields[try bus(name)].tap.set(open: false)
        return JSONValue.object([:]).canonicalBytes
      case .shop(let question): return try leave(question, from: user).canonicalBytes
      case .outcome(let ticket): return outcome(of: ticket).canonicalBytes
      case .reasons: return reasonList().canonicalBytes
      case .tail(let number): return tail(after: number).canonicalBytes
      case .tailLast(let count): return tail(last: count).canonicalBytes
      case .about: return about().canonicalBytes
      case .configuration: return keptConfigurations().canonicalBytes
      case .rollback(let name): return try goBack(to: name, from: user).canonicalBytes
      }
    } catch {
      return JSONValue.object(["error": .string(error.sentence)]).canonicalBytes
    }
  }

  private func bus(_ name: String) throws(ControlQuestion.Fault) -> Int {
    let names = plan.buses.map(\.name)
    if let index = names.firstIndex(of: name) { return index }
    throw ControlQuestion.Fault(sentence: BusName.unknown(name, among: names))
  }

  private func busList() -> JSONValue {
    let buses = plan.buses.map { bus in
      JSONValue.object([
        "name": .string(bus.name), "at": .string(bus.line.text),
        "framing": .string(bus.line.framing.rawValue),
        "units": .array(
          bus.units.map { unit in
            [
              "unit": .integer(Int64(unit.address)), "name": .string(unit.name),
              "timeoutMs": .integer(unit.timeout.wholeMilliseconds),
            ]
          }),
      ])
    }
    return ["buses": .array(buses)]
  }

  // MARK: guests

  private func leave(_ read: GuestRead, on index: Int) throws(ControlQuestion.Fault) -> JSONValue {
    try permit(read, on: plan.buses[index])
    let now = clock.now()
    let guest = Guest(
      ticket: nextTicket(), unitAddress: read.unit, table: read.table, start: read.start,
      count: read.count, timeout: read.timeout, postedAt: now)
    switch fields[index].desk.post(guest, now: now) {
    case .taken:
      fields[index].bell.signal()
      return ["ticket": .integer(Int64(clamping: guest.ticket))]
    case .full:
      return [
        "busy": true,
        "error": .string(
          "\(GuestLimits.waiting) requests are waiting for bus \(plan.buses[index].name) "
            + "already; ask again when one is done"),
      ]
    case .tooFast:
      return [
        "busy": true,
        "error": .string(
          "bus \(plan.buses[index].name) serves a running machine and takes "
            + "\(GuestLimits.perSecond) guest requests a second; ask slower"),
      ]
    }
  }

  private func permit(
    _ read: GuestRead, on bus: BusDefinition
  ) throws(ControlQuestion.Fault) {
    if read.unit == 0, bus.line.framing == .rtu {
      throw .init(sentence: "unit 0 is everybody on a serial line, and nobody answers; ask one")
    }
    guard let unit = bus.units.first(where: { $0.address == read.unit }) else { return }
    guard let sentence = unit.objection(to: read.table, read.start, count: Int(read.count)) else {
      return
    }
    throw .init(sentence: sentence)
  }

  private func progress(of ticket: UInt64) -> JSONValue {
    let now = clock.now()
    for field in fields {
      switch field.desk.progress(of: ticket, now: now) {
      case .unknown: continue
      case .waiting: return ["state": "waiting"]
      case .done(let answer): return answer.json
      }
    }
    return ["error": .string("ticket \(ticket) is unknown or its answer was forgotten; ask anew")]
  }

  // MARK: traces

  private func frames(of index: Int, after number: UInt64) -> JSONValue {
    let tap = fields[index].tap
    tap.open(for: ControlLimits.traceLease)
    let reading = clock.reading()
    let frames = tap.frames(after: number)
    let last = frames.last?.number ?? tap.last
    let missed = frames.first.map { $0.number - number - 1 } ?? 0
    return [
      "bus": .string(plan.buses[index].name),
      "framing": .string(plan.buses[index].line.framing.rawValue),
      "last": .integer(Int64(clamping: last)), "missed": .integer(Int64(clamping: missed)),
      "frames": .array(frames.map { $0.json(reading) }),
    ]
  }
}

extension TappedFrame {
  fileprivate func json(_ reading: ClockReading) -> JSONValue {
    let age = reading.monotonic.nanoseconds(since: at) / 1_000_000
    return [
      "n": .integer(Int64(clamping: number)),
      "at": .string(WallTime(milliseconds: reading.wall.milliseconds - age).text),
      "us": .integer(at.nanoseconds / 1000), "way": .string(direction.rawValue),
      "hex": .string(Hex.encode(bytes)),
    ]
  }
}

extension GuestAnswer {
  fileprivate var json: JSONValue {
    var members: [String: JSONValue] = [
      "state": "done", "tookUs": .integer(took.nanoseconds / 1000),
    ]
    switch result {
    case .success(let words):
      members["words"] = .array(words.map { .integer(Int64($0)) })
    case .failure(let fault):
      members["kind"] = .string(fault.kind)
      members["fault"] = .string(fault.cause)
      if case .exception(let code) = fault { members["exception"] = .integer(Int64(code)) }
    }
    return .object(members)
  }
}

extension BusFault {
  /// One word for the wire.
  var kind: String {
    switch self {
    case .unreachable: "unreachable"
    case .timeout: "timeout"
    case .broken: "broken"
    case .exception: "exception"
    case .garbage: "garbage"
    }
  }

  /// What happened, without where.
  var cause: String {
    switch self {
    case .unreachable(let cause), .broken(let cause), .garbage(let cause): cause
    case .timeout: "no answer in time"
    case .exception(let code): "exception \(code), \(ExceptionText.meaning(of: code))"
    }
  }

  /// The fault that the wire's words tell of.
  init(kind: String?, cause: String, exception: Int64?) {
    switch kind {
    case "timeout": self = .timeout
    case "broken": self = .broken(cause)
    case "garbage": self = .garbage(cause)
    case "exception": self = .exception(UInt8(clamping: exception ?? 0))
    default: self = .unreachable(cause)
    }
  }
}

extension UnitDefinition {
  /// Why these addresses are not asked for, if the configuration forbids one of them.
  func objection(to table: ModbusTable, _ start: UInt16, count: Int) -> String? {
    let asked = Int(start)...(Int(start) + max(count, 1) - 1)
    for range in quirks.forbidden where range.table == table {
      let held = Int(range.addresses.lowerBound)...Int(range.addresses.upperBound)
      guard held.overlaps(asked) else { continue }
      return "\(table.rawValue) \(held.lowerBound)-\(held.upperBound) of \(name) is forbidden by "
        + "the configuration, because the device cannot bear being asked for it"
    }
    return nil
  }
}

/// Names of buses that people mistype.
enum BusName {
  static func unknown(_ name: String, among names: [String]) -> String {
    var text = "there is no bus \"\(name.prefix(64))\""
    if let near = nearest(to: name, among: names) {
      text += "; did you mean \"\(near)\"?"
    } else if names.isEmpty {
      text += "; the configuration has none"
    } else {
      text += "; there is: \(names.prefix(16).joined(separator: ", "))"
    }
    return text
  }
}
