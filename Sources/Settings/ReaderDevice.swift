// Reads what a device offers: the lists of function codes and of forbidden addresses.

import Polling

extension Reader {
  mutating func offer(_ node: Node, _ kind: Kind, _ path: String) -> Reading? {
    guard case .array(let elements) = node.content else { return refuse(node, kind, path) }
    if case .functions = kind { return functions(node, elements, kind, path) }
    guard elements.count <= SettingsLimits.forbiddenRanges else {
      return refuse(node, kind, path, "found \(elements.count) ranges")
    }
    var ranges: [PlacedRange] = []
    for (index, element) in elements.enumerated() {
      let place = "\(path)[#\(index + 1)]"
      guard case .string(let text) = element.content else {
        _ = refuse(element, kind, place)
        continue
      }
      do {
        ranges.append(PlacedRange(range: try AddressRange(text: text), place: element.place))
      } catch {
        mistakes.error(
          element.place, place, "found \(Words.quoted(text)): \(error.found)", error.allowed)
      }
    }
    return .addressRanges(ranges)
  }

  private mutating func functions(
    _ node: Node, _ elements: [Node], _ kind: Kind, _ path: String
  ) -> Reading? {
    var codes: Set<Int64> = []
    for element in elements {
      guard case .integer(let code) = element.content else { return refuse(element, kind, path) }
      guard (1...4).contains(code) else {
        return refuse(
          element, kind, path, "function \(code) does not read a table; Takt only reads")
      }
      codes.insert(code)
    }
    guard !codes.isEmpty else { return refuse(node, kind, path, "found an empty list") }
    return .integers(codes.sorted())
  }
}
