// The inbox on disk: what waits in it, and where things go when they are dealt with.
//
// Invariants
// - Hidden files, files without their signature and names that are no plain text are left alone.
// - `taken` and `refused` keep the newest bundles, each with its signature and its explanation.

import LinuxEdge
import Primitives

/// The directory into which bundles are dropped, with `taken` and `refused` in it.
struct InboxPlaces: Sendable {
  let directory: String

  func make() throws(LinuxFault) {
    for place in ["", "/taken", "/refused"] {
      try Files.makeOpenDirectory(directory + place, mode: InboxLimits.mode)
    }
  }

  /// Files that wait with their signatures, statements of keys first.
  func names() throws(LinuxFault) -> [String] {
    let all = try Files.list(directory).filter { name in
      !name.hasPrefix(".") && name.utf8.count <= InboxLimits.nameBytes
        && name.utf8.allSatisfy { (33...126).contains($0) }
    }
    let there = Set(all)
    return [".takt-keys", ".takt-bundle"].flatMap { ending in
      all.filter { $0.hasSuffix(ending) && there.contains($0 + ".minisig") }
    }
  }

  /// Says beside a refused file why it was.
  func explain(_ name: String, _ why: String, _ at: WallTime) throws(LinuxFault) {
    try Files.replace(
      "\(directory)/refused/\(name).why",
      with: Array("\(name) was refused at \(at.text):\n\(why)\n".utf8), mode: 0o640)
  }

  /// Moves a file and its signature.
  func putAside(_ name: String, _ place: String) throws(LinuxFault) {
    for part in [name, name + ".minisig"] {
      let path = "\(directory)/\(part)"
      if try Files.status(path) != nil {
        try Files.move(path, to: "\(directory)/\(place)/\(part)")
      }
    }
    try forget(in: "\(directory)/\(place)")
  }

  private func forget(in place: String) throws(LinuxFault) {
    var ages: [(changed: Int64, name: String)] = []
    for name in try Files.list(place) {
      let stem = name.hasSuffix(".why") ? String(name.dropLast(4)) : name
      guard !name.hasSuffix(".minisig"), !ages.contains(where: { $0.name == stem }),
        let status = try Files.status("\(place)/\(name)"), status.kind != .directory
      else { continue }
      ages.append((status.changed, stem))
    }
    for (_, name) in ages.sorted(by: { $0.changed < $1.changed }).dropLast(InboxLimits.kept) {
      for ending in ["", ".minisig", ".why"] { try Files.remove("\(place)/\(name)\(ending)") }
    }
  }
}
