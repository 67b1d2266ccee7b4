// What people and dropped files ask of orders and holds: carried out at the desks, and listed.
//
// Invariants
// - A request is carried out while a transaction is made; its answer is given when that is durable.
// - The orders of a file are carried out in their order, and all of them or none: they are tried
//   on a copy first. So a file that was mended is dropped again as a whole, and does nothing twice.
// - A description is of no place, so every line learns it; a hold on an order or a lot is in force
//   at every line, for the order may run at any.

import Events
import Machines
import Primitives

extension Shop {
  /// Carries out what is asked of the desks, and says what came of it.
  mutating func carryOut(
    _ request: ShopRequest, at: Stamp, _ reading: ClockReading, into drafts: inout [EventDraft]
  ) -> ShopAnswer {
    switch request {
    case .order(let file): return carryOut(file, at, reading, into: &drafts)
    case .orders(let files): return carryOut(files, at, reading, into: &drafts)
    case .hold(let scope, let reason, let by):
      return hold(scope, reason, by, at, reading, into: &drafts)
    case .release(let number, let line, let by):
      switch lineOf(
        line, "releasing quality hold \(number)",
        { desk in
          desk.holds.contains { $0.number == number }
        })
      {
      case .refused(let answer): return answer
      case .line(let index):
        return ShopAnswer(
          atDesk(index, reading, into: &drafts) { desk, facts in
            desk.release(hold: number, by: by, at: at, into: &facts)
          })
      }
    case .approve(let number, let line, let by):
      switch lineOf(
        line, "letting confirmation \(number) go",
        { desk in
          desk.heldConfirmations.contains { $0.number == number }
        })
      {
      case .refused(let answer): return answer
      case .line(let index):
        return ShopAnswer(
          atDesk(index, reading, into: &drafts) { desk, facts in
            desk.approve(confirmation: number, by: by, into: &facts)
          })
      }
    case .listOrders: return listOrders()
    case .listHeld: return listHeld()
    case .classify, .listUnclassified, .outbox:
      return ShopAnswer(isDone: false, sentence: "stops are asked of the machines, not of orders")
    }
  }

  // MARK: Orders

  private mutating func carryOut(
    _ file: OrderFile, _ at: Stamp, _ reading: ClockReading, into drafts: inout [EventDraft]
  ) -> ShopAnswer {
    guard !lines.isEmpty else { return .noLines }
    guard let place = file.place else {
      var answers: [OrderAnswer] = []
      for line in lines.indices {
        answers.append(
          atDesk(line, reading, into: &drafts) { desk, facts in
            desk.carryOut(file, at, into: &facts)
          })
      }
      return ShopAnswer(answers.first { $0.effect == .refused } ?? answers[0])
    }
    guard let line = lines.firstIndex(where: { $0.has(place) }) else {
      let known = lines.map {
        "line \($0.rules.name) (\($0.rules.machines.joined(separator: ", ")))"
      }
      let sentence =
        "carrying out an order file: \(place.text) is not known; known are "
        + known.joined(separator: "; ")
      return ShopAnswer(isDone: false, sentence: sentence)
    }
    return ShopAnswer(
      atDesk(line, reading, into: &drafts) { desk, facts in
        desk.carryOut(file, at, into: &facts)
      })
  }

  /// Carries out every order of a file, or none; the document has one sentence for each.
  private mutating func carryOut(
    _ files: [OrderFile], _ at: Stamp, _ reading: ClockReading, into drafts: inout [EventDraft]
  ) -> ShopAnswer {
    var trial = self
    var told: [EventDraft] = []
    let answers = files.map { trial.carryOut($0, at, reading, into: &told) }
    let document: JSONValue = [
      "orders": .array(
        answers.map { ["done": .bool($0.isDone), "sentence": .string($0.sentence)] })
    ]
    let refused = answers.count { !$0.isDone }
    guard refused == 0 else {
      let all = answers.count == 1 ? "the order is" : "\(refused) of \(answers.count) orders are"
      let sentence = "\(all) refused, so nothing of the file is carried out"
      return ShopAnswer(isDone: false, sentence: sentence, document: document)
    }
    self = trial
    drafts += told
    return ShopAnswer(
      isDone: true, sentence: answers.map(\.sentence).joined(separator: "; "), document: document)
  }

  /// The machines whose order a request would change, without changing it.
  func changes(_ request: ShopRequest, at: Stamp, _ reading: ClockReading) -> [Int] {
    let files: [OrderFile]
    switch request {
    case .order(let file): files = [file]
    case .orders(let several): files = several
    case .classify, .hold, .release, .approve, .listOrders, .listHeld, .listUnclassified, .outbox:
      return []
    }
    guard files.contains(where: { $0.place != nil }) else { return [] }
    var trial = self
    var drafts: [EventDraft] = []
    _ = trial.carryOut(request, at: at, reading, into: &drafts)
    return members.indices.filter { trial.latestRun($0)?.number != latestRun($0)?.number }
  }

  // MARK: Holds

  private mutating func hold(
    _ scope: HoldScope, _ reason: String, _ by: String, _ at: Stamp, _ reading: ClockReading,
    into drafts: inout [EventDraft]
  ) -> ShopAnswer {
    guard !lines.isEmpty else { return .noLines }
    let concerned = lines.indices.filter { lines[$0].isConcerned(by: scope) }
    guard !concerned.isEmpty else {
      let sentence =
        "holding \(scope.kind) \(scope.name): it is not known; name a line, one of its machines, "
        + "an order or a lot"
      return ShopAnswer(isDone: false, sentence: sentence)
    }
    var told: [String] = []
    for line in concerned {
      let number = atDesk(line, reading, into: &drafts) { desk, facts in
        desk.hold(scope, reason: reason, by: by, from: .operator, at: at, into: &facts)
      }
      if let number { told.append("\(number) at line \(lines[line].rules.name)") }
    }
    let sentence =
      told.isEmpty
      ? "\(scope.kind) \(scope.name) is held already, or there is no more room for holds: "
        + "release one first"
      : "\(scope.kind) \(scope.name) is held; quality hold \(told.joined(separator: ", "))"
    return ShopAnswer(isDone: true, sentence: sentence)
  }

  private enum Found {
    case line(Int)
    case refused(ShopAnswer)
  }

  /// The line that is meant: the one named, else the only one that has it.
  private func lineOf(_ name: String?, _ verb: String, _ has: (OrderDesk) -> Bool) -> Found {
    guard !lines.isEmpty else { return .refused(.noLines) }
    if let name {
      if let index = lines.firstIndex(where: { $0.rules.name == name }) { return .line(index) }
      let known = lines.map(\.rules.name).joined(separator: ", ")
      return .refused(
        ShopAnswer(isDone: false, sentence: "\(verb): no line \(name); known are \(known)"))
    }
    let having = lines.indices.filter { has(lines[$0].desk) }
    if having.count > 1 {
      let list = having.map { lines[$0].rules.name }.joined(separator: ", ")
      return .refused(
        ShopAnswer(
          isDone: false, sentence: "\(verb): lines \(list) have one of that number; name the line"))
    }
    return .line(having.first ?? 0)
  }
}

extension Shop.Line {
  func has(_ place: OrderPlace) -> Bool {
    switch place {
    case .line(let name): rules.name == name
    case .machine(let name): rules.machines.contains(name)
    }
  }

  fileprivate func isConcerned(by scope: HoldScope) -> Bool {
    switch scope {
    case .machine(let name): rules.machines.contains(name)
    case .line(let name): rules.name == name
    case .order, .lot: true
    }
  }
}

extension ShopAnswer {
  init(_ answer: OrderAnswer) {
    self.init(isDone: answer.effect != .refused, sentence: answer.sentence)
  }

  static var noLines: ShopAnswer {
    ShopAnswer(
      isDone: false, sentence: "this gateway has no line, so no orders; declare one in \"lines\"")
  }
}
