// Why the bytes of a time zone cannot be used, as sentences, and the limits of what is read.

/// Why the rules of a time zone cannot be read.
public enum TimeZoneFault: Error, Equatable, Sendable, CustomStringConvertible {
  case tooLarge(zone: String, bytes: Int)
  case notTZif(zone: String)
  case version1(zone: String)
  case truncated(zone: String, part: String)
  case leapSeconds(zone: String)
  case malformed(zone: String, detail: String)
  case footer(zone: String, text: String)

  public var description: String {
    switch self {
    case .tooLarge(let zone, let bytes):
      "reading time zone \(zone): the file has \(bytes) bytes, \(TimeZoneLimits.fileBytes) are "
        + "allowed; name a file of Debian's package tzdata"
    case .notTZif(let zone):
      "reading time zone \(zone): the file is no TZif file; name a zone such as Europe/Berlin"
    case .version1(let zone):
      "reading time zone \(zone): the file is of version 1 and ends in 2038; install a newer tzdata"
    case .truncated(let zone, let part):
      "reading time zone \(zone): the file ends within its \(part); install tzdata again"
    case .leapSeconds(let zone):
      "reading time zone \(zone): the file counts leap seconds, which POSIX time does not; "
        + "name the zone without \"right/\""
    case .malformed(let zone, let detail):
      "reading time zone \(zone): \(detail); install tzdata again"
    case .footer(let zone, let text):
      "reading time zone \(zone): the rule for later years, \"\(text)\", is no POSIX TZ string; "
        + "install tzdata again"
    }
  }
}

/// Limits of what is read of a time zone.
public enum TimeZoneLimits {
  /// Bytes of a zone's file. The largest of tzdata 2025b has 3.9 kB ("fat"); 16 times that.
  public static let fileBytes = 65_536
  /// Bytes of a POSIX TZ string: the longest of tzdata has 45.
  public static let footerBytes = 256
  /// Seconds a zone may lie from UTC: 26 hours, as RFC 8536 recommends for readers.
  public static let offsetSeconds: Int64 = 93_600
  /// Hours of a rule's time of day: a week, as version 3 of TZif allows.
  static let ruleHours: Int64 = 167
}
