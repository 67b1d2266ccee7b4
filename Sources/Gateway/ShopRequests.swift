// What people and hosts ask of the shop floor, and how the answer gets back to them.
//
//   asker ──post──▶ waiting ──take, by the recorder──▶ in work ──answer, once durable──▶ answered
//
// Invariants
// - An answer that says it is done is given after the transaction that holds its effect.
// - Bounded: a full desk refuses, and the oldest answers are forgotten.

public import Machines
public import Primitives
import Synchronization

/// One thing asked of orders, reasons, holds or held confirmations.
public enum ShopRequest: Equatable, Sendable {
  case order(OrderFile)
  case classify(machine: String, stopID: String, reason: String, by: String)
  case hold(HoldScope, reason: String, by: String)
  case release(number: Int64, by: String)
  case approve(number: Int64, by: String)
  case listOrders
  case listHeld
  case listUnclassified
}

/// What became of a request.
public struct ShopAnswer: Equatable, Sendable {
  /// What was asked for is the case now, durably.
  public var isDone: Bool
  /// For who asked: what was done, or why not and what to do.
  public var sentence: String
  /// What was asked to be listed.
  public var document: JSONValue?

  public init(isDone: Bool, sentence: String, document: JSONValue? = nil) {
    self.isDone = isDone
    self.sentence = sentence
    self.document = document
  }
}
