// What a gateway remembers of the keys it trusts, over restarts: the ratchet.
//
// Invariants
// - For each key the highest serial number that was taken from it, and of which content; it only
//   grows, and no key is forgotten, so nothing old is taken again after a key comes back.
// - A key statement of the root key says which keys sign from then on; it holds as long as the
//   local file names that root key, and an older one never takes its place.
//
// Why per key: whoever steals the online key can raise its number to the highest there is. The root
// key then names another online key, which begins anew.

import Primitives

/// The remembered part of trust.
public struct BundleTrust: Equatable, Sendable {
  /// The newest that was taken from a key.
  public struct Mark: Equatable, Sendable {
    public var serial: UInt64
    /// BLAKE2b-512 of the content, hexadecimal.
    public var digest: String
  }

  /// Which keys sign, as the root key said it.
  public struct Statement: Equatable, Sendable {
    public var root: BundleKey
    public var keys: [BundleKey]
  }

  public private(set) var marks: [BundleKey: Mark] = [:]
  public private(set) var statement: Statement?

  public init() {}

  /// The same with a newer mark.
  mutating func take(_ serial: UInt64, _ digest: String, from key: BundleKey) {
    marks[key] = Mark(serial: serial, digest: digest)
  }

  mutating func take(_ statement: Statement) { self.statement = statement }

  /// The file's bytes.
  public var bytes: [UInt8] {
    var members: [String: JSONValue] = [
      "version": 1,
      "marks": .object(
        Dictionary(
          marks.map { key, mark in
            (
              key.text,
              ["serial": .integer(Int64(clamping: mark.serial)), "digest": .string(mark.digest)]
            )
          }, uniquingKeysWith: { first, _ in first })),
    ]
    if let statement {
      members["statement"] = [
        "root": .string(statement.root.text),
        "keys": .array(statement.keys.map { .string($0.text) }),
      ]
    }
    return JSONValue.object(members).canonicalBytes + [10]
  }

  /// Reads the file; nil when it says anything else, because a guess could forget a number.
  public init?(bytes: [UInt8]) {
    guard let tree = try? JSONValue(parsing: bytes), tree["version"]?.integer == 1,
      let marks = tree["marks"]?.object
    else { return nil }
    for (text, mark) in marks {
      guard let key = BundleKey(text: text), let digest = mark["digest"]?.string,
        let serial = mark["serial"]?.integer.flatMap({ UInt64(exactly: $0) })
      else { return nil }
      self.marks[key] = Mark(serial: serial, digest: digest)
    }
    guard let said = tree["statement"] else { return }
    guard let root = said["root"]?.string.flatMap({ BundleKey(text: $0) }),
      let list = said["keys"]?.array
    else { return nil }
    let keys = list.compactMap { $0.string.flatMap { BundleKey(text: $0) } }
    guard keys.count == list.count else { return nil }
    statement = Statement(root: root, keys: keys)
  }
}

/// The text of a key statement: one key a line, `#` begins a remark.
public enum KeyStatementText {
  /// The bytes of a statement that names these keys.
  public static func write(_ keys: [BundleKey]) -> [UInt8] {
    let lines = ["# The keys that sign bundles from now on, and no others."] + keys.map(\.text)
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  /// The keys that a statement names; refuses doubles, and more than `BundleLimits.keys`.
  public static func read(_ bytes: [UInt8]) throws(BundleRefusal) -> [BundleKey] {
    guard bytes.count <= BundleLimits.statementBytes,
      let text = String(validating: bytes, as: UTF8.self)
    else { throw .statement("it is no text of at most \(BundleLimits.statementBytes) bytes") }
    var keys: [BundleKey] = []
    for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      guard let key = BundleKey(text: String(line)) else {
        throw .statement("\(Words.quoted(String(line))) is no public key of minisign")
      }
      guard !keys.contains(key) else { throw .statement("key \(key.name) stands in it twice") }
      keys.append(key)
    }
    guard (1...BundleLimits.keys) ~= keys.count else {
      throw .statement("it names \(keys.count) keys; allowed are 1 to \(BundleLimits.keys)")
    }
    return keys
  }
}
