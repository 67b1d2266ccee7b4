// Orders in the virtual world: registers that change, files that are dropped, people who hold and
// release; and the judge of what was confirmed.
//
// Judged at the end, from what arrived and what the gateway still has:
// - every piece of every count event is confirmed, held, open or without an order, exactly once;
// - each confirmation is the sum of the count events of its order between its two sequences;
// - no confirmation has the number of another one.
//
// Drawn from a generator of its own, so that a seed meets the same faults with orders as without.

import Gateway
import Machines
import Primitives

/// Who asks for orders and holds, and asks again until there is an answer.
struct WorldOrders {
  /// What the register of a machine shows changes at least this often.
  static let orderLength: Int64 = 90_000_000_000
  static let line = "line1"

  private struct Asked {
    var request: ShopRequest
    var ticket: UInt64?
  }

  var generator: SeededGenerator
  private var asked: [Asked] = []
  private var nextRequest = 0
  private(set) var answered = 0

  init(seed: UInt64) { generator = SeededGenerator(seed: seed ^ 0x0D0E_0000) }

  /// The number that a machine's register shows at a moment; 0 for none.
  static func shown(_ machine: Int, at worldTime: Int64, seed: UInt64) -> UInt16 {
    // The last machine never shows one: it has the line's.
    guard machine > 0 else { return 0 }
    let part = UInt64(clamping: worldTime / orderLength) &+ UInt64(machine)
    var draw = SeededGenerator(seed: seed &+ part &* 7919)
    let number = UInt16.random(in: 0...5, using: &draw)
    return number == 0 ? 0 : 100 + number
  }

  /// Collects answers, repeats what was lost with a gateway, and asks something new.
  mutating func turn(_ requests: ShopMailbox, holds: [QualityHold]) {
    for index in asked.indices {
      guard let ticket = asked[index].ticket else { continue }
      switch requests.progress(of: ticket) {
      case .waiting: break
      case .done:
        answered += 1
        asked[index].ticket = nil
      case .unknown: asked[index].ticket = requests.post(asked[index].request)
      }
    }
    asked.removeAll { $0.ticket == nil }
    let request = draw(holds)
    asked.append(Asked(request: request, ticket: requests.post(request)))
  }

  private mutating func draw(_ holds: [QualityHold]) -> ShopRequest {
    nextRequest += 1
    let name = "r\(nextRequest)"
    let number = Int.random(in: 101...105, using: &generator)
    let order = Order(
      key: OrderKey(orderID: "\(number)"), plannedQuantity: number == 103 ? 40 : nil, from: .file)
    let place = OrderPlace.line(Self.line)
    switch Int.random(in: 0...9, using: &generator) {
    case 0...2:
      return .order(OrderFile(action: .describe, place: nil, order: order, requestID: name))
    case 3, 4:
      return .order(OrderFile(action: .start, place: place, order: order, requestID: name))
    case 5: return .order(OrderFile(action: .end, place: place, order: nil, requestID: name))
    case 6: return .order(OrderFile(action: .pause, place: place, order: nil, requestID: name))
    case 7: return .order(OrderFile(action: .resume, place: place, order: nil, requestID: name))
    case 8: return .hold(.order("\(number)"), reason: "sample", by: "anna")
    default:
      guard let hold = holds.first else { return .listHeld }
      return .release(number: hold.number, line: Self.line, by: "anna")
    }
  }

  // MARK: The judge

  private struct Counted {
    var sequence: Int64
    var machine: String
    var order: String?
    var pieces: Quantities
  }

  /// Everything that does not agree, in sentences.
  static func judge(_ events: [JSONValue], unconfirmed: Quantities) -> [String] {
    var findings: [String] = []
    var counted: [Counted] = []
    var sum = Quantities()
    var confirmed = Quantities()
    var numbers: Set<String> = []
    for event in events {
      guard let data = event["data"], let type = event["type"]?.string else { continue }
      let pieces = Quantities(
        good: data["goodQuantity"]?.integer ?? 0, scrap: data["scrapQuantity"]?.integer ?? 0,
        rework: data["reworkQuantity"]?.integer ?? 0)
      let machine = event["source"]?.string ?? ""
      if type == "takt.production.count.v1" {
        let sequence = event["sequence"]?.string.flatMap { Int64($0) } ?? 0
        counted.append(
          Counted(
            sequence: sequence, machine: machine, order: data["orderId"]?.string, pieces: pieces))
        sum = sum + pieces
      } else if type == "takt.production.confirmation.v1" {
        confirmed = confirmed + pieces
        let name = data["confirmationId"]?.string ?? "?"
        if !numbers.insert(name).inserted { findings.append("confirmation \(name) came twice") }
        if let finding = check(data, pieces, machine, counted) {
          findings.append("confirmation \(name) \(finding)")
        }
      }
    }
    let whole = confirmed + unconfirmed
    if whole != sum {
      findings.append(
        "\(sum.text) counted, but \(confirmed.text) confirmed and \(unconfirmed.text) not yet")
    }
    return findings
  }

  /// A confirmation comes after all that it sums.
  private static func check(
    _ data: JSONValue, _ pieces: Quantities, _ machine: String, _ counted: [Counted]
  ) -> String? {
    guard data["merged"] == nil, !(pieces.good == 0 && pieces.scrap == 0 && pieces.rework == 0)
    else { return nil }
    guard let from = data["fromSequence"]?.integer, let to = data["toSequence"]?.integer else {
      return "has pieces and no sequences"
    }
    let own = counted.filter {
      $0.machine == machine && $0.order == data["orderId"]?.string
        && (from...max(from, to)).contains($0.sequence)
    }
    let sum = own.reduce(Quantities()) { $0 + $1.pieces }
    return sum == pieces ? nil : "tells \(pieces.text), its events \(sum.text)"
  }
}

extension Quantities {
  fileprivate static func + (left: Quantities, right: Quantities) -> Quantities {
    Quantities(
      good: left.good + right.good, scrap: left.scrap + right.scrap,
      rework: left.rework + right.rework)
  }

  fileprivate var text: String { "\(good)/\(scrap)/\(rework)" }
}
