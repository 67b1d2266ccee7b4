// The archive of a bundle: what Debian's tar makes of ours, what we make of its, what is refused.

import Foundation
import LinuxEdge
import Primitives
import Settings
import Testing

@testable import takt

@Suite("Archives of bundles") struct BundleArchiveTests {
  private static let files = [
    BundleFile(name: "conf.d/10.json5", bytes: Array("{ machines: [] }\n".utf8)),
    BundleFile(name: "profiles/press.json5", bytes: Array(String(repeating: "ä", count: 600).utf8)),
    BundleFile(name: "site.json5", bytes: []),
  ]

  private func refusal(_ bytes: [UInt8]) -> String {
    do {
      _ = try BundleArchive.read(bytes)
      return "taken"
    } catch {
      return error.description
    }
  }

  @Test func `the same files make the same bytes, in any order, and are read back`() throws {
    let archive = try BundleArchive.write(Self.files)
    #expect(try BundleArchive.write(Self.files.reversed()) == archive)
    #expect(try BundleArchive.read(archive) == Self.files)
  }

  @Test func `Debian's tar lists and unpacks ours, and we read its`() throws {
    let directory =
      FileManager.default.temporaryDirectory.path + "/takt-\(UInt32.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try Files.makeDirectory(directory)
    try Files.makeDirectory(directory + "/out")
    try Files.replace(directory + "/a.tar", with: try BundleArchive.write(Self.files))
    func tar(_ words: String...) throws -> Int32 {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/tar")
      process.arguments = words
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus
    }
    #expect(try tar("-xf", directory + "/a.tar", "-C", directory + "/out") == 0)
    for file in Self.files {
      #expect(try Files.read("\(directory)/out/\(file.name)") == file.bytes)
    }
    let names = Self.files.map(\.name)
    let packed = try tar(
      "--format=ustar", "-cf", directory + "/b.tar", "-C", directory + "/out", names[0], names[1],
      names[2])
    #expect(packed == 0)
    #expect(try BundleArchive.read(Files.read(directory + "/b.tar")) == Self.files)
    // With its directories and in its own form it is none of ours.
    #expect(
      try tar("--format=ustar", "-cf", directory + "/c.tar", "-C", directory + "/out", ".") == 0)
    #expect(refusal(try Files.read(directory + "/c.tar")).contains("no plain file"))
    #expect(
      try tar("--format=gnu", "-cf", directory + "/d.tar", "-C", directory + "/out", names[0]) == 0)
    #expect(refusal(try Files.read(directory + "/d.tar")).contains("ustar form"))
  }

  @Test(arguments: [
    "../10.json5", "/etc/takt/takt.json5", "conf.d/../10.json5", "conf.d/.hidden.json5", "a.txt",
    "conf.d/deep/10.json5", "other/10.json5", "conf.d/.json5", ".json5", "conf.d/a b.json5", "",
    "conf.d/10.json5/", "profiles//a.json5", "key.pem",
  ])
  func `F58: a name that is none of a configuration is refused`(name: String) {
    #expect(!BundleArchive.isName(name))
    #expect(throws: BundleRefusal.self) {
      try BundleArchive.write([BundleFile(name: name, bytes: [])])
    }
  }

  @Test func `damage of every kind is refused, each with its sentence`() throws {
    let archive = try BundleArchive.write(Self.files)
    #expect(refusal([]).contains("its end is missing"))
    #expect(refusal(Array(archive.dropLast())).contains("cut off"))
    #expect(refusal(Array(archive.dropLast(1024))).contains("its end is missing"))
    #expect(refusal(archive + [UInt8](repeating: 0, count: 511) + [1]).contains("behind it"))
    #expect(refusal([UInt8](repeating: 0, count: 1024)) == "reading the bundle: it is empty")
    var changed = archive
    changed[0] = UInt8(ascii: "x")
    #expect(refusal(changed).contains("checksum"))
    changed = archive
    changed[600] = 1
    #expect(refusal(changed).contains("garbage stands behind conf.d/10.json5"))
    let twice = archive.prefix(1024) + archive
    #expect(refusal(Array(twice)).contains("conf.d/10.json5 is in it twice"))
    let large = BundleLimits.bytes + 512
    #expect(refusal([UInt8](repeating: 0, count: large)).contains("more than"))
    #expect(
      refusal(Array(archive.prefix(512)) + [UInt8](repeating: 255, count: 512)).contains("garbage"))
  }

  @Test func `no byte of an archive changed makes the reader trap`() throws {
    let archive = try BundleArchive.write(Self.files)
    for index in archive.indices {
      for value: UInt8 in [0, 0x37, 0xFF] where archive[index] != value {
        var changed = archive
        changed[index] = value
        _ = try? BundleArchive.read(changed)
      }
    }
    for count in stride(from: 0, to: archive.count, by: 512) {
      #expect(throws: BundleRefusal.self) { try BundleArchive.read(Array(archive.prefix(count))) }
    }
  }
}
