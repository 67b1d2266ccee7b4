// The names of remote configuration. They are known in the local files only: a bundle that could
// change who may sign bundles would be its own judge.

import Primitives

extension Vocabulary {
  /// What a bundle never brings: who this gateway is, and whom it believes.
  static let localMembers: Set = ["gateway", "remote"]

  static let remote = Table(
    "remote", "Configuration by signed files of head office; without it, none is taken.",
    [
      Member(
        "keys", .list(remoteKey), .required,
        "Keys that sign bundles, until the root key names others."),
      Member(
        "root", .text, .optional,
        "The offline key that replaces lost ones, in minisign's form: \"RWQ…\"."),
      Member("group", .name, .optional, "Bundles for this group are taken too."),
      Member(
        "inbox", .file, .optional,
        "Where bundles are dropped; without it, \"inbox\" in the state directory."),
      Member(
        "probation", .duration(SettingsLimits.probation), .standard("1min"),
        "How long a new configuration is watched before it is kept."),
      Member("pull", .object(pull), .optional, "Where the gateway looks for bundles itself."),
    ])

  static let remoteKey = Table(
    "remoteKey", "A key that signs bundles.",
    [
      Member("name", .name, .required, "What people call it."),
      Member("key", .text, .required, "The key in minisign's form: \"RWQ…\"."),
    ])

  static let pull = Table(
    "pull", "A server that is asked for bundles over HTTPS.",
    [
      Member(
        "url", .httpsURL, .required, "The bundle; its signature is behind \".minisig\"."),
      Member(
        "interval", .duration(SettingsLimits.pullInterval), .standard("15min"),
        "How often, give or take a tenth."),
      Member(
        "caFile", .file, .optional,
        "PEM of the issuers that are trusted; without it, those of the system."),
    ])
}

extension SettingsLimits {
  /// Short enough to be back in time, long enough to see every bus twice.
  static let probation = Duration.seconds(10)...Duration.seconds(3600)
  /// 300 gateways that ask once a minute are five requests a second.
  static let pullInterval = Duration.seconds(60)...Duration.seconds(7 * 86_400)
}
