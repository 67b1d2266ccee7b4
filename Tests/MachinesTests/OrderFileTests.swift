// Order files: everything they may say, and every mistake with its path.

import Machines
import Primitives
import Testing

@Suite("Order files")
struct OrderFileTests {
  static let whole = """
    { "action": "start", "place": {"machine": "a"}, "orderId": "4711", "operationId": "0010",
      "materialId": "M-1", "lotId": "L-7", "plannedQuantity": 1000, "uom": "PCE",
      "idealCycle": "1.2s", "released": true, "requestId": "mes-88",
      "bill": [{"materialId": "R-1", "quantityPer": 0.25, "uom": "KGM", "scrapFactor": "0.02"}] }
    """

  @Test func `a file says everything that is known of an order`() throws {
    let file = try OrderFile(parsing: Array(Self.whole.utf8))
    let item = try #require(
      BillItem(materialID: "R-1", quantityPer: "0.25", uom: "KGM", scrapFactor: "0.02"))
    #expect(
      file
        == OrderFile(
          action: .start, place: .machine("a"),
          order: Order(
            key: OrderKey(orderID: "4711", operationID: "0010"), materialID: "M-1", lotID: "L-7",
            plannedQuantity: 1000, uom: "PCE", idealCycle: .milliseconds(1200), bill: [item],
            isReleased: true, from: .file), requestID: "mes-88"))
  }

  @Test func `a file is carried out once`() throws {
    let file = try OrderFile(parsing: Array(Self.whole.utf8))
    var line = Desk()
    #expect(line.desk.carryOut(file, stamp(0), into: &line.facts).effect == .started)
    let end = try OrderFile(
      parsing: Array(#"{"action":"end","place":{"machine":"a"},"orderId":"4711"}"#.utf8))
    #expect(line.desk.carryOut(end, stamp(1), into: &line.facts).effect == .ended)
    #expect(line.desk.carryOut(file, stamp(2), into: &line.facts).effect == .unchanged)
    #expect(line.desk.carryOut(end, stamp(3), into: &line.facts).effect == .unchanged)
  }

  @Test func `an order is not released unless its file says so`() throws {
    let file = try OrderFile(
      parsing: Array(#"{"place":{"line":"line"},"orderId":"1"}"#.utf8))
    #expect(file.action == .start)
    #expect(file.order?.isReleased == false)
  }

  static let mistakes: [(String, [String])] = [
    ("[]", ["reading the order file: an object with \"orderId\" is wanted"]),
    ("{", ["reading the order file: reading JSON at byte 1: expected a member name"]),
    (
      "{}",
      [
        "reading the order file at orderId: it is missing",
        "reading the order file at place: a start needs one: {\"machine\": …} or {\"line\": …}",
      ]
    ),
    (
      #"{"action":"go","place":{"machine":1},"orderId":"","plannedQuantity":1.5,"#
        + #""idealCycle":"2","released":1,"bill":[{"quantityPer":"-1","uom":"KGM"},7],"lot":"x"}"#,
      [
        "reading the order file at action: one of \"start\", \"describe\", \"end\", \"pause\", "
          + "\"resume\"",
        "reading the order file at place: {\"machine\": \"name\"} or {\"line\": \"name\"}",
        "reading the order file at orderId: a text of 1 to 64 bytes without control characters",
        "reading the order file at plannedQuantity: whole pieces from 1 to 1000000000000",
        "reading the order file at idealCycle: a duration above zero with its unit, such as "
          + "\"1.5s\" or \"250ms\"",
        "reading the order file at released: true or false",
        "reading the order file at bill[0].materialId: it is missing",
        "reading the order file at bill[0].quantityPer: a decimal from 0 to 1000000 with at most "
          + "6 places, without sign and exponent, such as \"0.25\"",
        "reading the order file at bill[1]: an object with materialId, quantityPer and uom",
        "reading the order file at lot: nobody knows this member; known are action, bill, "
          + "idealCycle, lotId, materialId, operationId, orderId, place, plannedQuantity, "
          + "released, requestId, uom",
      ]
    ),
  ]

  @Test(arguments: mistakes.indices)
  func `a bad file is refused with all its mistakes at once`(index: Int) {
    let (text, sentences) = Self.mistakes[index]
    do throws(OrderFileFault) {
      _ = try OrderFile(parsing: Array(text.utf8))
      Issue.record("it was read")
    } catch {
      #expect(error.mistakes.map(\.description) == sentences)
      #expect(error.description == sentences.joined(separator: "\n"))
    }
  }

  @Test func `mistakes beyond the limit are counted, and a bill has one`() {
    let item = #"{"materialId":"","quantityPer":"1","uom":"KGM"}"#
    let bill = Array(repeating: item, count: OrderLimits.toldMistakes + 5)
    let text = #"{"place":{"line":"l"},"orderId":"1","bill":[\#(bill.joined(separator: ","))]}"#
    do throws(OrderFileFault) {
      _ = try OrderFile(parsing: Array(text.utf8))
      Issue.record("it was read")
    } catch {
      #expect(error.mistakes.count == OrderLimits.toldMistakes)
      #expect(error.more == 5)
    }
    let long = String(repeating: "m", count: OrderLimits.nameBytes)
    let heavy = #"{"materialId":"\#(long)","quantityPer":"1","uom":"\#(long)"}"#
    let bills = Array(repeating: heavy, count: 40).joined(separator: ",")
    do throws(OrderFileFault) {
      _ = try OrderFile(
        parsing: Array(#"{"place":{"line":"l"},"orderId":"1","bill":[\#(bills)]}"#.utf8))
      Issue.record("it was read")
    } catch {
      #expect(error.mistakes.map(\.path) == ["bill"])
    }
  }

  @Test(
    arguments: [
      ("0", "0"), ("1", "1"), ("0.250", "0.25"), ("1000000", "1000000"), ("0.000001", "0.000001"),
      ("1000000.000001", nil), ("0.0000001", nil), ("1.", nil), (".5", nil), ("-1", nil),
      ("1e3", nil), ("", nil), ("1,5", nil), ("00012", "12"),
    ] as [(String, String?)])
  func `a decimal is exact or refused`(text: String, written: String?) {
    #expect(ExactDecimal(text: text)?.text == written)
  }

  @Test func `no bytes of a file bring it down`() {
    var random = SeededGenerator(seed: 11)
    let good = Array(Self.whole.utf8)
    for _ in 0..<2000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        bytes[at] = UInt8.random(in: 0...255, using: &random)
      }
      if let file = try? OrderFile(parsing: bytes) {
        var line = Desk()
        _ = line.desk.carryOut(file, stamp(0), into: &line.facts)
      }
    }
  }
}
