// Certificates and revocation lists that our own maker can't make, from OpenSSL's command line.

import Glibc
import Testing

@testable import OpenSSLEdge

/// The plant's authority in the hands of `openssl req` and `openssl ca`.
final class OpenSSLAuthority {
  private let plant: Plant
  private var scratch: Scratch { plant.scratch }

  init(_ plant: Plant) throws {
    self.plant = plant
    let settings = """
      [req]
      distinguished_name = dn
      prompt = no
      [dn]
      CN = nobody
      [ca]
      default_ca = plant
      [plant]
      database = \(plant.scratch["index.txt"])
      default_md = sha256
      unique_subject = no

      """
    try FileBytes.write(
      Array(settings.utf8), to: plant.scratch["c.cnf"], mode: 0o600, replace: true)
    try FileBytes.write([], to: plant.scratch["index.txt"], mode: 0o600, replace: true)
    try FileBytes.write(
      plant.authority.keyPEM(), to: plant.scratch["ca.key"], mode: 0o600, replace: true)
  }

  /// P-256, of which everybody approves.
  static let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]

  /// A certificate of the plant's authority, or of another one.
  func issue(
    _ name: String, subject: String = "/CN=server", key: [String] = curve,
    digest: String = "-sha256",
    extensions: [String], issuer: PeerFiles? = nil
  ) throws -> PeerFiles {
    let files = PeerFiles(certificate: scratch["\(name).pem"], key: scratch["\(name).key"])
    let issuer = issuer ?? PeerFiles(certificate: plant.caFile, key: scratch["ca.key"])
    try run(
      ["req", "-config", scratch["c.cnf"], "-x509", "-nodes", "-days", "30", "-subj", subject]
        + ["-keyout", files.key, "-out", files.certificate, digest]
        + ["-CA", issuer.certificate, "-CAkey", issuer.key] + key
        + extensions.flatMap { ["-addext", $0] })
    return files
  }

  /// A server's certificate with these alternative names.
  func server(
    _ names: String, key: [String] = curve, digest: String = "-sha256", issuer: PeerFiles? = nil
  ) throws -> PeerFiles {
    try issue(
      "odd", key: key, digest: digest,
      extensions: [
        "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth",
        "subjectAltName=\(names)",
      ], issuer: issuer)
  }

  /// A list of what is revoked; the dates are those of openssl-ca(1), 30 days from now without.
  func list(
    revoking files: [PeerFiles] = [], dates: [String] = ["-crldays", "30"], named: String = "list"
  ) throws -> String {
    let authority = [
      "-config", scratch["c.cnf"], "-keyfile", scratch["ca.key"], "-cert", plant.caFile,
    ]
    for file in files { try run(["ca"] + authority + ["-revoke", file.certificate]) }
    try run(["ca"] + authority + ["-gencrl", "-out", scratch["\(named).crl"]] + dates)
    return scratch["\(named).crl"]
  }

  private func run(_ words: [String]) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let log = scratch["openssl.log"]
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let arguments = (["openssl"] + words).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, "openssl", &actions, nil, arguments, environ)
    try #require(code == 0)
    var status: Int32 = -1
    waitpid(child, &status, 0)
    let said = (try? FileBytes.read(log, what: "log", isPrivate: false)) ?? []
    try #require(status == 0, "openssl \(words): \(String(decoding: said, as: UTF8.self))")
  }
}
