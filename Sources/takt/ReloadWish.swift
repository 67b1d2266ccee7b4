// What somebody wants applied, and what came of reading it.

import Gateway
import LinuxEdge
import Primitives
import Settings

/// A configuration that somebody wants.
struct ReloadWish: Sendable {
  var source: ConfigurationSource
  /// Who wants it, for events.
  var by: String
  /// Set when it takes another one back: its design is at hand, and why.
  var back: (design: SiteDesign, why: String)?
}

/// What reading a configuration came to.
enum ReloadReading: Sendable {
  /// It cannot be used; with each mistake where it stands.
  case unusable(why: String, mistakes: [String], digest: String?)
  /// It says what runs already.
  case same(digest: String)
  case ready(SiteDesign, SiteChange)
}

/// Reads, checks and compares away from the main thread, so that the watchdog and the status go on.
enum ReloadReader {
  /// A checker goes down as deep as the files are nested.
  static let stackBytes = 8 << 20

  /// Starts to read; the answer is posted, and then the bell rings.
  static func start(
    _ wish: ReloadWish, beside running: SiteDesign, _ board: Board<ReloadReading?>, _ bell: WakeUp
  ) throws(LinuxFault) {
    _ = try NamedThread(name: "reload", stackBytes: stackBytes) {
      board.post(read(wish, beside: running))
      HeapMemory.giveBack()
      bell.signal()
    }
  }

  private static func read(
    _ wish: ReloadWish, beside running: SiteDesign
  ) -> ReloadReading {
    if let back = wish.back {
      return .ready(back.design, SiteChange(from: running.whole, to: back.design.whole))
    }
    switch loadConfiguration(source: wish.source) {
    case .failure(let fault):
      return .unusable(why: fault.description, mistakes: [], digest: nil)
    case .success(let outcome):
      guard let configuration = outcome.configuration else {
        let mistakes = outcome.errors.map(\.description)
        let count = mistakes.count == 1 ? "a mistake" : "\(mistakes.count) mistakes"
        return .unusable(
          why: "\(wish.source.text) has \(count)", mistakes: mistakes, digest: nil)
      }
      return compare(configuration, wish.source, running)
    }
  }

  private static func compare(
    _ configuration: Configuration, _ source: ConfigurationSource, _ running: SiteDesign
  ) -> ReloadReading {
    let before = running.whole
    let design: SiteDesign
    do throws(CommandFault) {
      design = try SiteDesign(configuration.plan(beside: before), from: source)
    } catch {
      return .unusable(why: error.text, mistakes: [], digest: nil)
    }
    guard design.digest != running.digest else { return .same(digest: design.digest) }
    let change = SiteChange(from: before, to: design.whole)
    guard change.refused.isEmpty else {
      return .unusable(
        why: "restart the service to change \(change.refused.joined(separator: ", ")); "
          + "nothing of \(source.text) was applied",
        mistakes: [], digest: design.digest)
    }
    return .ready(design, change)
  }
}
