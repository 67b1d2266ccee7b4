// Why a bundle is not taken, each with its own sentence: a technician reads it in the log, beside
// the file and in the status, and knows what to do.

public import Primitives

/// Why a bundle or a key statement is not taken.
public enum BundleRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  case signatureForm(String)
  case tooLarge(limit: Int)
  case unknownKey(String, known: [String])
  case rootKey(String)
  case notRootKey(String)
  case noRootKey
  case wrongSignature(String)
  case wrongComment(String)
  case commentForm(String)
  case otherTarget(for: String, gateway: String, group: String?)
  case newerProgram(needed: String, own: String)
  case notYet(from: WallTime, now: WallTime, isClockTrusted: Bool)
  case expired(until: WallTime, now: WallTime)
  case older(serial: UInt64, newest: UInt64, key: String)
  case sameSerial(UInt64, key: String)
  case archive(String)
  case statement(String)

  /// Whether waiting helps: it may stay where it is.
  public var isEarly: Bool { if case .notYet = self { true } else { false } }

  public var description: String {
    switch self {
    case .signatureForm(let why):
      "reading the signature: \(why); sign with \"takt bundle sign\" or \"minisign -S\""
    case .tooLarge(let limit): "it has more than \(limit) bytes; no bundle needs that much"
    case .unknownKey(let name, let known):
      "it is signed by key \(name), which is not known here; known: "
        + (known.isEmpty ? "none" : known.joined(separator: ", "))
        + "; sign it with one of these, or change \"remote\" in the local file"
    case .rootKey(let name):
      "it is signed by the root key \(name), which signs key statements only; sign it with an"
        + " online key"
    case .notRootKey(let name):
      "key statements are signed by the root key, and this one by \(name)"
    case .noRootKey:
      "key statements need a root key, and the local file names none in \"remote.root\""
    case .wrongSignature(let name):
      "the signature by key \(name) does not fit the file: one of the two was changed, or they do"
        + " not belong together; copy both again"
    case .wrongComment(let name):
      "the signed comment was changed behind the back of key \(name); copy both files again"
    case .commentForm(let why): "reading the signed comment: \(why)"
    case .otherTarget(let target, let gateway, let group):
      "it is for \(target); this is gateway \(gateway)"
        + (group.map { " of group \($0)" } ?? ", which is in no group")
    case .newerProgram(let needed, let own):
      "it needs takt \(needed) or newer, and this is \(own); upgrade the program first"
    case .notYet(let from, let now, let isClockTrusted):
      "it is valid from \(BundleComment.text(from)), and now it is \(BundleComment.text(now))"
        + (isClockTrusted
          ? "; it waits until then"
          : " as far as is known, since nothing has set the clock; it waits, check the time server")
    case .expired(let until, let now):
      "it was valid until \(BundleComment.text(until)), and now it is \(BundleComment.text(now));"
        + " sign it again with a later end"
    case .older(let serial, let newest, let key):
      "its serial number \(serial) is behind \(newest), the newest one taken from key \(key): old"
        + " bundles are not taken again; \"takt config rollback\" goes back by hand"
    case .sameSerial(let serial, let key):
      "another bundle with the serial number \(serial) was taken from key \(key); give this one a"
        + " higher number"
    case .archive(let why): "reading the bundle: \(why)"
    case .statement(let why): "reading the key statement: \(why)"
    }
  }
}
