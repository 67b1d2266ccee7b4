// What differs between two effective configurations, as paths and values.
//
// Invariants
// - Things with names are compared by name, whatever their order; other lists as wholes.
// - A thing that only one side has is one line, not a line for each of its settings.

public import Primitives

/// One setting, or one thing, that differs.
public struct SettingsDifference: Equatable, Sendable {
  /// `machines[press-1].signals[good].at`.
  public var path: String
  /// nil where it is new.
  public var before: JSONValue?
  /// nil where it is gone.
  public var after: JSONValue?

  /// One line: `~ path: before -> after`, `+ path: value` or `- path`.
  public var text: String {
    switch (before, after) {
    case (nil, let after?): "+ \(path): \(Self.short(after))"
    case (_?, nil): "- \(path)"
    case (let before?, let after?): "~ \(path): \(Self.short(before)) -> \(Self.short(after))"
    case (nil, nil): path
    }
  }

  private static func short(_ value: JSONValue) -> String {
    let text = value.canonicalText
    return text.count > 120 ? text.prefix(117) + "..." : text
  }

  /// What leads from one plan to another.
  public static func between(_ before: SitePlan, _ after: SitePlan) -> [SettingsDifference] {
    guard let left = try? JSONValue(parsing: before.digestInput),
      let right = try? JSONValue(parsing: after.digestInput)
    else { return [] }
    return differences(left, right, "")
  }

  private static func differences(
    _ left: JSONValue, _ right: JSONValue, _ path: String
  ) -> [SettingsDifference] {
    if left == right { return [] }
    if let before = left.object, let after = right.object {
      return members(before, after) { Path.member(path, $0) }
    }
    if let before = named(left), let after = named(right) {
      return members(before, after) { "\(path)[\($0)]" }
    }
    return [SettingsDifference(path: path, before: left, after: right)]
  }

  private static func members(
    _ before: [String: JSONValue], _ after: [String: JSONValue], _ path: (String) -> String
  ) -> [SettingsDifference] {
    Set(before.keys).union(after.keys).sorted().flatMap { name in
      switch (before[name], after[name]) {
      case (let left?, let right?): differences(left, right, path(name))
      case (let left, let right):
        [SettingsDifference(path: path(name), before: left, after: right)]
      }
    }
  }

  /// The elements of a list by their names, if each has one of its own.
  private static func named(_ list: JSONValue) -> [String: JSONValue]? {
    guard let elements = list.array else { return nil }
    var byName: [String: JSONValue] = [:]
    for element in elements {
      guard let name = element["name"]?.string ?? element["code"]?.string,
        byName.updateValue(element, forKey: name) == nil
      else { return nil }
    }
    return byName
  }
}
