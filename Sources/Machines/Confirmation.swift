// What was made of one order in one window, summed: what an ERP books.
//
// Invariants
// - Times are differences of whole milliseconds of one clock, so the windows of a machine add up to
//   the time that passed, without a remainder.
// - A confirmation is told once. It has its number from when its window was closed; what merged
//   keeps the lowest number and tells how many it was.

public import Primitives

/// Pieces of each kind.
public struct Quantities: Equatable, Sendable {
  public var good: Int64
  public var scrap: Int64
  public var rework: Int64

  public init(good: Int64 = 0, scrap: Int64 = 0, rework: Int64 = 0) {
    self.good = good
    self.scrap = scrap
    self.rework = rework
  }

  /// No piece at all.
  public var isEmpty: Bool { good == 0 && scrap == 0 && rework == 0 }

  mutating func add(_ other: Quantities) {
    good = saturating(good, plus: other.good)
    scrap = saturating(scrap, plus: other.scrap)
    rework = saturating(rework, plus: other.rework)
  }
}

/// How a machine spends its time.
public enum TimeClass: String, Sendable, CaseIterable {
  case run, stop, planned
  /// No contact, or nobody looked: booked nowhere.
  case unseen

  /// How a condition is booked; a changeover was planned with the order that it makes ready.
  public init(_ condition: MachineCondition) {
    self =
      switch condition {
      case .running, .slow: .run
      case .shortStop, .stopped, .fault, .blocked, .starved: .stop
      case .changeover, .planned: .planned
      case .unknown, .noContact: .unseen
      }
  }
}

/// Milliseconds of each kind.
public struct TimeSums: Equatable, Sendable {
  public var run: Int64
  public var stop: Int64
  public var planned: Int64

  public init(run: Int64 = 0, stop: Int64 = 0, planned: Int64 = 0) {
    self.run = run
    self.stop = stop
    self.planned = planned
  }

  /// No time at all.
  public var isEmpty: Bool { run == 0 && stop == 0 && planned == 0 }

  mutating func add(_ milliseconds: Int64, to time: TimeClass) {
    switch time {
    case .run: run = saturating(run, plus: milliseconds)
    case .stop: stop = saturating(stop, plus: milliseconds)
    case .planned: planned = saturating(planned, plus: milliseconds)
    case .unseen: break
    }
  }

  mutating func add(_ other: TimeSums) {
    add(other.run, to: .run)
    add(other.stop, to: .stop)
    add(other.planned, to: .planned)
  }
}

/// The sequences of the first and the last event that were summed, within one epoch.
public struct SequenceRange: Equatable, Sendable {
  public var epoch: String
  public var from: UInt64
  public var to: UInt64

  public init(epoch: String, from: UInt64, to: UInt64) {
    self.epoch = epoch
    self.from = from
    self.to = to
  }
}

/// What one machine made of one run of an order in one window.
struct ConfirmationPart: Equatable, Sendable {
  var run: Int64
  var from: Stamp
  var to: Stamp
  var pieces = Quantities()
  var times = TimeSums()
  /// Nil when nothing was counted, or when parts of two epochs were merged.
  var sequences: SequenceRange?
  /// Some pieces were made while nobody looked, and the order changed meanwhile.
  var straddles = false

  var isEmpty: Bool { pieces.isEmpty && times.isEmpty }

  /// Joins an earlier part to this one, which is of the same order.
  mutating func join(earlier other: ConfirmationPart) {
    if other.from.instant < from.instant { from = other.from }
    if other.to.instant > to.instant { to = other.to }
    pieces.add(other.pieces)
    times.add(other.times)
    straddles = straddles || other.straddles
    switch (other.sequences, sequences) {
    case (nil, _): break
    case (.some(let before), nil): sequences = before
    case (.some(let before), .some(let own)):
      sequences =
        before.epoch == own.epoch
        ? SequenceRange(
          epoch: own.epoch, from: min(before.from, own.from), to: max(before.to, own.to)) : nil
    }
  }
}

/// A closed window that has not been told yet.
struct HeldPart: Equatable, Sendable {
  var number: Int64
  var machine: String
  var part: ConfirmationPart
  var isFinal: Bool
  /// Good pieces of the order up to the end of this window.
  var total: Int64
  /// Windows that it was before they were merged.
  var merged: Int64 = 1
  var approvedBy: String?
}

/// A confirmation with all that is known of it: told, or held back for the reasons it names.
public struct Confirmation: Equatable, Sendable {
  public var number: Int64
  public var line: String
  public var machine: String
  public var order: Order
  public var from: Stamp
  public var to: Stamp
  public var pieces: Quantities
  public var times: TimeSums
  public var sequences: SequenceRange?
  /// Nothing more comes of this order here.
  public var isFinal: Bool
  /// Good pieces of the order so far, with these.
  public var total: Int64
  /// Windows that were summed because too many were held.
  public var merged: Int64
  /// Who let it go although a rule spoke against it.
  public var approvedBy: String?
  /// Told because too many others are held: it must not be booked before its reasons are gone.
  public var isHeld: Bool
  /// What speaks against it; empty when every rule is met.
  public var reasons: [HeldReason]

  init(_ held: HeldPart, line: String, order: Order) {
    number = held.number
    self.line = line
    machine = held.machine
    self.order = order
    from = held.part.from
    to = held.part.to
    pieces = held.part.pieces
    times = held.part.times
    sequences = held.part.sequences
    isFinal = held.isFinal
    total = held.total
    merged = held.merged
    approvedBy = held.approvedBy
    isHeld = false
    reasons = []
  }

  /// What it is summed by.
  public var key: OrderKey { order.key }
  /// The lot, where one was named.
  public var lotID: String? { order.lotID }
  /// Every rule was met; nobody had to let it go by hand.
  public var isVerified: Bool { reasons.isEmpty && approvedBy == nil }

  /// Unique for ever, with the epoch in which it was numbered.
  public func id(epoch: String) -> String { "\(line)-\(epoch)-c\(number)" }

  /// What it used up by the bill of material: of every good and every scrap piece, exactly; nothing
  /// while it is held.
  ///
  /// A piece to rework uses up nothing here: it comes out as good or scrap in the end, and is
  /// counted then.
  public var consumption: [Consumption] {
    let made = saturating(pieces.good, plus: pieces.scrap)
    guard made > 0, !isHeld else { return [] }
    return order.bill.map { item in
      Consumption(
        materialID: item.materialID, quantity: item.consumption(of: made), uom: item.uom)
    }
  }
}
