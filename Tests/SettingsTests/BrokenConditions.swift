// Conditions of evidence that cannot be meant: standing, delays and codes.

extension Broken {
  static let conditions: [Broken] = [
    Broken(
      "a standing with two lengths",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { stands: "good", for: "5s", cycles: 3 } }]"#
        )
      ],
      """
      7:75: error: machines[press-1].evidence[#1].when.cycles: found for and cycles; \
      allowed: one of the two
      """),
    Broken(
      "a standing of a real number",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { stands: "x", for: "5s" } }]"#
        ),
        (
          #"{ name: "good""#,
          """
          { name: "x", at: "holding 5 f32" },
            { name: "good"
          """
        ),
      ],
      """
      8:48: error: machines[press-1].evidence[#1].when.stands: x is f32 and neither counts \
      nor pulses; allowed: a bit or an integer register
      """),
    Broken(
      "a standing of too many cycles",
      [
        (
          #"good: "good""#,
          #"good: "good", idealCycle: "1s""#
        ),
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { stands: "good", cycles: 2000000 } }]"#
        ),
      ],
      """
      7:64: error: machines[press-1].evidence[#1].when.cycles: found 2000000 cycles; \
      allowed: 0.01 to 1000000
      """),
    Broken(
      "an empty all",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { all: [] } }]"#
        )
      ],
      """
      7:45: error: machines[press-1].evidence[#1].when.all: found an empty list; allowed: a \
      list of conditions such as ["!run", "jam"]
      """),
    Broken(
      "an any that is no list",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { any: "run" } }]"#
        )
      ],
      """
      7:45: error: machines[press-1].evidence[#1].when.any: found "run"; allowed: a list of \
      conditions such as ["!run", "jam"]
      """),
    Broken(
      "a wrong condition within others",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { all: ["run", { not: { any: ["!rnu"] } }] } }]"#
        )
      ],
      """
      7:68: error: machines[press-1].evidence[#1].when.all[#2].not.any[#1].signal: there is \
      no signal of this machine named "rnu", did you mean "run"?; allowed: run, good
      """),
    Broken(
      "conditions too deep within each other",
      [
        (
          #"running: "run""#,
          """
          evidence: [{ state: "fault", when: { not: { not: { not: { not: { not: { not: { \
          not: { not: "run" } } } } } } } } }]
          """
        )
      ],
      """
      7:94: error: machines[press-1].evidence[#1].when.not.not.not.not.not.not.not.not: \
      conditions stand more than 8 within each other; allowed: fewer levels of all, any and \
      not
      """),
    Broken(
      "delays at both places",
      [
        (
          #"running: "run""#,
          """
          evidence: [{ state: "fault", when: { signal: "run", isTrue: true, onDelay: \
          "1s" }, onDelay: "2s" }]
          """
        )
      ],
      """
      7:95: error: machines[press-1].evidence[#1].onDelay: onDelay is given to the claim and \
      to its condition at takt.json5:7:78; allowed: one of the two
      """),
    Broken(
      "a delay without a unit",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: "run", onDelay: 5 }]"#
        )
      ],
      """
      7:54: error: machines[press-1].evidence[#1].onDelay: found the number 5 without a \
      unit; allowed: a duration from "0s" to "1d", with ms, s, min, h or d
      """),
    Broken(
      "a code that is no code",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "good", codes: { E12: "" } } }]"#
        )
      ],
      """
      7:65: error: machines[press-1].evidence[#1].when.codes[E12]: "E12" is no code; \
      allowed: a whole number in quotes, a range such as "17-20", or "*" for any other but 0
      """),
    Broken(
      "a range of codes that runs backwards",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "good", codes: { "20-17": "" } } }]"#
        )
      ],
      """
      7:65: error: machines[press-1].evidence[#1].when.codes[20-17]: "20-17" is no code; \
      allowed: a whole number in quotes, a range such as "17-20", or "*" for any other but 0
      """),
    Broken(
      "codes that meet",
      [
        (
          #"running: "run""#,
          """
          evidence: [{ state: "fault", when: { signal: "good", codes: { "17-20": "", \
          "18": "" } } }]
          """
        )
      ],
      """
      7:78: error: machines[press-1].evidence[#1].when.codes[18]: 18 meets 17-20; it could \
      mean both; allowed: each code once
      """),
    Broken(
      "a code with an unknown reason",
      [
        (
          #"running: "run""#,
          """
          evidence: [{ state: "fault", when: { signal: "good", codes: { "12": \
          "guard-opn" } } }]
          """
        ),
        (
          "\n}",
          """

          reasons: [{ code: "guard-open", text: "Guard door" }],
          }
          """
        ),
      ],
      """
      7:71: error: machines[press-1].evidence[#1].when.codes[12]: there is no reason named \
      "guard-opn", did you mean "guard-open"?; allowed: guard-open
      """),
    Broken(
      "any other code with a reason",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "good", codes: { "*": "guard" } } }]"#
        ),
        (
          "\n}",
          """

          reasons: [{ code: "guard", text: "Guard door" }],
          }
          """
        ),
      ],
      """
      7:70: error: machines[press-1].evidence[#1].when.codes[*]: "*" stands for codes that \
      nobody knows, so it cannot name a reason; allowed: "*": "", and reason: "guard" beside \
      when
      """),
    Broken(
      "too many codes",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "good", codes: { "1-5000": "" } } }]"#
        )
      ],
      """
      7:63: error: machines[press-1].evidence[#1].when.codes: 5000 codes are more than 4096; \
      allowed: reasons by code: { "12": "guard-open", "17-20": "drive", "*": "" }
      """),
    Broken(
      "codes of a real number",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "x", codes: { "1": "" } } }]"#
        ),
        (
          #"{ name: "good""#,
          """
          { name: "x", at: "holding 5 f32" },
            { name: "good"
          """
        ),
      ],
      """
      8:60: error: machines[press-1].evidence[#1].when.codes: x is f32 and gives no whole \
      numbers; allowed: a bit or an unscaled integer register
      """),
    Broken(
      "a threshold of a text",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: "x > 5" }]"#
        ),
        (
          #"{ name: "good""#,
          """
          { name: "x", at: "holding 5 string 4" },
            { name: "good"
          """
        ),
      ],
      """
      8:38: error: machines[press-1].evidence[#1].when.signal: x is a text; allowed: a bit \
      or a number
      """),
    Broken(
      "a claim with an unknown reason",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: "run", reason: "drive" }]"#
        )
      ],
      """
      7:53: error: machines[press-1].evidence[#1].reason: there is no reason named "drive"; \
      allowed: nothing, since no reason is declared
      """),
  ]
}
