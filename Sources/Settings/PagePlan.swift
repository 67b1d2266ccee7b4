// The status page in a configuration: its names, its rules, and what is wired from them.
//
// Invariants
// - Without `page` nothing listens.
// - On the loopback it may be plain, and then without names everybody there may look and nobody may
//   change anything. On any other address it wants TLS and a password file.

import Primitives

/// Where the status page is shown, and to whom.
public struct PageSettings: Equatable, Sendable {
  /// An address of this machine or a name of it.
  public var host: String
  public var port: UInt16
  /// PEM; nil for plain HTTP, on the loopback only.
  public var certificateFile: String?
  public var keyFile: String?
  /// Lines of `takt password`; nil lets everybody look.
  public var passwordFile: String?

  public init(
    host: String, port: UInt16, certificateFile: String? = nil, keyFile: String? = nil,
    passwordFile: String? = nil
  ) {
    self.host = host
    self.port = port
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    self.passwordFile = passwordFile
  }
}

extension Vocabulary {
  static let page = Table(
    "page", "The status page and the metrics; without it nothing listens.",
    [
      Member(
        "host", .host, .standard("127.0.0.1"),
        "The address it listens on; any but the loopback wants TLS and a password file."),
      Member("port", .integer(1...65_535), .standard(8080), "The port it listens on."),
      Member("certificateFile", .file, .optional, "PEM of its certificate, for TLS."),
      Member("keyFile", .file, .optional, "PEM of the key of its certificate, mode 0600."),
      Member(
        "passwordFile", .file, .optional,
        "Who may look, and who may give stops their reasons; takt password writes its lines."),
    ])
}

extension Rules {
  /// What is open to others is enciphered and asks who they are.
  mutating func page() {
    guard let page = root.record("page"), let host = page.text("host") else { return }
    if (page.text("certificateFile") == nil) != (page.text("keyFile") == nil) {
      let missing = page.text("keyFile") == nil ? "keyFile" : "certificateFile"
      mistakes.error(
        page.place, page.path, "\(missing) is missing beside the other file",
        "both certificateFile and keyFile, or none on the loopback")
    }
    guard !Self.isLoopback(host) else { return }
    for member in ["certificateFile", "passwordFile"] where page.text(member) == nil {
      mistakes.error(
        page.place(of: "host"), page.path(of: "host"),
        "\(host) can be reached by others, and there is no \(member)",
        member == "passwordFile"
          ? "a passwordFile (\"takt password\" writes one), or the host 127.0.0.1"
          : "certificateFile and keyFile, or the host 127.0.0.1")
    }
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }
}

extension Planner {
  static func page(_ record: Record?) -> PageSettings? {
    guard let record, let host = record.text("host") else { return nil }
    return PageSettings(
      host: host, port: UInt16(clamping: record.integer("port") ?? 8080),
      certificateFile: record.text("certificateFile"), keyFile: record.text("keyFile"),
      passwordFile: record.text("passwordFile"))
  }
}
