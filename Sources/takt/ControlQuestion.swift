// What may be asked on the control socket, one line each.
//
//   status                                          the status document (StatusDocument.swift)
//   buses                                           which buses there are, and where they lead
//   read <bus> <unit> <table> <start> <count> [ms]  leaves a read for the thread of the bus
//   result <ticket>                                 what came of it
//   trace <bus> on | off | after <number>           frames that passed since
//   shop <json>                                     leaves a request about orders, reasons or holds
//   outcome <ticket>                                what came of it (ControlShop.swift)
//   reasons                                         the table of reasons
//   tail <number> | last <n>                        committed events behind it (ControlTail.swift)
//   about                                           the process and its log (ControlAbout.swift)
//   configuration                                   which bundle holds, what waits (Inbox.swift)
//   rollback <bundle> | local                       goes back to a kept bundle, or to local files
//
// Invariants
// - A line that is not understood, or asks for what no request can carry, gives a sentence.
// - Only the four tables can be named: nothing here could ask a device for a write.

import Gateway
import Polling
import Primitives

/// A question that is understood and within its bounds.
enum ControlQuestion: Equatable {
  case status
  case buses
  case read(bus: String, GuestRead)
  case result(UInt64)
  case traceOn(bus: String)
  case traceOff(bus: String)
  case trace(bus: String, after: UInt64)
  case shop(JSONValue)
  case outcome(UInt64)
  case reasons
  case about
  case configuration
  case rollback(String)
  case tail(after: UInt64)
  case tailLast(UInt64)

  /// Why a line is no question.
  struct Fault: Error, Equatable {
    var sentence: String
  }

  static let known =
    "status, buses, read, result, trace, shop, outcome, reasons, about, tail, "
    + "configuration, rollback"

  init(_ line: String) throws(Fault) {
    if line.hasPrefix("shop ") {
      self = .shop(try Self.tree(line.dropFirst(5)))
      return
    }
    let words = line.split(separator: " ").map(String.init)
    switch (words.first ?? "", words.count) {
    case ("status", _): self = .status
    case ("buses", _): self = .buses
    case ("read", 6...7): self = .read(bus: words[1], try GuestRead(words[2...]))
    case ("read", _):
      throw Fault(sentence: "a read is: read <bus> <unit> <table> <start> <count> [milliseconds]")
    case ("result", 2): self = .result(try Self.ticket(words[1]))
    case ("outcome", 2): self = .outcome(try Self.ticket(words[1]))
    case ("reasons", 1): self = .reasons
    case ("about", 1): self = .about
    case ("configuration", 1): self = .configuration
    case ("rollback", 2): self = .rollback(words[1])
    case ("tail", 2): self = .tail(after: try Self.number(words[1]))
    case ("tail", 3) where words[1] == "last": self = .tailLast(try Self.number(words[2]))
    case ("trace", 3) where words[2] == "on": self = .traceOn(bus: words[1])
    case ("trace", 3) where words[2] == "off": self = .traceOff(bus: words[1])
    case ("trace", 4) where words[2] == "after":
      guard let number = UInt64(words[3]) else {
        throw Fault(sentence: "\"\(words[3].prefix(40))\" is no number of a frame")
      }
      self = .trace(bus: words[1], after: number)
    case ("trace", _):
      throw Fault(sentence: "a trace is: trace <bus> on, trace <bus> off, trace <bus> after <n>")
    default:
      throw Fault(sentence: "\"\(line.prefix(40))\" is no question; there is: \(Self.known)")
    }
  }
}

extension ControlQuestion {
  private static func ticket(_ word: String) throws(Fault) -> UInt64 {
    guard let ticket = UInt64(word) else {
      throw Fault(sentence: "\"\(word.prefix(40))\" is no ticket; a request gives one")
    }
    return ticket
  }

  private static func number(_ word: String) throws(Fault) -> UInt64 {
    guard let number = UInt64(word) else {
      throw Fault(sentence: "\"\(word.prefix(40))\" is no number; a tail is: tail <number>")
    }
    return number
  }

  private static func tree(_ text: Substring) throws(Fault) -> JSONValue {
    do throws(JSONFault) { return try JSONValue(parsing: Array(text.utf8)) } catch {
      throw Fault(sentence: error.description)
    }
  }
}

/// A read request as it is asked for in words.
struct GuestRead: Equatable {
  var unit: UInt8
  var table: ModbusTable
  var start: UInt16
  var count: UInt16
  var timeout: Duration?

  /// Unit, table, start, count and perhaps milliseconds.
  init(_ words: ArraySlice<String>) throws(ControlQuestion.Fault) {
    let words = Array(words)
    guard let unit = UInt8(words[0]) else {
      throw .init(sentence: "\"\(words[0].prefix(40))\" is no unit number; they are 0 to 255")
    }
    guard let table = ModbusTable(rawValue: words[1]) else {
      throw .init(
        sentence: "\"\(words[1].prefix(40))\" is no table; there are holding, input, coil and "
          + "discrete")
    }
    guard let start = UInt16(words[2]) else {
      throw .init(sentence: "\"\(words[2].prefix(40))\" is no address; they are 0 to 65535")
    }
    guard let count = UInt16(words[3]), (1...table.limitPerRequest).contains(Int(count)) else {
      throw .init(
        sentence: "one request reads 1 to \(table.limitPerRequest) of \(table.rawValue), not "
          + "\"\(words[3].prefix(40))\"")
    }
    guard Int(start) + Int(count) <= 65_536 else {
      throw .init(sentence: "\(count) from address \(start) would end behind 65535")
    }
    (self.unit, self.table, self.start, self.count) = (unit, table, start, count)
    guard words.count > 4 else { return }
    guard let milliseconds = Int64(words[4]), milliseconds < 1_000_000,
      GuestLimits.timeouts.contains(.milliseconds(milliseconds))
    else {
      let range = GuestLimits.timeouts
      throw .init(
        sentence: "a unit may take \(range.lowerBound.text) to \(range.upperBound.text) to answer, "
          + "not \"\(words[4].prefix(40))\" milliseconds")
    }
    timeout = .milliseconds(milliseconds)
  }

  init(_ request: ReadRequest) {
    unit = request.unitAddress
    (table, start, count, timeout) = (
      request.table, request.start, request.count, request.timeout
    )
  }

  /// The words behind the name of the bus.
  var text: String {
    let base = "\(unit) \(table.rawValue) \(start) \(count)"
    guard let timeout else { return base }
    let range = GuestLimits.timeouts
    let bounded = min(max(timeout, range.lowerBound), range.upperBound)
    return base + " \(bounded.nanoseconds / 1_000_000)"
  }
}
