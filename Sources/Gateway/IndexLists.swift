// A short list of indices for each of many things, as two flat arrays.
//
// Why not an array of arrays: each list would lie behind a reference of its own, and a thousand
// machines are gone through with every scan.

/// Lists of small numbers, by a small number.
struct IndexLists: Sendable {
  private var starts: [Int32] = [0]
  private var items: [Int32] = []

  init(_ lists: [[Int]]) {
    for list in lists {
      items += list.map { Int32(clamping: $0) }
      starts.append(Int32(clamping: items.count))
    }
  }

  /// Where the items of a list stand; to be taken one by one with `item`.
  func places(of list: Int) -> Range<Int> { Int(starts[list])..<Int(starts[list + 1]) }

  /// The item at a place.
  func item(_ place: Int) -> Int { Int(items[place]) }
}
