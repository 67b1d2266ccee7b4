// Pairs the resets of a counter that truly happened with the anomalies that were told of it, and
// says how many pieces nobody can have known.
//
// Rules
// - Resets and anomalies keep their order; as few as possible of either are left over.
// - A reset with its anomaly: what the counter showed at the reset less what was read before it.
// - A reset without one left nothing to see: the counter stood as low before as after. All that it
//   showed is unknowable; that is believed of a few pieces and not of many.
// - A counter near the top of its range while nobody could read it: whether it rolled over or was
//   reset cannot be seen. Where the gateway took one for the other, its anomaly tells how many
//   pieces depend on that, and they are counted as unknowable (negative when they were booked).

import Primitives

/// A reset that happened: when, and what the counter showed.
struct TrueReset {
  var at: Int64
  var shown: Int64
}

/// An anomaly that was told.
struct ToldAnomaly {
  var at: Int64
  var before: Int64
  var after: Int64
  var verdict: String
  var booked: Int64
  var notBooked: Int64

  init?(_ at: Int64, _ data: JSONValue) {
    guard let before = data["before"]?.integer, let after = data["after"]?.integer,
      let verdict = data["verdict"]?.string
    else { return nil }
    self.at = at
    self.before = before
    self.after = after
    self.verdict = verdict
    booked = data["booked"]?.integer ?? 0
    notBooked = data["notBooked"]?.integer ?? 0
  }
}

/// The pairing of the resets and the anomalies of one counter.
struct ResetPairing {
  /// Pieces that no read can have seen, or that a told ambiguity is about.
  private(set) var unknowable: Int64 = 0

  /// Pieces that a reset may take with it without leaving anything to see.
  static let unseenAtMost: Int64 = 5
  /// How much earlier than its reset an anomaly may be dated, in milliseconds.
  static let earlyAtMost: Int64 = 2000
  /// What a thing left over costs in the pairing.
  private static let leftOver = 1_000_000_000

  private enum Choice { case unseen, skip, pair }

  init(resets: [TrueReset], told: [ToldAnomaly]) {
    let resets = resets.sorted { $0.at < $1.at }
    let told = told.filter { $0.verdict != "implausible" }.sorted { $0.at < $1.at }
    let choices = Self.choices(resets, told)
    var (reset, anomaly) = (0, 0)
    while reset < resets.count {
      switch choices[reset][anomaly] {
      case .unseen:
        if resets[reset].shown <= Self.unseenAtMost { unknowable += resets[reset].shown }
        reset += 1
      case .skip:
        unknowable += Self.missing(told[anomaly])
        anomaly += 1
      case .pair:
        unknowable += Self.missing(resets[reset], told[anomaly])
        (reset, anomaly) = (reset + 1, anomaly + 1)
      }
    }
    for rest in told[anomaly...] { unknowable += Self.missing(rest) }
  }

  /// Pieces missing because of an anomaly that no reset explains: a rollover is right, and a
  /// rollover that was taken for a reset tells what it left out.
  private static func missing(_ anomaly: ToldAnomaly) -> Int64 {
    anomaly.verdict == "reset" ? anomaly.notBooked : 0
  }

  /// Pieces missing because of a reset that was told as one, or taken for a rollover.
  private static func missing(_ reset: TrueReset, _ anomaly: ToldAnomaly) -> Int64 {
    let unseen = reset.shown - anomaly.before
    return anomaly.verdict == "reset" ? unseen : unseen + anomaly.after - anomaly.booked
  }

  /// The best choice for each rest of the resets with each rest of the anomalies.
  private static func choices(_ resets: [TrueReset], _ told: [ToldAnomaly]) -> [[Choice]] {
    var later = told.indices.map { (told.count - $0) * leftOver } + [0]
    var choices: [[Choice]] = []
    for reset in resets.reversed() {
      var best = Array(repeating: 0, count: told.count + 1)
      var row = Array(repeating: Choice.unseen, count: told.count + 1)
      for index in stride(from: told.count, through: 0, by: -1) {
        best[index] = later[index] + (reset.shown <= unseenAtMost ? 1000 : leftOver)
        guard index < told.count else { continue }
        let cost = told[index].verdict == "rollover" ? 0 : leftOver
        if best[index + 1] + cost < best[index] {
          best[index] = best[index + 1] + cost
          row[index] = .skip
        }
        let fits = told[index].at >= reset.at - earlyAtMost && told[index].before <= reset.shown
        // A reset explains an anomaly called a reset better than one called a rollover.
        let doubt = told[index].verdict == "rollover" ? leftOver / 100 : 0
        // A counter moves little between the last read and its reset.
        let distance = Int(clamping: min(reset.shown &- told[index].before, 1_000_000)) * 1000
        if fits, later[index + 1] + doubt + distance < best[index] {
          best[index] = later[index + 1] + doubt + distance
          row[index] = .pair
        }
      }
      later = best
      choices.append(row)
    }
    return choices.reversed()
  }
}
