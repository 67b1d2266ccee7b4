// Time zones from the files of tzdata: the real ones, and what is said of those that are not.

import LinuxEdge
import Primitives
import Testing

@testable import takt

@Suite("Zone files") struct ZoneFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func fault(_ zone: String, _ files: ZoneFiles) -> String? {
    do throws(ZoneFault) {
      _ = try files.rules(of: zone)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func `a zone of the system knows both changes of its clock`() throws {
    let zone = try ZoneFiles().rules(of: "Europe/Berlin")
    #expect(zone.name == "Europe/Berlin")
    for (date, seconds) in [("2026-03-28", 3600), ("2026-03-30", 7200), ("2026-10-26", 3600)] {
      let moment = zone.moment(of: CivilTime(try #require(CivilDate(text: date)), minute: 720))
      #expect(zone.offset(at: moment) == Int64(seconds), "\(date)")
    }
  }

  @Test func `UTC needs no file`() throws {
    #expect(try ZoneFiles(directory: scratch["none"]).rules(of: "UTC") == .utc)
  }

  @Test func `a zone that nobody knows is told with the one that was meant`() {
    #expect(
      fault("Europe/Berln", ZoneFiles())
        == "reading time zone Europe/Berln: there is no file /usr/share/zoneinfo/Europe/Berln,"
        + " did you mean \"Europe/Berlin\"?; name a zone of /usr/share/zoneinfo")
    #expect(
      fault("Atlantis/City", ZoneFiles())
        == "reading time zone Atlantis/City: there is no file /usr/share/zoneinfo/Atlantis/City;"
        + " name a zone of /usr/share/zoneinfo")
  }

  @Test func `a box without tzdata is told to install it`() {
    let directory = scratch["none"]
    #expect(
      fault("Europe/Berlin", ZoneFiles(directory: directory))
        == "reading time zone Europe/Berlin: there is no \(directory); install the package tzdata")
  }

  @Test func `a file that is damaged, too large or no file is refused`() throws {
    let files = ZoneFiles(directory: scratch.path)
    let right = try Files.read("/usr/share/zoneinfo/Europe/Berlin")
    try Files.create(scratch["Half"], with: Array(right.prefix(right.count / 2)))
    #expect(fault("Half", files)?.contains("the file ends within its") == true)
    try Files.create(scratch["Text"], with: Array("Europe/Berlin".utf8))
    #expect(fault("Text", files)?.contains("the file is no TZif file") == true)
    try Files.create(
      scratch["Large"], with: Array(repeating: 0, count: TimeZoneLimits.fileBytes + 1))
    #expect(fault("Large", files)?.contains("larger than \(TimeZoneLimits.fileBytes)") == true)
    #expect(fault("..", files)?.hasPrefix("reading time zone ..: ") == true)
  }
}
