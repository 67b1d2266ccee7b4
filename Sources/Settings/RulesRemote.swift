// Keys of remote configuration must be keys, and different ones.

extension Rules {
  mutating func remote() {
    guard let remote = root.record("remote") else { return }
    var seen: [String: String] = [:]
    let list = remote.records("keys")
    if list.isEmpty || list.count > BundleLimits.keys {
      mistakes.error(
        remote.place(of: "keys"), remote.path(of: "keys"), "found \(list.count) keys",
        "1 to \(BundleLimits.keys)")
    }
    let named = list.map { ($0, "key", $0.text("name") ?? "") } + [(remote, "root", "the root key")]
    for (record, member, name) in named {
      guard let text = record.text(member) else { continue }
      guard BundleKey(text: text) != nil else {
        mistakes.error(
          record.place(of: member), record.path(of: member),
          "\(Words.quoted(text)) is no public key of minisign",
          "the second line of its .pub file, 56 characters from \"RW\" on")
        continue
      }
      if let first = seen.updateValue(name, forKey: text) {
        mistakes.error(
          record.place(of: member), record.path(of: member),
          "it is the same key as that of \(first)",
          "different keys; the root key signs no bundles, so that it can stay offline")
      }
    }
  }
}
