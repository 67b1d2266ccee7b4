// What the status says of the configuration that runs.

import Primitives

/// Which configuration runs, since when, and what became of the last one that was asked for.
struct ConfigurationStatus: Sendable {
  var digest: String
  var source: ConfigurationSource
  var since: WallTime
  /// While it is watched: until when.
  var probationUntil: WallTime?
  /// The last outcome, as a sentence, and when it was.
  var last: (text: String, at: WallTime)?
  /// What a reload that is under way waits for.
  var waitsFor: String?

  init(_ design: SiteDesign, since: ClockReading) {
    digest = design.digest
    source = design.source
    self.since = since.wall
  }

  var json: JSONValue {
    var members: [String: JSONValue] = [
      "digest": .string(digest), "path": .string(source.path), "since": .string(since.text),
    ]
    members["serial"] = source.serial.map { .integer(Int64(clamping: $0)) }
    members["signedBy"] = source.signedBy.map { .string($0) }
    members["probationUntil"] = probationUntil.map { .string($0.text) }
    members["waitsFor"] = waitsFor.map { .string($0) }
    if let last { members["last"] = ["text": .string(last.text), "at": .string(last.at.text)] }
    return .object(members)
  }
}
