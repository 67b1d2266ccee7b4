// Finds the answer to one request in whatever a serial line brings.
//
// RTU knows frames only by the silence between them, and silence does not survive USB adapters and
// serial servers. So the search goes by content: at every byte it asks whether the answer could
// begin here, and believes it only with unit, function, byte count and checksum (F7, F11).
//
// Invariants
// - An answer never begins inside a whole frame of somebody else, and never is our own request that
//   an adapter has echoed, nor a beginning of it: an answer that equals the first bytes of its own
//   request is refused (it takes one start address in 65,536 and one value), bad rather than wrong.
// - What another master asks of the same unit, in the same shape, ends the search: its answer could
//   not be told from ours.
// - A byte that was once ruled out is not looked at again; nothing is kept beside the caller's
//   buffer, which is bounded.

import Polling

/// What the bytes so far amount to.
enum RTUFinding: Equatable {
  /// The answer; the values are in the buffer.
  case answer(Range<Int>)
  case exception(UInt8, Range<Int>)
  /// No answer can be believed any more, and why.
  case hopeless(String)
  /// Go on waiting: at least so many more bytes are missing.
  case nothing(missing: Int)
}

struct RTUSearch {
  private let request: ReadRequest
  private let sent: InlineArray<8, UInt8>
  private let answerBytes: Int
  /// Where the next look begins.
  private var from = 0
  /// Where a frame with the unit, the function and the byte count of the answer begins.
  private(set) var beginning: Int?
  private var isEchoAlone = false
  /// What was found that is no answer.
  private var found: String?

  init(_ request: ReadRequest, sent: InlineArray<8, UInt8>) {
    self.request = request
    self.sent = sent
    answerBytes = RTUFrame.answerBytes(request)
  }

  /// What begins at one byte.
  private enum Start {
    case answer
    case exception(UInt8)
    case hopeless(String)
    /// A whole frame that is none of ours: so many bytes.
    case other(Int)
    /// May still become something; so many bytes are missing if it is the answer.
    case unfinished(missing: Int?)
    case nothing
  }

  /// Looks at everything that has come since the request was sent.
  mutating func look(at bytes: Span<UInt8>, into words: inout [UInt16]) -> RTUFinding {
    var index = from
    var unfinished: Int?
    var missing = Int.max
    while index < bytes.count {
      let rest = bytes.extracting(index..<bytes.count)
      switch start(rest, at: index) {
      case .answer:
        ModbusFrame.take(request, from: rest, at: 3, into: &words)
        return .answer(index..<index + answerBytes)
      case .exception(let code):
        return .exception(code, index..<index + ModbusLimits.rtuExceptionBytes)
      case .hopeless(let why):
        return .hopeless(why)
      case .other(let length):
        index += length
      case .unfinished(let needed):
        unfinished = unfinished ?? index
        if let needed { missing = min(missing, needed) }
        index += 1
      case .nothing:
        index += 1
      }
    }
    from = unfinished ?? index
    return .nothing(missing: missing == .max ? 1 : missing)
  }

  private mutating func start(_ rest: Span<UInt8>, at index: Int) -> Start {
    if repeats(rest) {
      guard rest.count >= sent.count else {
        let shortest = rest.count == 1 ? ModbusLimits.rtuExceptionBytes : answerBytes
        return .unfinished(missing: max(1, min(shortest, sent.count) - rest.count))
      }
      isEchoAlone = index == 0
      return .other(sent.count)
    }
    let own = ownStart(rest, at: index)
    switch own {
    case .nothing, .unfinished: break
    case .answer, .exception, .hopeless, .other: return own
    }
    switch otherStart(rest) {
    case .nothing: return own
    case .unfinished:
      if case .unfinished = own { return own }
      return .unfinished(missing: nil)
    case let other: return other
    }
  }

  /// Whether the bytes are our own request, as far as they go.
  private func repeats(_ rest: Span<UInt8>) -> Bool {
    (0..<min(rest.count, sent.count)).allSatisfy { rest[$0] == sent[$0] }
  }

  private mutating func ownStart(_ rest: Span<UInt8>, at index: Int) -> Start {
    let function = request.table.readFunction
    guard rest[0] == request.unitAddress else { return .nothing }
    guard rest.count > 1 else {
      return .unfinished(missing: ModbusLimits.rtuExceptionBytes - rest.count)
    }
    if rest[1] == function | 0x80 { return exception(rest) }
    guard rest[1] == function, rest.count < 3 || Int(rest[2]) == request.valueBytes else {
      return .nothing
    }
    if rest.count > 2 { beginning = beginning ?? index }
    guard rest.count >= answerBytes else { return .unfinished(missing: answerBytes - rest.count) }
    if RTUFrame.isSealed(rest.extracting(first: answerBytes)) { return .answer }
    found = "the answer of unit \(request.unitAddress) came damaged, its checksum is wrong"
    return .nothing
  }

  private mutating func exception(_ rest: Span<UInt8>) -> Start {
    let length = ModbusLimits.rtuExceptionBytes
    guard rest.count >= length else { return .unfinished(missing: length - rest.count) }
    guard RTUFrame.isSealed(rest.extracting(first: length)) else { return .nothing }
    guard (1...ModbusLimits.highestException).contains(rest[2]) else {
      return .hopeless("exception code \(rest[2]) is not in the specification")
    }
    return .exception(rest[2])
  }

  private mutating func otherStart(_ rest: Span<UInt8>) -> Start {
    guard let lengths = RTUFrame.lengths(rest) else { return .unfinished(missing: nil) }
    if lengths.answer <= rest.count, RTUFrame.isSealed(rest.extracting(first: lengths.answer)) {
      note(rest, answerBytes: lengths.answer)
      return .other(lengths.answer)
    }
    if let length = lengths.request, length <= rest.count,
      RTUFrame.isSealed(rest.extracting(first: length))
    {
      if asksTheSame(rest) {
        return .hopeless(
          "another master on this line asks unit \(rest[0]) too, its answers look like ours")
      }
      found = "another master's request to unit \(rest[0])"
      return .other(length)
    }
    let longest = max(lengths.answer, lengths.request ?? 0)
    return longest > rest.count ? .unfinished(missing: nil) : .nothing
  }

  private mutating func note(_ rest: Span<UInt8>, answerBytes length: Int) {
    if rest[0] != request.unitAddress {
      found = "a frame of unit \(rest[0]), none of unit \(request.unitAddress)"
    } else if rest[1] != request.table.readFunction {
      found = "unit \(rest[0]) answered function \(rest[1] & 0x7F) instead of \(sent[1])"
    } else {
      found = "unit \(rest[0]) answered with \(length - 5) bytes instead of \(request.valueBytes)"
    }
  }

  /// Whether the answer to this request of somebody else would have the shape of ours.
  private func asksTheSame(_ rest: Span<UInt8>) -> Bool {
    guard rest[0] == request.unitAddress, rest[1] == request.table.readFunction else {
      return false
    }
    let count = UInt16(rest[4]) << 8 | UInt16(rest[5])
    let other = ReadRequest(
      unitAddress: rest[0], table: request.table, start: 0, count: count, timeout: .zero)
    return other.valueBytes == request.valueBytes
  }

  /// Why the wait was in vain, after `count` bytes.
  func fault(after count: Int) -> BusFault {
    if count == 0 || (isEchoAlone && count == sent.count) { return .timeout }
    if let beginning, count - beginning < answerBytes {
      return .garbage(
        "the answer of unit \(request.unitAddress) stopped after \(count - beginning) of "
          + "\(answerBytes) bytes")
    }
    return .garbage(
      found ?? "\(count) bytes that are no frame; check baud rate, parity and the two wires")
  }
}
