// A second, naive opinion: from the whole trace of full scans it works out the stops and the parts.
// It shares nothing with the room but the words: no samples, marks, deadlines or snapshots.

import Machines
import Primitives
import Signals

/// A scan as it was, with everything that the reference may know and the machine may not.
struct Frame {
  var at: Int64
  var run: Bool
  var code: Int64
  /// Where the register stands.
  var register: UInt64
  /// Parts made since the last frame that the register still shows.
  var made: Int64
  var seen: Bool
  /// The gateway restarted just before this scan.
  var restarted: Bool
  /// The PLC restarted: what it had counted since the last look is lost for ever.
  var reset = false
  /// The register shows noise; the machine itself goes on.
  var noise = false

  /// What a scan reads.
  var shown: UInt64 { noise ? 0 : register }
}

struct Expected: Equatable {
  struct Stop: Equatable {
    var start: Int64
    var end: Int64?
    var unseen: Int64
    var code: Int64?
  }
  var stops: [Stop] = []
  var good: Int64 = 0
}

struct Reference {
  let run: Bool
  let code: Bool
  let counter: Bool
  let standstill: Int64?

  private var result = Expected()
  private var open: Expected.Stop?
  /// Nothing but the standing count holds the stop.
  private var standing = false
  private var running: Int64?
  private var counted: Int64?
  private var lost: Int64?
  /// When it ran before contact was lost: how long nobody saw it.
  private var blind: Int64?
  private var ranBefore = false
  /// When it began to run, however often it was not seen since.
  private var ranFrom: Int64?
  /// The count was the same after the time in which nobody saw it.
  private var stood = false
  private var resetUnseen = false

  init(run: Bool, code: Bool, counter: Bool, standstill: Int64?) {
    (self.run, self.code, self.counter, self.standstill) = (run, code, counter, standstill)
  }

  mutating func evaluate(_ frames: [Frame], until end: Int64) -> Expected {
    var pending: Int64 = 0
    var first = true
    var looked = Int64.min
    for frame in frames {
      let gap = first || frame.restarted || lost != nil
      if !gap {
        // Standing is proved by looking: a count that came since the last look may be older.
        let counts = counter && frame.seen && !frame.noise && pending + frame.made > 0
        standStill(before: counts && !frame.reset ? looked + 1 : frame.at)
      }
      if frame.reset { pending = 0 }
      pending += frame.made
      guard frame.seen else {
        if lost == nil {
          lost = frame.at
          ranBefore = running != nil
          resetUnseen = false
        }
        resetUnseen = resetUnseen || frame.reset
        running = nil
        continue
      }
      looked = frame.at
      let moved = counter && !first && !frame.noise && pending > 0
      if !frame.noise {
        if !first { result.good += counter ? pending : 0 }
        pending = 0
      }
      look(frame, gap: gap, moved: moved)
      if first { counted = frame.at }
      if moved { counted = frame.at }
      first = false
      standStill(before: frame.at + 1)
    }
    if lost == nil { standStill(before: end + 1) }
    if let open { result.stops.append(open) }
    return result
  }

  private mutating func look(_ frame: Frame, gap: Bool, moved: Bool) {
    let coded = code && frame.code != 0
    let stands = coded || (run && !frame.run)
    var unseen: Int64?
    if let since = lost {
      open?.unseen += frame.at - since
      if ranBefore, !stands { unseen = frame.at - since }
      stood = !moved && !frame.noise && !resetUnseen && !frame.reset
      lost = nil
    }
    if open != nil {
      if moved || (run && !frame.run) { standing = false }
      if gap && moved || !(stands || standing) { close(frame.at) }
    }
    if open == nil, stands {
      open = Expected.Stop(start: frame.at, end: nil, unseen: 0, code: nil)
      (standing, running) = (false, nil)
    }
    if open == nil, running == nil {
      running = frame.at
      if unseen == nil { ranFrom = frame.at }
      blind = unseen
    }
    if open != nil, coded { open?.code = frame.code }
  }

  private mutating func close(_ at: Int64) {
    open?.end = at
    if let open { result.stops.append(open) }
    (open, running, blind, ranFrom) = (nil, at, nil, at)
  }

  private mutating func standStill(before moment: Int64) {
    guard counter, let standstill, open == nil, let running, let counted else { return }
    // What it stood before it ran does not count: that was another stop.
    let last = max(counted, ranFrom ?? counted)
    let stoodAll = blind != nil && stood && last < running
    let from = stoodAll ? last + (blind ?? 0) : max(running, last)
    guard from + standstill < moment else { return }
    let start = blind == nil ? max(running, last) : last
    let unseen = last < running ? blind ?? 0 : 0
    open = Expected.Stop(start: start, end: nil, unseen: unseen, code: nil)
    (standing, self.running) = (true, nil)
  }
}

/// Draws a trace of a machine's life: runs, idling, stops, late codes, lost contact, restarts.
struct TraceGenerator {
  var random: SeededGenerator
  private var register: UInt64
  private let highest: UInt64 = 65_535
  private var calm = 0
  private var wasNoise = false

  private let resets: Bool

  init(seed: UInt64, resets: Bool = true) {
    self.resets = resets
    random = SeededGenerator(seed: seed)
    register = UInt64.random(in: 300...65_535, using: &random)
  }

  mutating func trace(_ length: Int) -> [Frame] {
    var frames: [Frame] = []
    var mode = 0
    var left = 0
    for index in 0..<length {
      if left == 0 {
        mode = Int.random(in: 0...6, using: &random)
        left = Int.random(in: 1...9, using: &random)
      }
      left -= 1
      var frame = Frame(
        at: Int64(index) * 100, run: true, code: 0, register: 0, made: 0, seen: true,
        restarted: chance(12) && index > 0)
      switch mode {
      case 0, 1: frame.made = Int64.random(in: 0...2, using: &random)
      case 2: frame.made = 0
      case 3: frame.run = false
      case 4:
        frame.run = chance(3)
        frame.code = [12, 20, 99].randomElement(using: &random) ?? 12
        frame.made = chance(6) ? 1 : 0
      case 5:
        frame.run = false
        frame.code = left < 3 ? 12 : 0
      default:
        frame.seen = false
        frame.run = chance(2)
        frame.made = chance(3) ? 1 : 0
      }
      // Near the top, a PLC that was away may have rolled over or restarted: nobody can tell.
      if !(300..<65_000).contains(register) { frame.seen = true }
      show(&frame)
      frames.append(frame)
    }
    return frames
  }

  private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

  /// Moves the register as the PLC does: up, over the top, back to 0 at its restart, or as noise.
  private mutating func show(_ frame: inout Frame) {
    let ordinary = (300..<65_000).contains(register)
    // Noise and a restart in one scan's distance cannot be told apart by anybody.
    frame.reset = ordinary && chance(40) && resets && !wasNoise
    let base = frame.reset ? 0 : register
    register = (base + UInt64(max(0, frame.made))) % (highest + 1)
    calm = frame.seen && !frame.restarted && !frame.reset ? calm + 1 : 0
    frame.noise = ordinary && calm > 2 && chance(20)
    if frame.noise { calm = 0 }
    wasNoise = frame.noise
    frame.register = register
  }
}
