// takt outbox export: the bytes of refused or waiting events in a file, for another way to head
// office.
//
// Invariants
// - The bytes are those that were signed, one event a line.
// - A file that is there already is not touched; what ends with a fault leaves no file behind.
// - Memory is bounded: a few pages wait for one sync.

import LinuxEdge
import Primitives

enum OutboxExport {
  /// Bytes that are gathered for one sync of the file: 4 MiB.
  private static let syncBytes = 4 << 20

  static func run(
    to path: String, _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    let uplink = options.text("uplink")
    if options.has("waiting"), uplink == nil {
      throw .usage("--waiting wants --uplink: what waits is not the same for each")
    }
    guard try asking(.storage, { () throws(LinuxFault) in try Files.status(path) }) == nil else {
      throw CommandFault(.storage, "\(path) is there already; name another file")
    }
    var source = try OutboxSource(options)
    let count: Int64
    do throws(CommandFault) {
      count = try write(&source, to: path, uplink, isWaiting: options.has("waiting"))
    } catch {
      try? Files.remove(path)
      throw error
    }
    let sentence =
      "\(Human.count(count)) event\(count == 1 ? "" : "s") in \(path); verify with: takt verify "
      + "\(path) --filtered --jwks keys.json"
    let document: JSONValue = ["file": .string(path), "events": .integer(count)]
    ShopOutput.print([options.has("json") ? document.canonicalText : sentence])
    return count == 0 ? .empty : .ok
  }

  private static func write(
    _ source: inout OutboxSource, to path: String, _ uplink: String?, isWaiting: Bool
  ) throws(CommandFault) -> Int64 {
    var count: Int64 = 0
    var lines: [UInt8] = []
    var next: Int64? = 0
    // Asked first: a gateway that refuses makes no file.
    var page = try self.page(&source, uplink, isWaiting, after: 0)
    var file = try asking(.storage) { () throws(LinuxFault) in try DurableAppender(path) }
    while true {
      let events =
        page["events"]?.array?.compactMap(\.string)
        ?? (page["refused"]?.array ?? []).compactMap { $0["event"]?.string }
      for event in events { lines += Array(event.utf8) + [10] }
      count += Int64(events.count)
      next = page["next"]?.integer
      if lines.count >= syncBytes || next == nil {
        do throws(LinuxFault) {
          try file.append(lines)
        } catch {
          throw CommandFault(.storage, error.description)
        }
        lines.removeAll(keepingCapacity: true)
      }
      guard let after = next else { return count }
      page = try self.page(&source, uplink, isWaiting, after: after)
    }
  }

  private static func page(
    _ source: inout OutboxSource, _ uplink: String?, _ isWaiting: Bool, after: Int64
  ) throws(CommandFault) -> JSONValue {
    isWaiting
      ? try source.waiting(uplink ?? "", after: after)
      : try source.refused(nil, uplink: uplink, after: after)
  }
}
