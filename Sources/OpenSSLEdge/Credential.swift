// Where secrets lie: in files of ours, or handed over by systemd (LoadCredentialEncrypted=), which
// keeps them sealed on disk by a key of the host or of its TPM and in memory while we run.
//
// Invariants
// - A secret is read from a file each time it is needed; none comes from a configuration, an
//   argument or the environment: the environment only says where the files are.

import Glibc

/// Where systemd puts what it hands over.
public enum Credential {
  /// What stands before its name in a configuration.
  public static let prefix = "credential:"

  /// Whether a path of the configuration means a credential.
  public static func isMeant(by path: String) -> Bool { path.hasPrefix(prefix) }

  /// The file of a path of the configuration; nil for a credential without anybody to hand it over.
  public static func file(_ path: String) -> String? {
    guard isMeant(by: path) else { return path }
    guard let directory = getenv("CREDENTIALS_DIRECTORY").map({ String(cString: $0) }),
      directory.hasPrefix("/")
    else { return nil }
    return "\(directory)/\(path.dropFirst(prefix.count))"
  }
}

/// Secrets of one line: passwords and tokens.
public enum SecretLine {
  /// Bytes of a password at most.
  public static let bytes = 1024

  /// The first line of a file that only its owner can read; throws a sentence without the secret.
  public static func read(
    _ path: String, what: String, most: Int = SecretLine.bytes
  ) throws(KeyFault) -> String {
    let bytes = try FileBytes.read(path, what: what, isPrivate: true)
    let line = bytes.prefix { $0 != 10 && $0 != 13 }
    guard (1...most) ~= line.count, let text = String(validating: line, as: UTF8.self) else {
      throw KeyFault(
        "reading \(what) \(path): one line of 1 to \(most) bytes is expected, in UTF-8")
    }
    return text
  }
}
