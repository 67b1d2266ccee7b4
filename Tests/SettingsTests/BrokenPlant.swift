// Lines and reasons that cannot be meant.

extension Broken {
  static let plant: [Broken] = [
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
