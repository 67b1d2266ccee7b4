// Whatever the disk does at its k-th operation: every piece that an event counted is confirmed,
// held, open or without an order, exactly once.

import Events
import Machines
import Outbox
import Primitives
import Signals
import Testing

@testable import Gateway

/// A day of the press: orders come by register and by file, a limit holds, a shift ends, it jams.
private struct Day {
  static let scans = 44
  /// What the register shows from these scans on.
  static let shown: [(scan: Int, order: Int64)] = [(0, 4711), (10, 4712), (22, 0), (26, 4711)]
  static let files: [(scan: Int, file: OrderFile)] = [
    (3, Hall1.file("4711", .describe, request: "r1")),
    (18, Hall1.file("4713", request: "r2")),
    (30, Hall1.file("4712", place: .line(Hall1.line), request: "r3")),
    (38, Hall1.file("4711", .end, request: "r4")),
  ]

  static func pieces(_ scan: Int) -> Int64 { Int64(scan < 14 ? scan : max(14, scan - 4)) }

  /// Who asks, and asks again after a crash until there is an answer.
  private var asked: [(request: ShopRequest, ticket: UInt64?)] = []

  mutating func step(_ scan: Int, _ life: Life) {
    for (index, asked) in asked.enumerated() {
      if let ticket = asked.ticket, case .done = life.requests.progress(of: ticket) {
        self.asked[index].ticket = nil
      }
    }
    for (when, file) in Self.files where when == scan {
      let request = ShopRequest.order(file)
      asked.append((request, life.requests.post(request)))
    }
    life.push(Press.temperature, .real(scan == 12 ? 90 : 50))
    let order = Self.shown.last { $0.scan <= scan }?.order ?? 0
    let jams = (14..<18).contains(scan)
    life.step(Self.pieces(scan), run: !jams, fault: jams ? 12 : 0, order: order)
  }

  /// After a crash nobody knows what became of what was asked: it is asked again.
  mutating func repeatAll(_ life: Life) {
    for (index, asked) in asked.enumerated() where asked.ticket != nil {
      self.asked[index].ticket = life.requests.post(asked.request)
    }
  }
}

@Suite struct `Orders over a disk that goes wrong at its k-th operation` {
  /// Lives the day; true when the accident struck.
  private func live(
    _ disk: ScriptedDisk, _ operation: Int, _ accident: DiskAccident, losesJournal: Bool = false
  ) throws -> (struck: Bool, life: Life) {
    let plan = try Hall1.plan()
    var life = Life(disk, plan, Hall1.clock)
    var day = Day()
    // What was made before anybody looked nobody can know: the first look is made in peace.
    day.step(0, life)
    disk.plan = (disk.operations + operation, accident)
    let target = disk.operations + operation
    var isLost = false
    for scan in 1..<Day.scans {
      day.step(scan, life)
      if disk.isDead {
        life = Life(disk, plan, life.clock)
        day.repeatAll(life)
      }
      if losesJournal, !isLost, disk.operations >= target {
        isLost = true
        disk.replace(epoch: "0badcafe")
      }
    }
    _ = life.live(.seconds(30))
    if disk.isDead {
      life = Life(disk, plan, life.clock)
      _ = life.live(.seconds(30))
    }
    return (disk.operations >= target, life)
  }

  private func check(_ disk: ScriptedDisk, _ life: Life, _ what: String) {
    #expect(life.recorder.fault == nil && life.recorder.status.waiting == 0)
    let counted = disk.pieces(.productionCount)
    let confirmed = disk.pieces(.productionConfirmation)
    #expect(counted.good == Day.pieces(Day.scans - 1), "\(what)")
    #expect(confirmed.plus(life.unconfirmed) == counted, "\(what): every piece once")
    #expect(confirmed.good > 0, "\(what)")
    let ids = disk.audit().events.compactMap { $0.data["confirmationId"]?.string }
    #expect(Set(ids).count == ids.count, "\(what): no confirmation has two numbers")
  }

  @Test(arguments: DiskAccident.allCases)
  func `F49: every piece is confirmed, held, open or without order, once`(
    accident: DiskAccident
  ) throws {
    var operation = 0
    var struck = true
    while struck {
      operation += 1
      let disk = ScriptedDisk()
      let life: Life
      (struck, life) = try live(disk, operation, accident)
      #expect(disk.audit().findings.isEmpty, "operation \(operation)")
      check(disk, life, "\(accident) at \(operation)")
      // What speaks against the rest is a hold and missing master data; a person may let it go.
      let holds = life.recorder.shop.lines[0].desk.holds
      #expect(holds.count == 1)
      for hold in holds {
        let answer = life.ask(.release(number: hold.number, line: nil, by: "anna"))
        #expect(answer?.isDone == true)
      }
      check(disk, life, "\(accident) at \(operation), released")
    }
    #expect(operation > 20)
  }

  @Test(arguments: [DiskAccident.failsBefore, .failsAfter])
  func `F49: nor is one lost or doubled when the journal is lost and begun anew`(
    accident: DiskAccident
  ) throws {
    var operation = 0
    var struck = true
    while struck {
      operation += 1
      let disk = ScriptedDisk()
      let life: Life
      (struck, life) = try live(disk, operation, accident, losesJournal: true)
      // A transaction that got into the journal that is gone was told twice: once there, once
      // here. What counts is the one that stands.
      guard accident == .failsBefore else {
        #expect(life.recorder.fault == nil)
        continue
      }
      check(disk, life, "\(accident) at \(operation)")
      if struck { #expect(life.recorder.shop.epoch == "0badcafe") }
    }
    #expect(operation > 20)
  }
}
