// The directory of bundles: a process that ends before any of its steps leaves a state from which
// the next one works.

import Foundation
import LinuxEdge
import Primitives
import Settings
import Synchronization
import Testing

@testable import takt

@Suite("Kept bundles") struct BundleStoreTests {
  private func scratch(_ work: (String) throws -> Void) throws {
    let directory =
      FileManager.default.temporaryDirectory.path + "/takt-\(UInt32.random(in: 0 ... .max))"
    try Files.makeDirectory(directory)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try work(directory)
  }

  /// Takes a bundle as the inbox does: unpack, ratchet, trial.
  private func take(_ text: String, _ serial: UInt64, _ site: GateSite, _ store: BundleStore) throws
  {
    var site = site
    site.gate.trust = try store.trust()
    let file = try GateSite.archive(text)
    let bundle = try site.judge(file, try site.office.sign(file, GateSite.comment(serial)))
    guard case .files(let files) = bundle.content else { return }
    let kept = KeptBundle(bundle, at: GateSite.noon)
    try store.stage(files, kept)
    try store.write(site.gate.taking(bundle))
    var current = try store.current()
    guard current.good != kept.name else { return }
    current.begin(kept.name, by: "inbox", at: GateSite.noon)
    try store.write(current)
    current.confirm()
    try store.write(current)
    try store.prune(keeping: current)
  }

  @Test func `F51: an end before any step of taking a bundle leaves the old or the new one`() throws
  {
    let site = try GateSite()
    var isThrough = false
    for step in 1...40 where !isThrough {
      try scratch { directory in
        let whole = BundleStore(state: directory)
        try take("{ health: { interval: \"2min\" } }", 42, site, whole)
        var dying = whole
        let count = Mutex(0)
        dying.before = { name throws(LinuxFault) in
          let number = count.withLock { value in
            value += 1
            return value
          }
          if number == step { throw LinuxFault(name, reason: "the power went") }
        }
        do {
          try take("{ health: { interval: \"3min\" } }", 43, site, dying)
          isThrough = true
        } catch is LinuxFault {}
        // The next process: what holds is whole, and the same bundle goes through.
        let good = try #require(try whole.current().good)
        let source = try whole.source(good, local: "/etc/takt/takt.json5")
        let text = try Files.read("\(try #require(source.overlay))/conf.d/10.json5")
        #expect(
          text == Array("{ health: { interval: \"\(source.serial == 42 ? 2 : 3)min\" } }".utf8))
        if isThrough { #expect(source.serial == 43) }
        try take("{ health: { interval: \"3min\" } }", 43, site, whole)
        #expect(try whole.source(whole.current().good, local: "").serial == 43)
        #expect(try Set(whole.list().map(\.serial)) == [42, 43])
      }
    }
    #expect(isThrough)
  }

  @Test func `a number that was unpacked and never taken makes way for another content`() throws {
    let site = try GateSite()
    try scratch { directory in
      let store = BundleStore(state: directory)
      for text in ["{ health: {} }", "{ publish: {} }"] {
        let file = try GateSite.archive(text)
        let bundle = try site.judge(file, try site.office.sign(file, GateSite.comment(7)))
        guard case .files(let files) = bundle.content else { return }
        try store.stage(files, KeptBundle(bundle, at: GateSite.noon))
        let name = bundle.directoryName
        #expect(try Files.read("\(store.path(name))/conf.d/10.json5") == Array(text.utf8))
      }
    }
  }

  @Test func `what nobody goes back to is removed, what held before stays`() throws {
    let site = try GateSite()
    try scratch { directory in
      let store = BundleStore(state: directory)
      for serial in UInt64(1)...UInt64(BundleCurrent.kept + 5) {
        try take("{ health: { interval: \"\(serial)min\" } }", serial, site, store)
      }
      let serials = try store.list().map(\.serial)
      #expect(serials == Array(6...15))
    }
  }

  @Test func `a damaged memory of keys stops bundles, a damaged list of what holds says so`() throws
  {
    try scratch { directory in
      let store = BundleStore(state: directory)
      try store.write(BundleTrust())
      try Files.replace(store.path("trust.json"), with: Array("{}".utf8))
      #expect(throws: LinuxFault.self) { try store.trust() }
      try Files.replace(store.path("current.json"), with: Array("{\"version\":1".utf8))
      #expect(throws: LinuxFault.self) { try store.current() }
      try Files.replace(
        store.path("current.json"),
        with: Array("{\"version\":1,\"good\":\"../../etc\",\"history\":[]}".utf8))
      #expect(throws: LinuxFault.self) { try store.current() }
    }
  }

  @Test func `the memory of keys is read as it was written`() throws {
    var site = try GateSite()
    let file = try GateSite.archive()
    try site.take(file, try site.office.sign(file, GateSite.comment(43)))
    let statement = KeyStatementText.write([try Office().known, try Office().known])
    try site.take(statement, try site.root.sign(statement, GateSite.comment(1, kind: .keys)))
    #expect(BundleTrust(bytes: site.gate.trust.bytes) == site.gate.trust)
  }
}

@Suite("Configurations on trial") struct BundleCurrentTests {
  private let noon = GateSite.noon

  @Test func `F51: what ends the program three times is given up, what held before holds`() throws {
    var current = BundleCurrent()
    current.begin("42-0011223344556677", by: "inbox", at: noon)
    current.confirm()
    current.begin("43-0011223344556677", by: "inbox", at: noon)
    for start in 2...BundleCurrent.triesAtMost {
      current = try #require(BundleCurrent(bytes: current.bytes))
      #expect(current.good == "42-0011223344556677")
      #expect(current.resume(at: noon)?.tries == start)
    }
    current = try #require(BundleCurrent(bytes: current.bytes))
    #expect(current.resume(at: noon) == nil)
    #expect(current.trial == nil)
    #expect(current.good == "42-0011223344556677")
    #expect(current.failure?.name == "43-0011223344556677")
    #expect(current.failure?.why == "the gateway ended 3 times while it was tried")
    #expect(BundleCurrent(bytes: current.bytes) == current)
  }

  @Test func `what held is remembered in its order, each once, and the local files too`() {
    var current = BundleCurrent()
    for serial in [1, 2, 3, 2] {
      current.begin("\(serial)-0011223344556677", by: "inbox", at: noon)
      current.confirm()
    }
    #expect(current.good == "2-0011223344556677")
    #expect(current.history == [nil, "1-0011223344556677", "3-0011223344556677"])
    current.begin(nil, by: "anna", at: noon)
    current.fail("no unit in contact", at: noon)
    #expect(current.good == "2-0011223344556677")
    #expect(current.failure?.name == nil)
  }
}
