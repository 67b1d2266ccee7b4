// How the desk validates what was closed: it tells it, holds it, and lets it go by hand.

public import Primitives

extension OrderDesk {
  /// A machine lost its contact, or has it again.
  public mutating func contact(
    machine: String, isLost: Bool, into facts: inout [OrderFact]
  ) {
    guard let index = station(machine), stations[index].conditions.isInContact == isLost else {
      return
    }
    stations[index].conditions.isInContact = !isLost
    isDirty = true
    settle(into: &facts)
  }

  /// A counter of a machine made a jump that is not decided yet, or it has been decided.
  public mutating func doubt(
    machine: String, isOpen: Bool, into facts: inout [OrderFact]
  ) {
    guard let index = station(machine), stations[index].conditions.isCounterDoubted != isOpen
    else { return }
    stations[index].conditions.isCounterDoubted = isOpen
    isDirty = true
    settle(into: &facts)
  }

  /// Holds back everything of a scope; the number of the hold, nil when it is held so already.
  @discardableResult
  public mutating func hold(
    _ scope: HoldScope, reason: String, by: String, from: QualityHold.Origin, at: Stamp,
    into facts: inout [OrderFact]
  ) -> Int64? {
    let hold = holdBook.hold(
      scope.bounded, reason: reason.cut(to: OrderLimits.reasonBytes),
      by: by.cut(to: OrderLimits.reasonBytes), from: from, at: at)
    guard let hold else { return nil }
    facts.append(OrderFact(at: at, kind: .qualityHeld(hold)))
    isDirty = true
    return hold.number
  }

  /// Ends a hold by its number; what it alone held back is told at once.
  public mutating func release(
    hold number: Int64, by: String, at: Stamp, into facts: inout [OrderFact]
  ) -> OrderAnswer {
    guard let hold = holdBook.release(number) else {
      let list = holds.map { String($0.number) }.joined(separator: ", ")
      let sentence =
        "releasing quality hold \(number): there is none of that number; "
        + (list.isEmpty ? "no hold is in force" : "in force are \(list)")
      return OrderAnswer(.refused, sentence)
    }
    let person = by.cut(to: OrderLimits.reasonBytes)
    facts.append(OrderFact(at: at, kind: .qualityReleased(hold, by: person)))
    isDirty = true
    settle(into: &facts)
    return OrderAnswer(
      .updated, "quality hold \(number) on \(hold.scope.kind) \(hold.scope.name) is released")
  }

  /// Lets a held confirmation go by hand, against every rule but holds and the order of numbers.
  public mutating func approve(
    confirmation number: Int64, by: String, into facts: inout [OrderFact]
  ) -> OrderAnswer {
    guard let index = held.firstIndex(where: { $0.number == number }) else {
      return OrderAnswer(
        .refused, "letting confirmation \(number) go: it is not among those that are held")
    }
    held[index].approvedBy = by.cut(to: OrderLimits.reasonBytes)
    let confirmation = examined(index)
    isDirty = true
    settle(into: &facts)
    guard let confirmation, let still = confirmation.reasons.first(where: { !$0.yieldsToPerson })
    else { return OrderAnswer(.updated, "confirmation \(number) is let go") }
    return OrderAnswer(
      .updated,
      "confirmation \(number) is let go by hand and still waits: \(still.sentence(confirmation))")
  }
}

extension OrderDesk {
  /// One that is held, with everything that speaks against it now.
  func examined(_ index: Int) -> Confirmation? {
    let key = orders.runs[held[index].part.run]?.order.key
    return examined(
      index, after: held[..<index].first { orders.runs[$0.part.run]?.order.key == key })
  }

  private func examined(_ index: Int, after earlier: HeldPart?) -> Confirmation? {
    let part = held[index]
    guard let order = orders.runs[part.part.run]?.order else { return nil }
    var confirmation = Confirmation(part, line: orders.line, order: order)
    confirmation.reasons = rules.reasons(
      confirmation, straddles: part.part.straddles,
      station(part.machine).map { stations[$0].conditions } ?? Conditions(),
      hold: holdBook.covering(confirmation), earlier: earlier?.number)
    return confirmation
  }

  /// Tells everything that nothing speaks against any more, in the order of its numbers.
  mutating func settle(into facts: inout [OrderFact]) {
    guard isDirty else { return }
    isDirty = false
    var index = 0
    var waiting: [OrderKey: HeldPart] = [:]
    while index < held.count {
      let key = orders.runs[held[index].part.run]?.order.key
      guard let key, var confirmation = examined(index, after: waiting[key]) else {
        preconditionFailure("confirmation \(held[index].number) is of a run that was forgotten")
      }
      let mayGo =
        confirmation.reasons.isEmpty
        || (held[index].approvedBy != nil && confirmation.reasons.allSatisfy(\.yieldsToPerson))
      guard mayGo else {
        if waiting[key] == nil { waiting[key] = held[index] }
        index += 1
        continue
      }
      if confirmation.reasons.isEmpty { confirmation.approvedBy = nil }
      facts.append(OrderFact(at: confirmation.to, kind: .confirmed(confirmation)))
      held.remove(at: index)
    }
    while held.count > OrderLimits.heldConfirmations { makeRoom(into: &facts) }
    forget()
  }

  /// Forgets orders that nothing told later can belong to.
  private mutating func forget() {
    let (stations, held, endings, places) = (self.stations, self.held, self.endings, places)
    func told(_ place: OrderPlace) -> Instant {
      switch place {
      case .machine(let name):
        places[name].flatMap { stations[$0].accounted?.instant } ?? .distantPast
      case .line: stations.map { $0.accounted?.instant ?? .distantPast }.min() ?? .distantPast
      }
    }
    orders.forget(told) {
      var kept = Set(held.map(\.part.run))
      kept.formUnion(endings.map(\.run))
      for station in stations { kept.formUnion(station.windows.map(\.part.run)) }
      return kept
    }
  }

  /// Makes one of the two oldest of one order; tells the oldest as held when no two are of one.
  private mutating func makeRoom(into facts: inout [OrderFact]) {
    for older in held.indices {
      let mate = held[(older + 1)...].firstIndex { isMate($0, of: held[older]) }
      guard let mate else { continue }
      var joined = held[mate]
      let first = held[older]
      joined.part.join(earlier: first.part)
      joined.number = first.number
      joined.isFinal = joined.isFinal || first.isFinal
      joined.total = max(joined.total, first.total)
      joined.merged = saturating(joined.merged, plus: first.merged)
      if joined.approvedBy != first.approvedBy { joined.approvedBy = nil }
      held.remove(at: mate)
      held[older] = joined
      return
    }
    if var oldest = examined(0) {
      oldest.isHeld = true
      facts.append(OrderFact(at: oldest.to, kind: .confirmed(oldest)))
    }
    held.removeFirst()
  }

  private func isMate(_ part: HeldPart, of other: HeldPart) -> Bool {
    guard part.machine == other.machine, let order = orders.runs[part.part.run]?.order,
      let before = orders.runs[other.part.run]?.order
    else { return false }
    return order.key == before.key && order.lotID == before.lotID
  }
}

extension String {
  /// As much of the text as fits so many bytes, in whole characters and without control characters.
  func cut(to bytes: Int) -> String {
    var text = ""
    for scalar in unicodeScalars {
      let character = scalar.value < 32 ? " " : Character(scalar)
      guard text.utf8.count + character.utf8.count <= bytes else { break }
      text.append(character)
    }
    return text
  }
}

extension HoldScope {
  /// The scope with a name of the length that names have.
  var bounded: HoldScope {
    let name = name.cut(to: OrderLimits.nameBytes)
    return switch self {
    case .machine: .machine(name)
    case .line: .line(name)
    case .order: .order(name)
    case .lot: .lot(name)
    }
  }
}
