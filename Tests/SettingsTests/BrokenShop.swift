// Counters, orders and limits that cannot be meant.

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
  ]
}
