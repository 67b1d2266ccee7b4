// The rest of the repository: what is tracked, what the README names, the scripts, the unit.

import Foundation
import Testing

/// Checks of files that are not Swift.
enum House {
  static let scripts =
    Tree.files(under: "scripts") + (Tree.exists(".ci/run") ? [".ci/run"] : [])

  /// Every file git tracks, or nothing where this is no clone.
  static func tracked() throws -> [String] {
    guard Tree.exists(".git") else { return [] }
    let (code, output) = try run("git", ["-c", "safe.directory=*", "ls-files", "-z"])
    guard code == 0 else { return [] }
    return output.split(separator: "\0").map(String.init)
  }

  private static let keyEndings = [
    ".pem", ".key", ".crt", ".cer", ".der", ".p12", ".pfx", ".jks", ".sqlite", ".db", ".o", ".a",
    ".so", ".log", ".core",
  ]

  static func checkTracked(path: String, bytes: [UInt8]) -> [Finding] {
    func finding(_ advice: String) -> Finding { Finding(path: path, line: 1, advice: advice) }
    if let ending = keyEndings.first(where: path.hasSuffix) {
      return [finding("a \(ending) file is tracked: make it at run time, in a temporary folder")]
    }
    if bytes.contains(0) { return [finding("a binary file is tracked: build it, or describe it")] }
    let text = String(decoding: bytes, as: UTF8.self)
    let isKey = text.split(separator: "\n").contains {
      $0.hasPrefix("-----BEGIN") && $0.contains("PRIVATE KEY")
    }
    return isKey ? [finding("a private key is tracked: revoke it and take it out")] : []
  }

  /// Names of files in a text: a known folder, a slash and a name.
  static func paths(in text: String) -> Set<String> {
    let folders = ["scripts/", "systemd/", "etc/", "Sources/", "Tests/", "Modules/"]
    let words = text.split { character in
      !(character.isLetter || character.isNumber || "._-/".contains(character))
    }
    return Set(
      words.filter { word in folders.contains { word.hasPrefix($0) && word.count > $0.count } }
        .map { word in
          var name = word
          while let last = name.last, "./".contains(last) { name = name.dropLast() }
          return String(name)
        })
  }

  static func checkScript(path: String, text: String) -> [Finding] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    func finding(_ line: Int, _ advice: String) -> Finding {
      Finding(path: path, line: line, advice: advice)
    }
    var findings = Shape.reminders(path: path, lines: lines)
    let isPython = lines.first?.contains("python3") == true
    if !path.hasSuffix(".sh"), lines.first?.hasPrefix("#!/usr/bin/env ") != true {
      findings.append(finding(1, "a script opens with `#!/usr/bin/env bash` (or python3)"))
    }
    let comment = path.hasSuffix(".sh") ? 0 : 1
    let opens = lines.count > comment ? lines[comment] : ""
    if !opens.hasPrefix("# "), !opens.hasPrefix("\"\"\"") {
      findings.append(finding(comment + 1, "a script says what it does before it does it"))
    }
    // At errors (-e), or, where it ends its own processes in order, at least at unset names (-u).
    let strict = lines.contains { $0.hasPrefix("set -") && $0.contains("u") }
    if !isPython, !path.hasSuffix(".sh"), !path.hasSuffix(".py"), !strict {
      findings.append(finding(1, "a script is strict: `set -euo pipefail`, or at least `set -u`"))
    }
    for (index, line) in lines.enumerated() where line.last == " " || line.last == "\t" {
      findings.append(finding(index + 1, "blanks at the end of the line: remove them"))
    }
    return findings
  }
}

@Suite struct `The repository` {
  @Test func `ignores what is built and what is resolved`() {
    let lines = Tree.text(of: ".gitignore").split(separator: "\n")
    #expect(lines.contains(".build/"))
    #expect(lines.contains("Package.resolved"))
  }

  @Test func `tracks no binary and no key`() throws {
    report(
      try House.tracked().flatMap { House.checkTracked(path: $0, bytes: Tree.bytes(of: $0)) })
  }

  @Test func `has a README that names only files that exist`() {
    for path in House.paths(in: Tree.text(of: "README.md")).sorted() where !Tree.exists(path) {
      Issue.record("README.md:1: names \(path), which is not there: correct the name or write it")
    }
  }

  @Test(arguments: House.scripts)
  func `has scripts that say what they do and stop at errors`(path: String) {
    report(House.checkScript(path: path, text: Tree.text(of: path)))
  }

  @Test(arguments: House.scripts.filter { !$0.hasSuffix(".py") })
  func `has scripts the shell can read`(path: String) throws {
    guard Tree.text(of: path).split(separator: "\n").first?.contains("python") != true else {
      return
    }
    let (code, output) = try run("bash", ["-n", path])
    #expect(code == 0, "\(output)")
    let isLibrary = path.hasSuffix(".sh")
    let canRun = FileManager.default.isExecutableFile(
      atPath: Tree.root.appendingPathComponent(path).path)
    #expect(isLibrary || canRun, "\(path): chmod +x, so that a technician can run it by name")
  }
}

@Suite struct `The systemd unit` {
  private static let unit = Tree.text(of: "systemd/takt.service").split(separator: "\n")

  /// Exposure times ten that `systemd-analyze security` may give; measured 1.0 on Debian 12.
  private static let threshold = 12

  private static let canAnalyze =
    (try? run("systemd-analyze", ["--version"]).code) == 0 && Tree.exists("systemd/takt.service")

  @Test(arguments: [
    "Type=notify", "Restart=always", "StartLimitIntervalSec=0", "StateDirectory=takt",
    "RuntimeDirectory=takt", "Environment=MALLOC_ARENA_MAX=2", "NoNewPrivileges=yes",
    "CapabilityBoundingSet=", "ProtectSystem=strict", "MemoryDenyWriteExecute=yes", "UMask=0077",
  ])
  func `says what keeps the service up and small`(line: String) {
    #expect(Self.unit.contains { $0 == line }, "systemd/takt.service: `\(line)` is missing")
  }

  @Test func `starts the program and pings a watchdog`() {
    #expect(Self.unit.contains { $0.hasPrefix("ExecStart=/usr/bin/takt run") })
    #expect(Self.unit.contains { $0.hasPrefix("WatchdogSec=") })
  }

  @Test func `leaves the boot id readable, with which events are stamped`() {
    #expect(!Self.unit.contains("ProcSubset=pid"))
  }

  @Test(.enabled(if: canAnalyze, "systemd-analyze is not installed"))
  func `is as closed as it was measured`() throws {
    let (code, output) = try run(
      "systemd-analyze",
      [
        "security", "--offline=true", "--no-pager", "--threshold=\(Self.threshold)",
        "systemd/takt.service",
      ])
    #expect(code == 0, "\(output.suffix(300))")
  }
}
