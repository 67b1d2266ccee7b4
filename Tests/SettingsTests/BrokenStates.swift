// States, and what is said of them beside evidence, that cannot be meant.

extension Broken {
  static let states: [Broken] = [
    Broken(
      "a reason for running",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "running", when: "run", reason: "a" }]"#
        ),
        (
          "\n}",
          """

          reasons: [{ code: "a", text: "A" }],
          }
          """
        ),
      ],
      """
      7:55: error: machines[press-1].evidence[#1].reason: running is no stop, so no reason \
      is ever told for it; allowed: no reason, or a state in which the machine stands
      """),
    Broken(
      "evidence beside running",
      [
        (
          #"good: "good""#,
          #"good: "good", evidence: [{ state: "running", when: "run" }]"#
        )
      ],
      """
      7:12: error: machines[press-1].running: this machine has evidence, which says the same \
      in place of running; allowed: { state: "running", when: … } in evidence
      """),
    Broken(
      "evidence beside a fault code, causes and a standstill",
      [
        (
          #"running: "run""#,
          """
          evidence: [{ state: "fault", when: "run" }], faultCode: "run",
            causes: { "1": "Door" }, standstill: "5s"
          """
        )
      ],
      """
      7:59: error: machines[press-1].faultCode: this machine has evidence, which says the \
      same in place of faultCode; allowed: { state: "fault", when: { signal: …, codes: { … } \
      } } in evidence
      8:11: error: machines[press-1].causes: this machine has evidence, which says the same \
      in place of causes; allowed: reasons, and codes: { "12": "guard-open" } in evidence
      8:40: error: machines[press-1].standstill: this machine has evidence, which says the \
      same in place of standstill; allowed: { state: "stopped", when: { stands: …, for: … } \
      } in evidence
      """),
    Broken(
      "a precedence that does not know a state",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: "run" }], precedence: ["fault", "running"]"#
        )
      ],
      """
      7:70: error: machines[press-1].precedence[#2]: found "running"; allowed: a list of \
      "fault", "setup", "planned", "blocked", "starved" or "stopped", each once at most
      """),
    Broken(
      "a precedence with a state twice",
      [
        (
          #"running: "run""#,
          #"evidence: [{ state: "fault", when: "run" }], precedence: ["fault", "fault"]"#
        )
      ],
      """
      7:70: error: machines[press-1].precedence[#2]: fault is given twice; allowed: a list \
      of "fault", "setup", "planned", "blocked", "starved" or "stopped", each once at most
      """),
    Broken(
      "a precedence without evidence",
      [
        (
          #"good: "good""#,
          #"good: "good", precedence: ["fault"]"#
        )
      ],
      """
      7:45: error: machines[press-1].precedence: precedence decides between claims, and this \
      machine has no evidence; allowed: no precedence, or evidence: [{ state: …, when: … }]
      """),
    Broken(
      "an otherwise without evidence",
      [
        (
          #"good: "good""#,
          #"good: "good", otherwise: "running""#
        )
      ],
      """
      7:44: error: machines[press-1].otherwise: otherwise decides between claims, and this \
      machine has no evidence; allowed: no otherwise, or evidence: [{ state: …, when: … }]
      """),
    Broken(
      "a slow rule without a counter",
      [
        (
          #"good: "good""#,
          #"slow: { below: "80%" }, idealCycle: "1s""#
        )
      ],
      """
      7:25: error: machines[press-1].slow: a rate needs a counter, and none counts good or \
      all pieces; allowed: good, or counters: [{ role: "total", signal: … }]
      """),
    Broken(
      "minor stops summed for less than a minute",
      [(#"good: "good""#, #"good: "good", minorStopWindow: "5s""#)],
      """
      7:50: error: machines[press-1].minorStopWindow: found "5s"; allowed: a duration from \
      "1min" to "1d", with ms, s, min, h or d
      """),
    Broken(
      "a slow rule above all",
      [
        (
          #"good: "good""#,
          #"good: "good", slow: { below: "120%" }, idealCycle: "1s""#
        )
      ],
      """
      7:48: error: machines[press-1].slow.below: found "120%"; allowed: a share up to \
      "100%", with one decimal place at most
      """),
    Broken(
      "a slow rule without a share",
      [
        (
          #"good: "good""#,
          #"good: "good", slow: {}, idealCycle: "1s""#
        )
      ],
      """
      7:39: error: machines[press-1].slow.below: below is missing; allowed: a share up to \
      "100%", with one decimal place at most
      """),
    Broken(
      "a changeover with an unknown reason",
      [
        (
          #"good: "good""#,
          #"good: "good", changeover: { reason: "setup" }"#
        )
      ],
      """
      7:55: error: machines[press-1].changeover.reason: there is no reason named "setup"; \
      allowed: nothing, since no reason is declared
      """),
    Broken(
      "a PackML state of an unknown name",
      [
        (
          #"running: "run""#,
          #"packml: { state: "good", states: { "Excute": 6 } }"#
        )
      ],
      """
      7:48: error: machines[press-1].packml.states[Excute]: there is no PackML state named \
      "Excute", did you mean "Execute"?; allowed: Aborted, Aborting, Clearing, Complete, \
      Completing, Execute, Held, Holding, Idle, Resetting, Starting, Stopped, Stopping, \
      Suspended, Suspending, Undefined, Unholding, Unsuspending
      """),
    Broken(
      "two PackML states of one number",
      [
        (
          #"running: "run""#,
          #"packml: { state: "good", states: { "Execute": 6, "Held": 6 } }"#
        )
      ],
      """
      7:60: error: machines[press-1].packml.states[Held]: 6 is the number of Execute \
      already; allowed: a number of its own
      """),
    Broken(
      "a PackML mode of the builder's own",
      [
        (
          #"running: "run""#,
          #"packml: { state: "good", modes: { "Cleaning": 5 } }"#
        )
      ],
      """
      7:49: error: machines[press-1].packml.modes[Cleaning]: there is no PackML mode named \
      "Cleaning"; allowed: Changeover, Invalid, Maintenance, Manual, Production; any other \
      mode as evidence: { state: "planned", when: "mode = 5" }
      """),
    Broken(
      "PackML beside running",
      [
        (
          #"good: "good""#,
          #"good: "good", packml: { state: "good" }"#
        )
      ],
      """
      7:12: error: machines[press-1].running: this machine has packml, which says the same \
      in place of running; allowed: { state: "running", when: … } in evidence
      """),
    Broken(
      "a PackML number that is none",
      [
        (
          #"running: "run""#,
          #"packml: { state: "good", states: { "Execute": "6" } }"#
        )
      ],
      """
      7:49: error: machines[press-1].packml.states[Execute]: found "6"; allowed: a whole \
      number
      """),
    Broken(
      "words of a class that SEMI E10 lacks",
      [
        (
          #"good: "good""#,
          #"good: "good", words: { stopped: { e10: "down" } }"#
        )
      ],
      """
      7:58: error: machines[press-1].words.stopped.e10: found "down"; allowed: "PRD", "SBY", \
      "ENG", "SDT", "UDT", "NST" or "none"
      """),
    Broken(
      "words of an unknown state",
      [
        (
          #"good: "good""#,
          #"good: "good", words: { stoped: { state: "Held" } }"#
        )
      ],
      """
      7:42: error: machines[press-1].words.stoped: "stoped" is not known here, did you mean \
      "stopped"?; allowed: unknown, running, stopped, noContact, slow, shortStop, fault, \
      blocked, starved, changeover, planned
      """),
  ]
}
