// Counters, orders, limits, lines and reasons that cannot be meant.

extension Broken {
  static let shop: [Broken] = [
    Broken(
      "a pulse that is a register",
      [
        (
          #"good: "good""#,
          #"good: { signal: "good", pulse: true }"#
        )
      ],
      """
      7:50: error: machines[press-1].good.pulse: good is u32, and only a bit pulses; \
      allowed: no pulse, for a register that counts
      """),
    Broken(
      "a pulse with a highest value",
      [
        (
          #"good: "good""#,
          #"good: { signal: "run", pulse: true, highest: 9 }"#
        )
      ],
      """
      7:64: error: machines[press-1].good.highest: highest has no meaning for a pulse; \
      allowed: no highest
      """),
    Broken(
      "a pulse that counts down",
      [
        (
          #"good: "good""#,
          #"good: { signal: "run", pulse: true, direction: "down" }"#
        )
      ],
      """
      7:66: error: machines[press-1].good.direction: a pulse counts up only; allowed: no \
      direction
      """),
    Broken(
      "a counter that is a bit without a pulse",
      [
        (
          #"good: "good""#,
          #"good: { signal: "run", bits: 16 }"#
        )
      ],
      """
      7:35: error: machines[press-1].good.signal: run is a bit and cannot count; allowed: \
      u16, i16, u32, i32, u64 or i64; or pulse: true for a bit that rises with each piece
      """),
    Broken(
      "a width and a highest value",
      [
        (
          #"good: "good""#,
          #"good: { signal: "good", bits: 16, highest: 9999 }"#
        )
      ],
      """
      7:49: error: machines[press-1].good.bits: bits and highest both say where the counter \
      starts again; allowed: one of the two
      """),
    Broken(
      "a width beyond its register",
      [
        (
          #"good: "good""#,
          #"good: { signal: "good", bits: 40 }"#
        )
      ],
      """
      7:49: error: machines[press-1].good.bits: found 40, but u32 counts in 32 bits; \
      allowed: 1 to 32
      """),
    Broken(
      "a direction that is none",
      [
        (
          #"good: "good""#,
          #"good: { signal: "good", direction: "left" }"#
        )
      ],
      """
      7:54: error: machines[press-1].good.direction: found "left"; allowed: "up" or "down"
      """),
    Broken(
      "a counter of an unknown role",
      [
        (
          #"good: "good""#,
          #"good: "good", counters: [{ role: "waste", signal: "run", pulse: true }]"#
        )
      ],
      """
      7:52: error: machines[press-1].counters[#1].role: found "waste"; allowed: "good", \
      "scrap", "rework" or "total"
      """),
    Broken(
      "two counters of good pieces",
      [
        (
          #"good: "good""#,
          #"good: "good", counters: [{ role: "good", signal: "run", pulse: true }]"#
        )
      ],
      """
      7:44: error: machines[press-1].counters[#1]: a second counter of role good, beside the \
      one at takt.json5:7:25; its pieces would be booked twice; allowed: one counter of good \
      pieces and one total for each machine
      """),
    Broken(
      "one signal counted twice",
      [
        (
          #"good: "good""#,
          #"good: "good", counters: [{ role: "scrap", signal: "good" }]"#
        )
      ],
      """
      7:69: error: machines[press-1].counters[#1].signal: good is the counter of good \
      already; its pieces would be booked twice; allowed: a signal of its own
      """),
    Broken(
      "an order that is a bit",
      [
        (
          #"good: "good""#,
          #"good: "good", order: "run""#
        )
      ],
      """
      7:40: error: machines[press-1].order.signal: run is a bit and names no order; allowed: \
      an unscaled integer register or a text
      """),
    Broken(
      "an operation that is not there",
      [
        (
          #"good: "good""#,
          #"good: "good", order: { signal: "good", operation: "op" }"#
        )
      ],
      """
      7:69: error: machines[press-1].order.operation: there is no signal of this machine \
      named "op"; allowed: run, good
      """),
    Broken(
      "a limit without a side",
      [
        (
          #"good: "good""#,
          #"good: "good", limits: [{ name: "hot", signal: "good" }]"#
        )
      ],
      """
      7:42: error: machines[press-1].limits[hot]: nothing says which value is too far; \
      allowed: above or below
      """),
    Broken(
      "a limit with two sides",
      [
        (
          #"good: "good""#,
          #"good: "good", limits: [{ name: "hot", signal: "good", above: 1, below: 0 }]"#
        )
      ],
      """
      7:42: error: machines[press-1].limits[hot]: found above and below; allowed: one of the \
      two; two limits for both sides
      """),
    Broken(
      "a limit of a bit",
      [
        (
          #"good: "good""#,
          #"good: "good", limits: [{ name: "hot", signal: "run", above: 1 }]"#
        )
      ],
      """
      7:65: error: machines[press-1].limits[hot].signal: run is a bit and has no limits; \
      allowed: a number; a bit is evidence: { state: …, when: "run" }
      """),
    Broken(
      "a limit of an unknown signal",
      [
        (
          #"good: "good""#,
          #"good: "good", limits: [{ name: "hot", signal: "oil", above: 1 }]"#
        )
      ],
      """
      7:65: error: machines[press-1].limits[hot].signal: there is no signal of this machine \
      named "oil"; allowed: run, good
      """),
    Broken(
      "a hysteresis that points outside",
      [
        (
          #"good: "good""#,
          #"good: "good", limits: [{ name: "hot", signal: "good", above: 1, hysteresis: -2 }]"#
        )
      ],
      """
      7:95: error: machines[press-1].limits[hot].hysteresis: a hysteresis of -2 points \
      outside; allowed: 0 or more
      """),
    Broken(
      "a limit of unknown severity",
      [
        (
          #"good: "good""#,
          #"good: "good", limits: [{ name: "hot", signal: "good", above: 1, severity: "alert" }]"#
        )
      ],
      """
      7:93: error: machines[press-1].limits[hot].severity: found "alert"; allowed: "info", \
      "warning" or "alarm"
      """),
    Broken(
      "two limits of one name",
      [
        (
          #"good: "good""#,
          """
          good: "good", limits: [{ name: "hot", signal: "good", above: 1 }, { name: \
          "hot", signal: "good", above: 2 }]
          """
        )
      ],
      """
      7:93: error: machines[press-1].limits[hot].name: the name "hot" is already taken at \
      takt.json5:7:50; allowed: each name once
      """),
    Broken(
      "a machine of an unknown line",
      [
        (
          #"good: "good""#,
          #"good: "good", line: "m""#
        )
      ],
      """
      7:39: error: machines[press-1].line: there is no line named "m", did you mean "l"?; \
      allowed: l
      """),
    Broken(
      "a machine of none of two lines",
      [
        (
          "\n}",
          """

          lines: [{ name: "l" }, { name: "m" }],
          }
          """
        )
      ],
      """
      4:12: error: machines[press-1].line: line is missing, and 2 lines are declared; \
      allowed: "l", "m"
      """),
    Broken(
      "a line with an unknown calendar",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          }
          """
        )
      ],
      """
      9:32: error: lines[l].calendar: there is no calendar named "c"; allowed: nothing, \
      since no calendar is declared
      """),
    Broken(
      "a confirmation above the plan that is no percentage",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", confirmations: { abovePlan: "1.5%" } }],
          }
          """
        )
      ],
      """
      9:50: error: lines[l].confirmations.abovePlan: found "1.5%"; allowed: a whole \
      percentage such as "10%", or "none"
      """),
    Broken(
      "a confirmation too often",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", confirmations: { every: "1s" } }],
          }
          """
        )
      ],
      """
      9:46: error: lines[l].confirmations.every: found "1s"; allowed: a duration from "10s" \
      to "1d", with ms, s, min, h or d
      """),
    Broken(
      "confirmations of an unknown machine",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", confirmations: { machines: ["press-2"] } }],
          }
          """
        )
      ],
      """
      9:50: error: lines[l].confirmations.machines[#1]: there is no machine named "press-2", \
      did you mean "press-1"?; allowed: press-1
      """),
    Broken(
      "confirmations of a machine of another line",
      [
        (
          #"good: "good""#,
          #"good: "good", line: "l""#
        ),
        (
          "\n}",
          """

          lines: [{ name: "l" }, { name: "m", confirmations: { machines: ["press-1"] } \
          }],
          }
          """
        ),
      ],
      """
      9:24: warning: lines[m]: no machine belongs to this line
      9:65: error: lines[m].confirmations.machines[#1]: press-1 belongs to another line; \
      allowed: nothing, since the line has no machine
      """),
    Broken(
      "a reason without a text",
      [
        (
          "\n}",
          """

          reasons: [{ code: "a" }],
          }
          """
        )
      ],
      """
      9:11: error: reasons[a].text: text is missing; allowed: text in quotes, or one for \
      each language: { de: "…", en: "…" }
      """),
    Broken(
      "a reason with an empty list of texts",
      [
        (
          "\n}",
          """

          reasons: [{ code: "a", text: {} }],
          }
          """
        )
      ],
      """
      9:30: error: reasons[a].text: found no text; allowed: text in quotes, or one for each \
      language: { de: "…", en: "…" }
      """),
    Broken(
      "a text in a language that is none",
      [
        (
          "\n}",
          """

          reasons: [{ code: "a", text: { German: "Tür" } }],
          }
          """
        )
      ],
      """
      9:32: error: reasons[a].text[German]: "German" is no language; allowed: a language \
      such as "de", "en" or "pt-BR"
      """),
    Broken(
      "a reason of an unknown parent",
      [
        (
          "\n}",
          """

          reasons: [{ code: "a", text: "A", parent: "b" }],
          }
          """
        )
      ],
      """
      9:43: error: reasons[a].parent: there is no reason named "b", did you mean "a"?; \
      allowed: a
      """),
    Broken(
      "reasons that are their own ancestors",
      [
        (
          "\n}",
          """

          reasons: [
            { code: "a", text: "A", parent: "b" },
            { code: "b", text: "B", parent: "a" }],
          }
          """
        )
      ],
      """
      10:35: error: reasons[a].parent: a would be its own ancestor; allowed: a reason that \
      does not belong to a
      11:35: error: reasons[b].parent: b would be its own ancestor; allowed: a reason that \
      does not belong to b
      """),
    Broken(
      "reasons too deep below each other",
      [
        (
          "\n}",
          """

          reasons: [{ code: "r0", text: "R" },
            { code: "r1", text: "R", parent: "r0" },
            { code: "r2", text: "R", parent: "r1" },
            { code: "r3", text: "R", parent: "r2" },
            { code: "r4", text: "R", parent: "r3" },
            { code: "r5", text: "R", parent: "r4" },
            { code: "r6", text: "R", parent: "r5" },
            { code: "r7", text: "R", parent: "r6" },
            { code: "r8", text: "R", parent: "r7" },
            { code: "r9", text: "R", parent: "r8" },],
          }
          """
        )
      ],
      """
      18:36: error: reasons[r9].parent: r9 has more than 8 ancestors; allowed: a shorter \
      tree
      """),
    Broken(
      "two reasons of one code",
      [
        (
          "\n}",
          """

          reasons: [{ code: "a", text: "A" }, { code: "a", text: "B" }],
          }
          """
        )
      ],
      """
      9:45: error: reasons[a].code: the code "a" is already taken at takt.json5:9:19; \
      allowed: each code once
      """),
    Broken(
      "a reason of a code that is a cause as well",
      [
        (
          #"running: "run""#,
          #"faultCode: "run", causes: { "12": "Door" }"#
        ),
        (
          "\n}",
          """

          reasons: [{ code: "12", text: "Door" }],
          }
          """
        ),
      ],
      """
      7:37: error: machines[press-1].causes[12]: 12 is the code of a reason as well; \
      allowed: another code for the reason, or evidence with codes: { "12": "12" }
      """),
    Broken(
      "a language that is none",
      [
        (
          "\n}",
          """

          language: "German",
          }
          """
        )
      ],
      """
      9:11: error: language: found "German"; allowed: a language such as "de", "en" or \
      "pt-BR"
      """),
  ]
}
