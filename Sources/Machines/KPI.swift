// Key performance indicators as ISO 22400-2 names them, from sums, on request.
//
//   APT   actual production time     running and slow, in breaks too
//   AUST  actual unit setup time     changeover while work was planned
//   ADET  actual unit delay time     short stops, stops, faults, blocked, starved, work planned
//   PBT   planned busy time          APT + AUST + ADET
//   PRI   planned run time per item  ideal cycle; summed piece by piece: PRI × PQ
//   PQ, GQ, SQ, RQ                   produced, good, scrap and rework quantity
//   FE    failure events             unplanned stops that began here; TTR their time
//
// Invariants
// - PBT is what the shift has, less what was planned to stand: breaks, maintenance, holidays, time
//   outside shifts, planned stops and stops of category "planned". A machine that runs through a
//   break has the time in APT and PBT, so availability never exceeds 1.
// - Time in which nobody saw the machine (no contact, unknown) is in neither: it is never told as
//   a stop or as a run. It stands beside the figures as `unseen`.
// - Each figure is an exact ratio and carries the sums it came from; nil where its divisor is 0,
//   and effectiveness is nil where a piece has no declared ideal cycle.
// - Effectiveness may exceed 1: then the declared ideal cycle is too long, and that should be seen.
// - Mean times divide by FE and are nil without a failure: no time between failures was measured.
//
// Against the standard: availability = APT / PBT, effectiveness = PRI × PQ / APT, quality ratio =
// GQ / PQ, OEE index = their product, NEE = AUPT / PBT × the other two with AUPT = APT + AUST, and
// technical efficiency = APT / (APT + ADET) are ISO 22400-2:2014 as it stands. one differs: for
// MTBF and MTTR that edition sums over the failures and divides by FE + 1, as if the time after the
// last failure had ended in one. For MTBF that is cautious; for MTTR it makes 23.5 min of a single
// repair of 47 min, and a mean of nothing where nothing failed. Reliability engineers divide by the
// number of failures, and so do we. APT, TTR and FE stand beside it for who wants the other one.

/// A sum that figures are made from, by its abbreviation in ISO 22400-2 or a plain word.
public enum KPISum: String, Sendable, CaseIterable {
  case apt = "APT"
  case aust = "AUST"
  case adet = "ADET"
  case pbt = "PBT"
  /// Planned run time of all pieces in nanoseconds.
  case idealNanoseconds = "PRI*PQ"
  case pq = "PQ"
  case gq = "GQ"
  case sq = "SQ"
  case rq = "RQ"
  case fe = "FE"
  case ttr = "TTR"
  /// Milliseconds without contact or knowledge.
  case unseen
  /// Milliseconds in which it was planned to stand, and stood.
  case planned
}

/// Names of the figures, after ISO 22400-2.
public enum KPIName: String, Sendable, CaseIterable {
  case availability, effectiveness, qualityRatio, oee, netEquipmentEffectiveness
  case scrapRatio, reworkRatio, setupRatio, technicalEfficiency
  /// Milliseconds.
  case mtbf, mttr
}

/// One figure with the sums it came from.
public struct KPI: Equatable, Sendable {
  public var name: KPIName
  /// The exact value; nil when it is not defined.
  public var value: Ratio?
  /// By their names.
  public var from: [KPISum: Int64]

  /// Per cent, or seconds for mean times; "-" when it is not defined.
  public var text: String {
    guard let value else { return "-" }
    switch name {
    case .availability, .effectiveness, .qualityRatio, .oee, .netEquipmentEffectiveness,
      .scrapRatio, .reworkRatio, .setupRatio, .technicalEfficiency:
      return value.percent
    case .mtbf, .mttr:
      return Ratio(value.numerator, saturating(value.denominator, times: 1000))
        .map { $0.text(digits: 1) + "s" } ?? "-"
    }
  }
}

private func saturating(_ left: Int128, times factor: Int128) -> Int128 {
  let (product, overflow) = left.multipliedReportingOverflow(by: factor)
  return overflow ? .max : product
}

extension Sums {
  /// The sums that figures are made from.
  public var kpiSums: [KPISum: Int64] {
    func sum(_ parts: [Int64]) -> Int64 { parts.reduce(0) { Machines.saturating($0, plus: $1) } }
    let all = MachineActivity.allCases
    let production = all.filter(\.isProducing).flatMap { [busy($0), free($0)] }
    let unplanned = stops.filter { $0.reason.category == .unplanned }
    // Stops that were planned by their reason, not by the calendar.
    let wanted = sum(stops.filter { $0.reason.category == .planned }.map(\.milliseconds))
    let (rest, overflow) = sum(all.filter(\.isDelay).map(busy)).subtractingReportingOverflow(wanted)
    let delay = overflow ? 0 : rest
    let standing = all.filter { !$0.isProducing && !$0.isUnseen }
    let planned = sum(standing.map(free) + [busy(.plannedStop), wanted])
    let (apt, aust) = (sum(production), busy(.changeover))
    return [
      .apt: apt, .aust: aust, .adet: delay, .pbt: sum([apt, aust, delay]),
      .idealNanoseconds: idealNanoseconds, .pq: produced, .gq: good, .sq: scrap, .rq: rework,
      .fe: sum(unplanned.map(\.count)), .ttr: sum(unplanned.map(\.milliseconds)),
      .unseen: sum(all.filter(\.isUnseen).flatMap { [busy($0), free($0)] }), .planned: planned,
    ]
  }

  /// Every figure, in the order of `KPIName`.
  public var kpis: [KPI] { KPIName.allCases.map(kpi) }

  /// One figure.
  public func kpi(_ name: KPIName) -> KPI {
    let sums = kpiSums
    func whole(_ sum: KPISum) -> Int128 { Int128(sums[sum] ?? 0) }
    func ratio(_ top: KPISum, _ bottom: KPISum) -> Ratio? { Ratio(whole(top), whole(bottom)) }
    let (value, used): (Ratio?, [KPISum]) =
      switch name {
      case .availability: (ratio(.apt, .pbt), [.apt, .pbt])
      case .effectiveness: (effectiveness(sums), [.idealNanoseconds, .pq, .apt])
      case .qualityRatio: (ratio(.gq, .pq), [.gq, .pq])
      case .oee:
        (
          ratio(.apt, .pbt).times(effectiveness(sums)).times(ratio(.gq, .pq)),
          [.apt, .pbt, .idealNanoseconds, .pq, .gq]
        )
      case .netEquipmentEffectiveness:
        (
          Ratio(whole(.apt) + whole(.aust), whole(.pbt)).times(effectiveness(sums))
            .times(ratio(.gq, .pq)), [.apt, .aust, .pbt, .idealNanoseconds, .pq, .gq]
        )
      case .scrapRatio: (ratio(.sq, .pq), [.sq, .pq])
      case .reworkRatio: (ratio(.rq, .pq), [.rq, .pq])
      case .setupRatio:
        (Ratio(whole(.aust), whole(.apt) + whole(.aust)), [.aust, .apt])
      case .technicalEfficiency:
        (Ratio(whole(.apt), whole(.apt) + whole(.adet)), [.apt, .adet])
      case .mtbf: (ratio(.apt, .fe), [.apt, .fe])
      case .mttr: (ratio(.ttr, .fe), [.ttr, .fe])
      }
    return KPI(
      name: name, value: value,
      from: Dictionary(used.map { ($0, sums[$0] ?? 0) }) { first, _ in first })
  }

  /// PRI × PQ / APT; nil where a piece has no declared ideal cycle.
  private func effectiveness(_ sums: [KPISum: Int64]) -> Ratio? {
    guard piecesWithoutIdeal == 0 else { return nil }
    return Ratio(
      Int128(sums[.idealNanoseconds] ?? 0), Int128(sums[.apt] ?? 0) * 1_000_000)
  }
}

extension Ratio? {
  fileprivate func times(_ other: Ratio?) -> Ratio? {
    guard let self, let other else { return nil }
    return self.times(other)
  }
}
