// takt support: one archive with everything that somebody far away needs to help, and no secret.
//
// Invariants
// - Nothing is sent anywhere: a file is made, readable by who made it alone, never over another.
// - No key, no certificate, no file of a secret and no event goes in; what goes in is cleaned
//   (SupportRedaction.swift) and bounded (`SupportLimits`).
// - MANIFEST.txt says what is in it, what was cut, and what was left out.

import LinuxEdge
import Primitives
import Settings

enum SupportLimits {
  /// One file of the archive.
  static let fileBytes = 1 << 20
  /// All of them: what passes through any mail server.
  static let totalBytes = 6 << 20
}

enum SupportCommand {
  static let usage = CommandUsage(
    name: "support", summary: "make an archive for somebody who helps, without secrets",
    options: [
      .value("out", "FILE", "the archive", default: "takt-support-GATEWAY-TIME.tar here"),
      .value("config", "FILE", "the configuration", default: ConfigurationFiles.defaultPath),
      .value("socket", "PATH", "the daemon's control socket", default: "the configuration's"),
      .switch("json", "print what is in it as one JSON object"),
    ],
    notes: [
      "Look into it before you send it: tar -xOf FILE | less. Keys, certificates, tokens,\n"
        + "passwords and events are left out; names of machines and addresses are not."
    ],
    exits: [.ok, .storage])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let site = DoctorCase(
        path: options.text("config") ?? ConfigurationFiles.defaultPath,
        socket: options.text("socket"))
      let now = SystemClock().reading().wall
      let name = site.plan?.gateway.name ?? "gateway"
      let stamp = now.text.prefix(19).filter { $0.isNumber || $0 == "T" }
      let folder = "takt-support-\(name)-\(stamp)"
      var archive = SupportArchive(folder: folder, redaction: SupportRedaction(site.plan), now)
      gather(site, &archive)
      let path = options.text("out") ?? folder + ".tar"
      let bytes = archive.finished()
      try asking(.storage) { () throws(LinuxFault) in
        try Files.create(path, with: bytes, mode: 0o600)
      }
      if options.has("json") {
        StandardStream.output.line(archive.json(path).canonicalText)
      } else {
        StandardStream.output.write(Array((archive.manifest + "\nwritten to \(path)\n").utf8))
      }
      return .ok
    }
  }

  private static func gather(_ site: DoctorCase, _ archive: inout SupportArchive) {
    let report = DoctorCommand.examine(site)
    archive.add("doctor.txt", report.text, "what \"takt doctor\" found")
    let socket = site.socket ?? site.plan?.gateway.controlSocket ?? StatusCommand.defaultSocket
    let client = GatewayClient(path: socket, clock: SystemClock())
    do throws(CommandFault) {
      let status = try client.ask("status")
      archive.add("status.json", status, "what the gateway says of itself")
      archive.add("status.txt", StatusText(status).text, "the same to read")
      archive.add("log.json", try client.ask("about"), "codes of the log since the start, counted")
    } catch {
      archive.leaveOut("status and log codes", error.text)
    }
    if let plan = site.plan {
      if let effective = try? JSONValue(parsing: plan.digestInput) {
        archive.add("configuration.json", effective, "the effective configuration")
      }
      let buses = plan.buses.map { PlanDocument.json(PlannedBus($0), plan) }
      archive.add("plan.json", ["buses": .array(buses)], "the requests on each bus")
      archive.add("journal.txt", journal(plan), "the files of the state directory")
      if let learnt = try? Files.read(LearntKeeper.path(plan.gateway), limit: 1 << 20) {
        archive.add(
          "learnt.json", String(decoding: learnt, as: UTF8.self), "what the units refuse")
      }
    } else {
      archive.leaveOut("configuration, plan, journal", "the configuration is not usable")
    }
    archive.add("system.txt", SupportSystem.text(), "kernel, clock, disk, interfaces")
    archive.add("version.txt", "takt \(programVersion)\n", "the version of this program")
    archive.leaveOut("events", "\"takt tail\" and the receivers have them")
    archive.leaveOut("keys, certificates, secret files", "nobody needs them to help")
    archive.leaveOut("configuration files", "comments may hold anything; the effective one is in")
  }

  /// Names, sizes and ages: never what stands in them.
  private static func journal(_ plan: SitePlan) -> String {
    let directory = plan.gateway.stateDirectory
    let rows = ((try? Files.list(directory)) ?? []).map { name -> [String] in
      guard let status = (try? Files.status(directory + "/" + name)) ?? nil else { return [name] }
      return [
        name, Human.bytes(status.size), String(status.mode, radix: 8), status.modifiedAt.text,
      ]
    }
    return directory + "\n" + Columns.text(rows, indent: 2) + "\n"
  }
}

/// The archive while it grows.
struct SupportArchive {
  private struct Entry {
    var name: String
    var bytes: Int
    var what: String
    var isCut: Bool
  }

  let folder: String
  private let redaction: SupportRedaction
  private let seconds: Int64
  private var tar = SupportTar()
  private var entries: [Entry] = []
  private var omissions: [(what: String, why: String)] = []
  private var total = 0

  init(folder: String, redaction: SupportRedaction, _ now: WallTime) {
    self.folder = folder
    self.redaction = redaction
    seconds = now.milliseconds / 1000
  }

  mutating func add(_ name: String, _ value: JSONValue, _ what: String) {
    add(name, redaction.clean(value).canonicalText + "\n", what)
  }

  /// Cleans a text and takes it in, cut to the limits.
  mutating func add(_ name: String, _ text: String, _ what: String) {
    let clean = Array(redaction.clean(text).utf8)
    let room = min(SupportLimits.fileBytes, SupportLimits.totalBytes - total)
    guard room > 0 else { return leaveOut(name, "the archive is full") }
    let kept = Array(clean.prefix(room))
    total += kept.count
    entries.append(
      Entry(name: name, bytes: kept.count, what: what, isCut: kept.count < clean.count))
    tar.add(folder + "/" + name, kept, at: seconds)
  }

  mutating func leaveOut(_ what: String, _ why: String) { omissions.append((what, why)) }

  /// What is in it, and what is not.
  var manifest: String {
    let rows = entries.map {
      [$0.name, Human.bytes(Int64($0.bytes)), $0.what + ($0.isCut ? " (cut)" : "")]
    }
    let gone = omissions.map { [$0.what, redaction.clean($0.why)] }
    return "\(folder)\n\nin it\n" + Columns.text(rows, indent: 2) + "\n\nleft out\n"
      + Columns.text(gone, indent: 2) + "\n"
  }

  /// The whole archive with its manifest.
  func finished() -> [UInt8] {
    var tar = tar
    tar.add(folder + "/MANIFEST.txt", Array(manifest.utf8), at: seconds)
    tar.end()
    return tar.bytes
  }

  func json(_ path: String) -> JSONValue {
    [
      "archive": .string(path),
      "files": .array(
        entries.map {
          [
            "name": .string($0.name), "bytes": .integer(Int64($0.bytes)),
            "what": .string($0.what), "cut": .bool($0.isCut),
          ]
        }),
      "leftOut": .array(
        omissions.map { ["what": .string($0.what), "why": .string(redaction.clean($0.why))] }),
    ]
  }
}
