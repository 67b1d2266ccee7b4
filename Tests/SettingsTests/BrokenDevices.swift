// What a device cannot bear, and signals that ask it all the same.

extension Broken {
  static let devices: [Broken] = [
    Broken(
      "a table that the device does not offer",
      [(#"bus: "plc""#, #"bus: "plc", functions: [3, 4]"#)],
      """
      5:22: error: machines[press-1].signals[run].at: function 1 (coil) is not among the \
      functions at takt.json5:4:54; allowed: a table that the device offers, or 1 among its \
      functions
      """),
    Broken(
      "a function that writes",
      [(#"bus: "plc""#, #"bus: "plc", functions: [3, 16]"#)],
      """
      4:58: error: machines[press-1].functions: function 16 does not read a table; Takt only \
      reads; allowed: a list of 1 (coil), 2 (discrete), 3 (holding) and 4 (input), such as [3, \
      4]
      """),
    Broken(
      "no function at all",
      [(#"bus: "plc""#, #"bus: "plc", functions: []"#)],
      """
      4:54: error: machines[press-1].functions: found an empty list; allowed: a list of 1 \
      (coil), 2 (discrete), 3 (holding) and 4 (input), such as [3, 4]
      """),
    Broken(
      "F18: a value in a forbidden range",
      [(#"bus: "plc""#, #"bus: "plc", forbidden: ["input 7", "holding 101-120"]"#)],
      """
      6:23: error: machines[press-1].signals[good].at: holding 100-101 meets holding 101-120, \
      which is forbidden at takt.json5:4:66; allowed: an address outside, or a smaller forbidden \
      range
      """),
    Broken(
      "F18: a forbidden range that is none",
      [
        (
          #"bus: "plc""#,
          #"bus: "plc", forbidden: ["holding 20-10", "coil 1 bit", "holding 1-input 2","#
            + #" "hold 1", 5]"#
        )
      ],
      """
      4:55: error: machines[press-1].forbidden[#1]: found "holding 20-10": the range ends before \
      it begins; allowed: holding 10-20
      4:72: error: machines[press-1].forbidden[#2]: found "coil 1 bit": a range has addresses \
      only; allowed: "holding 100-120" or "input 7"
      4:86: error: machines[press-1].forbidden[#3]: found "holding 1-input 2": the range begins \
      in holding and ends in input; allowed: one range for each table: "holding 100-120" or \
      "input 7"
      4:107: error: machines[press-1].forbidden[#4]: found "hold 1": "hold" is no table; \
      allowed: holding, input, coil or discrete, or a number such as 40101
      4:117: error: machines[press-1].forbidden[#5]: found the number 5; allowed: a list of \
      addresses without type: ["holding 100-120", "input 7"]
      """),
    Broken(
      "F22: a value before the beginning of every request",
      [(#"bus: "plc""#, #"bus: "plc", requestStart: { holding: 101 }"#)],
      """
      6:23: error: machines[press-1].signals[good].at: the value stands at 100, but every \
      request to holding begins at 101 (takt.json5:4:68); allowed: an address from 101, or \
      another requestStart
      """),
    Broken(
      "F22: a request that is too long from its beginning",
      [(#"bus: "plc""#, #"bus: "plc", requestStart: { holding: 0 }, registersPerRequest: 64"#)],
      """
      6:23: error: machines[press-1].signals[good].at: a request from 0 to the value takes 102 \
      registers, but registersPerRequest is 64 (takt.json5:4:94), and every request to holding \
      begins at 0 (takt.json5:4:68); allowed: a lower address or more registersPerRequest
      """),
    Broken(
      "F22: a request that would cross a forbidden range",
      [(#"bus: "plc""#, #"bus: "plc", requestStart: { holding: 90 }, forbidden: ["40096"]"#)],
      """
      6:23: error: machines[press-1].signals[good].at: holding 90-101 meets holding 95, which is \
      forbidden at takt.json5:4:86, and every request to holding begins at 90 (takt.json5:4:68); \
      allowed: an address outside, or a smaller forbidden range
      """),
    Broken(
      "two beginnings for one device",
      [
        (#"bus: "plc""#, #"bus: "plc", requestStart: { coil: 0 }"#),
        (
          #"good: "good" }]"#,
          #"good: "good" },"# + "\n  "
            + #"{ name: "b", bus: "plc", requestStart: { coil: 8 }, "#
            + #"signals: [{ name: "x", at: "coil 9" }], running: "x" }]"#
        ),
      ],
      """
      8:50: error: machines[b].requestStart.coil: requests to coil begin at 8 here and at 0 \
      (takt.json5:4:65), but it is one device; allowed: one beginning for one device
      """),
    Broken(
      "too many bits for one answer",
      [(#"bus: "plc""#, #"bus: "plc", bitsPerRequest: 2001"#)],
      """
      4:59: error: machines[press-1].bitsPerRequest: found the number 2001; allowed: a whole \
      number from 1 to 2000
      """),
    Broken(
      "a table of another name",
      [(#"bus: "plc""#, #"bus: "plc", requestStart: { coils: 0 }"#)],
      """
      4:59: error: machines[press-1].requestStart.coils: "coils" is not known here, did you mean \
      "coil"?; allowed: coil, discrete, holding, input
      """),
    Broken(
      "a text among the signals without a profile",
      [(#"{ name: "run", at: "coil 0" }"#, #""run""#)],
      """
      5:3: error: machines[press-1].signals[run]: "run" is a text, and no profile is named to \
      take it from; allowed: { name: …, at: "holding 3" }, or profile: "…" beside signals
      """),
    Broken(
      "F22: a text of half registers that is too long",
      [(#"holding 100 u32""#, #"holding 100 string 126 low""#)],
      """
      6:23: error: machines[press-1].signals[good].at: found "holding 100 string 126 low": a \
      text in half registers cannot have 126 characters; allowed: string 1 low to string 125 low
      """),
  ]
}
