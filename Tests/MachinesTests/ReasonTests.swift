// Reasons: the table, what operators say late, which stops still wait, and the rules' own faults.

import Machines
import Primitives
import Signals
import Testing

@Suite("Reasons")
struct ReasonTests {
  @Test func `F48: an operator classifies the open stop, and again when it has ended`() throws {
    var bench = try drawStates("r__")
    let id = try #require(bench.states.openStop?.stopID)
    #expect(bench.states.unclassified.map(\.stopID) == [id])
    try bench.classify(id, "jam")
    #expect(bench.states.unclassified.isEmpty)
    try bench.classify(id, "jam")
    bench.scan(300, [Cell.run: .integer(1)])
    try bench.classify(id, "lunch", by: "bo")
    #expect(
      bench.lines.dropFirst(3) == [
        "300 classify #1 jam, unplanned revision 1 by anna",
        "300 end #1 jam, unplanned 200",
        "300 stopped 200 -> running by 10",
        "300 classify #1 lunch, planned revision 2 by bo",
      ])
    let last = try #require(bench.facts.last)
    guard case .stopClassified(let stop, _) = last.kind else {
      Issue.record("\(last)")
      return
    }
    #expect(stop.cause == Cause(code: nil, text: "lunch", from: .operator, reason: "lunch"))
    #expect(stop.endedAt?.instant == .milliseconds(300))
  }

  @Test func `F48: an operator's word stays when the PLC says a code later`() throws {
    var bench = try drawStates("r_")
    try bench.classify("cell-1-e1-1", "lunch")
    bench.scan(200, [Cell.run: .integer(0), Cell.code: .integer(12)])
    #expect(bench.states.openStop?.cause.reason == "lunch")
    #expect(bench.states.condition == .fault)
  }

  @Test func `a reason inherits its category and cost centre, and speaks the table's language`()
    throws
  {
    var bench = try drawStates("r_")
    try bench.classify("cell-1-e1-1", "jam")
    #expect(bench.states.openStop?.costCenter == "4711")
    let table = try ReasonTable(Cell.reasons, language: "de")
    #expect(table.text("jam") == "Stau" && table.text("jam", language: "en") == "jam")
    #expect(table.text("lunch") == "lunch" && table.text("none") == nil)
    #expect(table.path("jam").map(\.code) == ["jam", "mech"])
  }

  @Test func `what cannot be classified is refused with what to do`() throws {
    var bench = try drawStates("r_")
    #expect(throws: ReasonFault.unknownStop(id: "cell-1-e1-9")) {
      try bench.classify("cell-1-e1-9", "jam")
    }
    #expect(throws: ReasonFault.strangeName(bytes: 0)) {
      try bench.classify("cell-1-e1-1", "jam", by: "")
    }
    #expect(
      throws: ReasonFault.unknownReason(code: "jamm", known: ["mech", "jam", "lunch", "setup"])
    ) { try bench.classify("cell-1-e1-1", "jamm") }
    #expect(bench.facts.count == 3)
  }

  @Test func `tables that contradict themselves are refused`() {
    func fault(_ reasons: [Reason]) -> ReasonFault? {
      do {
        _ = try ReasonTable(reasons, language: "en")
        return nil
      } catch { return error }
    }
    let a = Reason("a", texts: ["en": "a"], parent: "b")
    let b = Reason("b", texts: ["en": "b"], parent: "a")
    #expect(fault([a]) == .unknownParent(code: "a", parent: "b"))
    #expect(fault([a, b]) == .tooDeep(code: "a"))
    #expect(fault([b, b]) == .twice(code: "b"))
    #expect(fault([Reason("c", texts: ["en": ""])]) == .noText(code: "c"))
    let many = (0...ReasonLimits.reasons).map { Reason("\($0)", texts: ["en": "x"]) }
    #expect(fault(many) == .tooMany(count: ReasonLimits.reasons + 1))
  }

  @Test func `of ended stops a bounded number waits, classified ones make room first`() throws {
    var bench = try drawStates("i")
    for index in 0..<ReasonLimits.endedStops + 10 {
      let at = Int64(index) * 200 + 100
      bench.scan(at, [Cell.run: .integer(0)])
      if index < 5 { try bench.classify("cell-1-e1-\(index + 1)", "jam") }
      bench.scan(at + 100, [Cell.run: .integer(1)])
    }
    let waiting = bench.states.unclassified.map(\.stopID)
    #expect(waiting.count == ReasonLimits.endedStops)
    #expect(waiting.first == "cell-1-e1-11")
    let at = bench.at
    try bench.restart(before: at)
    #expect(bench.states.unclassified.map(\.stopID) == waiting)
  }

  @Test func `rules that cannot be are refused when they are compiled`() throws {
    func fault(_ claims: [EvidenceClaim]) -> String? {
      do {
        let rules = try Cell.rules { $0.evidence.claims = claims }
        _ = try StateBench(rules)
        return nil
      } catch { return "\(error)" }
    }
    let bit = EvidenceRule(.bit(Cell.run))
    #expect(fault([EvidenceClaim(.running, when: bit)]) == nil)
    #expect(fault([EvidenceClaim(.fault, when: bit, reason: "none")])?.contains("\"none\"") == true)
    #expect(fault([EvidenceClaim(.noContact, when: bit)])?.contains("cannot be claimed") == true)
    #expect(
      fault([EvidenceClaim(.fault, when: EvidenceRule(.all([])))])?.contains("all or any") == true)
    let crossed = EvidenceRule(.above(Cell.level, on: 1, off: 2))
    #expect(fault([EvidenceClaim(.fault, when: crossed)])?.contains("never rest") == true)
    var deep = bit
    for _ in 0..<EvidenceLimits.depth { deep = EvidenceRule(.not(deep)) }
    #expect(fault([EvidenceClaim(.fault, when: deep)])?.contains("flatten") == true)
    let many = Array(repeating: EvidenceClaim(.fault, when: bit), count: EvidenceLimits.claims + 1)
    #expect(fault(many)?.contains("65 claims") == true)
  }

  @Test func `PackML states are evidence under any numbering, and every condition has its names`()
    throws
  {
    var numbering = PackMLNumbering()
    numbering.states["Execute"] = 106
    let claims = EvidenceClaim.packML(Cell.code, numbering: numbering, suspended: .blocked)
    var bench = try StateBench(try Cell.rules { $0.evidence.claims = claims })
    let values: [(Int64, MachineCondition)] = [
      (106, .running), (9, .fault), (5, .blocked), (2, .stopped), (6, .stopped), (106, .running),
    ]
    for (index, (value, condition)) in values.enumerated() {
      bench.scan(Int64(index) * 100, [Cell.code: .integer(value), Cell.count: .integer(0)])
      #expect(bench.states.condition == condition, "\(value)")
    }
    for condition in MachineCondition.allCases {
      let names = StateMapping.usual[condition]
      #expect(PackMLNumbering.states[names.packMLState] != nil)
      #expect(names.packMLMode.map { PackMLNumbering.modes[$0] != nil } ?? true)
      #expect(names.e10 == nil || E10Class(rawValue: names.e10 ?? "") != nil)
    }
    #expect(StateMapping.usual[.noContact].e10 == nil)
    let own = StateMapping([.blocked: StateNames("Held", e10: .standby)])
    #expect(own[.blocked].packMLState == "Held" && own[.starved].packMLState == "Suspended")
  }
}
