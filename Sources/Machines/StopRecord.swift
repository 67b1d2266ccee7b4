// A stop as a value, however often it is handed on.
//
// Why behind a reference: a stop is a fifth of a kilobyte with four texts, and goes from the state
// machine to facts, to the list of stops and to events. A copy counts one reference and not each of
// the texts; who changes one changes his own.

public import Primitives

/// A stop with all that is known of it at one moment.
public struct StopRecord: Equatable, Sendable {
  /// What is known of it.
  struct Content: Equatable, Sendable {
    /// What its id begins with, and the number behind that; a negative one is none.
    var prefix: String
    var number: Int64
    var startedAt: Stamp
    var endedAt: Stamp?
    /// Nanoseconds, as they are measured.
    var duration: Int64
    var noContact: Int64
    var cause: Cause
    var category: StopCategory
    var costCenter: String?
    var classified: Bool
    var approximate: Bool
    var revision: Int
    var kind: MachineCondition
  }

  private var held: Shared<Content>

  init(_ content: Content) { held = Shared(content) }

  public init(
    stopID: String, startedAt: Stamp, endedAt: Stamp? = nil, duration: Duration = .zero,
    noContact: Duration = .zero, cause: Cause, category: StopCategory, costCenter: String? = nil,
    classified: Bool, approximate: Bool = false, revision: Int = 0,
    kind: MachineCondition = .stopped
  ) {
    let (prefix, number) = Content.parts(stopID)
    self.init(
      Content(
        prefix: prefix, number: number, startedAt: startedAt, endedAt: endedAt,
        duration: duration.nanoseconds,
        noContact: noContact.nanoseconds, cause: cause, category: category,
        costCenter: costCenter, classified: classified, approximate: approximate,
        revision: revision, kind: kind))
  }

  /// What is known of it, to be looked at without a copy.
  var content: Content { held.value }

  /// Whether it is another revision of a stop.
  func isSameStop(as other: StopRecord) -> Bool {
    content.number == other.content.number && content.prefix == other.content.prefix
  }

  /// Changes several of its particulars at once.
  mutating func change(_ body: (inout Content) -> Void) {
    var next = held.value
    body(&next)
    held = Shared(next)
  }
}

extension StopRecord.Content {
  /// Written out only for who asks: most stops are told once, and asked for by nobody else.
  var stopID: String { number < 0 ? prefix : prefix + String(number) }

  /// An id as what it begins with and a number; the same parts for the same id, and no others.
  static func parts(_ id: String) -> (prefix: String, number: Int64) {
    guard let dash = id.utf8.lastIndex(of: UInt8(ascii: "-")) else { return (id, -1) }
    let digits = id[id.utf8.index(after: dash)...]
    guard (1...18).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = Int64(digits), String(number).utf8.count == digits.utf8.count
    else { return (id, -1) }
    return (String(id[...dash]), number)
  }
}

extension StopRecord {
  /// Unique for ever: the machine, the epoch of the journal and a number.
  public var stopID: String { held.value.stopID }

  /// When it began.
  public var startedAt: Stamp {
    get { held.value.startedAt }
    set { change { $0.startedAt = newValue } }
  }

  /// When it ended; nil while it lasts.
  public var endedAt: Stamp? {
    get { held.value.endedAt }
    set { change { $0.endedAt = newValue } }
  }

  /// Time measured as stopped; time without contact is not in it.
  public var duration: Duration {
    get { .nanoseconds(held.value.duration) }
    set { change { $0.duration = newValue.nanoseconds } }
  }

  /// Time without contact within the stop.
  public var noContact: Duration {
    get { .nanoseconds(held.value.noContact) }
    set { change { $0.noContact = newValue.nanoseconds } }
  }

  /// Why the machine stood.
  public var cause: Cause {
    get { held.value.cause }
    set { change { $0.cause = newValue } }
  }

  /// How it is booked.
  public var category: StopCategory {
    get { held.value.category }
    set { change { $0.category = newValue } }
  }

  /// Whom it is booked to; nil for nobody.
  public var costCenter: String? {
    get { held.value.costCenter }
    set { change { $0.costCenter = newValue } }
  }

  /// Somebody or something has named the cause.
  public var classified: Bool { held.value.classified }

  /// Contact was lost, or nobody looked, during it.
  public var approximate: Bool {
    get { held.value.approximate }
    set { change { $0.approximate = newValue } }
  }

  /// Counts up with each classification, from 0.
  public var revision: Int { held.value.revision }

  /// What kind of stop it is: the state told of it last.
  public var kind: MachineCondition {
    get { held.value.kind }
    set { change { $0.kind = newValue } }
  }
}
