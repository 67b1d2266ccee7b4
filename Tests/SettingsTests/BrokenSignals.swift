// Signals whose address or conditioning cannot be.

extension Broken {
  static let signals: [Broken] = [
    Broken(
      "an address beyond the end",
      [("holding 100", "holding 65535")],
      """
      6:23: error: machines[press-1].signals[good].at: found "holding 65535 u32": the \
      value would end at address 65536; allowed: addresses 0 to 65535
      """),
    Broken(
      "a bit of a coil",
      [(#""coil 0""#, #""coil 0.1""#)],
      """
      5:22: error: machines[press-1].signals[run].at: found "coil 0.1": "0.1" names a bit, \
      but coil addresses are bits already; allowed: coil 0
      """),
    Broken(
      "bit sixteen",
      [(#""coil 0""#, #""input 12.16""#)],
      """
      5:22: error: machines[press-1].signals[run].at: found "input 12.16": "12.16" names \
      no bit of a register; allowed: bits .0 (lowest) to .15
      """),
    Broken(
      "a number that is no Modicon number",
      [(#""coil 0""#, #""20001""#)],
      """
      5:22: error: machines[press-1].signals[run].at: found "20001": no table has numbers \
      like 20001; allowed: 00001…09999, 10001…, 30001…, 40001…49999, or six digits such as \
      400101
      """),
    Broken(
      "an unknown byte order",
      [("100 u32", "100 u32 abdc")],
      """
      6:23: error: machines[press-1].signals[good].at: found "holding 100 u32 abdc": \
      "abdc" is no byte order, did you mean "abcd"?; allowed: abcd, cdab, badc, dcba
      """),
    Broken(
      "a word order for one register",
      [(#""coil 0""#, #""holding 5 u16 cdab""#)],
      """
      5:22: error: machines[press-1].signals[run].at: found "holding 5 u16 cdab": u16 \
      cannot be cdab; only longer numbers have words to swap; allowed: \
      abcd, badc
      """),
    Broken(
      "a period without a unit",
      [(#"at: "coil 0""#, #"at: "coil 0", every: 250"#)],
      """
      5:39: error: machines[press-1].signals[run].every: found the number 250 without a \
      unit; allowed: a duration from "5ms" to "1d", with ms, s, min, h or d
      """),
    Broken(
      "a period that is too short",
      [(#"at: "coil 0""#, #"at: "coil 0", every: "1ms""#)],
      """
      5:39: error: machines[press-1].signals[run].every: found "1ms"; allowed: a duration \
      from "5ms" to "1d", with ms, s, min, h or d
      """),
    Broken(
      "a deadband of no number",
      [(#"100 u32""#, #"100 u32", deadband: "2""#)],
      """
      6:52: error: machines[press-1].signals[good].deadband: found "2"; allowed: a number \
      above 0 in the signal's unit, or a percentage such as "2%"
      """),
    Broken(
      "a deadband for a bit",
      [(#"at: "coil 0""#, #"at: "coil 0", deadband: 2"#)],
      """
      5:42: error: machines[press-1].signals[run].deadband: deadband has no meaning for a \
      bit; allowed: deadband only for numbers
      """),
    Broken(
      "a range upside down",
      [(#"100 u32""#, #"100 u32", range: [100, 0]"#)],
      """
      6:49: error: machines[press-1].signals[good].range: found [100, 0]; allowed: \
      [lowest, highest], such as [0, 100]
      """),
    Broken(
      "a scale of nothing",
      [(#"100 u32""#, #"100 u32", scale: 0"#)],
      """
      6:49: error: machines[press-1].signals[good].scale: a scale of 0 makes every value \
      0; allowed: a number other than 0
      7:25: error: machines[press-1].good.signal: good is scaled; its roll-over could not \
      be told; allowed: an unscaled signal, and piecesPerCount
      """),
    Broken(
      "a debounce with a misspelt side",
      [(#"at: "coil 0""#, #"at: "coil 0", debounce: { of: "1s" }"#)],
      """
      5:44: error: machines[press-1].signals[run].debounce.of: "of" is not known here, did \
      you mean "on"?; allowed: on, off
      """),
    Broken(
      "a heartbeat that never beats",
      [(#"at: "coil 0""#, #"at: "coil 0", heartbeat: "0s""#)],
      """
      5:43: error: machines[press-1].signals[run].heartbeat: found "0s"; allowed: a \
      duration from "100ms" to "30d", with ms, s, min, h or d
      """),
  ]
}
