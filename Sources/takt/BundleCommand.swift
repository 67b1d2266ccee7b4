// takt bundle: what head office does with signed configurations, and what a gateway would say.
//
// The forms are those of tar and minisign, so that both tools of Debian do as well.

import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings

enum BundleCommand {
  static let usage = CommandUsage(
    name: "bundle", summary: "make, sign and verify configurations for gateways far away",
    operands: ["keygen|make|keys|sign|verify|show", "FILE"], operandCount: 1...9,
    options: [
      .value("out", "FILE", "where the key, the bundle or the key statement goes"),
      .value("key", "FILE", "the secret key that signs; make signs at once with it"),
      .value("password-file", "FILE", "the password of that key, if it has one"),
      .value("public", "FILE|KEY", "verify with this public key instead of a configuration"),
      .value(
        "config", "FILE", "verify as the gateway with this configuration would",
        default: ConfigurationFiles.defaultPath),
      .value("serial", "N", "the serial number", default: "the time, such as 20261121074500"),
      .value("gateways", "NAME[,NAME]", "the gateways it is for, * for every one"),
      .value("groups", "NAME[,NAME]", "the groups of gateways it is for"),
      .value("from", "TIME", "when it becomes valid: 2026-11-21 or 2026-11-21T07:15:00Z (UTC)"),
      .value("until", "TIME", "when it expires", default: "90 days behind --from"),
      .value("program", "VERSION", "the oldest takt that can read it"),
      .switch("force", "replace what exists"),
      .switch("json", "print the result as one JSON object"),
    ],
    notes: [
      """
      keygen            makes a key pair: --out NAME.key, and NAME.pub beside it
      make DIR          packs DIR/*.json5, DIR/conf.d/*.json5 and DIR/profiles/*.json5 as --out
                        NAME.takt-bundle, with what is to be signed in NAME.takt-bundle.comment
      keys PUB…         writes a statement, --out NAME.takt-keys, that these public keys sign from
                        now on; sign it with the root key
      sign FILE         signs, with the comment of make or of the options: FILE.minisig
      verify FILE       says whether a gateway would take FILE, and if not, why
      show FILE         says what is in it and what its comment says; proves nothing
      """,
      """
      Debian's minisign signs as well:
        minisign -S -s office.key -m x.takt-bundle -t "$(cat x.takt-bundle.comment)"
      """,
    ],
    exits: [.ok, .unverified, .configuration, .storage])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let files = Array(options.operands.dropFirst())
      switch options.operands[0] {
      case "keygen":
        guard files.isEmpty else { throw .usage("keygen takes no file; --out says where") }
        return try BundleMaking.keygen(options)
      case "make": return try BundleMaking.make(try one(files, "DIR"), options)
      case "keys": return try BundleMaking.keys(files, options)
      case "sign": return try BundleMaking.sign(try one(files, "FILE"), options)
      case "verify": return try BundleShowing.verify(try one(files, "FILE"), options)
      case "show": return try BundleShowing.show(try one(files, "FILE"), options)
      case let other:
        throw .usage("\"\(other)\" is none of keygen, make, keys, sign, verify and show")
      }
    }
  }

  private static func one(_ files: [String], _ name: String) throws(CommandFault) -> String {
    guard let file = files.first else { throw .usage("\(name) is missing") }
    guard files.count == 1 else { throw .usage("\"\(files[1])\" is one word too many") }
    return file
  }

  /// Rows for people, or an object for programs.
  static func print(
    _ rows: [(name: String, value: JSONValue)], _ options: CommandLineOptions
  ) {
    if options.has("json") {
      let members = Dictionary(rows.map { ($0.name, $0.value) }) { first, _ in first }
      StandardStream.output.line(JSONValue.object(members).canonicalText)
    } else {
      let table = rows.map { row in [row.name, text(row.value)] }
      StandardStream.output.line(Columns.text(table))
    }
  }

  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .string(let text): text
    case .array(let values): values.map(text).joined(separator: "\n")
    case .null, .bool, .integer, .number, .object: value.canonicalText
    }
  }
}

/// The edge to OpenSSL as the gate wants it.
struct MinisignNotary: BundleNotary {
  func digest(_ bytes: [UInt8]) -> [UInt8] { Minisign.digest(bytes) }

  func accepts(_ signature: [UInt8], of message: [UInt8], by point: [UInt8]) -> Bool {
    Minisign.accepts(signature, of: message, by: point)
  }
}

/// Doing what the gate or a key may refuse, with the exit code it means here.
func judging<Result>(
  _ code: ExitCode, _ object: String, _ work: () throws(BundleRefusal) -> Result
) throws(CommandFault) -> Result {
  do throws(BundleRefusal) {
    return try work()
  } catch {
    throw CommandFault(code, "\(object): \(error.description)")
  }
}

func keying<Result>(_ work: () throws(KeyFault) -> Result) throws(CommandFault) -> Result {
  do throws(KeyFault) {
    return try work()
  } catch {
    throw CommandFault(.storage, error.description)
  }
}
