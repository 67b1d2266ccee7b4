// What is taken out of a support archive before anybody sees it (F57).
//
// Invariants
// - What the files of secrets hold, which the configuration names, is taken out wherever it stands.
// - A member whose name speaks of a secret has no value, unless it is the path of a file.
// - Private keys, tokens behind "Bearer" and passwords inside addresses go, wherever they stand.

import Glibc
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

/// Takes secrets out of texts and documents.
struct SupportRedaction: Sendable {
  static let mark = "[left out]"
  /// Shorter words would take out half of the text with them; so short is no secret.
  private static let leastSecret = 4
  private static let names = [
    "password", "passwd", "secret", "token", "credential", "passphrase", "bearer",
    "authorization", "cookie", "privatekey", "apikey",
  ]

  /// What the secret files hold, the longest first.
  private let secrets: [String]

  init(secrets: [String]) {
    self.secrets = secrets.filter { $0.count >= Self.leastSecret }.sorted { $0.count > $1.count }
  }

  /// Reads the secret files that the configuration names, to know what must not be told.
  init(_ plan: SitePlan?) {
    var files: [String] = []
    for uplink in plan?.uplinks ?? [] {
      files += [
        uplink.bearerFile, uplink.passwordFile, uplink.oauth?.clientSecretFile,
        uplink.proxy?.credentialsFile,
      ].compactMap { $0.flatMap(Credential.file) }
    }
    var secrets: [String] = []
    for path in files {
      guard let bytes = try? Files.read(path, limit: 64 << 10) else { continue }
      let text = String(decoding: bytes, as: UTF8.self)
      for line in text.split(whereSeparator: \.isWhitespace).map(String.init) {
        secrets.append(line)
        if let colon = line.firstIndex(of: ":") {
          secrets.append(String(line[line.index(after: colon)...]))
        }
      }
    }
    self.init(secrets: secrets)
  }

  // MARK: documents

  /// A document without the values of members that speak of secrets.
  func clean(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let members):
      .object(
        members.reduce(into: [:]) { clean, member in
          clean[member.key] = Self.isSecret(member.key) ? Self.gone : self.clean(member.value)
        })
    case .array(let values): .array(values.map(clean))
    case .string(let text): .string(clean(text))
    default: value
    }
  }

  private static let gone = JSONValue.string(mark)

  private static func isSecret(_ name: String) -> Bool {
    let word = name.lowercased()
    return names.contains(where: word.contains) && !word.hasSuffix("file")
  }

  // MARK: texts

  /// A text without secrets.
  func clean(_ text: String) -> String {
    var text = text
    for secret in secrets { text = text.replacing(secret, with: Self.mark) }
    guard Self.mayHoldSecrets(text) else { return text }
    text = text.replacing(
      /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/,
      with: Self.mark)
    text = text.replacing(/(?i)(bearer|basic)\s+[A-Za-z0-9._~+\/=\-]{8,}/) { match in
      "\(match.output.1) \(Self.mark)"
    }
    text = text.replacing(
      /(?i)\b(pass(?:word|wd|phrase)?|secret|token|api_?key)(["']?\s*[=:]\s*["']?)[^\s"',;&}]+/
    ) {
      "\($0.output.1)\($0.output.2)\(Self.mark)"
    }
    return text.replacing(/([a-z][a-z0-9+.\-]*:\/\/)[^\/\s@"]+@/) { "\($0.output.1)\(Self.mark)@" }
  }

  /// What one of the patterns needs; most texts have none of it, and are spared the search.
  private static let hints = [
    "private key", "bearer", "basic", "pass", "secret", "token", "api_key", "apikey", "@",
  ]

  private static func mayHoldSecrets(_ text: String) -> Bool {
    let bytes = text.lowercased()
    if bytes.utf8.contains(0) { return true }
    return hints.contains { hint in bytes.withCString { strstr($0, hint) != nil } }
  }
}
