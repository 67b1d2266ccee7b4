// takt password: writes the lines of the status page's password file.

import Glibc
import LinuxEdge
import OpenSSLEdge
import Primitives

enum PasswordCommand {
  static let usage = CommandUsage(
    name: "password", summary: "name who may look at the status page",
    operands: ["NAME"],
    options: [
      .required("file", "FILE", "the password file; made if it is not there, mode 0640"),
      .value(
        "role", "ROLE", "viewer, or operator who may give stops their reasons",
        default: "viewer"),
      .switch("remove", "take the name out of the file"),
      .switch("json", "print the result as one JSON object"),
    ],
    notes: [
      """
      The password is the first line of standard input, so it stands in no history and no list of
      processes:  takt password maria --role operator --file /etc/takt/page.passwords
      A running gateway reads the file again as soon as it changes.
      """
    ],
    exits: [.ok, .configuration, .storage])

  /// A password shorter than this is refused.
  private static let shortest = 8
  /// One longer than this is no password but a file.
  private static let longest = 256

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let name = options.operands[0]
      guard !name.isEmpty, name.utf8.count <= 64,
        name.unicodeScalars.allSatisfy({ $0.value > 32 && $0 != ":" && $0 != "#" })
      else { throw CommandFault(.usage, "a name has 1 to 64 characters without spaces, : and #") }
      let path = options.required("file")
      guard let role = PageRole(rawValue: options.text("role") ?? "viewer") else {
        throw CommandFault(.usage, "--role: there are viewer and operator")
      }
      var lines = try lines(of: path)
      let before = lines.count
      lines.removeAll { $0.split(separator: ":").first.map(String.init) == name }
      if options.has("remove") {
        guard lines.count < before else {
          throw CommandFault(.configuration, "\(path) has nobody named \(name)")
        }
      } else {
        lines.append("\(name):\(role.rawValue):\(try hash(try password()))")
      }
      try write(lines, to: path)
      let isGone = options.has("remove")
      let tree: JSONValue = [
        "name": .string(name), "file": .string(path),
        "role": isGone ? .null : .string(role.rawValue),
      ]
      let done = isGone ? "removed from" : "is \(role.rawValue) in"
      StandardStream.output.line(
        options.has("json") ? tree.canonicalText : "\(name) \(done) \(path)")
      return .ok
    }
  }

  private static func lines(of path: String) throws(CommandFault) -> [String] {
    let bytes = try asking(.storage) { () throws(LinuxFault) -> [UInt8] in
      guard try Files.status(path) != nil else { return [] }
      return try Files.read(path, limit: PageLimits.passwordFileBytes)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    do throws(PageFault) {
      _ = try PageUsers(text: text)
    } catch {
      throw CommandFault(.configuration, "\(path), \(error.description)")
    }
    return text.split(separator: "\n").map(String.init)
  }

  private static func password() throws(CommandFault) -> String {
    if isatty(0) == 1 {
      StandardStream.error.line("password (it is shown as you type; pipe it in to hide it):")
    }
    let line = try asking(.storage) { () throws(LinuxFault) in
      var reader = try LineReader("/dev/stdin", lineLimit: longest)
      return try reader.next()
    }
    switch line?.content {
    case .whole(let bytes), .torn(let bytes):
      let text = String(decoding: bytes, as: UTF8.self)
      if bytes.count >= shortest { return text }
    case .tooLong, nil: break
    }
    throw CommandFault(
      .usage,
      "reading the password from standard input: \(shortest) to \(longest) bytes are wanted")
  }

  private static func hash(_ password: String) throws(CommandFault) -> String {
    do throws(KeyFault) {
      return try PasswordHash.make(password)
    } catch {
      throw CommandFault(.internal, error.description)
    }
  }

  private static func write(_ lines: [String], to path: String) throws(CommandFault) {
    let text = lines.map { $0 + "\n" }.joined()
    try asking(.storage) { () throws(LinuxFault) in
      try Files.replace(path, with: Array(text.utf8), mode: 0o640)
    }
  }
}
