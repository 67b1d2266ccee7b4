// The cheapest way to read a row of signals: where to put the ends of the requests.
//
// Invariants
// - The cost is the least possible: that of the requests plus that of every address in them.
// - With equal costs there are fewer requests, and the first ones are as full as they may be.
// - n signals take n steps, whatever the limits: 10,000 signals are planned in milliseconds.
//
// Why runs of neighbours suffice: a signal within another rides with it. Of two signals that are
// left neither holds the other, so starts and ends rise together. Of two requests that interleave,
// the first can take over whatever ends within it: it gets no longer, the other gets shorter or
// falls away, and no gap gets wider. So some cheapest plan consists of runs, and it is found by
// asking for each end which start is best, `best(j) = min best(i) + request + address × (end(j) -
// start(i))`. The starts in reach of an end form a window that only moves up, whose least element
// a queue of candidates holds at its front.

/// What a request may hold and what it costs.
struct PartitionRules: Equatable {
  /// Most addresses in a request.
  var limit: Int
  /// Most unused addresses between two neighbours.
  var gapLimit: Int
  /// What a request costs, whatever it holds, and what each of its addresses costs.
  var requestCost: Int64
  var addressCost: Int64
}

extension PartitionRules {
  /// Cuts intervals, whose starts and ends both rise, into the cheapest runs; `isBarred` tells of
  /// the unused addresses before an interval that no request may reach over them.
  func runs(of intervals: [Range<Int>], isBarred: (Range<Int>) -> Bool) -> [Range<Int>] {
    guard !intervals.isEmpty else { return [] }
    /// By the number of intervals: the cheapest way to read them, and where its last run begins.
    var best = [Cost(amount: 0, requests: 0)]
    var lastStart = [0]
    var candidates: [(start: Int, cost: Cost)] = []
    var front = 0
    for (index, interval) in intervals.enumerated() {
      if index > 0, isApart(intervals[index - 1], interval, isBarred) {
        candidates.removeAll(keepingCapacity: true)
        front = 0
      }
      let opening = best[index].adding(-addressCost * Int64(interval.lowerBound))
      while candidates.count > front, let last = candidates.last, opening <= last.cost {
        candidates.removeLast()
      }
      candidates.append((index, opening))
      while front < candidates.count - 1,
        interval.upperBound - intervals[candidates[front].start].lowerBound > limit
      {
        front += 1
      }
      let chosen = candidates[front]
      lastStart.append(chosen.start)
      best.append(
        chosen.cost.adding(
          requestCost + addressCost * Int64(interval.upperBound), requests: 1))
    }
    var runs: [Range<Int>] = []
    var end = intervals.count
    while end > 0 {
      runs.append(lastStart[end]..<end)
      end = lastStart[end]
    }
    return runs.reversed()
  }

  private func isApart(
    _ left: Range<Int>, _ right: Range<Int>, _ isBarred: (Range<Int>) -> Bool
  ) -> Bool {
    let gap = right.lowerBound - left.upperBound
    guard gap > 0 else { return false }
    return gap > gapLimit || isBarred(left.upperBound..<right.lowerBound)
  }

  /// A cost, and the number of requests that breaks a tie.
  private struct Cost: Comparable {
    var amount: Int64
    var requests: Int

    func adding(_ more: Int64, requests count: Int = 0) -> Cost {
      Cost(amount: amount + more, requests: requests + count)
    }

    static func < (left: Cost, right: Cost) -> Bool {
      (left.amount, left.requests) < (right.amount, right.requests)
    }
  }
}

/// Addresses of one table that must not be asked for, joined and in order.
struct BarredAddresses {
  private var ranges: [ClosedRange<Int>] = []

  init(_ forbidden: [AddressRange], in table: ModbusTable) {
    let own = forbidden.filter { $0.table == table }.map {
      Int($0.addresses.lowerBound)...Int($0.addresses.upperBound)
    }
    for range in own.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = ranges.last, range.lowerBound <= last.upperBound + 1 {
        let upper = max(last.upperBound, range.upperBound)
        ranges[ranges.count - 1] = last.lowerBound...upper
      } else {
        ranges.append(range)
      }
    }
  }

  /// The first barred run that has addresses in common with others.
  func first(in addresses: Range<Int>) -> ClosedRange<Int>? {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < addresses.lowerBound {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < ranges.count, ranges[low].lowerBound < addresses.upperBound else { return nil }
    return ranges[low]
  }
}
