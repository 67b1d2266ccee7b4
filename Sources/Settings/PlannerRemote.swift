// Remote configuration of the plan.

import Primitives

/// Whose bundles are taken, from where, and how they are watched.
public struct RemotePlan: Equatable, Sendable {
  /// A key and what people call it.
  public struct Key: Equatable, Sendable {
    public var name: String
    public var key: BundleKey
  }

  /// A bundle on a server; its signature has the same path with `.minisig`.
  public struct Pull: Equatable, Sendable {
    public var host: String
    public var port: UInt16
    public var path: String
    public var interval: Duration
    /// PEM of the issuers that are trusted; nil for those of the system.
    public var caFile: String?
  }

  public var keys: [Key]
  public var root: BundleKey?
  public var group: String?
  public var inbox: String
  public var probation: Duration
  public var pull: Pull?
}

extension Planner {
  func remote() -> RemotePlan? {
    guard let record = root.record("remote") else { return nil }
    let state = root.record("gateway")?.text("stateDirectory") ?? ""
    return RemotePlan(
      keys: record.records("keys").compactMap { entry in
        entry.text("key").flatMap { BundleKey(text: $0) }
          .map { RemotePlan.Key(name: entry.text("name") ?? "", key: $0) }
      },
      root: record.text("root").flatMap { BundleKey(text: $0) }, group: record.text("group"),
      inbox: record.text("inbox") ?? state + "/inbox",
      probation: record.duration("probation") ?? .seconds(60),
      pull: record.record("pull").flatMap { pull in
        pull.web("url").map { web in
          RemotePlan.Pull(
            host: web.host, port: web.port, path: web.path,
            interval: pull.duration("interval") ?? .seconds(900), caFile: pull.text("caFile"))
        }
      })
  }
}

extension ConfigurationDraft {
  /// Who this gateway is and whom it believes, whatever else is wrong with the files; nil when they
  /// do not say that much.
  public func identity() -> (gateway: GatewaySettings, remote: RemotePlan?)? {
    guard let root, case .object(let members) = root.content else { return nil }
    let local = members.filter { Vocabulary.localMembers.contains($0.name) }
    let table = Table(
      "identity", "Who this gateway is and whom it believes.",
      Vocabulary.root.members.filter { Vocabulary.localMembers.contains($0.name) })
    var reader = Reader(mistakes: MistakeList(files: []))
    let record = reader.record(Node(place: root.place, content: .object(local)), table, path: "")
    var rules = Rules(root: record, mistakes: reader.mistakes)
    rules.remote()
    guard !rules.mistakes.hasErrors else { return nil }
    let planner = Planner(record)
    return (planner.gateway(record.record("gateway")), planner.remote())
  }
}
