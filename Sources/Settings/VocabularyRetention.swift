// The names of what is kept how long, and what the disk keeps for others.

import Primitives

extension Vocabulary {
  static let retention = Table(
    "retention",
    "How long events are kept although there is room; without it, until they are sent.",
    [
      Member(
        "all", .duration(SettingsLimits.retention), .optional,
        "Older events go, whoever has not got them; each time an event tells what went."),
      Member(
        "signals", .duration(SettingsLimits.retention), .optional,
        "The same for raw signals, which go first when the journal is full."),
      Member(
        "health", .duration(SettingsLimits.retention), .optional,
        "The same for the gateway's own health, which goes next."),
      Member(
        "diskReserve", .size(SettingsLimits.diskReserve), .standard("64MiB"),
        "Bytes of the file system that the journal leaves to others."),
    ])
}
