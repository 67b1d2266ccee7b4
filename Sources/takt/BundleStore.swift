// What a gateway keeps of bundles: `<stateDirectory>/configuration`.
//
//   trust.json          the ratchet of each key, and the keys that the root key named
//   current.json        what holds, what is on trial, what failed
//   <serial>-<key>/     one unpacked bundle each: bundle.json, *.json5, conf.d, profiles
//   .new/               one that is being unpacked
//
// Invariants
// - A directory with a bundle's name is whole: it was written and synced as `.new`, then renamed.
// - Every change of the two files is one rename, durable before anything builds on it.
// - Whatever the moment at which the process ends, the next one reads a state from which it works.

import LinuxEdge
import Primitives
import Settings

enum BundleStoreLimits {
  /// Bytes of trust.json: 256 keys of 250 bytes each.
  static let trustBytes = 256 * 1024
  static let smallBytes = 64 * 1024
}

/// One kept bundle, as `bundle.json` tells it.
struct KeptBundle: Equatable, Sendable {
  var name: String
  var serial: UInt64
  var signedBy: String
  var comment: String
  var digest: String
  var takenAt: WallTime

  init(_ bundle: AcceptedBundle, at now: WallTime) {
    name = bundle.directoryName
    serial = bundle.comment.serial
    signedBy = bundle.key.name
    comment = bundle.comment.text
    digest = bundle.digest
    takenAt = now
  }

  init?(name: String, bytes: [UInt8]) {
    guard let tree = try? JSONValue(parsing: bytes), let serial = BundleDirectory.serial(of: name),
      let key = tree["signedBy"]?.string, let comment = tree["comment"]?.string,
      let digest = tree["digest"]?.string,
      let takenAt = tree["takenAt"]?.string.flatMap({ WallTime(text: $0) })
    else { return nil }
    self.name = name
    self.serial = serial
    (signedBy, self.comment, self.digest, self.takenAt) = (key, comment, digest, takenAt)
  }

  var json: JSONValue {
    [
      "serial": .integer(Int64(clamping: serial)), "signedBy": .string(signedBy),
      "comment": .string(comment), "digest": .string(digest), "takenAt": .string(takenAt.text),
    ]
  }
}

/// Reads and writes the directory; used by one thread of one process at a time.
struct BundleStore: Sendable {
  let directory: String
  /// Called before each step that changes something on disk; tests end the work there.
  var before: @Sendable (String) throws(LinuxFault) -> Void = { _ in }

  init(state: String) { directory = state + "/configuration" }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  // MARK: The two files

  /// What is remembered of keys; a file that cannot be read is a fault, never an empty memory.
  func trust() throws(LinuxFault) -> BundleTrust {
    guard let bytes = try read("trust.json", limit: BundleStoreLimits.trustBytes) else {
      return BundleTrust()
    }
    guard let trust = BundleTrust(bytes: bytes) else {
      throw LinuxFault(
        "reading \(path("trust.json"))",
        reason: "it is damaged; restore it, or move it away to begin without memory of old bundles")
    }
    return trust
  }

  func write(_ trust: BundleTrust) throws(LinuxFault) {
    try replace("trust.json", trust.bytes)
  }

  /// What holds. A damaged file means the local files alone: better than nothing.
  func current() throws(LinuxFault) -> BundleCurrent {
    guard let bytes = try read("current.json", limit: BundleStoreLimits.smallBytes) else {
      return BundleCurrent()
    }
    guard let current = BundleCurrent(bytes: bytes) else {
      throw LinuxFault(
        "reading \(path("current.json"))",
        reason: "it is damaged; \"takt config rollback SERIAL\" writes it anew")
    }
    return current
  }

  func write(_ current: BundleCurrent) throws(LinuxFault) {
    try replace("current.json", current.bytes)
  }

  // MARK: Bundles

  /// Unpacks a bundle whole; one that is there already stays.
  func stage(_ files: [BundleFile], _ kept: KeptBundle) throws(LinuxFault) {
    try prepare()
    if try Files.status(path(kept.name)) != nil {
      if try bundle(kept.name)?.digest == kept.digest { return }
      // Left behind by a start that ended before anything built on it.
      try step("clearing \(kept.name)") { () throws(LinuxFault) in try remove(path(kept.name)) }
    }
    let fresh = path(".new")
    try step("clearing \(fresh)") { () throws(LinuxFault) in try remove(fresh) }
    try step("making \(fresh)") { () throws(LinuxFault) in try Files.makeDirectory(fresh) }
    for file in files {
      if let slash = file.name.firstIndex(of: "/") {
        try Files.makeDirectory("\(fresh)/\(file.name[..<slash])")
      }
      try step("writing \(file.name)") { () throws(LinuxFault) in
        try Files.replace("\(fresh)/\(file.name)", with: file.bytes, mode: 0o640)
      }
    }
    try step("writing bundle.json") { () throws(LinuxFault) in
      try Files.replace("\(fresh)/bundle.json", with: kept.json.canonicalBytes + [10], mode: 0o640)
    }
    try step("putting \(kept.name) in place") { () throws(LinuxFault) in
      try Files.move(fresh, to: path(kept.name))
    }
  }

  /// The bundles that are kept, the newest last.
  func list() throws(LinuxFault) -> [KeptBundle] {
    guard try Files.status(directory) != nil else { return [] }
    var kept: [KeptBundle] = []
    for name in try Files.list(directory) where BundleDirectory.isName(name) {
      if let bundle = try bundle(name) { kept.append(bundle) }
    }
    return kept.sorted { ($0.takenAt, $0.serial) < ($1.takenAt, $1.serial) }
  }

  /// One kept bundle; nil when it is not there or not whole.
  func bundle(_ name: String) throws(LinuxFault) -> KeptBundle? {
    guard BundleDirectory.isName(name),
      let bytes = try read("\(name)/bundle.json", limit: BundleStoreLimits.smallBytes)
    else { return nil }
    return KeptBundle(name: name, bytes: bytes)
  }

  /// Removes what nobody goes back to any more.
  func prune(keeping current: BundleCurrent) throws(LinuxFault) {
    for bundle in try list() where !current.needed.contains(bundle.name) {
      // Renamed first: a directory with a bundle's name is whole.
      try step("removing \(bundle.name)") { () throws(LinuxFault) in
        try remove(path(".old"))
        try Files.move(path(bundle.name), to: path(".old"))
        try remove(path(".old"))
      }
    }
  }

  /// The source of a configuration by its directory.
  func source(_ name: String?, local path: String) throws(LinuxFault) -> ConfigurationSource {
    guard let name else { return ConfigurationSource(path: path) }
    guard let kept = try bundle(name) else {
      throw LinuxFault("reading \(self.path(name))", reason: "the bundle is not there any more")
    }
    return ConfigurationSource(
      path: path, overlay: self.path(name), serial: kept.serial, signedBy: kept.signedBy)
  }

  // MARK: Parts

  private func prepare() throws(LinuxFault) {
    try Files.makeDirectory(Files.directoryName(directory))
    try Files.makeDirectory(directory)
  }

  private func replace(_ name: String, _ bytes: [UInt8]) throws(LinuxFault) {
    try prepare()
    try step("writing \(name)") { () throws(LinuxFault) in
      try Files.replace(path(name), with: bytes, mode: 0o640)
    }
  }

  private func read(_ name: String, limit: Int) throws(LinuxFault) -> [UInt8]? {
    guard try Files.status(path(name)) != nil else { return nil }
    return try Files.readPlain(path(name), limit: limit)
  }

  private func step(_ name: String, _ work: () throws(LinuxFault) -> Void) throws(LinuxFault) {
    try before(name)
    try work()
  }

  /// Removes a directory of a bundle: files, and directories of files.
  private func remove(_ directory: String) throws(LinuxFault) {
    guard try Files.status(directory)?.kind == .directory else { return }
    for name in try Files.list(directory) {
      let path = "\(directory)/\(name)"
      if try Files.status(path)?.kind == .directory {
        for inner in try Files.list(path) { try Files.remove("\(path)/\(inner)") }
        try Files.removeDirectory(path)
      } else {
        try Files.remove(path)
      }
    }
    try Files.removeDirectory(directory)
  }
}

extension BundleStore {
  /// The gate of a gateway that takes bundles; nil for one that does not.
  func gate(
    _ gateway: GatewaySettings, _ remote: RemotePlan?
  ) throws(LinuxFault) -> BundleGate? {
    guard let remote, let program = ProgramVersion(programVersion) else { return nil }
    return BundleGate(
      gateway: gateway.name, group: remote.group, program: program, root: remote.root,
      localKeys: remote.keys.map(\.key), trust: try trust())
  }
}
