// Dropped files with one order or many, as JSON and as CSV.

import Machines
import Primitives
import Testing

@Suite("Order sheets") struct OrderSheetTests {
  private func read(_ text: String, _ format: OrderSheetFormat) throws(OrderFileFault)
    -> [OrderFile]
  {
    try OrderSheet.read(Array(text.utf8), format)
  }

  private func mistakes(_ text: String, _ format: OrderSheetFormat) -> [String] {
    let fault = #expect(throws: OrderFileFault.self) { try self.read(text, format) }
    return fault?.description.split(separator: "\n").map(String.init) ?? []
  }

  @Test(arguments: [
    ("a.json", OrderSheetFormat.json), ("A.JSON", .json), ("b.csv", .csv), ("B.Csv", .csv),
  ])
  func `the name tells the format`(name: String, format: OrderSheetFormat) {
    #expect(OrderSheetFormat(name: name) == format)
    #expect(OrderSheetFormat(name: name + ".tmp") == nil)
  }

  @Test func `a table and a list say the same`() throws {
    let table = """
      action,machine,line,orderId,operationId,materialId,lotId,plannedQuantity,uom,idealCycle,\
      released
      start,a,,4711,0010,M-1,L-7,1000,PCE,1.2s,TRUE
      ,,line-1,4712,,,,,,,
      end,a,,,,,,,,,
      """
    let list = """
      [{"action":"start","place":{"machine":"a"},"orderId":"4711","operationId":"0010",
        "materialId":"M-1","lotId":"L-7","plannedQuantity":1000,"uom":"PCE","idealCycle":"1.2s",
        "released":true},
       {"place":{"line":"line-1"},"orderId":"4712"},
       {"action":"end","place":{"machine":"a"}}]
      """
    let (rows, orders) = (try read(table, .csv), try read(list, .json))
    #expect(rows == orders)
    #expect(rows.map(\.action) == [.start, .start, .end])
    #expect(rows[0].order?.key == OrderKey(orderID: "4711", operationID: "0010"))
    #expect(rows[0].order?.isReleased == true)
    #expect(rows[1].place == .line("line-1"))
    #expect(rows[2].order == nil)
  }

  @Test func `one order needs no list`() throws {
    let orders = try read(#"{"place":{"machine":"a"},"orderId":"1"}"#, .json)
    #expect(orders.map { $0.order?.key.orderID } == ["1"])
  }

  @Test func `a mistake of a list has its index, and all orders are looked at`() {
    #expect(
      mistakes(#"[{"place":{"machine":"a"},"orderId":"1"},{"orderId":""},7]"#, .json) == [
        "reading the order file at [1].orderId: "
          + "a text of 1 to 64 bytes without control characters",
        "reading the order file at [1].place: "
          + "a start needs one: {\"machine\": …} or {\"line\": …}",
        "reading the order file at [2]: an object with \"orderId\" is wanted",
      ])
    #expect(
      mistakes("[{\n  nope}]", .json) == [
        "reading the order file at line 2, column 3: expected a member name"
      ])
  }

  @Test func `a mistake of a table has line, column and name`() {
    let told = mistakes(
      "machine,orderId,plannedQuantity,released\na,1,many,yes\na,,2,true\na,3,4,true\n", .csv)
    #expect(
      told == [
        "reading the order file at line 2, column 5, plannedQuantity: "
          + "whole pieces from 1 to \(OrderLimits.plannedQuantity)",
        "reading the order file at line 2, column 10, released: true or false",
        "reading the order file at line 3, column 3, orderId: it is missing",
      ])
    #expect(
      mistakes("machine,order,bill,machine\na,1,x,b\n", .csv).map { $0.prefix(70) }
        == [
          "reading the order file at line 1, column 9: no column is called \"order\"",
          "reading the order file at line 1, column 15: no column is called \"bill\"",
          "reading the order file at line 1, column 20: the column \"machine\" come",
        ].map { $0.prefix(70) })
    #expect(
      mistakes("machine,line,orderId\na,b,1\n", .csv) == [
        "reading the order file at line 2, column 1, place: "
          + "{\"machine\": \"name\"} or {\"line\": \"name\"}"
      ])
    #expect(
      mistakes("a,b\n1\n", .csv)
        == ["reading the order file at line 2, column 1: the line has 1 fields, the header has 2"])
  }

  @Test func `nothing, too much and too many are refused`() {
    #expect(mistakes("[]", .json) == ["reading the order file: there is no order in it"])
    #expect(mistakes("orderId\n", .csv) == ["reading the order file: there is no order in it"])
    let order = #"{"place":{"machine":"a"},"orderId":"1"}"#
    let most = Array(repeating: order, count: OrderSheetLimits.orders)
    #expect(throws: Never.self) { try self.read("[\(most.joined(separator: ","))]", .json) }
    #expect(mistakes("[\((most + [order]).joined(separator: ","))]", .json).count == 1)
    let large = String(repeating: " ", count: OrderSheetLimits.fileBytes + 1)
    #expect(mistakes(large, .json).first?.contains("are allowed; split it") == true)
    // The desk remembers every order of the largest file.
    #expect(OrderSheetLimits.orders <= OrderLimits.rememberedRequests)
  }
}
