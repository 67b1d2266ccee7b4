// What a reload comes to, for whoever asked for it.

/// What became of a configuration that was asked for.
enum ReloadOutcome: Equatable, Sendable {
  /// It is what runs already; nothing was touched.
  case unchanged(ConfigurationSource)
  /// It runs now and is watched; `changed` are sentences like "bus hall: restarted".
  case applied(ConfigurationSource, changed: [String])
  /// It cannot be used, or not without a restart; everything stayed as it was.
  case rejected(ConfigurationSource, why: String)
  /// It has stood its probation.
  case confirmed(ConfigurationSource)
  /// It was taken back; the one before runs again.
  case rolledBack(ConfigurationSource, to: ConfigurationSource, why: String)
}
