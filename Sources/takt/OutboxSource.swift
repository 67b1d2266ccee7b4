// Where `takt outbox` looks: the running gateway, or its journal while it is down.
//
// Invariants
// - The gateway is asked first; only when nobody answers at its socket is the file opened.
// - Both give the same documents, page by page, each within `OutboxPage`.

import Gateway
import OpenSSLEdge
import Outbox
import Primitives
import SQLiteEdge
import Settings

struct OutboxSource: ~Copyable {
  private let client: ShopClient
  private let path: String
  private var view: JournalView?

  init(_ options: CommandLineOptions) throws(CommandFault) {
    let path = try Self.journal(options)
    client = try ShopClient(options)
    self.path = path
    view = nil
  }

  /// Refused events, and at row 0 the uplinks.
  mutating func list(uplink: String?, after row: Int64) throws(CommandFault) -> JSONValue {
    let question = question("list", uplink: uplink, after: row)
    return try page(question) { view throws(StoreFault) in
      let rows = try view.quarantined(QuarantineQuery(after: row, uplink: uplink))
      var page = Self.page(rows, withBytes: false)
      if row == 0 { page["uplinks"] = .array(Self.uplinks(view.state)) }
      return .object(page)
    }
  }

  /// Refused events with their bytes; all for a number of nil.
  mutating func refused(
    _ number: Int64?, uplink: String?, after row: Int64
  ) throws(CommandFault) -> JSONValue {
    var question = question("read", uplink: uplink, after: row)
    question["number"] = number.map { .integer($0) }
    return try page(question) { view throws(StoreFault) in
      let places = number.map { Set([UInt64(clamping: $0)]) }
      let rows = try view.quarantined(
        QuarantineQuery(
          after: row, uplink: uplink, places: places, byteLimit: OutboxPage.bytes))
      return .object(Self.page(rows, withBytes: true))
    }
  }

  /// Events that wait for an uplink, with their bytes.
  mutating func waiting(_ uplink: String, after place: Int64) throws(CommandFault) -> JSONValue {
    let question = question("waiting", uplink: uplink, after: place)
    return try page(question) { view throws(StoreFault) in
      guard let cursor = view.state.cursors.first(where: { $0.name == uplink }) else {
        throw .denied("the journal knows no uplink \"\(uplink)\"")
      }
      let events = try view.events(
        after: max(UInt64(clamping: place), cursor.acknowledged), dueBit: cursor.bit,
        countLimit: OutboxPage.rows, byteLimit: OutboxPage.bytes)
      var members: [String: JSONValue] = [
        "events": .array(events.map { .string(String(decoding: $0.bytes, as: UTF8.self)) })
      ]
      members["next"] = events.last.map { .integer(Int64(clamping: $0.sequence)) }
      return .object(members)
    }
  }

  private func question(_ what: String, uplink: String?, after: Int64) -> [String: JSONValue?] {
    [
      "outbox": .string(what), "uplink": uplink.map { .string($0) }, "after": .integer(after),
    ]
  }

  /// Asks the gateway, or looks into the file when nobody is there.
  private mutating func page(
    _ question: [String: JSONValue?],
    _ look: (inout JournalView) throws(StoreFault) -> JSONValue
  ) throws(CommandFault) -> JSONValue {
    if view == nil {
      do throws(CommandFault) {
        return try client.demand(question).document
      } catch {
        guard error.code == .notRunning else { throw error }
        view = try open(error)
      }
    }
    do throws(StoreFault) {
      guard var opened = view.take() else { return .null }
      let document = try look(&opened)
      view = consume opened
      return document
    } catch {
      throw CommandFault(.storage, error.sentence)
    }
  }

  private func open(_ absence: CommandFault) throws(CommandFault) -> JournalView {
    do throws(StoreFault) {
      return try JournalView(path: path, digest: SHA256.digest)
    } catch {
      throw CommandFault(
        .storage, "\(absence.text); looking into its journal instead: \(error.sentence)")
    }
  }

  private static func page(_ rows: [QuarantinedRow], withBytes: Bool) -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "refused": .array(rows.map { $0.document(withBytes: withBytes) })
    ]
    members["next"] = rows.last.map { .integer($0.row) }
    return members
  }

  /// An upper bound of what waits: events that go to others are counted too.
  private static func uplinks(_ state: StoreState) -> [JSONValue] {
    state.cursors.map { cursor in
      let done = max(cursor.acknowledged, state.firstHeld - min(1, state.firstHeld))
      let waiting = state.lastPlace - min(done, state.lastPlace)
      return [
        "name": .string(cursor.name), "waiting": .integer(Int64(clamping: waiting)),
        "refused": .integer(Int64(state.quarantinedBy[cursor.name] ?? 0)),
      ]
    }
  }

  /// The journal that --journal or --config name.
  private static func journal(_ options: CommandLineOptions) throws(CommandFault) -> String {
    if let file = options.text("journal") { return file }
    guard let file = options.text("config") else { return "/var/lib/takt/journal.db" }
    switch loadConfiguration(path: file) {
    case .failure(let unreadable): throw CommandFault(.configuration, unreadable.description)
    case .success(let outcome):
      guard let configuration = outcome.configuration else {
        throw CommandFault(
          .configuration, "\(file) has mistakes; \"takt check --config \(file)\" names them")
      }
      return configuration.plan.gateway.stateDirectory + "/journal.db"
    }
  }
}
