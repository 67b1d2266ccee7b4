// A text, a category or a limit of a machine is changed while a stop is open.

import Events
import Machines
import Primitives
import Signals
import Testing

@testable import Gateway

@Suite("The words of an open stop are changed") struct ChangedTextTests {
  private func move(_ life: Life, to plan: RecorderPlan) -> Bool {
    life.recorder.handOver(
      RecorderHandOver(
        plan: plan, seats: [.kept(0)], couriers: life.links, restarted: [],
        news: ConfigurationNews(.applied, digest: "01", by: "test")),
      life.clock.reading)
  }

  /// Scans of a press that stands by code 12 from the 4th to the 6th, and counts on all the time.
  private func play(_ scans: ClosedRange<Int>, _ life: Life) {
    for number in scans {
      let stands = number % 7 > 3
      life.scan(run: !stands, fault: stands ? 12 : 0, good: Int64(number - number / 7))
      life.turn(after: .milliseconds(700))
    }
  }

  @Test(arguments: 1...13)
  func `a changed text ends no stop and begins none (F48)`(after scan: Int) throws {
    let plan = try Press.plan()
    var other = plan
    other.machines[0].causes[12] = CauseDefinition(text: "another word")
    let life = Life(ScriptedDisk(), plan)
    play(1...scan, life)
    #expect(move(life, to: other))
    if scan < 13 { play(scan + 1...13, life) }
    _ = life.finish()
    let (started, ended) = (life.told(.stopStarted), life.told(.stopEnded))
    let ids = started.compactMap { $0.members["subject"]?.string }
    #expect(ids.count == 2 && Set(ids).count == 2, "\(ids)")
    #expect(ended.compactMap { $0.members["subject"]?.string } == Array(ids.prefix(1)))
    let said = life.told(.stopClassified)
    #expect(said.count == (4...5 ~= scan || 11...12 ~= scan ? 1 : 0), "\(said.map(\.data))")
    for event in said { #expect(event.data["cause"]?["text"]?.string == "another word") }
    let made = life.told(.productionCount).compactMap { $0.data["goodQuantity"]?.integer }
    #expect(made.reduce(0, +) == 11)
    #expect(life.disk.audit().findings.isEmpty)
  }
}
