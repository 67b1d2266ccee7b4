// Answers on the control socket about orders, reasons and holds.
//
//   shop {"list":"orders"}     or "held" or "stops"
//   shop {"do":"order","order":{…}}                     a tree as in an order file
//   shop {"do":"orders","orders":[{…},…]}               all of them or none
//   shop {"do":"classify","stop":"…","reason":"…"}      stop id
//   shop {"do":"hold","kind":"machine","name":"…","reason":"…"}   or line, order, lot
//   shop {"do":"release","number":3,"line":"…"}         and "approve"; the line may be left out
//     → {"ticket"}, and {"outcome"} after it: {"state":"waiting"} or
//       {"state":"done","isDone","sentence","document"}
//   reasons → {"language","reasons":[{"code","text","texts","category","costCenter","parent",
//     "machines" where only some know it}]}
//
// Invariants
// - Who may connect may change: the mode of the socket says who that is (owner and group).
// - Every change bears a name: "by" of the request, and the user at the other end of the socket as
//   the kernel tells it wherever that is not the same. Nobody can sign as somebody else.
// - A change is answered when it is durable, not before.

import Gateway
import LinuxEdge
import Machines
import Primitives
import Settings

/// Who asks. The unit's PrivateUsers= hides everybody but root and takt itself: what such a one
/// says of himself is told as unproven. The mode of the socket still says who may ask at all.
enum Asker {
  /// How a user namespace shows everybody but root and its own user (overflowuid(5) of the kernel).
  static let hidden: UInt32 = 65534

  /// "maria", "maria (operator)" when the user operator says that he is maria, or
  /// "maria (unproven)" when the kernel hides who asks.
  static func name(by: String?, user: UInt32?) throws(ControlQuestion.Fault) -> String {
    let isHidden = user == nil || user == hidden
    let peer = isHidden ? "unproven" : user.map { LocalUsers.name(of: $0) ?? "user \($0)" } ?? ""
    guard let by, by != peer else { return isHidden ? "unknown user" : peer }
    let name = "\(by) (\(peer))"
    guard !by.isEmpty, by.utf8.allSatisfy({ $0 >= 32 }), name.utf8.count <= ReasonLimits.byBytes
    else {
      let room = max(1, ReasonLimits.byBytes - peer.utf8.count - 3)
      throw .init(sentence: "--by: give 1 to \(room) bytes without control characters")
    }
    return name
  }
}

extension Daemon {
  /// Leaves a request with the recorder.
  func leave(
    _ question: JSONValue, from user: UInt32?
  ) throws(ControlQuestion.Fault) -> JSONValue {
    leave(try shopRequest(question, from: user))
  }

  /// Leaves a classification by somebody whose name a password has proved.
  func leave(classification question: JSONValue, provenBy name: String) -> JSONValue {
    do throws(ControlQuestion.Fault) {
      return leave(try classification(question, name))
    } catch {
      return ["error": .string(error.sentence)]
    }
  }

  private func leave(_ request: ShopRequest) -> JSONValue {
    guard let ticket = shop.post(request) else {
      return [
        "busy": true,
        "error": .string(
          "\(ShopLimits.requestsWaiting) requests are waiting already; ask again later"),
      ]
    }
    return ["ticket": .integer(Int64(clamping: ticket))]
  }

  /// How far a request is.
  func outcome(of ticket: UInt64) -> JSONValue {
    switch shop.progress(of: ticket) {
    case .waiting: return ["state": "waiting"]
    case .unknown:
      return ["error": .string("ticket \(ticket) is unknown or its answer was forgotten")]
    case .done(let answer):
      var members: [String: JSONValue] = [
        "state": "done", "isDone": .bool(answer.isDone), "sentence": .string(answer.sentence),
      ]
      members["document"] = answer.document
      return .object(members)
    }
  }

  private func shopRequest(
    _ question: JSONValue, from user: UInt32?
  ) throws(ControlQuestion.Fault) -> ShopRequest {
    if let request = try OutboxRequest(question, from: user) { return .outbox(request) }
    switch question["list"]?.string {
    case "orders": return .listOrders
    case "held": return .listHeld
    case "stops": return .listUnclassified
    case .some(let other): throw .init(sentence: "there is no list of \"\(other.prefix(40))\"")
    case nil: break
    }
    let by = try Asker.name(by: question["by"]?.string, user: user)
    switch question["do"]?.string {
    case "order": return .order(try order(question["order"] ?? .null))
    case "orders": return .orders(try orders(question["orders"]?.array ?? []))
    case "classify": return try classification(question, by)
    case "hold":
      guard let kind = question["kind"]?.string, let name = question["name"]?.string,
        let scope = HoldScope(kind: kind, name: name)
      else { throw .init(sentence: "a hold wants a kind (machine, line, order, lot) and a name") }
      return .hold(scope, reason: question["reason"]?.string ?? "", by: by)
    case "release":
      return .release(number: try number(question), line: question["line"]?.string, by: by)
    case "approve":
      return .approve(number: try number(question), line: question["line"]?.string, by: by)
    case .some(let other): throw .init(sentence: "nobody can do \"\(other.prefix(40))\"")
    case nil: throw .init(sentence: "a request says what to do or what to list")
    }
  }

  private func number(_ question: JSONValue) throws(ControlQuestion.Fault) -> Int64 {
    guard let number = question["number"]?.integer, number > 0 else {
      throw .init(sentence: "a number is wanted; \"takt held\" lists them")
    }
    return number
  }

  private func order(_ tree: JSONValue) throws(ControlQuestion.Fault) -> OrderFile {
    do throws(OrderFileFault) {
      return try OrderFile(tree, from: .operator)
    } catch {
      throw .init(sentence: error.description)
    }
  }

  private func orders(_ trees: [JSONValue]) throws(ControlQuestion.Fault) -> [OrderFile] {
    guard (1...OrderSheetLimits.orders).contains(trees.count) else {
      throw .init(sentence: "1 to \(OrderSheetLimits.orders) orders are wanted")
    }
    var orders: [OrderFile] = []
    for tree in trees { orders.append(try order(tree)) }
    return orders
  }

  /// A stop's id begins with the name of its machine.
  private func classification(
    _ question: JSONValue, _ by: String
  ) throws(ControlQuestion.Fault) -> ShopRequest {
    guard let stop = question["stop"]?.string, let reason = question["reason"]?.string else {
      throw .init(sentence: "a classification wants a stop and the code of a reason")
    }
    let names = plan.machines.map(\.name).filter { stop.hasPrefix($0 + "-") }
    guard let machine = names.max(by: { $0.utf8.count < $1.utf8.count }) else {
      throw .init(
        sentence:
          "\"\(stop.prefix(80))\" is no stop of a machine here; \"takt reason\" lists those "
          + "that wait for a reason")
    }
    return .classify(machine: machine, stopID: stop, reason: reason, by: by)
  }

  // MARK: reasons

  /// Every reason with the machines that know it; one without declared evidence knows its causes.
  func reasonList() -> JSONValue {
    var rows: [(json: [String: JSONValue], machines: [String])] = []
    var language = "en"
    for rules in plan.machines {
      guard let table = rules.states?.reasons ?? (try? StateRules(simple: rules))?.reasons else {
        continue
      }
      language = table.language
      for code in table.codes {
        guard let json = table[code]?.json(in: table) else { continue }
        if let index = rows.firstIndex(where: { $0.json == json }) {
          rows[index].machines.append(rules.name)
        } else {
          rows.append((json, [rules.name]))
        }
      }
    }
    let reasons = rows.map { row in
      let isEverywhere = row.machines.count == plan.machines.count
      let names =
        isEverywhere ? [:] : ["machines": JSONValue.array(row.machines.map(JSONValue.string))]
      return JSONValue.object(row.json.merging(names) { own, _ in own })
    }
    return ["language": .string(language), "reasons": .array(reasons)]
  }
}

extension Reason {
  fileprivate func json(in table: ReasonTable) -> [String: JSONValue] {
    let path = table.path(code)
    var members: [String: JSONValue] = [
      "code": .string(code), "text": .string(table.text(code) ?? code),
      "texts": .object(texts.mapValues { .string($0) }),
      "category": .string((path.lazy.compactMap(\.category).first ?? .unplanned).rawValue),
    ]
    members["costCenter"] = path.lazy.compactMap(\.costCenter).first.map { .string($0) }
    members["parent"] = parent.map { .string($0) }
    return members
  }
}
