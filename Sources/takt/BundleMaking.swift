// Head office's side of bundles: keys, archives, comments and signatures.
//
// Invariants
// - What is written is read again by the rules of the gateway first: nothing is made that no
//   gateway would take.
// - The same directory and the same options give the same bytes.

import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

enum BundleMaking {
  static func keygen(_ options: CommandLineOptions) throws(CommandFault) -> ExitCode {
    let file = options.text("out") ?? "takt-bundle.key"
    let stem = file.hasSuffix(".key") ? String(file.dropLast(4)) : file
    let key = try keying { () throws(KeyFault) in
      let key = try MinisignSecretKey.make()
      try key.write(secret: file, public: stem + ".pub", force: options.has("force"))
      return key
    }
    guard let known = BundleKey(id: key.id, point: key.point) else {
      throw CommandFault(.internal, "making a key: it has no public part")
    }
    BundleCommand.print(
      [
        ("secretKey", .string(file)), ("publicKey", .string(stem + ".pub")),
        ("key", .string(known.text)), ("name", .string(known.name)),
      ], options)
    return .ok
  }

  static func make(
    _ directory: String, _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    let files = try contents(of: directory)
    let comment = try comment(.bundle, options)
    let archive = try judging(.configuration, directory) { () throws(BundleRefusal) in
      try BundleArchive.write(files)
    }
    let out = options.text("out") ?? "\(comment.serial).takt-bundle"
    try write(archive, to: out, options)
    return try finish(out, archive, comment, options)
  }

  static func keys(
    _ publicFiles: [String], _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    var keys: [BundleKey] = []
    for file in publicFiles { keys.append(try publicKey(file)) }
    let statement = KeyStatementText.write(keys)
    _ = try judging(.configuration, "the keys") { () throws(BundleRefusal) in
      try KeyStatementText.read(statement)
    }
    let comment = try comment(.keys, options)
    let out = options.text("out") ?? "\(comment.serial).takt-keys"
    try write(statement, to: out, options)
    return try finish(out, statement, comment, options)
  }

  /// Writes the comment beside what was made, and signs when a key is given.
  private static func finish(
    _ out: String, _ bytes: [UInt8], _ comment: BundleComment, _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    try write(Array((comment.text + "\n").utf8), to: out + ".comment", options)
    var rows: [(String, JSONValue)] = [
      ("file", .string(out)), ("comment", .string(comment.text)),
    ]
    if options.has("key") {
      let name = try sign(bytes, comment, to: out + ".minisig", options)
      rows += [("signature", .string(out + ".minisig")), ("signedBy", .string(name))]
    }
    BundleCommand.print(rows, options)
    return .ok
  }

  static func sign(
    _ file: String, _ options: CommandLineOptions
  ) throws(CommandFault) -> ExitCode {
    let bytes = try read(file, limit: BundleLimits.bytes)
    let comment: BundleComment
    if options.has("gateways") || options.has("groups") {
      comment = try Self.comment(file.hasSuffix(".takt-keys") ? .keys : .bundle, options)
    } else {
      let text = try read(file + ".comment", limit: BundleLimits.commentBytes)
      comment = try judging(.configuration, file + ".comment") { () throws(BundleRefusal) in
        try BundleComment(text: String(decoding: text.prefix { $0 != 10 }, as: UTF8.self))
      }
    }
    let name = try sign(bytes, comment, to: file + ".minisig", options)
    BundleCommand.print(
      [
        ("signature", .string(file + ".minisig")), ("signedBy", .string(name)),
        ("comment", .string(comment.text)),
      ], options)
    return .ok
  }

  /// Returns the name of the key.
  private static func sign(
    _ bytes: [UInt8], _ comment: BundleComment, to out: String, _ options: CommandLineOptions
  ) throws(CommandFault) -> String {
    guard let file = options.text("key") else { throw .usage("--key FILE is missing") }
    var password: [UInt8]?
    if let file = options.text("password-file") {
      password = Array(try read(file, limit: 1024).prefix { $0 != 10 && $0 != 13 })
    }
    let (key, signature) = try keying { () throws(KeyFault) in
      let key = try MinisignSecretKey(file: file, password: password)
      var signature = BundleSignature(
        keyID: key.id, signature: try key.sign(Minisign.digest(bytes)), comment: comment.text,
        commentSignature: [])
      signature.commentSignature = try key.sign(signature.commentMessage)
      return (key, signature)
    }
    try write(signature.file, to: out, options)
    return BundleKey(id: key.id, point: key.point)?.name ?? ""
  }

  // MARK: Parts

  /// The comment that the options say.
  private static func comment(
    _ kind: BundleComment.Kind, _ options: CommandLineOptions
  ) throws(CommandFault) -> BundleComment {
    let now = SystemClock().reading().wall
    func time(_ name: String) throws(CommandFault) -> WallTime? {
      guard let text = options.text(name) else { return nil }
      guard let time = BundleComment.time(text) else {
        throw .usage("--\(name) \"\(text)\" is no time such as 2026-11-21T07:15:00Z")
      }
      return time
    }
    func names(_ name: String) -> [String] {
      options.text(name)?.split(separator: ",").map(String.init) ?? []
    }
    let from = try time("from") ?? WallTime(milliseconds: now.milliseconds / 1000 * 1000)
    let until =
      try time("until") ?? WallTime(milliseconds: from.milliseconds + 90 * 86_400_000)
    let digits = now.text.utf8.prefix(19).filter { (48...57).contains($0) }
    let serial =
      try options.integer("serial", in: BundleLimits.serials)
      ?? UInt64(String(decoding: digits, as: UTF8.self)) ?? 1
    var comment = BundleComment(
      kind, serial: serial, gateways: names("gateways"), groups: names("groups"), from: from,
      until: until)
    if let text = options.text("program") {
      guard let version = ProgramVersion(text) else {
        throw .usage("--program \"\(text)\" is no version such as 0.6.0")
      }
      comment.program = version
    }
    do throws(BundleRefusal) {
      return try BundleComment(text: comment.text)
    } catch {
      throw .usage(error.description)
    }
  }

  /// The files of a directory that belong into a bundle; any other .json5 in it is refused.
  private static func contents(of directory: String) throws(CommandFault) -> [BundleFile] {
    var files: [BundleFile] = []
    for place in ["", "conf.d/", "profiles/"] {
      let path = "\(directory)/\(place)"
      let isThere = try asking(.storage) { () throws(LinuxFault) in
        try Files.status(path)?.kind == .directory
      }
      if !isThere, !place.isEmpty { continue }
      let names = try asking(.storage) { () throws(LinuxFault) in try Files.list(path) }
      for name in names where name.hasSuffix(".json5") && !name.hasPrefix(".") {
        files.append(
          BundleFile(
            name: place + name, bytes: try read(path + name, limit: SettingsLimits.fileBytes)))
      }
    }
    guard !files.isEmpty else {
      throw CommandFault(
        .configuration,
        "reading \(directory): there is no *.json5 in it, in its conf.d or in its profiles")
    }
    return files
  }

  /// A public key from a file of minisign, or as it is written in one.
  static func publicKey(_ word: String) throws(CommandFault) -> BundleKey {
    if let key = BundleKey(text: word) { return key }
    let text = String(decoding: try read(word, limit: 1024), as: UTF8.self)
    guard let key = text.split(separator: "\n").compactMap({ BundleKey(text: String($0)) }).first
    else {
      throw CommandFault(
        .configuration, "reading \(word): there is no public key of minisign in it")
    }
    return key
  }

  static func read(_ path: String, limit: Int) throws(CommandFault) -> [UInt8] {
    try asking(.storage) { () throws(LinuxFault) in try Files.read(path, limit: limit) }
  }

  private static func write(
    _ bytes: [UInt8], to path: String, _ options: CommandLineOptions
  ) throws(CommandFault) {
    try asking(.storage) { () throws(LinuxFault) in
      if !options.has("force"), try Files.status(path) != nil {
        throw LinuxFault("writing \(path)", reason: "it exists already; --force replaces it")
      }
      try Files.replace(path, with: bytes)
    }
  }
}
