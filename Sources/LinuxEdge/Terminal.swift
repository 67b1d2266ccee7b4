// The terminal that a person looks at: its size, its own screen for a while, keys without Return.
//
// Invariants
// - Whatever was changed is changed back when the owner lets go, and no later than `deinit`.
// - Nothing here is needed when the output is no terminal: `init` gives nil then.

import Glibc

/// A terminal that shows a page of ours until it is let go. Wraps termios(3).
public struct Terminal: ~Copyable {
  /// Columns and rows.
  public struct Size: Equatable, Sendable {
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
      self.width = width
      self.height = height
    }
  }

  /// What a terminal that does not tell is taken for.
  public static let usualSize = Size(width: 80, height: 24)

  private let before: termios
  private let hasKeys: Bool

  /// Takes the screen; nil when standard output is no terminal.
  public init?() {
    guard isatty(1) == 1 else { return nil }
    var settings = termios()
    hasKeys = isatty(0) == 1 && tcgetattr(0, &settings) == 0
    before = settings
    if hasKeys {
      // No echo and no line: a key is there at once. Control-C still asks to end.
      settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
      withUnsafeMutableBytes(of: &settings.c_cc) {
        $0[Int(VMIN)] = 0
        $0[Int(VTIME)] = 0
        // Control-Z would leave our screen where the shell's belongs.
        $0[Int(VSUSP)] = 0
      }
      _ = tcsetattr(0, TCSANOW, &settings)
    }
    // The other screen, and no cursor on it.
    StandardStream.output.write(Array("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J".utf8))
  }

  deinit {
    StandardStream.output.write(Array("\u{1B}[?25h\u{1B}[?1049l".utf8))
    guard hasKeys else { return }
    var settings = before
    _ = tcsetattr(0, TCSANOW, &settings)
  }

  /// As the terminal is now; it may change at any time. Wraps ioctl(TIOCGWINSZ).
  public var size: Size {
    var window = winsize()
    guard ioctl(1, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
      return Self.usualSize
    }
    return Size(width: Int(window.ws_col), height: Int(window.ws_row))
  }

  /// The number to poll for keys; -1 when nobody can type.
  public var keys: Int32 { hasKeys ? 0 : -1 }

  /// The keys that were typed.
  public func typed() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(0, &bytes, bytes.count)
    return count > 0 ? Array(bytes[..<count]) : []
  }

  /// Shows lines in place of what stood there before.
  public func show(_ lines: [String]) {
    // Home; each line cleared to its end; the rest of the screen cleared.
    let text = "\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J"
    StandardStream.output.write(Array(text.utf8))
  }
}
