// What shall be told, before it has a sequence, a place in the chain and a signature.

public import Primitives

/// An event before it is sealed.
public struct EventDraft: Equatable, Sendable {
  public var type: EventType
  public var unit: EventUnit
  /// The stop id, or `<order>/<operation>`; nil for none.
  public var subject: String?
  /// When it happened at the machine.
  public var time: WallTime
  /// The same moment on this boot's monotonic clock.
  public var at: Instant
  /// The key that must stay in order: the order id, else the machine.
  public var partitionKey: String
  /// How long the stop was that this event ends, or classifies after its end; nil of all others.
  public var lasted: Duration?
  /// How bad the limit is that this event speaks of; nil of all others.
  public var severity: String?
  /// Members that are not known are left out, never null.
  public var data: JSONValue {
    get {
      switch content {
      case .tree(let value): value
      case .written(let bytes): (try? JSONValue(parsing: bytes)) ?? .null
      }
    }
    set { content = .tree(newValue) }
  }
  /// The data as the chain writes it.
  private(set) var content: Content

  /// Data as a tree, or already in canonical bytes: what comes by the thousand is written once.
  enum Content: Equatable, Sendable {
    case tree(JSONValue)
    case written([UInt8])
  }

  public init(
    type: EventType, unit: EventUnit, subject: String? = nil, at: Stamp, partitionKey: String,
    data: JSONValue
  ) {
    self.init(
      type: type, unit: unit, subject: subject, at: at, partitionKey: partitionKey,
      content: .tree(data))
  }

  init(
    type: EventType, unit: EventUnit, subject: String? = nil, at: Stamp, partitionKey: String,
    content: Content
  ) {
    self.type = type
    self.unit = unit
    self.subject = subject
    self.time = at.wall
    self.at = at.instant
    self.partitionKey = partitionKey
    self.content = content
  }
}

/// A sealed event: final bytes, never serialised again.
public struct SealedEvent: Equatable, Sendable {
  public var sequence: UInt64
  /// Canonical, signed, as they are stored and sent.
  public var bytes: [UInt8]
  /// SHA-256 of `bytes`.
  public var digest: [UInt8]
  public var type: EventType
  public var unit: EventUnit
}

/// Why a draft could not become an event.
public enum EventFault: Error, Equatable, Sendable, CustomStringConvertible {
  case oversize(type: EventType, bytes: Int)
  case unsigned(type: EventType, NotaryFault)

  public var description: String {
    switch self {
    case .oversize(let type, let bytes):
      "sealing \(type.rawValue): \(bytes) bytes, and an event may have "
        + "\(EventLimits.eventBytes); shorten texts or route fewer signals"
    case .unsigned(let type, let fault):
      "signing \(type.rawValue): \(fault.description)"
    }
  }
}
