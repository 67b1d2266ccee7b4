// Who may look, and who may say why a machine stands.
//
//   maria:operator:pbkdf2-sha256:210000:<salt>:<hash>      one line a person; # for a comment
//
// Invariants
// - Without a password file everybody who gets here is a viewer: the configuration allows that on
//   the loopback only.
// - A password is derived anew at most once every `PageLimits.wrongPasswords` misses and then after
//   `PageLimits.shutFor`: nobody can spend the machine's time by guessing.
// - What was right is remembered as a digest, never as text, and forgotten when the file changes.
// - A wrong name and a wrong password take the same time and get the same answer.

import Delivery
import Primitives

/// What one may do.
enum PageRole: String, CaseIterable {
  case viewer
  /// May also give stops their reasons.
  case `operator`
}

/// One who looks.
struct PageViewer: Equatable {
  /// nil for whoever sits at the machine, where no password is asked.
  var name: String?
  var role: PageRole
}

/// Why somebody is not let in.
enum PageRefusal: Error, Equatable {
  case unknown
  /// Too many misses; ask again later.
  case shut
}

/// One line of the password file.
struct PageUser: Equatable {
  var name: String
  var role: PageRole
  var hash: String
}

/// The people of a password file.
struct PageUsers: Equatable {
  private(set) var users: [PageUser] = []

  /// Reads the text of a password file; the fault names the line.
  init(text: String) throws(PageFault) {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let line = line.hasSuffix("\r") ? line.dropLast() : line
      if line.isEmpty || line.hasPrefix("#") { continue }
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, !parts[0].isEmpty, !parts[2].isEmpty else {
        throw PageFault(
          "line \(index + 1): a name, a role and a hash are expected; "
            + "\"takt password\" writes such lines")
      }
      guard let role = PageRole(rawValue: String(parts[1])) else {
        throw PageFault(
          "line \(index + 1): \"\(parts[1].prefix(40))\" is no role; there are "
            + PageRole.allCases.map(\.rawValue).joined(separator: " and "))
      }
      guard !users.contains(where: { $0.name == parts[0] }) else {
        throw PageFault("line \(index + 1): \(parts[0].prefix(40)) is given a second time")
      }
      guard users.count < PageLimits.users else {
        throw PageFault("line \(index + 1): more than \(PageLimits.users) people")
      }
      users.append(PageUser(name: String(parts[0]), role: role, hash: String(parts[2])))
    }
  }

  subscript(name: String) -> PageUser? { users.first { $0.name == name } }
}

/// Why the page cannot be shown, as a sentence.
struct PageFault: Error, Equatable, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// The door: names and passwords in, roles out.
struct PageDoor {
  /// What an edge lends: checks a password against a hash, and digests what is remembered.
  struct Tools {
    var verify: (_ password: String, _ hash: String) -> Bool
    var digest: ([UInt8]) -> [UInt8]
  }

  private let users: PageUsers?
  private let tools: Tools
  private var remembered: [(digest: [UInt8], viewer: PageViewer)] = []
  private var misses = 0
  private var shutUntil = Instant.distantPast

  /// `users` nil lets everybody look.
  init(users: PageUsers?, tools: Tools) {
    self.users = users
    self.tools = tools
  }

  /// Whether names are asked for at all.
  var asksForNames: Bool { users != nil }

  /// Lets a request in by its Authorization field (RFC 7617, Basic).
  mutating func enter(_ request: HTTPRequest, now: Instant) throws(PageRefusal) -> PageViewer {
    guard let users else { return PageViewer(name: nil, role: .viewer) }
    guard let credentials = Self.credentials(request) else { throw .unknown }
    let digest = tools.digest(Array("\(credentials.name)\u{0}\(credentials.password)".utf8))
    if let known = remembered.first(where: { $0.digest == digest }) { return known.viewer }
    guard now >= shutUntil else { throw .shut }
    let user = users[credentials.name]
    // A name that nobody has costs the same time as a wrong password.
    let hash = user?.hash ?? users.users.first?.hash ?? ""
    guard tools.verify(credentials.password, hash), let user else {
      misses += 1
      if misses >= PageLimits.wrongPasswords {
        misses = 0
        shutUntil = now + PageLimits.shutFor
      }
      throw .unknown
    }
    misses = 0
    let viewer = PageViewer(name: user.name, role: user.role)
    if remembered.count >= PageLimits.remembered { remembered.removeFirst() }
    remembered.append((digest, viewer))
    return viewer
  }

  private static func credentials(_ request: HTTPRequest) -> (name: String, password: String)? {
    guard let field = request.fields["Authorization"] else { return nil }
    let words = field.split(separator: " ", omittingEmptySubsequences: true)
    guard words.count == 2, words[0].lowercased() == "basic",
      let bytes = Self.base64(words[1]), let colon = bytes.firstIndex(of: 58), bytes.count <= 512
    else { return nil }
    return (
      String(decoding: bytes[..<colon], as: UTF8.self),
      String(decoding: bytes[(colon + 1)...], as: UTF8.self)
    )
  }

  /// Base64 of either alphabet, padded or not.
  private static func base64(_ text: Substring) -> [UInt8]? {
    let url = text.drop(while: { $0 == " " }).prefix { $0 != "=" }.map { character in
      character == "+" ? "-" : character == "/" ? "_" : character
    }
    return Base64.decodeURL(String(url))
  }
}
