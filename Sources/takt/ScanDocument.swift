// What a scan found, for programs.
//
//   {"units":[{"unit","answersFor","tookUs","baud","parity","stopBits"}],
//    "ranges":[{"unit","table","first","last"}],"interrupted":bool,"lost":"why the line broke"}

import Polling
import Primitives

extension ScanFindings {
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "units": .array(units.map(\.json)), "interrupted": .bool(isInterrupted),
      "ranges": .array(
        ranges.flatMap { scan in
          scan.readable.map { range in
            [
              "unit": .integer(Int64(scan.order.unit)), "table": .string(range.table.rawValue),
              "first": .integer(Int64(range.addresses.lowerBound)),
              "last": .integer(Int64(range.addresses.upperBound)),
            ]
          }
        }),
    ]
    members["lost"] = lost.map { .string($0) }
    return .object(members)
  }
}

extension FoundUnit {
  fileprivate var json: JSONValue {
    var members: [String: JSONValue] = [
      "unit": .integer(Int64(address)), "answersFor": .string(table.rawValue),
      "tookUs": .integer(took.nanoseconds / 1000),
    ]
    if let speed {
      members["baud"] = .integer(Int64(speed.baud))
      members["parity"] = .string(speed.parity.rawValue)
      members["stopBits"] = .integer(Int64(speed.stopBits))
    }
    return .object(members)
  }
}
