// A configuration that can run: checked, with its recorder's plan, and where it came from.

import Events
import Gateway
import LinuxEdge
import OpenSSLEdge
import Polling
import Primitives
import Settings
import Signals

/// Everything that a configuration means for the daemon, without anything that runs.
struct SiteDesign: Sendable {
  var source: ConfigurationSource
  /// Without its signals and its text: those live on in `definitions`, `recorder` and the digest.
  let plan: SitePlan
  /// By `SignalID.index`; made once, because each of 64 buses looks its own up in it.
  let definitions: [SignalDefinition]
  let recorder: RecorderPlan
  /// How soon news of each signal must reach the recorder.
  let news: [FieldNews]
  /// What is worth a line in the log although it can be used.
  let warnings: [String]

  init(_ plan: SitePlan, from source: ConfigurationSource) throws(CommandFault) {
    self.source = source
    definitions = plan.signals.map(\.definition)
    let (lines, warnings) = try plan.zonedLines()
    self.warnings = warnings
    recorder = try plan.recorderPlan(
      digest: Hex.encode(SHA256.digest(plan.digestInput)), lines: lines)
    news = recorder.news
    var kept = plan
    kept.signals = []
    kept.digestInput = []
    self.plan = kept
  }

  var digest: String { recorder.configurationDigest }

  /// The plan with its signals, to compare another one with.
  var whole: SitePlan {
    var whole = plan
    whole.signals = zip(definitions, recorder.signals).map { definition, signal in
      PlannedSignal(
        definition: definition, machine: signal.machine, unit: UnitID(0),
        isPublished: signal.isPublished)
    }
    return whole
  }

  /// A fresh ring for a bus.
  func work(_ bus: Int, recorder bell: WakeUp, renewals: [UnitRenewal] = []) -> FieldWork {
    FieldWork(
      ring: RingStorage(capacity: plan.limits.ringSamples[bus], giveBack: HeapMemory.empty),
      line: WakeLine(window: plan.limits.publishWindow) { bell.signal() },
      definitions: definitions, news: news, renewals: renewals)
  }
}

/// What runs now: a design and the posts of its threads, in the order of the design.
struct RunningSite: Sendable {
  var design: SiteDesign
  var fields: [FieldPost]
  var couriers: [CourierPost]
}
