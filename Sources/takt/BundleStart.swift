// With which configuration a start begins: what holds by `current.json`, or what still can be used.
//
// Invariants
// - Never nothing: the last good one, the ones before it, and in the end the local files alone.
// - A gateway whose local files name no "remote" runs its local files, whatever is kept.

import LinuxEdge
import Primitives
import Settings

/// Who this gateway is, from its local files alone.
enum LocalTrust {
  static func read(
    _ path: String
  ) throws(CommandFault) -> (gateway: GatewaySettings, remote: RemotePlan?) {
    do throws(UnreadableFile) {
      guard let identity = ConfigurationDraft(try ConfigurationFiles.read(path)).identity() else {
        throw UnreadableFile(
          "reading", path, reason: "\"gateway\" or \"remote\" is not right; \"takt check\" says why"
        )
      }
      return identity
    } catch {
      throw CommandFault(.configuration, error.description)
    }
  }
}

enum BundleStart {
  /// Wires the first source that can be used, and says why those before it could not.
  static func begin<Wired>(
    _ path: String, _ wire: (ConfigurationSource) throws(CommandFault) -> Wired
  ) throws(CommandFault) -> Wired {
    let (sources, notes) = sources(path)
    for note in notes { Log().line(.warning, .bundleRefused, note) }
    for source in sources.dropLast() {
      do throws(CommandFault) {
        return try wire(source)
      } catch {
        Log().line(
          .warning, .bundleRefused, "configuration: \(source.text) cannot be used: \(error.text)")
      }
    }
    return try wire(sources.last ?? ConfigurationSource(path: path))
  }

  /// What to run, in the order in which to try it; the last one is always the local files alone.
  /// `notes` are sentences for the log.
  static func sources(_ path: String) -> (sources: [ConfigurationSource], notes: [String]) {
    let local = ConfigurationSource(path: path)
    guard let (gateway, remote) = try? LocalTrust.read(path), remote != nil else {
      return ([local], [])
    }
    let store = BundleStore(state: gateway.stateDirectory)
    do throws(LinuxFault) {
      let current = try store.current()
      var (sources, notes): ([ConfigurationSource], [String]) = ([], [])
      for name in [current.good] + current.history.reversed() {
        guard let name else { break }
        do throws(LinuxFault) {
          sources.append(try store.source(name, local: path))
        } catch {
          notes.append("configuration: \(error.description)")
        }
      }
      return (sources + [local], notes)
    } catch {
      return ([local], ["configuration: \(error.description); the local files hold"])
    }
  }
}
