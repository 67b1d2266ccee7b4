// How a bundle lies over the local files.
//
// Invariants
// - The files of a bundle become one tree as local files do. Each of its members, such as
//   `machines` or `routes`, then takes the place of the local one as a whole; what it does not
//   have stays as it is in the local files.
// - Who the gateway is and whom it believes is local: a bundle that says it is refused.
//
// Why whole members: a machine that head office takes out of its list is gone, and nobody has to
// know what an old local file says to understand what holds.

enum BundleOverlay {
  static func lay(_ bundle: Node, over local: Node, _ mistakes: inout MistakeList) -> Node {
    guard case .object(var merged) = local.content, case .object(let members) = bundle.content
    else { return local }
    for member in members {
      guard !Vocabulary.localMembers.contains(member.name) else {
        mistakes.error(
          member.node.place, member.name, "a bundle says who the gateway is or whom it believes",
          "\"\(member.name)\" in the local files only")
        continue
      }
      if let index = merged.firstIndex(where: { $0.name == member.name }) {
        merged[index] = member
      } else {
        merged.append(member)
      }
    }
    return Node(place: local.place, content: .object(merged))
  }
}
