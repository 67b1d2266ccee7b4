// Calendars and routes that cannot be meant.

extension Broken {
  static let calendars: [Broken] = [
    Broken(
      "a time of day with one digit",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "6:00", to: "14:00" \
          }] }],
          }
          """
        )
      ],
      """
      10:58: error: calendars[c].shifts[early].from: found "6:00"; allowed: a time of day \
      from "00:00" to "23:59"
      """),
    Broken(
      "a time of day beyond the day",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "24:00" \
          }] }],
          }
          """
        )
      ],
      """
      10:71: error: calendars[c].shifts[early].to: found "24:00"; allowed: a time of day \
      from "00:00" to "23:59"
      """),
    Broken(
      "a day that is none",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00", \
          days: ["mon", "tues"] }] }],
          }
          """
        )
      ],
      """
      10:94: error: calendars[c].shifts[early].days[#2]: found "tues", did you mean "tue"?; \
      allowed: a list of "mon", "tue", "wed", "thu", "fri", "sat" or "sun", each once at \
      most
      """),
    Broken(
      "a day twice",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00", \
          days: ["mon", "mon"] }] }],
          }
          """
        )
      ],
      """
      10:94: error: calendars[c].shifts[early].days[#2]: mon is given twice; allowed: a list \
      of "mon", "tue", "wed", "thu", "fri", "sat" or "sun", each once at most
      """),
    Broken(
      "a shift without days",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00", \
          days: [] }] }],
          }
          """
        )
      ],
      """
      10:86: error: calendars[c].shifts[early].days: found an empty list; allowed: a list of \
      "mon", "tue", "wed", "thu", "fri", "sat" or "sun", each once at most
      """),
    Broken(
      "a calendar without shifts",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", dayStart: "06:00" }],
          }
          """
        )
      ],
      """
      10:13: error: calendars[c].shifts: shifts is missing; allowed: a list of objects: [{ … \
      }], each a shift
      """),
    Broken(
      "shifts that overlap",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [
            { name: "early", from: "06:00", to: "14:00", days: ["mon"] },
            { name: "late", from: "13:30", to: "22:00", days: ["mon"] }] }],
          }
          """
        )
      ],
      """
      12:3: error: calendars[c].shifts[late]: shifts early and late overlap from Monday \
      13:30 to Monday 14:00; allowed: end one where the other starts
      """),
    Broken(
      "two shifts of one name",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "a", from: "06:00", to: "07:00" }, { \
          name: "a", from: "08:00", to: "09:00" }] }],
          }
          """
        )
      ],
      """
      10:86: error: calendars[c].shifts[a].name: the name "a" is already taken at \
      takt.json5:10:43; allowed: each name once
      """),
    Broken(
      "a break outside of its shift",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00", \
          breaks: [{ name: "tea", from: "15:00", to: "15:15" }] }] }],
          }
          """
        )
      ],
      """
      10:89: error: calendars[c].shifts[early].breaks[tea]: break tea, 15:00-15:15, is not \
      within shift early, 06:00-14:00; allowed: move it or the shift
      """),
    Broken(
      "breaks that overlap",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00", \
          breaks: [{ name: "tea", from: "08:00", to: "08:15" },
            { name: "nap", from: "08:10", to: "08:30" }] }] }],
          }
          """
        )
      ],
      """
      11:3: error: calendars[c].shifts[early].breaks[nap]: breaks tea and nap of shift early \
      overlap; allowed: join them
      """),
    Broken(
      "a date that does not exist",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00" \
          }], holidays: [{ date: "2026-02-30", name: "Never" }] }],
          }
          """
        )
      ],
      """
      10:102: error: calendars[c].holidays[2026-02-30].date: found "2026-02-30"; allowed: a \
      date such as "2026-12-24"
      """),
    Broken(
      "a holiday at both ends",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00" \
          }], holidays: [{ date: "2026-12-24", name: "Eve", from: "12:00", until: \
          "08:00" }] }],
          }
          """
        )
      ],
      """
      10:151: error: calendars[c].holidays[2026-12-24].until: found from and until; a day is \
      free at one end; allowed: one of the two, or none for all day
      """),
    Broken(
      "a holiday twice",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00" \
          }], holidays: [{ date: "2026-12-24", name: "Eve" }, { date: "2026-12-24", \
          name: "Even" }] }],
          }
          """
        )
      ],
      """
      10:139: error: calendars[c].holidays[2026-12-24].date: the date "2026-12-24" is \
      already taken at takt.json5:10:102; allowed: each date once
      """),
    Broken(
      "an exception that says nothing",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00" \
          }], exceptions: [{ date: "2026-12-24" }] }],
          }
          """
        )
      ],
      """
      10:96: error: calendars[c].exceptions[#1]: nothing is otherwise on this date; allowed: \
      extra or cancelled
      """),
    Broken(
      "an exception that says two things",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00" \
          }], exceptions: [{ date: "2026-12-24", cancelled: "early",
            extra: { name: "x", from: "14:00", to: "15:00" } }] }],
          }
          """
        )
      ],
      """
      10:96: error: calendars[c].exceptions[#1]: found extra and cancelled; allowed: one of \
      the two; two exceptions for both
      """),
    Broken(
      "an exception of an unknown shift",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00" \
          }], exceptions: [{ date: "2026-12-24", cancelled: "erly" }] }],
          }
          """
        )
      ],
      """
      10:129: error: calendars[c].exceptions[#1].cancelled: there is no shift named "erly", \
      did you mean "early"?; allowed: early
      """),
    Broken(
      "a maintenance that ends before it begins",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00" \
          }], maintenance: [{ name: "boiler", from: "2026-12-02 04:00", to: "2026-12-01 \
          22:00" }] }],
          }
          """
        )
      ],
      """
      10:145: error: calendars[c].maintenance[#1].to: it ends at 2026-12-01 22:00, before it \
      begins at 2026-12-02 04:00; allowed: a later end
      """),
    Broken(
      "a maintenance without a time",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", shifts: [{ name: "early", from: "06:00", to: "14:00" \
          }], maintenance: [{ name: "boiler", from: "2026-12-02", to: "2026-12-03" }] \
          }],
          }
          """
        )
      ],
      """
      10:121: error: calendars[c].maintenance[#1].from: found "2026-12-02"; allowed: a date \
      and a time of day such as "2026-12-01 22:00"
      10:139: error: calendars[c].maintenance[#1].to: found "2026-12-03"; allowed: a date \
      and a time of day such as "2026-12-01 22:00"
      """),
    Broken(
      "a calendar in no zone",
      [
        (
          "\n}",
          """

          lines: [{ name: "l", calendar: "c" }],
          calendars: [{ name: "c", timeZone: "Berlin", shifts: [{ name: "early", from: \
          "06:00", to: "14:00" }] }],
          }
          """
        )
      ],
      """
      10:36: error: calendars[c].timeZone: found "Berlin"; allowed: an IANA name such as \
      "Europe/Berlin", or "UTC"
      """),
    Broken(
      "a route with a family that is none",
      [
        (
          "\n}",
          """

          routes: [{ uplink: "mes", types: ["takt.orders.*"] }],
          }
          """
        )
      ],
      """
      9:35: error: routes[#1].types[#1]: no event has the type "takt.orders.*", did you mean \
      "takt.order.*"?; allowed: a list of event types such as ["takt.stop.*"]
      """),
    Broken(
      "a route with an event that is never told",
      [
        (
          "\n}",
          """

          routes: [{ uplink: "mes", types: ["takt.configuration.vanished.v1"] }],
          }
          """
        )
      ],
      """
      9:35: error: routes[#1].types[#1]: no event has the type \
      "takt.configuration.vanished.v1", did you mean "takt.configuration.applied.v1"?; allowed: \
      a list of event types such as ["takt.stop.*"]
      """),
  ]
}
