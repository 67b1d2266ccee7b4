// The plan of a bus around what its units were found to refuse: the one that a poller follows once
// it has learnt, for people who ask why it is not the plan of the configuration (F1).

extension ReadPlan {
  /// Plans all units of a bus around what they refuse; signals that are left out are impossible.
  public init(_ bus: BusDefinition, avoiding learnt: [LearntRefusal]) {
    self.init(bus)
    guard !learnt.isEmpty else { return }
    let whole = blocks
    blocks = []
    for (index, unit) in bus.units.enumerated() {
      let own = learnt.filter { $0.unit == unit.address }
      let plan = LearntPlan(unit, whole.filter { $0.unit == index }, avoiding: own)
      blocks += plan.blocks
      impossible += plan.refused.map { slot in
        let binding = unit.bindings[slot]
        let culprit = own.first { refusal in
          refusal.table == binding.table && refusal.touches(binding)
        }
        let range = AddressRange(
          binding.table, culprit?.addresses ?? binding.address...binding.address)
        return ImpossibleRead(
          unit: index, slot: slot,
          reason: .refused(range, exception: culprit?.exception ?? 2))
      }
    }
  }
}

extension LearntRefusal {
  /// Whether a request for this signal alone would be refused, or one from the table's start to it.
  fileprivate func touches(_ binding: ReadBinding) -> Bool {
    let last = UInt16(clamping: Int(binding.address) + max(1, Int(binding.count)) - 1)
    return forbids(binding.address...last) || addresses.overlaps(binding.address...last)
      || forbids(0...last)
  }

  /// The addresses with their table.
  public var range: AddressRange { AddressRange(table, addresses) }
}
