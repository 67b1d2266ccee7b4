// The rules of time zones, from the files of Debian's package tzdata.
//
// Invariants
// - A name that passed the configuration has no way out of the directory: its parts begin with a
//   capital letter and hold neither dots nor slashes.
// - A file is read up to `TimeZoneLimits.fileBytes`, and nothing of it is believed unchecked.

import LinuxEdge
import Machines
import Primitives
import Settings

/// Why a time zone cannot be used here, as a sentence.
struct ZoneFault: Error, Equatable, CustomStringConvertible {
  var description: String
}

/// Reads time zones by name.
struct ZoneFiles {
  /// Where tzdata puts its files.
  static let directory = "/usr/share/zoneinfo"

  var directory = Self.directory

  /// The rules of a zone; UTC needs no file.
  func rules(of zone: String) throws(ZoneFault) -> TimeZoneRules {
    guard zone != TimeZoneRules.utc.name else { return .utc }
    let path = "\(directory)/\(zone)"
    let bytes: [UInt8]
    do throws(LinuxFault) {
      bytes = try Files.read(path, limit: TimeZoneLimits.fileBytes)
    } catch {
      throw missing(zone, path, error)
    }
    do throws(TimeZoneFault) {
      return try TimeZoneRules(name: zone, bytes: bytes)
    } catch {
      throw ZoneFault(description: error.description)
    }
  }

  private func missing(_ zone: String, _ path: String, _ fault: LinuxFault) -> ZoneFault {
    guard fault.isMissing else {
      return ZoneFault(description: "reading time zone \(zone): \(fault)")
    }
    guard (try? Files.status(directory)) != nil else {
      return ZoneFault(
        description: "reading time zone \(zone): there is no \(directory); install the package"
          + " tzdata")
    }
    let region = Files.directoryName(path)
    let names = (try? Files.list(region)) ?? []
    let prefix = zone.split(separator: "/").dropLast().joined(separator: "/")
    let hint = Spelling.hint(
      zone, among: names.map { prefix.isEmpty ? $0 : "\(prefix)/\($0)" })
    return ZoneFault(
      description: "reading time zone \(zone): there is no file \(path)\(hint); name a zone of"
        + " \(directory)")
  }
}

extension SitePlan {
  /// The lines with the rules of their zones, and what is worth a line in the log.
  ///
  /// A calendar with an unknown zone would book shifts an hour off, so it is refused. A line that
  /// works round the clock only needs to know when a day begins: it goes on in UTC, and says so.
  func zonedLines(
    _ files: ZoneFiles = ZoneFiles()
  ) throws(CommandFault) -> (lines: [LineRules], warnings: [String]) {
    var known: [String: TimeZoneRules] = [:]
    var zoned = lines
    var warnings: [String] = []
    for index in zoned.indices {
      let line = zoned[index]
      do throws(ZoneFault) {
        let rules =
          if let rules = known[line.timeZone] { rules } else {
            try files.rules(of: line.timeZone)
          }
        known[line.timeZone] = rules
        zoned[index].calendar.zone = rules
      } catch {
        guard line.calendar.isRoundTheClock else {
          throw CommandFault(
            .configuration, "line \(line.name), calendar \(line.calendar.name): \(error)")
        }
        warnings.append("line \(line.name): \(error); its days begin at 00:00 UTC until then")
      }
    }
    return (zoned, warnings)
  }

  /// What `takt check` says of zones that this machine does not know, each once.
  func unknownZones(_ files: ZoneFiles = ZoneFiles()) -> [String] {
    var seen: Set<String> = []
    let named =
      [("gateway.timeZone", gateway.timeZone)]
      + lines.map { ("lines[\($0.name)], calendar \($0.calendar.name)", $0.timeZone) }
    return named.compactMap { place, zone in
      guard seen.insert(zone).inserted else { return nil }
      do throws(ZoneFault) {
        _ = try files.rules(of: zone)
        return nil
      } catch {
        return "\(place): \(error)"
      }
    }
  }
}

extension CalendarRules {
  /// What holds for a line of which nobody declared a calendar.
  fileprivate var isRoundTheClock: Bool {
    self == .roundTheClock(name: name, zone: zone) && name == SitePlan.roundTheClock
  }
}
