// What the page draws of the past: each machine's timeline, and its stops by reason.
//
//   events as they were committed → hear → spans and stops of the last 24 h → json
//
// Invariants
// - Bounded: `PageLimits.spans` and `.stops` of each machine, nothing older than
//   `PageLimits.storyLength`.
// - Says only what events said. What was before the start of the gateway is unknown here and is
//   drawn as such; the journal and head office have it.
//
// Why from events: they are what leaves the gateway, so the page cannot tell another story, and the
// machines' room need not remember anything for the sake of a picture.

import Primitives

/// The last day of every machine, as events told it.
struct PageStory {
  /// A time in one state.
  struct Span: Equatable {
    var state: String
    var from: WallTime
    /// nil while it lasts.
    var to: WallTime?
  }

  /// One stop that began in the time of the story.
  struct Stop: Equatable {
    var id: String
    var text: String
    var category: String
    var startedAt: WallTime
    /// nil while it lasts.
    var duration: Duration?
  }

  private struct Machine {
    var spans: [Span] = []
    var stops: [Stop] = []
  }

  private var machines: [String: Machine] = [:]
  let since: WallTime
  /// Spans and stops of each machine, so that all of them together stay bounded.
  private var share = 1.0

  init(machines names: [String], since: WallTime) {
    self.since = since
    adopt(names)
  }

  /// From now on these machines are told of; the story of those that stay goes on.
  mutating func adopt(_ names: [String]) {
    guard Set(names) != Set(machines.keys) else { return }
    let before = machines
    machines = Dictionary(names.map { ($0, before[$0] ?? Machine()) }) { first, _ in first }
    share = min(1, Double(PageLimits.spansOfAll) / Double(max(1, names.count * PageLimits.spans)))
  }

  private func limit(_ most: Int) -> Int { max(8, Int(Double(most) * share)) }

  /// Takes an event; those that say nothing about a state or a stop pass by.
  mutating func hear(_ event: JSONValue) {
    guard let type = event["type"]?.string, let source = event["source"]?.string,
      let name = source.split(separator: ":").last.map(String.init),
      let data = event["data"], machines[name] != nil,
      let time = event["time"]?.string.flatMap(WallTime.init(text:))
    else { return }
    switch type {
    case "takt.state.changed.v1": change(name, data, time)
    case "takt.stop.started.v1": begin(name, data, time)
    case "takt.stop.classified.v1": classify(name, data)
    case "takt.stop.ended.v1":
      classify(name, data)
      end(name, data)
    default: break
    }
  }

  private mutating func change(_ name: String, _ data: JSONValue, _ time: WallTime) {
    guard let state = data["state"]?.string else { return }
    var spans = machines[name]?.spans ?? []
    if let last = spans.indices.last, spans[last].to == nil { spans[last].to = time }
    if spans.isEmpty, let previous = data["previous"]?.string,
      let milliseconds = data["durationMs"]?.integer, milliseconds > 0
    {
      let from = Self.before(time, milliseconds)
      spans.append(Span(state: previous, from: max(from, since), to: time))
    }
    spans.append(Span(state: state, from: time, to: nil))
    let horizon = Self.before(time, PageLimits.storyLength.wholeMilliseconds)
    spans.removeAll { $0.to.map { $0 < horizon } ?? false }
    spans.removeFirst(max(0, spans.count - limit(PageLimits.spans)))
    machines[name]?.spans = spans
  }

  private mutating func begin(_ name: String, _ data: JSONValue, _ time: WallTime) {
    guard let id = data["stopId"]?.string else { return }
    var stops = machines[name]?.stops ?? []
    guard !stops.contains(where: { $0.id == id }) else { return }
    stops.append(
      Stop(
        id: id, text: Self.text(data), category: data["category"]?.string ?? "", startedAt: time,
        duration: nil))
    let horizon = Self.before(time, PageLimits.storyLength.wholeMilliseconds)
    stops.removeAll { $0.duration != nil && $0.startedAt < horizon }
    stops.removeFirst(max(0, stops.count - limit(PageLimits.stops)))
    machines[name]?.stops = stops
  }

  private mutating func classify(_ name: String, _ data: JSONValue) {
    guard let id = data["stopId"]?.string,
      let index = machines[name]?.stops.firstIndex(where: { $0.id == id })
    else { return }
    machines[name]?.stops[index].text = Self.text(data)
    machines[name]?.stops[index].category = data["category"]?.string ?? ""
  }

  private mutating func end(_ name: String, _ data: JSONValue) {
    guard let id = data["stopId"]?.string, let milliseconds = data["durationMs"]?.integer,
      let index = machines[name]?.stops.firstIndex(where: { $0.id == id })
    else { return }
    machines[name]?.stops[index].duration = .milliseconds(max(0, milliseconds))
  }

  /// A wall time a while before another one; both are within years 0 to 9999, so nothing overflows.
  private static func before(_ time: WallTime, _ milliseconds: Int64) -> WallTime {
    let distance = min(max(0, milliseconds), time.milliseconds &- WallTime.earliest.milliseconds)
    return WallTime(milliseconds: time.milliseconds &- distance)
  }

  private static func text(_ data: JSONValue) -> String {
    data["cause"]?["text"]?.string ?? "no reason"
  }

  // MARK: Telling

  /// One machine's spans and its stops by reason, the costliest first; stops that last count up to
  /// now.
  func json(_ name: String, now: WallTime) -> JSONValue {
    guard let machine = machines[name] else { return ["spans": [], "pareto": []] }
    let spans = machine.spans.map { span -> JSONValue in
      var members: [String: JSONValue] = [
        "state": .string(span.state), "from": .string(span.from.text),
      ]
      members["to"] = span.to.map { .string($0.text) }
      return .object(members)
    }
    var sums: [(text: String, count: Int64, duration: Duration)] = []
    for stop in machine.stops {
      let running = max(0, now.milliseconds &- stop.startedAt.milliseconds)
      let duration = stop.duration ?? .milliseconds(running)
      if let index = sums.firstIndex(where: { $0.text == stop.text }) {
        sums[index].count += 1
        sums[index].duration += duration
      } else {
        sums.append((stop.text, 1, duration))
      }
    }
    sums.sort { $0.duration > $1.duration }
    let pareto = sums.map { sum -> JSONValue in
      [
        "text": .string(sum.text), "count": .integer(sum.count),
        "durationMs": .integer(sum.duration.wholeMilliseconds),
      ]
    }
    return ["spans": .array(spans), "pareto": .array(pareto)]
  }
}
