// Where a configuration comes from: the files of this gateway, alone or under a signed bundle.

import Settings

/// What is to be read to get a configuration, and who answers for it.
struct ConfigurationSource: Equatable, Sendable {
  /// The local main file; fragments and profiles lie beside it.
  var path: String
  /// The directory of an unpacked bundle that was verified; nil for the local files alone.
  var overlay: String?
  /// The serial number of that bundle.
  var serial: UInt64?
  /// The key that signed it.
  var signedBy: String?

  init(
    path: String, overlay: String? = nil, serial: UInt64? = nil, signedBy: String? = nil
  ) {
    self.path = path
    self.overlay = overlay
    self.serial = serial
    self.signedBy = signedBy
  }

  /// For sentences: "bundle 17 (signed by site-2026)" or the path of the file.
  var text: String {
    guard let serial else { return path }
    return "bundle \(serial)" + (signedBy.map { " (signed by \($0))" } ?? "")
  }
}

/// Reads and checks the configuration of a source.
func loadConfiguration(
  source: ConfigurationSource
) -> Result<ConfigurationOutcome, UnreadableFile> {
  do {
    let overlay = try source.overlay.map(ConfigurationFiles.overlay) ?? []
    let draft = ConfigurationDraft(try ConfigurationFiles.read(source.path), overlay: overlay)
    return .success(try ConfigurationFiles.check(draft, overlay: source.overlay))
  } catch {
    return .failure(error)
  }
}
