// The bounds of the status page.

import Delivery
import Primitives

/// What the page takes at most, whoever asks.
enum PageLimits {
  /// Connections at once; 16 × (4 KiB of body + 2 × 64 KiB of TLS) stays below 3 MiB.
  static let connections = 16

  /// A connection on which nothing came for this long is closed.
  static let idle: Duration = .seconds(60)

  /// A connection that has not finished its handshake or its request after this long is closed.
  static let patience: Duration = .seconds(10)

  /// A question of the page: its lines are few, a classification is a short JSON object.
  static let request = HTTPLimits(headBytes: 8 * 1024, fieldCount: 64, bodyBytes: 4 * 1024)

  /// A picture younger than this is shown again: a hundred viewers cost as much as one.
  static let pictureAge: Duration = .seconds(1)

  /// How long a viewer waits for the threads to report; then the last picture is shown.
  static let pictureWait: Duration = .milliseconds(800)

  /// Spans of one machine's timeline; the oldest goes: 8 h of a change every minute.
  static let spans = 512

  /// Spans of all machines together: 20,000 × 100 bytes = 2 MB, and as much for stops.
  static let spansOfAll = 20_000

  /// How far back a timeline reaches: the longest shift and the one before it.
  static let storyLength: Duration = .seconds(24 * 3600)

  /// Stops of one machine in the Pareto: one every three minutes for 24 h, the oldest goes.
  static let stops = 480

  /// Lines of a password file.
  static let users = 100

  /// Bytes of a password file: 100 lines of 200.
  static let passwordFileBytes = 20_000

  /// Wrong passwords in a row before the door stays shut for `shutFor`.
  static let wrongPasswords = 5

  /// Long enough that guessing is hopeless, short enough for one who mistyped.
  static let shutFor: Duration = .seconds(30)

  /// Answers to one password that are remembered: the digest of what was shown, not the password.
  static let remembered = 32
}
