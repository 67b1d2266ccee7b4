// Dates in HTTP: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7, IMF-fixdate).
// The two obsolete forms are not read: no server of this century sends them.

public import Primitives

extension WallTime {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Reads an IMF-fixdate; nil for anything else. The name of the weekday is not checked.
  public init?(httpDate text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 6, words[0].utf8.count == 4, words[5] == "GMT",
      let month = Self.months.firstIndex(of: words[2])
    else { return nil }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    self.init(text: "\(words[3])-\(number)-\(words[1])T\(words[4]).000Z")
  }
}
