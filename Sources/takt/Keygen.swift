// takt keygen: makes the gateway's signing key, or certificates for the bench.

import LinuxEdge
import OpenSSLEdge
import Primitives

enum KeygenCommand {
  static let usage = CommandUsage(
    name: "keygen", summary: "make the signing key, or certificates for a bench",
    options: [
      .value("key", "FILE", "where the private signing key goes, mode 0600", default: Self.key),
      .value(
        "jwks", "FILE", "where the public keys go; keys in it are kept",
        default: "jwks.json beside the key"),
      .switch("next", "make the next key beside it and publish it; the key there is goes on"),
      .switch("rotate", "make the next key the one that signs, at once, also while takt runs"),
      .switch("export", "put the public part of the key there is into the public keys"),
      .value(
        "tls", "DIR", "make a small CA, a server and a client certificate there, and no signing key"
      ),
      .value(
        "host", "NAME[,NAME]", "names and addresses of that server", default: "localhost,127.0.0.1"
      ),
      .switch("force", "replace what exists"),
      .switch("json", "print the result as one JSON object"),
    ],
    notes: [
      """
      The gateway refuses a key that others can read: it belongs to the user who runs it, mode 0600.
      A receiver needs the JWKS file to verify what this gateway signs; keys are called by their RFC
      7638 thumbprint there. To change the key: --next, give the JWKS file, which holds both, to the
      receivers, then --rotate. They need both keys until the last event of the old one is verified.
      """,
      """
      The certificates are for the bench and for commissioning: DIR then holds ca.pem, server.pem
      and server.key, and client.pem and client.key, with which a gateway proves itself to a server
      that asks. The key of the CA is thrown away, so nobody can issue another one.
      """,
    ],
    exits: [.ok, .configuration, .storage])

  /// Where the configuration looks for it when it says nothing.
  private static let key = "/etc/takt/key.pem"

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      do throws(KeyFault) {
        let rows =
          if let directory = options.text("tls") {
            try certificates(directory, options)
          } else {
            try signingKey(options)
          }
        show(rows, asJSON: options.has("json"))
      } catch {
        throw CommandFault(.storage, error.description)
      }
      return .ok
    }
  }

  /// Rows of a name for people, a name for programs, and what is called so.
  private typealias Rows = [(label: String, member: String, value: String)]

  private static func show(_ rows: Rows, asJSON: Bool) {
    guard asJSON else {
      return StandardStream.output.line(Columns.text(rows.map { [$0.label, $0.value] }))
    }
    let members = rows.map { ($0.member, JSONValue.string($0.value)) }
    let tree = JSONValue.object(Dictionary(members) { first, _ in first })
    StandardStream.output.line(tree.canonicalText)
  }

  private static func signingKey(_ options: CommandLineOptions) throws(KeyFault) -> Rows {
    let key = options.text("key") ?? Self.key
    let set = options.text("jwks") ?? beside(key)
    let steps = ["next", "rotate", "export"].filter(options.has)
    guard steps.count <= 1 else {
      throw KeyFault("changing a key: --\(steps[0]) or --\(steps[1]), one at a time")
    }
    let made =
      switch steps.first {
      case "next":
        try KeyRotation.prepare(keyFile: key, jwksFile: set, force: options.has("force"))
      case "rotate": try KeyRotation.rotate(keyFile: key, jwksFile: set)
      case "export": try KeyRotation.publish(keyFile: key, jwksFile: set)
      default:
        try SigningKeyFile.make(keyFile: key, jwksFile: set, force: options.has("force"))
      }
    return [
      ("private key", "privateKey", made.keyFile), ("public keys", "publicKeys", made.jwksFile),
      ("kid", "kid", made.kid), ("fingerprint", "fingerprint", made.fingerprint),
    ]
  }

  private static func certificates(
    _ directory: String, _ options: CommandLineOptions
  ) throws(KeyFault) -> Rows {
    let hosts = (options.text("host") ?? "localhost,127.0.0.1").split(separator: ",")
    let made = try BenchCertificates.make(
      directory: directory, hosts: hosts.map(String.init), force: options.has("force"))
    return [
      ("authority", "authority", made.caFile), ("certificate", "certificate", made.certificateFile),
      ("key", "key", made.keyFile),
      ("client certificate", "clientCertificate", made.clientCertificateFile),
      ("client key", "clientKey", made.clientKeyFile),
      ("fingerprint", "fingerprint", "sha256 " + Hex.encode(made.fingerprint)),
    ]
  }

  /// The JWKS file in the directory of the key.
  private static func beside(_ key: String) -> String {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    return (parts.dropLast() + ["jwks.json"]).joined(separator: "/")
  }
}
