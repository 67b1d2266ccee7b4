// How much the journal holds, for status and for "how long does it last".

extension Outbox {
  /// Events between the first and the last that the journal still holds.
  public var heldCount: UInt64 { lastSequence >= firstHeld ? lastSequence - firstHeld + 1 : 0 }
}
