// Every name that may stand in a configuration, with its kind, its default and its meaning.

import Machines
import Primitives

enum Vocabulary {
  static let root = Table(
    "configuration", "Everything one gateway needs to know.",
    [
      Member("gateway", .object(gateway), .required, "Who this gateway is."),
      Member("buses", .list(bus), .required, "The connections to the PLCs."),
      Member("machines", .list(machine), .required, "The machines and their signals."),
      Member("lines", .list(line), .standard([]), "The lines of machines, and when they work."),
      Member("calendars", .list(calendar), .standard([]), "Shifts, breaks and holidays."),
      Member("language", .language, .standard("en"), "The language of the reasons in events."),
      Member("reasons", .list(reason), .standard([]), "Why machines stand, as the site says it."),
      Member("uplinks", .list(uplink), .standard([]), "Where the events go."),
      Member("routes", .list(route), .standard([]), "Which events an uplink gets."),
      Member("limits", .object(limits), .standard([:]), "What this gateway may use at most."),
      Member(
        "retention", .object(retention), .standard([:]), "How long events are kept at most."),
      Member("publish", .object(publish), .standard([:]), "How changed signals are told."),
      Member("health", .object(health), .standard([:]), "How the gateway tells its own health."),
      Member("remote", .object(remote), .optional, "Configuration by signed files of head office."),
      Member("reload", .object(reload), .standard([:]), "How changed local files are taken."),
      Member("page", .object(page), .optional, "The status page and the metrics; off without it."),
    ])

  static let gateway = Table(
    "gateway", "Who this gateway is and where it keeps its things.",
    [
      Member("name", .name, .required, "The name of this gateway, unique in the enterprise."),
      Member("enterprise", .name, .required, "ISA-95 enterprise, the first part of the source."),
      Member("site", .name, .required, "ISA-95 site."),
      Member("area", .name, .required, "ISA-95 area."),
      Member("line", .name, .required, "ISA-95 line or work centre."),
      Member("timeZone", .timeZone, .standard("UTC"), "IANA name of the time zone of the site."),
      Member(
        "keyFile", .secretFile, .standard("/etc/takt/key.pem"),
        "The private key that signs events; takt keygen makes it."),
      Member(
        "stateDirectory", .file, .standard("/var/lib/takt"), "Where the journal is kept."),
      Member(
        "controlSocket", .file, .standard("/run/takt/takt.sock"), "Where takt status asks."),
    ])

  static let signal = Table(
    "signal", "One value that is read from the PLC.",
    [
      Member("name", .name, .required, "The name within the machine."),
      Member("at", .register, .required, "Where it stands: \"holding 100 u32 cdab\"."),
      Member(
        "every", .duration(SettingsLimits.period), .standard("1s"), "How often it is read."),
      Member("scale", .number, .standard(1), "value = raw × scale + offset."),
      Member("offset", .number, .standard(0), "Added after scaling."),
      Member("deadband", .deadband, .optional, "Smaller changes are not told: 0.5 or \"2%\"."),
      Member("range", .range, .optional, "Lowest and highest value; 100% of a deadband."),
      Member(
        "heartbeat", .duration(SettingsLimits.heartbeat), .optional,
        "An unchanged value is told again after this long."),
      Member(
        "debounce", .debounce(debounce), .standard("0s"),
        "A new value must hold this long to be believed."),
      Member("unitOfMeasure", .text, .optional, "The unit, for people: \"°C\"."),
      Member("publish", .boolean, .standard(false), "Tell its changes to the uplinks."),
    ])

  static let debounce = Table(
    "debounce", "How long a new value must hold.",
    [
      Member("on", .duration(SettingsLimits.debounce), .standard("0s"), "To become true."),
      Member("off", .duration(SettingsLimits.debounce), .standard("0s"), "To become false."),
    ])

  static let condition = Table(
    "condition", "A condition over one signal; exactly one comparison.",
    [
      Member("signal", .reference(.signal), .required, "The signal that is compared."),
      Member("isTrue", .boolean, .optional, "true: holds when the signal is not 0."),
      Member("isFalse", .boolean, .optional, "true: holds when the signal is 0."),
      Member("equals", .integers, .optional, "Holds for this value, or for one of a list."),
      Member("above", .number, .optional, "Holds above this value."),
      Member("below", .number, .optional, "Holds below this value."),
    ])

  static let cause = Table(
    "cause", "What one fault code means.",
    [
      Member("text", .text, .required, "What people call it."),
      Member(
        "category", .choice(StopCategory.allCases.map(\.rawValue)),
        .standard("unplanned"), "How the stop is booked."),
      Member("costCenter", .text, .optional, "Who pays for the stop."),
    ])
}
