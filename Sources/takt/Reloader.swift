// Applies another configuration while the gateway works: the main thread's side.

import Primitives

/// Takes wishes for another configuration and carries them out, one after the other.
struct Reloader {
  private let daemon: Daemon
  private var asked: [(source: ConfigurationSource, by: String)] = []

  init(_ daemon: Daemon) { self.daemon = daemon }

  /// Wants a configuration applied; `by` says in events who wanted it.
  mutating func ask(_ source: ConfigurationSource, by: String) {
    asked.append((source, by))
  }

  /// Goes as far as it can without waiting; what became of anything asked for.
  mutating func turn(_ now: Instant) -> [ReloadOutcome] {
    defer { asked = [] }
    return asked.map { wish in
      let why = "restart the service to read \(wish.source.text) again"
      daemon.log.line(.notice, "\(wish.by): \(why)")
      return .rejected(wish.source, why: why)
    }
  }

  /// When `turn` has something to do although nobody rings; nil for never.
  var deadline: Instant? { asked.isEmpty ? nil : .distantPast }
}
