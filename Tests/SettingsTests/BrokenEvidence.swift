// Claims and conditions that cannot be meant: what is asked of the signals.

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
  ]
}
