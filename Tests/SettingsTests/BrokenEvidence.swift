// Conditions and claims of evidence that cannot be meant.

extension Broken {
  static let evidence: [Broken] = [
    Broken(
      "a claim without a state",
      [
        (
          #"running: "run""#,
          #"evidence: [{ when: "run" }]"#
        )
      ],
      """
      7:14: error: machines[press-1].evidence[#1].state: state is missing; allowed: "fault", \
      "setup", "planned", "blocked", "starved", "stopped", "slow" or "running"
      """),
    Broken(
      "a claim of a state that contact decides",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "noContact", when: "run" }]"#
        )
      ],
      """
      7:23: error: machines[press-1].evidence[#1].state: found "noContact"; allowed: \
      "fault", "setup", "planned", "blocked", "starved", "stopped", "slow" or "running"
      """),
    Broken(
      "a misspelt state",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "blockd", when: "run" }]"#
        )
      ],
      """
      7:23: error: machines[press-1].evidence[#1].state: found "blockd", did you mean \
      "blocked"?; allowed: "fault", "setup", "planned", "blocked", "starved", "stopped", \
      "slow" or "running"
      """),
    Broken(
      "a claim without a condition",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "running" }]"#
        )
      ],
      """
      7:14: error: machines[press-1].evidence[#1].when: when is missing; allowed: "run", \
      "!run", "state = 4", "state = 4, 5", "speed > 3.5" or "speed < 3.5", or { signal: … }, \
      { stands: … }, { all: […] }, { any: […] }, { not: … }
      """),
    Broken(
      "a condition of evidence that is none",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "running", when: "run >= 1" }]"#
        )
      ],
      """
      7:40: error: machines[press-1].evidence[#1].when: found "run >= 1"; allowed: "run", \
      "!run", "state = 4", "state = 4, 5", "speed > 3.5" or "speed < 3.5", or { signal: … }, \
      { stands: … }, { all: […] }, { any: […] }, { not: … }
      """),
    Broken(
      "a condition of evidence over an unknown signal",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "running", when: "rnu" }]"#
        )
      ],
      """
      7:40: error: machines[press-1].evidence[#1].when.signal: there is no signal of this \
      machine named "rnu", did you mean "run"?; allowed: run, good
      """),
    Broken(
      "a condition over a signal of another machine",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "running", when: "jam" }]"#
        ),
        (
          #""good" }],"#,
          """
          "good" },
          { name: "b", bus: "plc", signals: [{ name: "jam", at: "coil 9" }], running: \
          "jam" }],
          """
        ),
      ],
      """
      7:40: error: machines[press-1].evidence[#1].when.signal: jam is a signal of b, and a \
      machine is judged by its own signals; allowed: a signal of this machine that is read \
      from the same address
      """),
    Broken(
      "a condition that asks nothing",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { onDelay: "1s" } }]"#
        )
      ],
      """
      7:38: error: machines[press-1].evidence[#1].when: nothing is asked; allowed: one of \
      signal, stands, all, any or not
      """),
    Broken(
      "a condition with two heads",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "run", isTrue: true, all: ["run"] } }]"#
        )
      ],
      """
      7:38: error: machines[press-1].evidence[#1].when: found signal and all; allowed: one \
      of signal, stands, all, any or not
      """),
    Broken(
      "a signal that is compared with nothing",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "run" } }]"#
        )
      ],
      """
      7:38: error: machines[press-1].evidence[#1].when: nothing is compared; allowed: \
      isTrue, isFalse, equals, above, below or codes
      """),
    Broken(
      "a signal that is compared twice",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "good", above: 1, below: 0 } }]"#
        )
      ],
      """
      7:38: error: machines[press-1].evidence[#1].when: found above and below; allowed: one \
      comparison
      """),
    Broken(
      "a threshold with no way back",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "good", above: 80, until: 85 } }]"#
        )
      ],
      """
      7:74: error: machines[press-1].evidence[#1].when.until: until 85 is over 80, so it \
      would never rest; allowed: 80 or less
      """),
    Broken(
      "a low threshold with no way back",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "good", below: 10, until: 5 } }]"#
        )
      ],
      """
      7:74: error: machines[press-1].evidence[#1].when.until: until 5 is under 10, so it \
      would never rest; allowed: 10 or more
      """),
    Broken(
      "a way back from nothing",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "run", isTrue: true, until: 5 } }]"#
        )
      ],
      """
      7:76: error: machines[press-1].evidence[#1].when.until: until needs a threshold to \
      come back from; allowed: above or below beside it
      """),
    Broken(
      "a length of standing beside a signal",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { signal: "run", isTrue: true, for: "5s" } }]"#
        )
      ],
      """
      7:74: error: machines[press-1].evidence[#1].when.for: for has no meaning beside \
      signal; allowed: no for
      """),
    Broken(
      "a standing without a length",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: { stands: "good" } }]"#
        )
      ],
      """
      7:38: error: machines[press-1].evidence[#1].when: nothing says how long it must stand \
      still; allowed: for: "30s", or cycles: 3
      """),
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
