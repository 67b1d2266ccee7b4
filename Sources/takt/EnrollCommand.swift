// takt enroll: the first half hour of a gateway in an enterprise. Makes what others need to know
// it, and one number to compare over the telephone.
//
// Invariants
// - Running it again changes nothing that exists: keys stay, the request is made anew for the same
//   key.
// - The QR code says what stands above it in plain text; it is for terminals, unless asked for.
// - The number covers every key that is handed over: whoever exchanges one on the way changes it.

import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

enum EnrollCommand {
  static let usage = CommandUsage(
    name: "enroll", summary: "make keys, a certificate request and a number to compare by phone",
    operands: ["JWKS", "CSR"], operandCount: 0...2,
    options: [
      .value("config", "FILE", "the configuration", default: ConfigurationFiles.defaultPath),
      .value("key", "FILE", "the key of the client certificate", default: "client.key beside it"),
      .value(
        "request", "FILE", "where the certificate request goes", default: "client.csr beside it"),
      .value(
        "jwks", "FILE", "where the public keys go", default: "jwks.json beside the signing key"),
      .switch("qr", "print the QR code also where the output is no terminal"),
      .switch("json", "print the result as one JSON object"),
    ],
    notes: [
      """
      On the gateway, without operands: makes the signing key and the key for TLS if there are none,
      and the request for a client certificate. Send JWKS and CSR to head office, call them, and
      read the number aloud. At head office, "takt enroll JWKS CSR" prints the number of the files
      that arrived; only if both numbers are the same are the files those of this gateway.
      On a terminal the number is shown as a QR code as well: a telephone that sees it has it as
      text to send, "takt", the gateway's name and the number.
      """,
      """
      The certificate that comes back goes where the uplink's certificateFile says. It is read for
      each new connection, so a renewed one is a file put in the place of the old one.
      """,
    ],
    exits: [.ok, .configuration, .storage])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      if options.operands.isEmpty { return try enroll(options) }
      guard options.operands.count == 2 else { throw .usage("CSR is missing") }
      let set = try keying { () throws(KeyFault) in try JWKS(file: options.operands[0]) }
      let request = try keying { () throws(KeyFault) in
        try SigningRequest(file: options.operands[1])
      }
      BundleCommand.print([("number", .string(EnrollNumber.text(set, request)))], options)
      return .ok
    }
  }

  private static func enroll(_ options: CommandLineOptions) throws(CommandFault) -> ExitCode {
    let path = options.text("config") ?? ConfigurationFiles.defaultPath
    let gateway = try LocalTrust.read(path).gateway
    let directory = Files.directoryName(gateway.keyFile)
    let jwks = options.text("jwks") ?? "\(directory)/jwks.json"
    let isThere = try asking(.storage) { () throws(LinuxFault) in
      try Files.status(gateway.keyFile) != nil
    }
    let (set, request) = try keying { () throws(KeyFault) in
      if !isThere { _ = try SigningKeyFile.make(keyFile: gateway.keyFile, jwksFile: jwks) }
      // The key that signs is in the set, whoever made the file.
      let notary = try ES256Notary(keyFile: gateway.keyFile)
      let before = (try? JWKS(file: jwks)) ?? JWKS()
      let set = notary.jwks(with: before)
      try set.write(to: jwks)
      let request = try SigningRequest.make(
        keyFile: options.text("key") ?? "\(directory)/client.key", commonName: gateway.name,
        organization: gateway.enterprise, unit: gateway.site)
      try request.write(to: options.text("request") ?? "\(directory)/client.csr")
      return (set, request)
    }
    let number = EnrollNumber.text(set, request)
    BundleCommand.print(
      [
        ("gateway", .string(gateway.name)), ("signingKey", .string(gateway.keyFile)),
        ("publicKeys", .string(jwks)),
        ("clientKey", .string(options.text("key") ?? "\(directory)/client.key")),
        ("request", .string(options.text("request") ?? "\(directory)/client.csr")),
        ("number", .string(number)),
      ], options)
    show(number, of: gateway.name, options)
    return .ok
  }

  /// The number for a camera, below the one for people.
  private static func show(_ number: String, of gateway: String, _ options: CommandLineOptions) {
    let isTerminal = StandardStream.output.isTerminal
    guard !options.has("json"), isTerminal || options.has("qr"),
      let code = QRCode(Array("takt \(gateway) \(number)".utf8))
    else { return }
    // Its own colours: a reader wants dark on light, whatever the ground of the terminal.
    let (begin, end) = isTerminal ? ("\u{1B}[40;97m", "\u{1B}[0m") : ("", "")
    for line in code.lines { StandardStream.output.line(begin + line + end) }
  }
}

/// The number that is compared over the telephone.
enum EnrollNumber {
  /// Six groups of five digits, 96 bits: nobody finds another key with the same ones.
  static func text(_ set: JWKS, _ request: SigningRequest) -> String {
    // Only what makes a key: names and remarks may be added on the way without harm.
    let points = set.keys.compactMap { key -> String? in
      guard let x = key["x"]?.string, let y = key["y"]?.string else { return nil }
      return "\(x) \(y)"
    }
    let text = (["takt enrolment 1"] + points.sorted()).joined(separator: "\n") + "\n"
    let digest = SHA256.digest(Array(text.utf8) + request.point)
    return stride(from: 0, to: 12, by: 2).map { index in
      let number = UInt32(digest[index]) << 8 | UInt32(digest[index + 1])
      return String(String(100_000 + number).dropFirst())
    }.joined(separator: " ")
  }
}
