// The names of the way upstream: uplinks, routes, limits.

import Events
import Machines
import Outbox
import Primitives

/// The types of uplinks, as they are written.
enum UplinkType: String, CaseIterable {
  case https
  case mqtt

  /// What one type says about a member that the other does not know.
  func only(_ presence: Presence) -> Presence { .typed([(type: rawValue, presence: presence)]) }
}

extension Vocabulary {
  static let uplink = Table(
    "uplink", "One destination of events.",
    [
      Member("name", .name, .required, "Names its cursor in the journal; do not rename it."),
      Member(
        "type", .choice(UplinkType.allCases.map(\.rawValue)), .standard("https"), "The protocol."),
      Member("url", .httpsURL, UplinkType.https.only(.required), "Where events are posted."),
    ] + brokers + [
      Member(
        "caFile", .file, .optional,
        "PEM of the issuers that are trusted; without it, those of the system."),
      Member("certificateFile", .file, .optional, "PEM of our own certificate, for mTLS."),
      Member("keyFile", .secretFile, .optional, "PEM of the key of our own certificate."),
      Member(
        "serverName", .host, .optional,
        "The name in the server's certificate; without it, the host that is connected to."),
      Member(
        "minimumTLS", .choice(["1.2", "1.3"]), .standard("1.2"),
        "The oldest version of TLS that is spoken."),
      Member(
        "crlFile", .file, .optional,
        "Revocation lists, PEM or DER, one of each issuer in the server's chain."),
      Member(
        "pins", .pins, .standard([]),
        "Public keys of which the server's verified chain must hold one; none: any."),
      Member(
        "bearerFile", .secretFile, UplinkType.https.only(.optional),
        "A file that holds a bearer token, mode 0600, read for each connection."),
      Member(
        "oauth", .object(oauth), UplinkType.https.only(.optional),
        "A service that gives us bearer tokens (client credentials)."),
      Member("proxy", .object(proxy), .optional, "An HTTP proxy that lets connections through."),
      Member(
        "batchEvents", .integer(SettingsLimits.batchEvents), UplinkType.https.only(.standard(100)),
        "Most events in one request."),
      Member(
        "batchBytes", .size(SettingsLimits.batchBytes), UplinkType.https.only(.standard("256KiB")),
        "Most bytes in one request."),
      Member(
        "singleEvents", .boolean, UplinkType.https.only(.standard(false)),
        "One event a request, no batches."),
    ] + messages + [
      Member(
        "connectTimeout", .duration(SettingsLimits.connectTimeout), .standard("10s"),
        "How long connecting and the TLS handshake may take."),
      Member(
        "answerTimeout", .duration(SettingsLimits.answerTimeout), .standard("30s"),
        "How long the receiver may take to answer."),
      Member(
        "replayRate", .integer(SettingsLimits.replayRate), .optional,
        "Most events a second of what gathered during an outage; without it, as fast as they go."),
      Member(
        "order", .choice(LaneRules.Order.allCases.map(\.rawValue)), .standard("strict"),
        "All in order; what is new at once and an outage behind it (lanes); key: see onRefusal."),
      Member(
        "onRefusal", .choice(LaneRules.OnRefusal.allCases.map(\.rawValue)), .optional,
        "What follows a refused event goes on, or what has its partition key waits (holdKey)."),
      Member(
        "backoff", .object(backoff),
        .typed([
          (type: UplinkType.https.rawValue, presence: .standard([:])),
          (type: UplinkType.mqtt.rawValue, presence: .standard(["ceiling": "1min"])),
        ]), "The pause after a failure; over MQTT up to 1min unless told."),
    ])

  static let oauth = Table(
    "oauth", "Where bearer tokens come from, and as whom they are asked for.",
    [
      Member("tokenUrl", .httpsURL, .required, "The token endpoint of the service."),
      Member("clientId", .text, .required, "Our name there."),
      Member(
        "clientSecretFile", .secretFile, .required, "A file with our secret there, mode 0600."),
      Member("scope", .text, .optional, "What the token is to allow; words with spaces between."),
      Member(
        "caFile", .file, .optional,
        "PEM of the issuers that vouch for the service; without it, the uplink's."),
    ])

  static let proxy = Table(
    "proxy", "A proxy that is asked with CONNECT; TLS begins behind it.",
    [
      Member("host", .host, .required, "Its name or address."),
      Member("port", .integer(1...65_535), .standard(3128), "Its port."),
      Member(
        "credentialsFile", .secretFile, .optional,
        "A file with \"user:password\", mode 0600; without it, nobody is named."),
    ])

  static let backoff = Table(
    "backoff", "The pause after a failure doubles from floor to ceiling.",
    [
      Member("floor", .duration(SettingsLimits.backoffFloor), .standard("1s"), "The first pause."),
      Member(
        "ceiling", .duration(SettingsLimits.backoffCeiling), .standard("5min"),
        "The longest pause."),
    ])

  static let route = Table(
    "route", "Which events one uplink gets; an uplink without a route gets all.",
    [
      Member("uplink", .reference(.uplink), .required, "The uplink."),
      Member("types", .eventTypes, .standard([]), "Event types, * for any rest; none: all."),
      Member(
        "machines", .references(.machine), .standard([]),
        "Only events of these machines; none: all, and the gateway's own."),
      Member(
        "minimumDuration", .duration(SettingsLimits.minimumDuration), .optional,
        "Of stops only those that were so long, told when they have ended."),
      Member(
        "severities", .choices(LimitSeverity.allCases.map(\.rawValue)), .optional,
        "Of limits only those of these severities."),
    ])

  static let limits = Table(
    "limits", "What this gateway may use at most.",
    [
      Member(
        "journal", .size(SettingsLimits.journalBytes), .standard("2GB"),
        "Bytes of the journal on disk."),
      Member(
        "ringSamples", .ringSize, .optional,
        "Samples each bus can hold back while the disk stalls; without it, worked out."),
    ])

  static let publish = Table(
    "publish", "How changed signals are told.",
    [
      Member(
        "window", .duration(SettingsLimits.publishWindow), .standard("1s"),
        "Changes are gathered this long; 0s tells every scan.")
    ])

  static let health = Table(
    "health", "How the gateway tells its own health.",
    [
      Member(
        "interval", .duration(SettingsLimits.healthInterval), .standard("1min"),
        "How often takt.gateway.health is told.")
    ])

  static let reload = Table(
    "reload", "How changed local files are taken (SIGHUP, systemctl reload).",
    [
      Member(
        "rollBack", .boolean, .standard(false),
        "Take them back as well when units or uplinks are worse after it; else it is only told.")
    ])

  /// The event types that a route can name: those that there are.
  static let eventTypes = EventType.allCases.map(\.rawValue)

  /// The patterns that name all events of one noun: `takt.stop.*`.
  static let eventFamilies = eventTypes.reduce(into: [String]()) { families, type in
    let family = type.split(separator: ".").prefix(2).joined(separator: ".") + ".*"
    if !families.contains(family) { families.append(family) }
  }
}
