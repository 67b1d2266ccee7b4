// What can never be told, and what never takes place: warned of, and left usable.

import Testing

@testable import Settings

/// What is told about the right configuration with some parts replaced.
private func told(_ edits: [(String, String)]) -> [String] {
  let outcome = check(Broken("", edits, "").text)
  #expect(outcome.errors == [])
  return outcome.mistakes.map { "\($0)".replacing("takt.json5:", with: "") }
}

private let running = "running: \"run\""

@Suite("What can never be told")
struct NeverToldTests {
  @Test(arguments: [
    (
      "evidence: [{ state: \"running\", when: \"run\" }], otherwise: \"running\"",
      "7:13: warning: machines[press-1].evidence: nothing says when this machine stands;"
        + " allowed: a claim of a state in which it stands"
    ),
    (
      "evidence: [{ state: \"fault\", when: \"run\" }], otherwise: \"stopped\"",
      "7:59: warning: machines[press-1].otherwise: nothing says when this machine runs; allowed:"
        + " { state: \"running\", when: … } in evidence, or otherwise: \"running\""
    ),
    (
      "evidence: [{ state: \"blocked\", when: \"!run\" }, { state: \"fault\", when: \"!run\" }]",
      "7:14: warning: machines[press-1].evidence[#1]: blocked is never told: under the same"
        + " condition fault is claimed at 7:50, which counts first;"
        + " allowed: another condition, or one claim"
    ),
    (
      "evidence: [{ state: \"stopped\", when: \"!run\" }, { state: \"running\", when: \"run\" }],"
        + " words: { blocked: { state: \"Held\" } }",
      "7:104: warning: machines[press-1].words.blocked: this machine can never be blocked:"
        + " nothing claims it; allowed: evidence of it, or no words for it"
    ),
    (
      "running: \"run\", ignoreUnder: \"5min\"",
      "7:32: warning: machines[press-1].ignoreUnder: stops under 5min are not told, so none is"
        + " ever a short stop of less than 2min; allowed: less than 2min"
    ),
    (
      "running: \"run\", planned: {}",
      "7:28: warning: machines[press-1].planned: its line works round the clock, so no stop is"
        + " ever in planned time; allowed: a calendar for its line"
    ),
    (
      "running: \"run\", slow: { below: \"80%\" }",
      "7:25: warning: machines[press-1].slow: no ideal cycle is declared, so it is never slow"
        + " until an order brings one; allowed: idealCycle on this machine"
    ),
    (
      "evidence: [{ state: \"stopped\", when: { stands: \"good\", for: \"1s\" } }]",
      "7:63: warning: machines[press-1].evidence[#1].when.for: good is read every 1s, so it"
        + " always seems to stand for 1s; allowed: more than 1s, or a shorter period"
    ),
    (
      "evidence: [{ state: \"stopped\", when: { stands: \"good\", cycles: 3 } }]",
      "7:66: warning: machines[press-1].evidence[#1].when.cycles: no ideal cycle is declared, so"
        + " nothing stands still until an order brings one;"
        + " allowed: idealCycle on this machine, or for: \"30s\""
    ),
    (
      "counters: [{ role: \"scrap\", signal: \"run\", pulse: true, piecesPerSecond: 1 }],"
        + " running: \"run\"",
      "7:39: warning: machines[press-1].counters[#1].signal: run may pulse faster than every"
        + " other scan of 1s can see;"
        + " allowed: a shorter period of run, or a counter in the PLC"
    ),
  ])
  func `a state that nothing can bring about is warned of`(members: String, expected: String) {
    #expect(told([(running, members)]).joined(separator: "\n") == expected)
  }

  @Test func `a limit outside of the signal's range is never exceeded`() {
    #expect(
      told([
        (
          "{ name: \"good\"",
          "{ name: \"oil\", at: \"input 1 i16\", range: [-20, 150] },\n  { name: \"good\""
        ),
        (
          "good: \"good\" }]",
          """
          good: "good",
            limits: [{ name: "a", signal: "oil", above: 150 },
              { name: "b", signal: "oil", below: -19 }] }]
          """
        ),
      ]) == [
        "9:47: warning: machines[press-1].limits[a].above: the range of the signal ends at 150, so"
          + " the limit is never exceeded; allowed: a limit within the range"
      ])
  }

  @Test(arguments: [
    (
      "calendars: [{ name: \"c\", shifts: [{ name: \"a\", from: \"06:00\", to: \"14:00\" }] }],",
      "9:13: warning: calendars[c]: no line works by this calendar, so its shifts never run;"
        + " allowed: lines: [{ name: \"l\", calendar: \"c\" }]"
    ),
    (
      "lines: [{ name: \"l\", calendar: \"c\" }], calendars: [{ name: \"c\", shifts: [] }],",
      "9:52: warning: calendars[c]: no shifts are declared: all time is outside any shift"
    ),
    (
      "lines: [{ name: \"l\", calendar: \"c\" }], calendars: [{ name: \"c\","
        + " shifts: [{ name: \"a\", from: \"06:00\", to: \"14:00\", days: [\"mon\"] }],"
        + " exceptions: [{ date: \"2026-12-06\", cancelled: \"a\" }] }],",
      "9:146: warning: calendars[c].exceptions[#1]: 2026-12-06 cancels shift a, which does not"
        + " start on a Sunday"
    ),
    (
      "language: \"de\", reasons: [{ code: \"a\", text: { en: \"A\", fr: \"B\" } }],",
      "9:46: warning: reasons[a].text: there is no text in de, so events show that in en;"
        + " allowed: a text in de, or another language of the configuration"
    ),
  ])
  func `a shift that never runs is warned of`(root: String, expected: String) {
    #expect(told([("\n}", "\n\(root)\n}")]).joined(separator: "\n") == expected)
  }
}
