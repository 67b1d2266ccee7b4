// Reads configuration files: the main one, the fragments beside it and the profiles that machines
// name. No judgement here.

import Glibc
import Settings

/// Reads a configuration: `takt.json5`, and `conf.d/*.json5` and `profiles/*.json5` beside it.
enum ConfigurationFiles {
  static let defaultPath = "/etc/takt/takt.json5"

  /// The main file and its fragments in the order of their names, or why one could not be read.
  static func read(_ path: String) throws(UnreadableFile) -> [ConfigurationFile] {
    var files = [try file(path)]
    let directory = directory(of: path)
    for name in try names(in: directory) { files.append(try file("\(directory)/\(name)")) }
    return files
  }

  /// The configuration files of an unpacked bundle, in the order of their names.
  static func overlay(_ directory: String) throws(UnreadableFile) -> [ConfigurationFile] {
    var files: [ConfigurationFile] = []
    for place in [directory, "\(directory)/conf.d"] {
      for name in try names(in: place) { files.append(try file("\(place)/\(name)")) }
    }
    return files
  }

  /// Reads the profiles that are asked for and checks everything; what is not there is not given.
  /// Those of a bundle take the place of local ones with the same names.
  static func check(
    _ draft: ConfigurationDraft, overlay: String? = nil
  ) throws(UnreadableFile) -> ConfigurationOutcome {
    guard !draft.profileNames.isEmpty else { return draft.check(profiles: [], shelf: []) }
    var pathByName: [String: String] = [:]
    let places = [draft.profileDirectory] + (overlay.map { ["\($0)/profiles"] } ?? [])
    for place in places {
      for name in try names(in: place) { pathByName[String(name.dropLast(6))] = "\(place)/\(name)" }
    }
    var profiles: [ConfigurationFile] = []
    for name in draft.profileNames {
      if let path = pathByName[name] { profiles.append(try file(path)) }
    }
    return draft.check(profiles: profiles, shelf: pathByName.keys.sorted())
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "conf.d" }
    return String(path[...slash]) + "conf.d"
  }

  /// Names of files; no directory means none, hidden files and other endings are left alone.
  private static func names(in directory: String) throws(UnreadableFile) -> [String] {
    var status = stat()
    guard stat(directory, &status) == 0 else {
      if errno == ENOENT { return [] }
      throw UnreadableFile("reading the directory", directory, errno)
    }
    guard let stream = opendir(directory) else {
      throw UnreadableFile("reading the directory", directory, errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".json5"), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private static func file(_ path: String) throws(UnreadableFile) -> ConfigurationFile {
    var status = stat()
    guard stat(path, &status) == 0 else { throw UnreadableFile("opening", path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw UnreadableFile("opening", path, reason: "it is no regular file")
    }
    guard status.st_size <= SettingsLimits.fileBytes else {
      throw UnreadableFile(
        "reading", path, reason: "it has more than \(SettingsLimits.fileBytes) bytes")
    }
    let bytes = try contents(path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw UnreadableFile("reading", path, reason: "it is not UTF-8; save it as UTF-8 text")
    }
    return ConfigurationFile(path: path, text: text)
  }

  /// The bytes of a file, one more than allowed at most.
  private static func contents(_ path: String) throws(UnreadableFile) -> [UInt8] {
    guard let stream = fopen(path, "re") else { throw UnreadableFile("opening", path, errno) }
    defer { fclose(stream) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= SettingsLimits.fileBytes {
      let count = fread(&chunk, 1, chunk.count, stream)
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    guard ferror(stream) == 0 else { throw UnreadableFile("reading", path, EIO) }
    return bytes
  }
}

/// A file that could not be read, as a sentence.
struct UnreadableFile: Error, CustomStringConvertible {
  var description: String

  init(_ operation: String, _ path: String, _ code: Int32) {
    self.init(operation, path, reason: String(cString: strerror(code)))
  }

  init(_ operation: String, _ path: String, reason: String) {
    description = "\(operation) \(path): \(reason)"
  }
}

/// Reads and checks the configuration at a path, for `takt check` and `takt run`.
func loadConfiguration(path: String) -> Result<ConfigurationOutcome, UnreadableFile> {
  do {
    let draft = ConfigurationDraft(try ConfigurationFiles.read(path))
    return .success(try ConfigurationFiles.check(draft))
  } catch {
    return .failure(error)
  }
}
