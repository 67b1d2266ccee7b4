// Small texts: names, quantities, quotation, lists of words. No state, no places.

import Primitives

enum Words {
  static let nameAllowed =
    "letters A-Z and a-z, digits, . _ and -, at most \(SettingsLimits.nameLength)"

  static func isName(_ text: String) -> Bool {
    (1...SettingsLimits.nameLength).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        switch $0 {
        case 48...57, 65...90, 97...122, 45, 46, 95: true
        default: false
        }
      }
  }

  /// In quotes, cut to a length that fits a line, with control characters made harmless.
  static func quoted(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(SettingsLimits.nameLength) {
      shown.unicodeScalars.append(scalar.value < 32 || scalar.value == 127 ? "\u{FFFD}" : scalar)
    }
    return "\"\(shown)\(text.unicodeScalars.count > SettingsLimits.nameLength ? "…" : "")\""
  }

  static let secretPattern = "^(/|credential:[A-Za-z0-9._-]{1,\(SettingsLimits.nameLength)}$)"

  /// `credential:` and the name under which systemd hands a secret over.
  static func isCredential(_ text: String) -> Bool {
    let prefix = "credential:"
    let name = text.dropFirst(prefix.count)
    return text.hasPrefix(prefix) && isName(String(name)) && name != "." && name != ".."
  }

  static let pinPattern = "^sha256/[A-Za-z0-9+/]{43}=$"

  /// `sha256/` and 32 bytes in Base64.
  static func isPin(_ text: String) -> Bool {
    let digits = text.dropFirst(7).dropLast()
    return text.hasPrefix("sha256/") && text.hasSuffix("=") && digits.utf8.count == 43
      && digits.utf8.allSatisfy {
        switch $0 {
        case 43, 47...57, 65...90, 97...122: true
        default: false
        }
      }
  }

  /// Digits and nothing else, at most 18 of them.
  static func integer(_ text: String) -> Int64? {
    guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) })
    else { return nil }
    return Int64(text)
  }

  /// A decimal number with an optional sign, point and exponent; finite.
  static func number(_ text: String) -> Double? {
    guard text.utf8.count <= 32, text.utf8.contains(where: { (48...57).contains($0) }),
      text.utf8.allSatisfy({ "+-.eE0123456789".utf8.contains($0) }),
      let value = Double(text), value.isFinite
    else { return nil }
    return value
  }

  static let sizeUnits: [(suffix: String, bytes: Int64)] = [
    ("KiB", 1024), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("kB", 1000),
    ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
  ]

  /// `64MB` is 64,000,000 bytes, `64MiB` is 67,108,864.
  static func size(_ text: String) -> Int64? {
    guard let unit = sizeUnits.first(where: { text.hasSuffix($0.suffix) }),
      let number = integer(String(text.dropLast(unit.suffix.count)))
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
    return overflow ? nil : bytes
  }

  static func sizeText(_ bytes: Int64) -> String {
    let order = ["TB", "TiB", "GB", "GiB", "MB", "MiB", "kB", "KiB"]
    for suffix in order {
      guard let unit = sizeUnits.first(where: { $0.suffix == suffix })?.bytes else { continue }
      if bytes >= unit, bytes % unit == 0 { return "\(bytes / unit)\(suffix)" }
    }
    return "\(bytes)B"
  }

  /// `Europe/Berlin`, `America/Argentina/Ushuaia`, `Etc/GMT+1`, `UTC`; whether it exists is not
  /// known here.
  static func isTimeZoneShaped(_ text: String) -> Bool {
    if text == "UTC" { return true }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return (2...3).contains(parts.count) && text.utf8.count <= SettingsLimits.nameLength
      && parts.allSatisfy { part in
        (part.utf8.first.map { (65...90).contains($0) } ?? false)
          && part.utf8.allSatisfy {
            switch $0 {
            case 48...57, 65...90, 97...122, 43, 45, 95: true
            default: false
            }
          }
      }
  }

  /// A DNS name, an IPv4 address, or an IPv6 address.
  static func isHost(_ text: String) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    if text.contains(":") { return isIPv6Shaped(text) }
    return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.utf8.first != 45 && label.utf8.last != 45
        && label.utf8.allSatisfy {
          switch $0 {
          case 48...57, 65...90, 97...122, 45, 95: true
          default: false
          }
        }
    }
  }

  /// Three to eight groups of up to four hexadecimal digits; the last may be an IPv4 address.
  private static func isIPv6Shaped(_ text: String) -> Bool {
    let groups = text.split(separator: ":", omittingEmptySubsequences: false)
    return (3...8).contains(groups.count)
      && groups.allSatisfy { group in
        group.contains(".")
          ? isHost(String(group)) : group.utf8.count <= 4 && group.utf8.allSatisfy(Hex.isDigit)
      }
  }

  /// "a, b or c".
  static func either(_ words: [String]) -> String { list(words, "or") }

  /// "a, b and c".
  static func both(_ words: [String]) -> String { list(words, "and") }

  private static func list(_ words: [String], _ joint: String) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(joint) " + last
  }
}

extension Hex {
  static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...70, 97...102: true
    default: false
    }
  }
}

/// Host, port and path of an https address.
struct WebAddress: Equatable, Sendable {
  var host: String
  var port: UInt16
  var path: String

  /// Nil with words when the text is no address we can post to.
  static func parse(_ text: String) -> (address: WebAddress?, found: String) {
    guard text.hasPrefix("https://") else {
      return (
        nil, text.hasPrefix("http://") ? "http:// is not encrypted" : "no https:// at its start"
      )
    }
    let rest = text.dropFirst(8)
    guard rest.utf8.count <= SettingsLimits.pathLength,
      rest.utf8.allSatisfy({ (33...126).contains($0) }), !rest.contains("#")
    else { return (nil, "a space, a # or another character that no address holds") }
    let slash = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    let (authority, tail) = (rest[..<slash], String(rest[slash...]))
    guard !authority.contains("@") else {
      return (nil, "a password or user name in an address; use bearerFile or certificateFile")
    }
    var (host, port) = (String(authority), "443")
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      host = String(authority[authority.index(after: authority.startIndex)..<end])
      let behind = authority[authority.index(after: end)...]
      if behind.hasPrefix(":") {
        port = String(behind.dropFirst())
      } else if !behind.isEmpty {
        host = ""
      }
    } else if let colon = authority.lastIndex(of: ":") {
      host = String(authority[..<colon])
      port = String(authority[authority.index(after: colon)...])
    }
    guard Words.isHost(host) else { return (nil, "no valid host name") }
    guard let number = Words.integer(port), (1...65_535).contains(number) else {
      return (nil, "port \(port)")
    }
    let path = tail.hasPrefix("/") ? tail : "/" + tail
    return (WebAddress(host: host, port: UInt16(number), path: path), "")
  }

  var text: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return "https://\(name)\(port == 443 ? "" : ":\(port)")\(path)"
  }
}
