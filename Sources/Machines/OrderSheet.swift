// Files with orders as they are dropped: one order or a list as JSON, or a table as CSV.
//
//   machine,orderId,operationId,materialId,plannedQuantity,uom,released
//   press-1,4711,0010,M-1,1000,PCE,true
//
// Invariants
// - A file is taken whole or refused whole: every mistake of every order is told at once.
// - A mistake says where: `[2].bill[0].uom` of a list, line, column and name of a table.
// - An empty field of a table is an absent member. A table has no bill of material: use JSON.
// - No more orders than `OrderSheetLimits.orders`: the desk remembers what was carried out, and a
//   whole file must fit its memory, so that one that comes twice after a crash is done once.

public import Primitives

/// Limits of a dropped file.
public enum OrderSheetLimits {
  /// Bytes of a file: four of the largest single orders, or 200 usual ones of 1 KiB.
  public static let fileBytes = 256 * 1024
  /// Orders of a file, below `OrderLimits.rememberedRequests`.
  public static let orders = 200
}

/// How a dropped file is written.
public enum OrderSheetFormat: Equatable, Sendable {
  case json, csv

  /// By the end of a file's name, in capitals or not; nil for a file that holds no orders.
  public init?(name: String) {
    let name = name.lowercased()
    if name.hasSuffix(".json") {
      self = .json
    } else if name.hasSuffix(".csv") {
      self = .csv
    } else {
      return nil
    }
  }
}

/// Reads all orders of a file.
public enum OrderSheet {
  /// The orders in the order of the file; at least one, or a fault.
  public static func read(
    _ bytes: [UInt8], _ format: OrderSheetFormat, from: Order.Origin = .file
  ) throws(OrderFileFault) -> [OrderFile] {
    try sheet(bytes, format, from).orders
  }

  /// The same orders as the trees of single order files, after the same check.
  public static func trees(
    _ bytes: [UInt8], _ format: OrderSheetFormat
  ) throws(OrderFileFault) -> [JSONValue] {
    try sheet(bytes, format, .file).trees
  }

  private static func sheet(
    _ bytes: [UInt8], _ format: OrderSheetFormat, _ from: Order.Origin
  ) throws(OrderFileFault) -> Sheet {
    guard bytes.count <= OrderSheetLimits.fileBytes else {
      throw fault(
        "it has \(bytes.count) bytes, \(OrderSheetLimits.fileBytes) are allowed; split it")
    }
    let sheet =
      switch format {
      case .json: try list(bytes, from)
      case .csv: try table(bytes, from)
      }
    guard !sheet.orders.isEmpty else { throw fault("there is no order in it") }
    return sheet
  }

  private struct Sheet {
    var trees: [JSONValue]
    var orders: [OrderFile]
  }

  private static func fault(_ reason: String, at path: String = "") -> OrderFileFault {
    OrderFileFault([OrderMistake(path: path, reason: reason)])
  }

  private static func tooMany(_ count: Int) -> OrderFileFault {
    fault("it has \(count) orders, \(OrderSheetLimits.orders) are allowed; split it")
  }

  private static func list(
    _ bytes: [UInt8], _ from: Order.Origin
  ) throws(OrderFileFault) -> Sheet {
    let tree: JSONValue
    do throws(JSONFault) { tree = try JSONValue(parsing: bytes) } catch {
      let before = bytes.prefix(error.offset)
      let line = before.count { $0 == 10 } + 1
      let column = before.count - (before.lastIndex(of: 10).map { $0 + 1 } ?? 0) + 1
      throw fault(error.reason, at: "line \(line), column \(column)")
    }
    guard let trees = tree.array else {
      return Sheet(trees: [tree], orders: [try OrderFile(tree, from: from)])
    }
    guard trees.count <= OrderSheetLimits.orders else { throw tooMany(trees.count) }
    return try all(trees, from) { index, mistake in
      "[\(index)]" + (mistake.path.isEmpty ? "" : "." + mistake.path)
    }
  }

  /// Every order, or the mistakes of all of them, each with the path where it is.
  private static func all(
    _ trees: [JSONValue], _ from: Order.Origin, path: (Int, OrderMistake) -> String
  ) throws(OrderFileFault) -> Sheet {
    var orders: [OrderFile] = []
    var mistakes: [OrderMistake] = []
    var more = 0
    for (index, tree) in trees.enumerated() {
      do throws(OrderFileFault) {
        orders.append(try OrderFile(tree, from: from))
      } catch {
        more += error.more
        mistakes += error.mistakes.map {
          OrderMistake(path: path(index, $0), reason: $0.reason)
        }
      }
    }
    guard mistakes.isEmpty else {
      var fault = OrderFileFault(mistakes)
      fault.more += more
      throw fault
    }
    return Sheet(trees: trees, orders: orders)
  }

  // MARK: Tables

  /// The columns a table may have.
  static let columns = [
    "action", "machine", "line", "orderId", "operationId", "materialId", "lotId",
    "plannedQuantity", "uom", "idealCycle", "released", "requestId",
  ]

  private static func table(
    _ bytes: [UInt8], _ from: Order.Origin
  ) throws(OrderFileFault) -> Sheet {
    let table: CSVTable
    do throws(CSVFault) { table = try CSVTable(parsing: bytes) } catch {
      throw fault(error.reason, at: "line \(error.line), column \(error.column)")
    }
    try check(table.header)
    guard table.rows.count <= OrderSheetLimits.orders else { throw tooMany(table.rows.count) }
    let names = table.header.map(\.text)
    return try all(table.rows.map { tree(names, $0) }, from) { index, mistake in
      let row = table.rows[index]
      let wanted = mistake.path == "place" ? ["machine", "line"] : [mistake.path]
      let column = names.firstIndex { wanted.contains($0) }
      let field = column.map { row[$0] } ?? row[0]
      return "line \(field.line), column \(field.column), \(mistake.path)"
    }
  }

  private static func check(_ header: [CSVField]) throws(OrderFileFault) {
    var seen: Set<String> = []
    var mistakes: [OrderMistake] = []
    for field in header {
      let path = "line \(field.line), column \(field.column)"
      let name = field.text.cut(to: OrderLimits.nameBytes)
      if !columns.contains(field.text) {
        let hint = field.text == "bill" ? "a bill of material needs a JSON file; " : ""
        mistakes.append(
          OrderMistake(
            path: path,
            reason: "no column is called \"\(name)\"; \(hint)there are "
              + columns.joined(separator: ", ")))
      } else if !seen.insert(field.text).inserted {
        mistakes.append(OrderMistake(path: path, reason: "the column \"\(name)\" comes twice"))
      }
    }
    if !mistakes.isEmpty { throw OrderFileFault(mistakes) }
  }

  /// A row as the tree of an order file.
  private static func tree(_ names: [String], _ row: [CSVField]) -> JSONValue {
    var members: [String: JSONValue] = [:]
    var place: [String: JSONValue] = [:]
    for (name, field) in zip(names, row) where !field.text.isEmpty {
      switch name {
      case "machine", "line": place[name] = .string(field.text)
      case "plannedQuantity":
        members[name] = Int64(field.text).map { .integer($0) } ?? .string(field.text)
      case "released":
        switch field.text.lowercased() {
        case "true": members[name] = true
        case "false": members[name] = false
        default: members[name] = .string(field.text)
        }
      default: members[name] = .string(field.text)
      }
    }
    if !place.isEmpty { members["place"] = .object(place) }
    return .object(members)
  }
}
