// What each kind allows, in words.

import Primitives

enum Describe {
  static func allowed(_ kind: Kind) -> String {
    switch kind {
    case .name: "a name: \(Words.nameAllowed)"
    case .text: "text in quotes, 1 to \(SettingsLimits.textLength) characters"
    case .prose: "text in quotes, 1 to \(SettingsLimits.proseLength) characters"
    case .file: "a full path in quotes, such as \"/etc/takt/key.pem\""
    case .secretFile:
      "a full path in quotes, such as \"/etc/takt/key.pem\", or \"credential:NAME\" of systemd"
    case .serialPort:
      "a serial port in quotes, such as \"/dev/serial/by-id/usb-FTDI_FT232R_A1-if00-port0\""
    case .host: "a host name or an IP address, such as \"192.168.10.21\""
    case .httpsURL: "\"https://host/path\" or \"https://host:8443/path\""
    case .timeZone: "an IANA name such as \"Europe/Berlin\", or \"UTC\""
    case .choice(let words): Words.either(words.map { "\"\($0)\"" })
    case .boolean: "true or false"
    case .integer(let range):
      range.upperBound == .max
        ? "a whole number from \(range.lowerBound)"
        : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .positive: "a number above 0"
    case .number: "a number"
    case .duration(let range):
      "a duration from \"\(range.lowerBound.text)\" to \"\(range.upperBound.text)\","
        + " with ms, s, min, h or d"
    case .size(let range):
      "a size from \"\(Words.sizeText(range.lowerBound))\" to"
        + " \"\(Words.sizeText(range.upperBound))\""
    case .ringSize:
      "a power of two from \(SettingsLimits.ringSamples.lowerBound) to"
        + " \(SettingsLimits.ringSamples.upperBound)"
    case .register: ParsedAddress.example
    case .addressRanges: "a list of addresses without type: [\"holding 100-120\", \"input 7\"]"
    case .functions: "a list of 1 (coil), 2 (discrete), 3 (holding) and 4 (input), such as [3, 4]"
    case .deadband: "a number above 0 in the signal's unit, or a percentage such as \"2%\""
    case .range: "[lowest, highest], such as [0, 100]"
    case .reference(.reason): "the code of a reason"
    case .reference(let target): "the name of a \(target.rawValue)"
    case .references(let target): "a list of names of \(target.rawValue)s: [\"…\"]"
    case .eventTypes: "a list of event types such as [\"takt.stop.*\"]"
    case .integers: "a whole number, or a list such as [4, 5]"
    case .condition: ConditionText.allowed + ", or { signal: … }"
    case .debounce: "a duration such as \"50ms\", or { on: \"50ms\", off: \"200ms\" }"
    case .shorthand(let member, _): "a text for its \(member), or an object in { }"
    case .object: "an object in { }"
    case .list(let table): "a list of objects: [{ … }], each a \(table.name)"
    case .selection(let table):
      "a list of objects: [{ … }], each a \(table.name), or texts that name those of the profile"
    case .codes: "an object of codes: { \"12\": \"Guard door open\" }"
    case .language: "a language such as \"de\", \"en\" or \"pt-BR\""
    case .texts: "text in quotes, or one for each language: { de: \"…\", en: \"…\" }"
    case .timeOfDay: "a time of day from \"00:00\" to \"23:59\""
    case .date: "a date such as \"2026-12-24\""
    case .localTime: "a date and a time of day such as \"2026-12-01 22:00\""
    case .choices(let words):
      "a list of " + Words.either(words.map { "\"\($0)\"" }) + ", each once at most"
    case .share: "a share up to \"100%\", with one decimal place at most"
    case .allowance: "a whole percentage such as \"10%\", or \"none\""
    case .meanings:
      "reasons by code: { \"12\": \"guard-open\", \"17-20\": \"drive\", \"*\": \"\" }"
    case .numbers: "whole numbers by name: { \"Execute\": 6 }"
    case .test:
      ConditionText.allowed + ", or { signal: … }, { stands: … }, { all: […] }, { any: […] },"
        + " { not: … }"
    case .pins: "a list of SHA-256 of public keys in Base64: [\"sha256/…\"]"
    case .brokers:
      "a list of brokers such as [\"mqtts://broker.example.com:8883\"]; mqtts is MQTT over TLS"
    case .tests: "a list of conditions such as [\"!run\", \"jam\"]"
    }
  }
}
