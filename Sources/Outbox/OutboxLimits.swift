// How much of the journal is on its way at once, and how much goes when the journal is full.

/// Limits of the outbox, each with its unit.
public enum OutboxLimits {
  /// Uplinks that one journal can know in its life: the bits of a row's `due`, without the sign.
  public static let uplinks = 63

  /// Parcels on their way to one uplink: one being sent and one waiting behind it.
  public static let parcelsInFlight = 2

  /// Events in one parcel.
  public static let parcelEvents = 100

  /// Bytes of the events in one parcel: 256 KiB, what webhook receivers commonly take.
  public static let parcelBytes = 256 * 1024

  /// Refused events waiting for the commit that quarantines them, for each uplink; more answers
  /// are not taken before it: 64 × 16 KiB = 1 MiB.
  public static let refusedWaiting = 64

  /// The status of an event that no receiver has seen: it waits behind a refused one of its key.
  public static let heldStatus = 0

  /// Kept events of all uplinks at which those whose keys wait take nothing more: the journal
  /// keeps 10,000 (10 MB), and the rest of them is for uplinks that go on.
  public static let keptBeforeWaiting = 8_000

  /// Kept events of all uplinks beyond which the oldest are given up and told: below the 10,000 at
  /// which the journal drops them without a word.
  public static let keptMost = 9_500

  /// How many go then at once, told by one event for each uplink: a receiver that refuses that,
  /// too, is told of 500 refusals by one event, not by 500.
  public static let keptPart = 500

  /// Delivered late events waiting for the commit that releases them, for each uplink.
  public static let releasedWaiting = 2 * parcelEvents

  /// Characters kept of the answer to a refused event.
  public static let answerCharacters = 1000

  /// Delivered events that make a deletion worth its wear (measured: a DELETE for each event
  /// writes 14.1 kB an event instead of 7.5).
  public static let deletionBatch: UInt64 = 256

  /// The part of the held events that goes when the journal is full: a sixteenth, so that a full
  /// journal makes room seldom and in whole pages.
  public static let retentionDivisor: UInt64 = 16

  /// The fewest events that go: about 64 × 1 KiB = 16 pages.
  public static let retentionFloor: UInt64 = 64

  /// Runs of neighbours that leave the middle of the journal at once: each is one deletion.
  public static let thinnedRanges = 256

  /// Without an answer for so long an uplink was away: what gathered meanwhile is history. A slow
  /// receiver answers a batch within seconds.
  public static let outage = Duration.seconds(10)

  /// Ranges that went ahead of history and are remembered, for each uplink; of more outages within
  /// one history the oldest is sent again.
  static let rangesAhead = 8

  /// Different pairs of type and unit whose destinations are remembered.
  public static let rememberedRoutes = 4096
}
