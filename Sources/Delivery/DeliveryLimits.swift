// Every bound of this room, with its unit and where the number comes from.

/// What one HTTP message may cost us, whoever sends it.
public struct HTTPLimits: Equatable, Sendable {
  /// Bytes of start line, fields and trailers together.
  public var headBytes: Int
  /// Field lines of one message.
  public var fieldCount: Int
  /// Bytes of a body that are kept.
  public var bodyBytes: Int

  public init(headBytes: Int, fieldCount: Int, bodyBytes: Int) {
    self.headBytes = headBytes
    self.fieldCount = fieldCount
    self.bodyBytes = bodyBytes
  }

  /// An answer: the body carries at most a line for each of 100 events, 256 KiB is ten times that.
  public static let response = HTTPLimits(
    headBytes: 32 * 1024, fieldCount: 100, bodyBytes: 256 * 1024)

  /// A request: 100 events of the largest size, 16 KiB each, and their commas, rounded up to 2 MiB.
  public static let request = HTTPLimits(
    headBytes: 32 * 1024, fieldCount: 100, bodyBytes: 2 * 1024 * 1024)
}

/// The other named limits of this room.
public enum DeliveryLimits {
  /// Digits of a length that are read: below 2^53, so no sum can overflow.
  static let lengthDigits = 15
  /// Bytes of a chunk's size line with its extensions.
  static let chunkLineBytes = 4 * 1024
  /// Interim (1xx) answers before the final one.
  static let interimAnswers = 16
  /// Characters of a receiver's text that go into a sentence or to quarantine.
  public static let quotedCharacters = 1024
  /// The longest wait a receiver may ask for with Retry-After: an hour, then we look again.
  public static let longestRetryAfter: Duration = .seconds(3600)
  /// First wait of a parked courier; doubles up to the last.
  static let firstPark: Duration = .seconds(180)
  /// Last wait of a parked courier: somebody has to change something, so 15 minutes is soon enough.
  static let lastPark: Duration = .seconds(900)
  /// Events refused with nothing delivered between them before the courier doubts the receiver.
  static let refusalsInARow = 3
  /// Answers 409 in a row before it is taken as a conflict of one event and not as "in progress".
  static let conflictsInARow = 10
  /// Smallest pause between requests after the first 429.
  static let firstPacing: Duration = .milliseconds(100)
  /// Largest pause between requests that repeated 429 can lead to.
  static let lastPacing: Duration = .seconds(60)
  /// Deliveries in a row after which a batch size learnt from 413 is doubled as a trial.
  static let deliveriesBeforeGrowth = 100
  /// Bodies below one packet's room are not worth packing.
  static let packedBytes = 1400
  /// A token service's answer: a token and a few members.
  static let tokenAnswer = HTTPLimits(
    headBytes: 32 * 1024, fieldCount: 100, bodyBytes: 64 * 1024)
  /// Bytes of a bearer token: what common servers take in one field.
  public static let tokenBytes = 8 * 1024
  /// Seconds before its end at which a token is renewed.
  static let tokenMargin: Int64 = 60
  /// Seconds that a token is taken to hold whose service tells nothing.
  static let tokenSeconds: Int64 = 300
  /// Seconds after which a token is renewed whatever its service tells: a day.
  static let longestTokenSeconds: Int64 = 86_400
}
