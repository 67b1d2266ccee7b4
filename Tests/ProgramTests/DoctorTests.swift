// takt doctor: the sentence for each mistake at a site, and what it says when nothing is wrong.

import LinuxEdge
import Primitives
import Settings
import Testing

@testable import takt

@Suite("takt doctor", .serialized) struct DoctorTests {
  @Test(
    arguments: SiteMistake.field + SiteMistake.upstream + SiteMistake.between + SiteMistake.house)
  func `each mistake gets the line that helps`(_ mistake: SiteMistake) throws {
    let site = try RunSite()
    let held = try mistake.arrange(site)
    let words = ["doctor", "--config", site.scratch["takt.json5"]] + mistake.options(site)
    let all = mistake.starter + (mistake.starter.isEmpty ? [] : [Program.path]) + words
    let run =
      try mistake.starter.isEmpty
      ? RunningProgram(all).end() : Program.call(all[0], Array(all.dropFirst()))
    let lines = run.output.split(separator: "\n").map(String.init)
    let told = lines.contains { line in
      mistake.words.allSatisfy(line.contains) && line.hasPrefix(mistake.words[0].prefix(4))
    }
    #expect(told, "\(run.output)\(run.errors)")
    if mistake.words[0].hasPrefix("fail") { #expect(run.code == 1) }
    withExtendedLifetime(held) {}
  }

  @Test func `a site where all is well has no line that fails, running or not`() throws {
    let site = try RunSite()
    let receiver = try site.startReceiver()
    let path = site.scratch["takt.json5"]
    let before = try Program.run("doctor", "--config", path)
    #expect(before.code == 0, "\(before.output)")
    #expect(before.output.contains("ok    unit hall/1: answers for holding 0"), "\(before.output)")
    #expect(before.output.contains("is reached and its certificate verified"), "\(before.output)")
    let asked = site.plc.requests(of: 1)
    let gateway = try site.startGateway()
    try site.wait { $0.isDelivered && $0.machineState == "running" }
    let events = try site.received().count
    let json = try JSONValue(
      parsing: Array(try Program.run("doctor", "--config", path, "--json").output.utf8))
    #expect(json["fail"]?.integer == 0, "\(json.canonicalText)")
    let findings = json["findings"]?.array ?? []
    for place in [
      "configuration", "clock", "key", "disk", "journal", "daemon", "bus hall", "unit hall/1",
      "uplink mes",
    ] {
      #expect(findings.contains { $0["place"]?.string == place }, "\(place)")
    }
    #expect(asked == 1, "one question to each unit, and no more")
    #expect(try site.received().allSatisfy { $0["type"]?.string != nil }, "nothing was posted")
    #expect(try site.received().count >= events)
    gateway.signal(15)
    #expect(gateway.end().code == 0)
    withExtendedLifetime(receiver) {}
  }

  @Test func `F40: a clock in 1970, one that nobody sets, and a battery that is empty`() {
    let floor = LinuxLimits.wallFloor
    let before = Self.reading(WallTime(milliseconds: 86_400_000), .neverset)
    let lines = DoctorClock.findings(before, evidence: floor, battery: nil).map(\.text)
    #expect(lines[0].hasPrefix("fail  clock: it says 1970-01-02T00:00:00.000Z, but it is "))
    #expect(lines[0].contains("timedatectl set-ntp true"))
    #expect(lines[1].hasPrefix("warn  clock: this machine has no battery clock"))
    let now = WallTime(milliseconds: floor.milliseconds + 86_400_000)
    let held = DoctorClock.findings(Self.reading(now, .held), evidence: floor, battery: now)
    #expect(held.map(\.verdict) == [.warn])
    #expect(held[0].text.contains("nothing synchronises it"))
    let late = WallTime(milliseconds: now.milliseconds - 7_200_000)
    let drift = DoctorClock.findings(
      Self.reading(now, .synchronised), evidence: floor, battery: late)
    #expect(drift.map(\.verdict) == [.ok, .warn])
    #expect(drift[1].text.contains("the battery clock is 2 h 0 min off — \"hwclock --systohc\""))
  }

  @Test func `a full disk, one without inodes, and one smaller than the journal may become`() {
    func line(_ free: Int64, files: Int64 = 10) -> String {
      DoctorFiles.disk(
        DoctorFiles.Room(free: free, total: 8 << 30, freeFiles: files, files: 100), "/var/lib/takt",
        journal: 1 << 30, quota: 2 << 30
      ).map(\.text).joined()
    }
    #expect(line(1 << 20).hasPrefix("fail  disk: it is full: 1.0 MiB of 8.0 GiB are free"))
    #expect(line(4 << 30, files: 0).hasPrefix("fail  disk: no file can be made any more"))
    #expect(line(1 << 29).contains("the journal may grow by 1.0 GiB more — free space, or lower"))
    #expect(line(4 << 30).hasPrefix("ok "))
  }

  @Test(.enabled(if: canMount, "an own mount namespace is needed"))
  func `a disk that is really full, and one that is mounted read-only`() throws {
    let site = try RunSite()
    try Files.makeDirectory(site.scratch["state"])
    let doctor = [
      site.scratch["state"], Program.path, "doctor", "--config", site.scratch["takt.json5"],
      "--user", "root",
    ]
    func lines(_ script: String) throws -> [String] {
      let run = try Program.call(
        "/usr/bin/unshare", ["--map-root-user", "--mount", "/bin/sh", "-c", script] + doctor)
      return run.output.split(separator: "\n").map(String.init)
    }
    let full = try lines(
      "mount -t tmpfs -o size=4m none \"$0\" && head -c 8m /dev/zero > \"$0/x\" 2>/dev/null; "
        + "exec \"$@\"")
    #expect(
      full.contains {
        $0.hasPrefix("fail  disk: it is full: 0 B of 4.0 MiB are free")
          && $0.contains("free space; \"du -x -h -d 2 / | sort -h\" finds it")
      }, "\(full)")
    let closed = try lines("mount -t tmpfs -o ro none \"$0\" && exec \"$@\"")
    #expect(
      closed.contains {
        $0.hasPrefix("fail  state directory: ") && $0.contains("is mounted read-only")
          && $0.contains("look into the kernel log")
      }, "\(closed)")
  }

  /// Whether this machine lets a test mount something for itself.
  private static let canMount =
    (try? Program.call(
      "/usr/bin/unshare",
      ["--map-root-user", "--mount", "/bin/sh", "-c", "mount -t tmpfs none /mnt"]))?.code == 0

  @Test func `a look that does not end is a finding, and holds nobody else up`() throws {
    let clock = SystemClock()
    let never = try WakeUp()
    let findings = DoctorCommand.together(
      [
        DoctorCheck(place: "slow") {
          _ = never.wait(until: .distantFuture)
          return []
        },
        DoctorCheck(place: "quick") { [.ok("quick", "done")] },
      ], until: clock.now() + .milliseconds(300), clock)
    never.signal()
    #expect(findings.map(\.place) == ["slow", "quick"])
    #expect(findings.map(\.verdict) == [.fail, .ok])
  }

  @Test func `rights are those of owner, then group, then others, and root has all`() {
    let user = DoctorIdentity(name: "takt", user: 100, groups: [20])
    #expect(user.may(6, owner: 0, group: 20, mode: 0o660))
    #expect(!user.may(6, owner: 0, group: 21, mode: 0o660))
    #expect(!user.may(4, owner: 100, group: 20, mode: 0o077), "an owner is not of his group")
    #expect(user.may(4, owner: 1, group: 2, mode: 0o604))
    #expect(DoctorIdentity(name: "root", user: 0, groups: []).may(7, owner: 9, group: 9, mode: 0))
  }

  private static func reading(_ wall: WallTime, _ quality: ClockQuality) -> ClockReading {
    ClockReading(monotonic: Instant(nanoseconds: 0), wall: wall, quality: quality, bootID: "b")
  }
}
