// The reference's pieces of time, and which of them are stops.

import Machines
import Primitives

extension StateReference {
  /// A time in which it stood, or ran, without a cut.
  struct Piece {
    var stands: Bool
    /// Indices into `moments`.
    var first: Int
    var last: Int
    /// In units of 50 ms; `to` is where the next piece, the loss or the trace begins or ends.
    var from: Int
    var to: Int
    /// Nobody looked before it: the loss began then. Nil without one.
    var lostAt: Int?
    var isFirst = false
    /// Something was made while nobody looked.
    var moved = false
    var followsRestart = false
  }

  /// A stop as a stretch of time, before anybody asks why.
  struct Stretch {
    var start: Int
    /// When it was told; from then on it can be classified.
    var toldAt: Int
    var toldByScan: Bool
    var end: Int?
    var endToldAt = Int.max
    var endToldByScan = true
    /// Times without contact that are not in it yet: each before one of its moments, or before its
    /// end.
    var gaps: [Int: Int] = [:]
    var lastGap = 0
    /// The moments at which it stood and was told.
    var moments: [Int] = []
    /// Those at which it stood before it was told.
    var early: [Int] = []
  }

  func pieces(_ says: [Say]) -> [Piece] {
    var pieces: [Piece] = []
    for index in moments.indices {
      let tick = moments[index]
      let frame = frames[tick / 2]
      let lost = index > 0 ? moments[index - 1] + 1 < tick : tick > 0
      let isScan = tick % 2 == 0
      let moved =
        index > 0 && rules.counter != nil
        && frames[moments[index - 1] / 2].count != frame.count
      let isCut = index == 0 || lost || (isScan && frame.restarted && moved)
      if !isCut, let piece = pieces.last, piece.stands == says[index].stands {
        pieces[pieces.count - 1].last = index
        continue
      }
      if !pieces.isEmpty { pieces[pieces.count - 1].to = lost ? moments[index - 1] + 1 : tick }
      pieces.append(
        Piece(
          stands: says[index].stands, first: index, last: index, from: tick, to: tick,
          lostAt: lost && index > 0 ? moments[index - 1] + 1 : nil, isFirst: index == 0,
          moved: isCut && moved, followsRestart: isCut && !lost && index > 0))
    }
    if let last = pieces.last { pieces[pieces.count - 1].to = moments[last.last] + 1 }
    return pieces
  }

  /// Whether the gateway restarts just then: what was due is told by the scan that follows.
  func restarts(at tick: Int) -> Bool {
    tick % 2 == 0 && tick / 2 < frames.count && frames[tick / 2].restarted
  }

  /// Whether a time comes while the piece lasts, or with its end; a restart there has not seen it.
  func passes(_ due: Int, _ piece: Piece) -> Bool {
    guard due == piece.to, due > piece.from else { return due <= piece.to }
    return due < frames.count * 2 && !restarts(at: due)
  }
}

/// Goes through the pieces and says which of them are stops.
private struct Cutter {
  let reference: StateReference
  let says: [StateReference.Say]
  var done: [StateReference.Stretch] = []
  var open: StateReference.Stretch?
  var ranFrom = 0
  /// Where an interruption began that is not told.
  var dip: Int?
  var dipMoments: [Int] = []

  mutating func close(_ end: Int, _ told: Int, byScan: Bool = true) {
    open?.end = end
    open?.endToldByScan = byScan
    open?.endToldAt = told
    if let open { done.append(open) }
    open = nil
  }

  mutating func stand(_ piece: StateReference.Piece) {
    let gap = piece.lostAt.map { piece.from - $0 }
    let indices = Array(piece.first...piece.last)
    let isCut = piece.isFirst || gap != nil || piece.followsRestart
    if open != nil, isCut, piece.moved {
      open?.lastGap += gap ?? 0
      close(piece.from, piece.from)
    }
    if open != nil {
      let before = (gap ?? 0) + (open?.lastGap ?? 0)
      open?.gaps[piece.first] = before
      open?.lastGap = 0
      open?.moments += indices
    } else if let dip, let gap, !piece.moved {
      open = StateReference.Stretch(
        start: dip, toldAt: piece.from, toldByScan: true, gaps: [piece.first: gap],
        moments: indices, early: dipMoments)
    } else if piece.isFirst || gap != nil
      || (isCut && piece.moved && done.last?.endToldAt == piece.from)
    {
      open = StateReference.Stretch(
        start: piece.from, toldAt: piece.from, toldByScan: true, moments: indices)
    } else {
      interrupt(piece, indices)
      return
    }
    dip = nil
  }

  /// It stands after a running that was seen.
  private mutating func interrupt(_ piece: StateReference.Piece, _ indices: [Int]) {
    let began = says[piece.first].began.map { max(ranFrom, min($0, piece.from)) }
    let start = began ?? piece.from
    let due = max(start + reference.steps(reference.rules.ignoreUnder), piece.from)
    if reference.passes(due, piece) {
      let told = indices.filter { reference.moments[$0] >= due }
      let byScan = due == piece.from || reference.restarts(at: due)
      let voice = byScan ? nil : indices.last { reference.moments[$0] < due }
      open = StateReference.Stretch(
        start: start, toldAt: due, toldByScan: byScan,
        moments: (voice.map { [$0] } ?? []) + told,
        early: due == piece.from ? [] : indices.filter { reference.moments[$0] < due })
    }
    dipMoments = indices
    dip = open == nil ? start : nil
  }

  mutating func run(_ piece: StateReference.Piece, then next: StateReference.Piece?) {
    dip = nil
    let gap = piece.lostAt.map { piece.from - $0 }
    guard open != nil else {
      if piece.isFirst || gap != nil { ranFrom = piece.from }
      return
    }
    let least = reference.steps(reference.rules.minimumRun)
    open?.lastGap += gap ?? 0
    ranFrom = piece.from
    if ((gap != nil || piece.followsRestart) && piece.moved) || least == 0 {
      close(piece.from, piece.from)
    } else if reference.passes(piece.from + least, piece) {
      close(
        piece.from, piece.from + least, byScan: reference.restarts(at: piece.from + least))
    } else if let next, next.lostAt != nil || next.followsRestart,
      next.moved || (next.lostAt != nil && !next.stands)
    {
      close(piece.from, next.from)
    }
  }
}

extension StateReference {
  func stretches(_ says: [Say]) -> [Stretch] {
    let pieces = pieces(says)
    var cutter = Cutter(reference: self, says: says)
    for (number, piece) in pieces.enumerated() {
      let next = number + 1 < pieces.count ? pieces[number + 1] : nil
      if piece.stands { cutter.stand(piece) } else { cutter.run(piece, then: next) }
    }
    if let open = cutter.open { cutter.done.append(open) }
    return cutter.done
  }
}
