// Texts that are no JSON5, or not the shape of a configuration.

extension Broken {
  static let texts: [Broken] = [
    Broken(
      "a forgotten comma",
      [(#"name: "gw", ent"#, #"name: "gw" ent"#)],
      """
      2:23: error: a comma is missing before enterprise; allowed: a comma or } after each \
      value
      """),
    Broken(
      "a forgotten comma at the end of a line",
      [(#"host: "10.0.0.1" }],"#, #"host: "10.0.0.1" }]"#)],
      """
      3:43: error: a comma is missing before machines; allowed: a comma or } after each \
      value
      """),
    Broken(
      "a bracket that is never closed",
      [("uplinks: [{", "uplinks: [{ backoff: {")],
      """
      8:74: error: found ] after a value; allowed: a comma or }
      """),
    Broken(
      "one bracket too many",
      [("takt\" }],\n}", "takt\" }],\n}}")],
      """
      9:2: error: found } behind the last }; allowed: nothing but comments
      """),
    Broken(
      "text without quotes",
      [(#"bus: "plc""#, "bus: plc")],
      """
      4:36: error: found plc without quotes; allowed: text in quotes: "plc", a number, \
      true or false
      """),
    Broken(
      "an equals sign instead of a colon",
      [(#"line: "l""#, #"line = "l""#)],
      """
      2:68: error: found = after the name line; allowed: a colon, then the value
      """),
    Broken(
      "a typographic quote",
      [(#"site: "s""#, "site: “s”")],
      """
      2:47: error: found a typographic quote where a value should be; allowed: text in \
      quotes, a number, true or false
      """),
    Broken(
      "a text that is not closed",
      [(#"site: "s""#, #"site: "s"#)],
      """
      2:58: error: found a right behind a quote; allowed: a comma; or a quote is missing \
      before here
      """),
    Broken(
      "a comment that is never closed",
      [("uplinks: [", "/* uplinks: [")],
      """
      8:1: error: this comment has no end; allowed: */ where it ends
      """),
    Broken(
      "a number with zeros before it",
      [(#"{ name: "plc", host"#, #"{ name: "plc", port: 0502, host"#)],
      """
      3:30: error: found 0502, which is no number; allowed: the number without the zeros \
      before it, or in quotes for an address
      """),
    Broken(
      "a number with a unit outside quotes",
      [(#"at: "coil 0" }"#, #"at: "coil 0", every: 250ms }"#)],
      """
      5:39: error: found 250ms, which is no number; allowed: a number such as 5 or 2.5; \
      with a unit in quotes: "250ms"
      """),
    Broken(
      "a name with a dash outside quotes",
      [(#"running: "run""#, #"time-out: "run""#)],
      """
      7:3: error: the name time-out stands without quotes; allowed: "time-out"
      """),
    Broken(
      "a decimal comma",
      [(#"at: "coil 0" }"#, #"at: "coil 0", scale: 0,1 }"#)],
      """
      5:41: error: the name 1 stands without quotes; allowed: "1", or a decimal point instead of \
      a comma: 0.1
      """),
    Broken(
      "a member given twice",
      [(#"line: "l""#, #"line: "l", site: "t""#)],
      """
      2:74: error: site is given a second time; the first is in line 2; allowed: each name \
      once
      """),
    Broken(
      "a list where an object should be",
      [
        (
          #"gateway: { name: "gw", enterprise: "e", site: "s", area: "a", line: "l" }"#,
          "gateway: []"
        )
      ],
      """
      2:10: error: gateway: found a list in [ ]; allowed: an object in { }
      """),
  ]
}
