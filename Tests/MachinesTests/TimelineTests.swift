// Stops as drawings: one character is one scan, 100 ms. r running, _ stopped, ? no contact,
// a digit: stopped with that code × 10 (1 is 10, 2 is 20), | a restart of the gateway.

import Machines
import Primitives
import Signals
import Testing

/// Draws a trace of a machine with a run bit and a code, and gives its stops and states as lines.
private func draw(_ drawing: String, counting: Bool = true) throws -> [String] {
  var bench = try Bench(Line.rules())
  var (at, count): (Int64, UInt64) = (0, 0)
  for sign in drawing {
    var scan = Scan(run: true, code: 0, good: count, scrap: 0)
    switch sign {
    case "|":
      try bench.restart()
      continue
    case "r": count += counting ? 1 : 0
    case "_": scan.run = false
    case "?": scan.quality = .noContact
    default:
      scan.run = false
      scan.code = (sign.wholeNumberValue.map(Int64.init) ?? 0) * 10
    }
    scan.good = count
    bench.scan(at, scan)
    at += 100
  }
  return bench.stopLines
}

@Suite("Stops as drawings")
struct TimelineTests {
  @Test func `F47: a stop of two scans is a minor stop`() throws {
    #expect(
      try draw("rrr__rr") == [
        "0 unknown 0 -> running",
        "300 start #1 stopped, no reason, unplanned by 0",
        "300 running 300 -> shortStop (stopped, no reason)",
        "500 end #1 stopped, no reason, minor 200",
        "500 shortStop 200 -> running",
      ])
  }

  @Test func `a code and a run bit of one scan open one stop with its cause`() throws {
    #expect(
      try draw("r22r") == [
        "0 unknown 0 -> running",
        "100 start #1 lunch, planned by 1",
        "100 running 100 -> fault (lunch)",
        "300 end #1 lunch, planned 200",
        "300 fault 200 -> running",
      ])
  }

  @Test func `F48: a reason that arrives late classifies the same stop`() throws {
    #expect(
      try draw("r_2_1r") == [
        "0 unknown 0 -> running",
        "100 start #1 stopped, no reason, unplanned by 0",
        "100 running 100 -> shortStop (stopped, no reason)",
        "200 shortStop 100 -> fault (lunch)",
        "200 classify #1 lunch, planned revision 1 by plc",
        "300 fault 100 -> shortStop (lunch)",
        "400 shortStop 100 -> fault (code 10)",
        "400 classify #1 code 10, unplanned revision 2 by plc",
        "500 end #1 code 10, minor 400",
        "500 fault 100 -> running",
      ])
  }

  @Test func `F50: no contact in a stop suspends it and is not its duration`() throws {
    #expect(
      try draw("rr_???_r") == [
        "0 unknown 0 -> running",
        "200 start #1 stopped, no reason, unplanned by 0",
        "200 running 200 -> shortStop (stopped, no reason)",
        "300 lost 0 noContact",
        "300 shortStop 100 -> noContact",
        "600 found 0 after 300",
        "600 noContact 300 -> shortStop (stopped, no reason)",
        "700 end #1 stopped, no reason, minor, about 200 unseen 300",
        "700 shortStop 100 -> running",
      ])
  }

  @Test func `F50: no contact while running is no stop`() throws {
    #expect(
      try draw("rr??rr") == [
        "0 unknown 0 -> running",
        "200 lost 0 noContact",
        "200 running 200 -> noContact",
        "400 found 0 after 200",
        "400 noContact 200 -> running",
      ])
  }

  @Test func `a stop that ended without contact ends with the first look`() throws {
    #expect(
      try draw("r_??r") == [
        "0 unknown 0 -> running",
        "100 start #1 stopped, no reason, unplanned by 0",
        "100 running 100 -> shortStop (stopped, no reason)",
        "200 lost 0 noContact",
        "200 shortStop 100 -> noContact",
        "400 found 0 after 200",
        "400 end #1 stopped, no reason, minor, about 100 unseen 200",
        "400 noContact 200 -> running",
      ])
  }

  @Test func `a machine that stands after no contact has stopped about then`() throws {
    #expect(
      try draw("r??_").suffix(3) == [
        "300 found 0 after 200",
        "300 start #1 stopped, no reason, unplanned, about by 0",
        "300 noContact 200 -> shortStop (stopped, no reason)",
      ])
  }

  @Test func `a start without contact is no contact, not a stop`() throws {
    #expect(
      try draw("??r", counting: false) == [
        "0 lost 0 noContact", "0 unknown 0 -> noContact", "200 found 0 after 200",
        "200 noContact 200 -> running",
      ])
  }

  @Test func `a restart in a stop leaves one stop with its id and its start`() throws {
    #expect(
      try draw("rr_|__|_r") == [
        "0 unknown 0 -> running",
        "200 start #1 stopped, no reason, unplanned by 0",
        "200 running 200 -> shortStop (stopped, no reason)",
        "600 end #1 stopped, no reason, minor, about 400",
        "600 shortStop 400 -> running",
      ])
  }

  @Test func `a restart without contact keeps the loss and the stop`() throws {
    #expect(
      try draw("r_?|?|_r").dropFirst(3) == [
        "200 lost 0 noContact",
        "200 shortStop 100 -> noContact",
        "400 found 0 after 200",
        "400 noContact 200 -> shortStop (stopped, no reason)",
        "500 end #1 stopped, no reason, minor, about 200 unseen 200",
        "500 shortStop 100 -> running",
      ])
  }

  @Test(arguments: ["rrr__rr?__rr", "r__2_rr_1r", "rr_??_rr??r_r", "r22rr__2rrr_?r", "?r_r??_r"])
  func `a restart at every scan tells the same facts`(drawing: String) throws {
    let plain = try draw(drawing).map { $0.replacing(", about", with: "") }
    for index in drawing.indices.dropFirst() {
      var cut = drawing
      cut.insert("|", at: index)
      let lines = try draw(cut).map { $0.replacing(", about", with: "") }
      #expect(lines == plain, "\(cut)")
    }
  }
}
