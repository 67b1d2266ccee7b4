// How long the journal lasts: what it may still take, and what comes in.
//
// Invariants
// - The rate is of the last hours, in whole buckets and the one that is being filled: it follows a
//   shift, and does not jump with a single minute.
// - Nothing is said before there is something to say it from.

public import Primitives

/// What a journal may still take.
public struct JournalRoom: Equatable, Sendable {
  /// Bytes, up to its quota and to what the disk has beside its reserve.
  public var freeBytes: Int64
  /// The disk is the narrower of the two.
  public var isByDisk: Bool

  public init(freeBytes: Int64, isByDisk: Bool) {
    self.freeBytes = freeBytes
    self.isByDisk = isByDisk
  }
}

/// The bytes that came in over the last hours.
public struct JournalIntake: Equatable, Sendable {
  /// Six hours in parts of ten minutes.
  public static let bucket = Duration.seconds(600)
  public static let buckets = 36
  /// Less than this is no rate yet.
  public static let shortest = Duration.seconds(60)

  private var sums: [Int64] = [0]
  /// When the bucket that is being filled began.
  private var began: Instant
  private let startedAt: Instant

  public init(now: Instant) {
    began = now
    startedAt = now
  }

  /// Takes note of a commit.
  public mutating func add(bytes: Int64, now: Instant) {
    roll(now)
    sums[sums.count - 1] += bytes
  }

  private mutating func roll(_ now: Instant) {
    while now - began >= Self.bucket {
      began = began + Self.bucket
      sums.append(0)
      if sums.count > Self.buckets { sums.removeFirst() }
      // After a long sleep: nothing came in meanwhile.
      if now - began > Self.bucket * Self.buckets {
        began = now
        sums = Array(repeating: 0, count: Self.buckets)
      }
    }
  }

  /// How long so much room lasts at this rate; nil while nobody can say, or nothing comes in.
  public func lasts(_ room: JournalRoom, now: Instant) -> Duration? {
    let full = Self.bucket * (sums.count - 1)
    let span = min(now - startedAt, full + (now - began))
    let sum = sums.reduce(0, +)
    guard span >= Self.shortest, sum > 0 else { return nil }
    let seconds = Double(room.freeBytes) * (Double(span.wholeMilliseconds) / 1000) / Double(sum)
    return .seconds(Int64(min(max(0, seconds), Self.longest)))
  }

  /// A hundred years, in seconds: beyond it a number says nothing.
  private static let longest = 3_155_760_000.0
}
