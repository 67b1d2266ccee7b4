// Where in a gap a scan looks, and what a scan for addresses costs.

extension RangeScan {
  /// The next position in a gap where a run may begin: the next one at first, then round addresses.
  func start(after position: Int) -> Int {
    guard gap > ScanLimits.closeLook else { return position + 1 }
    let isWide = Int(address(position)) - Int(address(gapStart)) >= ScanLimits.wideGap
    var next = position + 1
    while next < positions, !Self.isStart(Int(address(next)), width: width, isWide: isWide) {
      next += 1
    }
    return next
  }

  /// Whether manuals begin something there: round in decimal or in hexadecimal, from 0 or from 1.
  static func isStart(_ address: Int, width: Int, isWide: Bool) -> Bool {
    let (decimal, binary) = isWide ? (100, 256) : (10, 16)
    return (0...width).contains { beside in
      (address - beside).isMultiple(of: decimal) || (address - beside).isMultiple(of: binary)
    }
  }

  /// Requests at most, for an address range; see the tests for the cases that come near.
  ///
  /// A run of m addresses and the one behind it cost at most 3 (m + 1): its first, doublings and
  /// halvings (2 log2 m + 2), the one behind, and a confirmation. A block that is refused adds its
  /// own request and 7 halvings, once for each block that went well before. In pairs, half again.
  static func bound(_ count: Int) -> Int {
    let (product, overflow) = count.multipliedReportingOverflow(by: 3)
    return overflow ? .max - slack : product + slack
  }

  /// Repeats, the first block of a table and the search for the limit.
  static let slack = ScanLimits.repeats + 32

  static func estimate(_ order: RangeScanOrder) -> ScanEstimate {
    let count = order.addresses.count
    var most = 0
    for _ in order.tables { most += bound(count) }
    most = min(most, order.requestLimit ?? .max)
    let blocks = count / ScanLimits.registers + 1
    let starts = (0..<count).count { offset in
      let address = Int(order.addresses.lowerBound) + offset
      return offset < 64 || isStart(address, width: 1, isWide: offset > 2 * ScanLimits.wideGap)
    }
    let likely = min(most, order.tables.count * (order.isThorough ? count : starts + blocks))
    // Refusals come as fast as answers: a quarter of the patience is usual.
    let usual = order.timeout / 4 + order.pause
    return ScanEstimate(
      mostRequests: most, mostTime: (order.timeout + order.pause) * most,
      likelyTime: usual * likely)
  }
}
