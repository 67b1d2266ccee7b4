// Who gets in: judges a file and its signature against everything that this gateway knows.
//
//   signature by a known key ─▶ signed comment ─▶ whom, which program, when ─▶ serial ─▶ content
//
// Invariants
// - Nothing of a file is looked at before a known key's signature over it holds; of the signature
//   file only its form is.
// - Judging changes nothing. What was judged is taken with `taking`, whose result the caller makes
//   durable before anything of it runs.
// - Each attack has its own refusal: a foreign or altered file, a comment from another file, a
//   bundle for somebody else, an old one, an expired one, two of one number, a key that was
//   replaced, an old statement of keys.

public import Primitives

/// What verifies, from outside.
public protocol BundleNotary {
  /// BLAKE2b-512, 64 bytes.
  func digest(_ bytes: [UInt8]) -> [UInt8]
  /// Whether the 64 bytes are the Ed25519 signature of the message by this public point.
  func accepts(_ signature: [UInt8], of message: [UInt8], by point: [UInt8]) -> Bool
}

/// The time as the gateway knows it.
public struct BundleTime: Equatable, Sendable {
  public var now: WallTime
  /// Something sets or has set the clock.
  public var isTrusted: Bool

  /// The later of what the clock says and what is known to have passed.
  public init(_ reading: ClockReading, floor: WallTime) {
    isTrusted = reading.quality == .synchronised || reading.quality == .held
    now = max(reading.wall, floor)
  }
}

/// What was found good.
public struct AcceptedBundle: Equatable, Sendable {
  /// The contents of what was signed.
  public enum Content: Equatable, Sendable {
    case files([BundleFile])
    case keys([BundleKey])
  }

  public var comment: BundleComment
  public var key: BundleKey
  /// BLAKE2b-512 of the signed file, hexadecimal.
  public var digest: String
  public var content: Content
  /// It is the newest that was taken before, byte for byte.
  public var isAgain: Bool

  /// A name for its directory; of one number there may be one of each key.
  public var directoryName: String { "\(comment.serial)-\(key.name)" }
}

/// The judgement over bundles.
public struct BundleGate: Sendable {
  public var gateway: String
  public var group: String?
  public var program: ProgramVersion
  /// The key that may say which keys sign.
  public var root: BundleKey?
  /// The keys of the local file, which hold until the root key says otherwise.
  public var localKeys: [BundleKey]
  public var trust: BundleTrust

  public init(
    gateway: String, group: String?, program: ProgramVersion, root: BundleKey?,
    localKeys: [BundleKey], trust: BundleTrust
  ) {
    self.gateway = gateway
    self.group = group
    self.program = program
    self.root = root
    self.localKeys = localKeys
    self.trust = trust
  }

  /// The keys that sign bundles now.
  public var keys: [BundleKey] {
    if let root, let statement = trust.statement, statement.root == root { return statement.keys }
    return localKeys
  }

  /// Judges a file with its signature file.
  public func judge(
    _ file: [UInt8], signature: [UInt8], at time: BundleTime, _ notary: some BundleNotary
  ) throws(BundleRefusal) -> AcceptedBundle {
    guard file.count <= BundleLimits.bytes else { throw .tooLarge(limit: BundleLimits.bytes) }
    let signature = try BundleSignature(file: signature)
    let key = try key(of: signature)
    let digest = notary.digest(file)
    guard notary.accepts(signature.signature, of: digest, by: key.point) else {
      throw .wrongSignature(key.name)
    }
    guard notary.accepts(signature.commentSignature, of: signature.commentMessage, by: key.point)
    else { throw .wrongComment(key.name) }
    let comment = try BundleComment(text: signature.comment)
    try checkKey(key, comment)
    try checkConditions(comment, time)
    let mark = Hex.encode(digest)
    let isAgain = try checkSerial(comment, mark, key)
    let content: AcceptedBundle.Content =
      switch comment.kind {
      case .bundle: .files(try BundleArchive.read(file))
      case .keys: .keys(try KeyStatementText.read(file))
      }
    return AcceptedBundle(
      comment: comment, key: key, digest: mark, content: content, isAgain: isAgain)
  }

  /// What is to be remembered when it is taken.
  public func taking(_ bundle: AcceptedBundle) -> BundleTrust {
    var trust = trust
    trust.take(bundle.comment.serial, bundle.digest, from: bundle.key)
    if case .keys(let keys) = bundle.content {
      trust.take(BundleTrust.Statement(root: bundle.key, keys: keys))
    }
    return trust
  }

  // MARK: Checks

  private func key(of signature: BundleSignature) throws(BundleRefusal) -> BundleKey {
    let all = keys + (root.map { [$0] } ?? [])
    guard let key = all.first(where: { $0.id == signature.keyID }) else {
      throw .unknownKey(BundleKey.name(signature.keyID), known: keys.map(\.name))
    }
    return key
  }

  /// The root key signs statements of keys and nothing else, and nobody else signs them.
  private func checkKey(_ key: BundleKey, _ comment: BundleComment) throws(BundleRefusal) {
    switch comment.kind {
    case .bundle:
      guard keys.contains(key) else { throw .rootKey(key.name) }
    case .keys:
      guard let root else { throw .noRootKey }
      guard key == root else { throw .notRootKey(key.name) }
    }
  }

  private func checkConditions(
    _ comment: BundleComment, _ time: BundleTime
  ) throws(BundleRefusal) {
    guard comment.isFor(gateway, group: group) else {
      throw .otherTarget(for: comment.target, gateway: gateway, group: group)
    }
    if let needed = comment.program, program < needed {
      throw .newerProgram(needed: needed.text, own: program.text)
    }
    guard time.now < comment.until else { throw .expired(until: comment.until, now: time.now) }
    guard time.now >= comment.from else {
      throw .notYet(from: comment.from, now: time.now, isClockTrusted: time.isTrusted)
    }
  }

  /// Whether it is the newest once more; older ones and another content are refused.
  private func checkSerial(
    _ comment: BundleComment, _ digest: String, _ key: BundleKey
  ) throws(BundleRefusal) -> Bool {
    guard let mark = trust.marks[key] else {
      guard trust.marks.count < BundleLimits.marks else {
        throw .statement("\(BundleLimits.marks) keys were used here; ask for a new state directory")
      }
      return false
    }
    guard comment.serial >= mark.serial else {
      throw .older(serial: comment.serial, newest: mark.serial, key: key.name)
    }
    guard comment.serial == mark.serial else { return false }
    guard digest == mark.digest else { throw .sameSerial(comment.serial, key: key.name) }
    return true
  }
}
