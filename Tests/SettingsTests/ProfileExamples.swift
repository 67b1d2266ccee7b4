// What the manuals of the shipped profiles say that registers mean.

import Testing

/// Words of one answer and the value that the device means by them.
struct ProfileExample: Sendable, CustomTestStringConvertible {
  /// What a signal of a profile must give.
  enum Meaning: Sendable {
    case number(Double)
    case text(String)
  }

  var profile: String
  var signal: String
  var words: [UInt16]
  var meaning: Meaning

  init(_ profile: String, _ signal: String, _ words: [UInt16], _ number: Double) {
    (self.profile, self.signal, self.words) = (profile, signal, words)
    meaning = .number(number)
  }

  init(_ profile: String, _ signal: String, _ words: [UInt16], text: String) {
    (self.profile, self.signal, self.words) = (profile, signal, words)
    meaning = .text(text)
  }

  var testDescription: String { "\(profile) \(signal)" }
}

extension ProfileExample {
  /// Answers that stand in a manual, or in a recording of the device, with their meaning.
  static let printed = [
    // ABB A43/A44, 2CMC48001M0201 revision C, pages 169 and 170.
    ProfileExample("abb-a43", "energy-import-l1", [0, 0, 0x0003, 0x1292], 2013.62),
    ProfileExample("abb-a43", "energy-import-l3", [0, 0, 0x0005, 0x6655], 3538.77),
    ProfileExample("abb-a43", "current-l1", [0, 0x0065], 1.01),
    ProfileExample("abb-a43", "current-n", [0, 0x0086], 1.34),
    ProfileExample("abb-a43", "power", [0x0001, 0xE8E4], 1251.56),
    ProfileExample("abb-a43", "reactive-power-l2", [0xFFFF, 0xD04A], -122.14),
    ProfileExample("abb-a43", "apparent-power", [0x0002, 0x25C3], 1407.39),
    ProfileExample("abb-a43", "frequency", [0x1383], 49.95),
    ProfileExample("abb-a43", "power-factor", [0x03CC], 0.972),
    // Delta MS300, appendix A, page A-5: 2102H answers 1770H, 2103H answers 0000H.
    ProfileExample("delta-ms300", "frequency-command", [0x1770], 60),
    ProfileExample("delta-ms300", "frequency", [0x0000], 0),
    // Patlite LA6-POE, page 49: first tier on, second flashing, third off, buzzer pattern 1.
    ProfileExample("patlite-la6-poe", "tier-1", [0x0001], 1),
    ProfileExample("patlite-la6-poe", "tier-2", [0x0002], 2),
    ProfileExample("patlite-la6-poe", "tier-3", [0x0000], 0),
    ProfileExample("patlite-la6-poe", "buzzer", [0x0001], 1),
    // Huawei SUN2000, recorded in wlcrs/huawei_solar issue 1303: 02 03 75 30 00 0F.
    ProfileExample(
      "huawei-sun2000", "model",
      [
        0x5355, 0x4E32, 0x3030, 0x302D, 0x3130, 0x4B54, 0x4C2D, 0x4D31, 0, 0,
        0x3031, 0x3037, 0x3433, 0x3131, 0x2D30,
      ], text: "SUN2000-10KTL-M1"),
    // WAGO 750, 0x2002: "Constant 0x1234".
    ProfileExample("wago-750", "constant", [0x1234], 4660),
    // Advantech ADAM-6050W, page 31: counter = 40002 × 65536 + 40001.
    ProfileExample("advantech-adam-6050", "counter-0", [0x0003, 0x0002], 2 * 65_536 + 3),
  ]

  /// Answers made up after the rule that a manual gives: type, word order and weight.
  static let ruled = [
    // Big-endian floats, high word first (Eastron, Siemens, Schneider, Janitza).
    ProfileExample("eastron-sdm630", "voltage-l1", [0x4366, 0x3333], 230.2),
    ProfileExample("eastron-sdm630", "energy-total", [0x447A, 0x2000], 1000.5),
    ProfileExample("eastron-sdm72d-m", "power", [0xC47A, 0x0000], -1000),
    ProfileExample("schneider-iem3155", "power", [0x4148, 0x0000], 12.5),
    ProfileExample("schneider-iem3155", "energy-import", [0, 0, 0x0001, 0xE240], 123_456),
    ProfileExample("siemens-pac3200", "voltage-l1", [0x4366, 0x3333], 230.2),
    ProfileExample(
      "siemens-pac3200", "energy-import", [0x4132, 0xD687, 0x8000, 0x0000], 1_234_567.5),
    ProfileExample("janitza-umg96rm", "frequency", [0x4247, 0xEB85], 49.98),
    // EM21: "the word order is LSW-MSW"; volts and watts times 10, power factor times 1000.
    ProfileExample("carlo-gavazzi-em21", "voltage-l1", [0x0900, 0x0000], 230.4),
    ProfileExample("carlo-gavazzi-em21", "current-l1", [0x86A0, 0x0001], 100),
    ProfileExample("carlo-gavazzi-em21", "power", [0xFFF6, 0xFFFF], -1),
    ProfileExample("carlo-gavazzi-em21", "power-factor", [0xFC18], -1),
    // Moxa: "Hi-Word", "Lo-Word"; bit 3 of the inputs is channel 3.
    ProfileExample("moxa-iologik-e1210", "counter-15", [0x0001, 0x86A0], 100_000),
    ProfileExample("moxa-iologik-e1214", "counter-0", [0x0001, 0x86A0], 100_000),
    ProfileExample("moxa-iologik-e1214", "input-3", [0x0008], 1),
    ProfileExample("moxa-iologik-e1214", "input-2", [0x0008], 0),
    // Delta: bits 3-2 of 2226H 10 error, bit 4 output on. ABB: bit 3 of the status word tripped.
    ProfileExample("delta-ms300", "error", [0x0008], 1),
    ProfileExample("delta-ms300", "ready", [0x0008], 0),
    ProfileExample("delta-ms300", "running", [0x0014], 1),
    ProfileExample("abb-acs355", "tripped", [0x0008], 1),
    ProfileExample("abb-acs355", "actual-1", [0xFFFF], -1),
    ProfileExample("huawei-sun2000", "power", [0xFFFF, 0xFC18], -1),
    ProfileExample("huawei-sun2000", "temperature", [0x0163], 35.5),
    // Wiren Board: one character in the low byte of each register.
    ProfileExample("wirenboard-wb-mcm8", "counter-8", [0x0001, 0x86A0], 100_000),
    ProfileExample(
      "wirenboard-wb-mcm8", "firmware",
      [0x31, 0x2E, 0x39, 0x2E, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], text: "1.9.0"),
  ]
}
