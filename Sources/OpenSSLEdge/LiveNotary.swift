// The notary of a running gateway: signs with the key that its file holds now.
//
//   signing ──the file is another──▶ read ──usable──▶ signing with it, from the next event on
//      ▲                               └──not──▶ told, and on with the key before
//      └────────────────────────────────────────────────────┘
//
// Invariants
// - The key changes only when its name is asked for: who seals an event asks for the name and then
//   signs, so an event never bears one key's name and another's signature.
// - A file that is missing, half written or open to others changes nothing; it is said once.
// - The file is looked at once a second at most, by who signs: an idle gateway looks at nothing.

public import Events
import Glibc
public import Primitives

/// Signs with ES256, and follows its file. May be handed to another thread; one at a time uses it.
public struct LiveNotary: Notary, @unchecked Sendable {
  /// What became of a file that changed.
  public enum News: Equatable, Sendable {
    /// Events are signed with the key of this name from now on.
    case renewed(keyID: String)
    /// The file cannot be used, and why; the key before goes on signing.
    case kept(String)
  }

  /// By what a file is known to be another.
  private struct Identity: Equatable {
    var device: UInt = 0
    var number: UInt = 0
    var size = 0
    var seconds = 0
    var nanoseconds = 0
  }

  /// What copies of this value share.
  private final class Desk {
    var notary: ES256Notary
    var identity: Identity
    var lookedAt: Instant

    init(_ notary: ES256Notary, _ identity: Identity, _ lookedAt: Instant) {
      (self.notary, self.identity, self.lookedAt) = (notary, identity, lookedAt)
    }
  }

  /// How often the file is looked at.
  static let interval = Duration.seconds(1)

  private let keyFile: String
  private let clock: any Clock
  private let tell: @Sendable (News) -> Void
  private let desk: Desk

  /// Reads the key; throws as a start must. `tell` hears of every change of the file after that.
  public init(
    keyFile: String, clock: any Clock, tell: @escaping @Sendable (News) -> Void = { _ in }
  ) throws(KeyFault) {
    self.keyFile = keyFile
    self.clock = clock
    self.tell = tell
    let identity = Self.identity(keyFile)
    desk = Desk(try ES256Notary(keyFile: keyFile), identity, clock.now())
  }

  /// The name of the key that the next signature is made with.
  public var keyID: String {
    let now = clock.now()
    if now >= desk.lookedAt + Self.interval {
      desk.lookedAt = now
      look()
    }
    return desk.notary.keyID
  }

  /// SHA-256, 32 bytes.
  public func digest(_ bytes: [UInt8]) -> [UInt8] { SHA256.digest(bytes) }

  /// Signs with the key whose name was told last.
  public mutating func sign(_ bytes: [UInt8]) throws(NotaryFault) -> [UInt8] {
    try desk.notary.sign(bytes)
  }

  private func look() {
    let identity = Self.identity(keyFile)
    guard identity != desk.identity else { return }
    desk.identity = identity
    do throws(KeyFault) {
      let next = try ES256Notary(keyFile: keyFile)
      guard next.keyID != desk.notary.keyID else { return }
      desk.notary = next
      tell(.renewed(keyID: next.keyID))
    } catch {
      tell(.kept("\(error.description); the key read before goes on signing"))
    }
  }

  private static func identity(_ path: String) -> Identity {
    var facts = stat()
    guard let file = Credential.file(path), stat(file, &facts) == 0 else { return Identity() }
    return Identity(
      device: UInt(facts.st_dev), number: UInt(facts.st_ino), size: Int(facts.st_size),
      seconds: facts.st_mtim.tv_sec, nanoseconds: facts.st_mtim.tv_nsec)
  }
}
