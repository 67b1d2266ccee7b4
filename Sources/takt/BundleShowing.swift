// What is in a bundle, and whether a gateway would take it.

import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

enum BundleShowing {
  static func show(
    _ file: String, _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    let bytes = try BundleMaking.read(file, limit: BundleLimits.bytes)
    var rows: [(String, JSONValue)] = [("file", .string(file))]
    if file.hasSuffix(".takt-keys") {
      let keys = try judging(.unverified, file) { () throws(BundleRefusal) in
        try KeyStatementText.read(bytes)
      }
      rows.append(("keys", .array(keys.map { .string("\($0.name)  \($0.text)") })))
    } else {
      let files = try judging(.unverified, file) { () throws(BundleRefusal) in
        try BundleArchive.read(bytes)
      }
      if options.has("json") {
        rows.append(("files", .array(files.map(Self.json))))
      } else {
        rows += files.map { ("", .string(Self.line($0))) }
      }
    }
    if let signature = try? Files.read(file + ".minisig", limit: BundleLimits.signatureBytes) {
      let read = try judging(.unverified, file + ".minisig") { () throws(BundleRefusal) in
        try BundleSignature(file: signature)
      }
      rows.append(("comment", .string(read.comment)))
      rows.append(("note", "nothing was verified; \"takt bundle verify\" does"))
    } else {
      rows.append(("note", "there is no signature beside it"))
    }
    BundleCommand.print(rows, options)
    return .ok
  }

  private static func json(_ file: BundleFile) -> JSONValue {
    [
      "name": .string(file.name), "bytes": .integer(Int64(file.bytes.count)),
      "sha256": .string(Hex.encode(SHA256.digest(file.bytes))),
    ]
  }

  private static func line(_ file: BundleFile) -> String {
    "\(Hex.encode(SHA256.digest(file.bytes)))  \(file.name)  \(file.bytes.count) bytes"
  }

  static func verify(
    _ file: String, _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    let bytes = try BundleMaking.read(file, limit: BundleLimits.bytes)
    let signature = try BundleMaking.read(file + ".minisig", limit: BundleLimits.signatureBytes)
    if let word = options.text("public") {
      return try verify(file, bytes, signature, try BundleMaking.publicKey(word), options)
    }
    let path = options.text("config") ?? ConfigurationFiles.defaultPath
    let (gateway, remote) = try LocalTrust.read(path)
    guard
      let gate = try asking(
        .storage,
        { () throws(LinuxFault) in
          try BundleStore(state: gateway.stateDirectory).gate(gateway, remote)
        })
    else {
      throw CommandFault(.configuration, "\(path) has no \"remote\", so it takes no bundles")
    }
    let clock = SystemClock().reading()
    let accepted = try judging(.unverified, file) { () throws(BundleRefusal) in
      try gate.judge(
        bytes, signature: signature, at: BundleTime(clock, floor: clock.wall), MinisignNotary())
    }
    print(file, accepted.comment, accepted.key, options, isAgain: accepted.isAgain)
    return .ok
  }

  /// Only the two signatures, with one key: for who has no gateway at hand.
  private static func verify(
    _ file: String, _ bytes: [UInt8], _ signature: [UInt8], _ key: BundleKey,
    _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    let comment = try judging(.unverified, file) { () throws(BundleRefusal) in
      let read = try BundleSignature(file: signature)
      guard read.keyID == key.id else {
        throw .unknownKey(BundleKey.name(read.keyID), known: [key.name])
      }
      guard Minisign.accepts(read.signature, of: Minisign.digest(bytes), by: key.point) else {
        throw .wrongSignature(key.name)
      }
      guard Minisign.accepts(read.commentSignature, of: read.commentMessage, by: key.point) else {
        throw .wrongComment(key.name)
      }
      return try BundleComment(text: read.comment)
    }
    print(file, comment, key, options, isAgain: false)
    return .ok
  }

  private static func print(
    _ file: String, _ comment: BundleComment, _ key: BundleKey, _ options: CommandLineOptions,
    isAgain: Bool
  ) {
    var rows: [(String, JSONValue)] = [
      ("file", .string(file)), ("signedBy", .string(key.name)),
      ("serial", .integer(Int64(clamping: comment.serial))), ("for", .string(comment.target)),
      ("from", .string(BundleComment.text(comment.from))),
      ("until", .string(BundleComment.text(comment.until))),
    ]
    if let program = comment.program { rows.append(("program", .string(program.text))) }
    if isAgain { rows.append(("note", "it is the newest that this gateway has taken")) }
    BundleCommand.print(rows, options)
  }
}
