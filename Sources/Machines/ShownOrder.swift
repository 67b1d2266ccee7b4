// What a machine shows of its running order: a number or a text, and perhaps an operation.
//
// Invariants
// - 0, an empty text and nothing read are no order; a text is taken when it is whole.
// - What cannot be read changes nothing: the order shown last is shown still.
// - It is told once for each change, over restarts too: the last word is in the snapshot.
// - Where an operation is declared, nothing is told before both have been read.

import Primitives
import Signals

struct ShownOrder: Sendable {
  struct Word: Equatable, Sendable {
    var text = ""
    var operation: String?
  }

  private let slot: Int?
  private let operationSlot: Int?
  private var assemblers = (TextAssembler(), TextAssembler())
  private var text: String?
  private var operation: String?
  /// What was told last.
  private(set) var told = Word()
  /// When that was.
  private(set) var changedAt: Instant?

  init(_ rules: MachineRules, _ roster: Roster) {
    slot = rules.order.flatMap { roster.slot(of: $0.order.index) }
    operationSlot = rules.order?.operation.flatMap { roster.slot(of: $0.index) }
  }

  /// Takes what one of its signals shows.
  mutating func take(_ sample: Sample, slot: Int) {
    guard sample.quality == .good else { return }
    if slot == self.slot, let shown = assemblers.0.shown(sample) { text = shown }
    if slot == operationSlot, let shown = assemblers.1.shown(sample) { operation = shown }
  }

  /// What is shown now, if that was not told yet.
  mutating func change(at: Instant) -> Word? {
    guard let text, operationSlot == nil || operation != nil else { return nil }
    let word = Word(
      text: text, operation: operation.flatMap { text.isEmpty || $0.isEmpty ? nil : $0 })
    guard word != told else { return nil }
    (told, changedAt) = (word, at)
    return word
  }

  /// What was told last, for a restart; nil for no order.
  var json: JSONValue? {
    guard told != Word() else { return nil }
    var members: [String: JSONValue] = ["text": .string(told.text)]
    members["operation"] = told.operation.map { .string($0) }
    return .object(members)
  }

  /// Goes on with what was told before a restart.
  mutating func resume(_ value: JSONValue?) {
    guard let text = value?["text"]?.string else { return }
    told = Word(text: text, operation: value?["operation"]?.string)
  }
}

extension TextAssembler {
  /// The value as a text; nil while pieces of it are to come, and for what shows nothing.
  fileprivate mutating func shown(_ sample: Sample) -> String? {
    switch sample.value {
    case .integer(let number): number == 0 ? "" : String(number)
    case .unsigned(let number): String(number)
    case .real(let number):
      Int64(exactly: number).map { $0 == 0 ? "" : String($0) }
    case .text: take(sample)
    case .none: nil
    }
  }
}

extension Machine {
  /// Tells that another order is shown, and what was counted before any change of it.
  mutating func changeOrder(_ isCut: Bool, at: Stamp, into facts: inout [Fact]) {
    let word = order.change(at: at.instant)
    guard isCut || word != nil else { return }
    cutWindow(at: at, into: &facts)
    if let word {
      facts.append(Fact(at: at, kind: .orderShown(word.text, operation: word.operation)))
    }
    let told = facts.count
    states.changeOrder(at: at, into: &facts)
    tellStates(after: told, at: at, into: &facts)
  }
}
