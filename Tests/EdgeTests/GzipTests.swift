// What we pack, Debian's own gzip unpacks to the same bytes.

import Delivery
import Foundation
import Primitives
import Testing

@Suite struct `Packed bytes` {
  /// Through `gzip -dc`; nil when it does not take them.
  private func unpacked(_ bytes: [UInt8]) throws -> [UInt8]? {
    let file = FileManager.default.temporaryDirectory
      .appending(path: "takt-gzip-\(UUID().uuidString)")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/bin/gzip")
    gzip.arguments = ["-dc"]
    gzip.standardInput = try FileHandle(forReadingFrom: file)
    let output = Pipe()
    gzip.standardOutput = output
    gzip.standardError = FileHandle.nullDevice
    try gzip.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    gzip.waitUntilExit()
    return gzip.terminationStatus == 0 ? Array(data) : nil
  }

  @Test func `are what they were: nothing, one byte, noise, runs, every length and distance`()
    throws
  {
    var chance = SeededGenerator(seed: 11)
    let noise = (0..<70_000).map { _ in UInt8.random(in: 0...255, using: &chance) }
    var cases: [[UInt8]] = [[], [7], Array(noise.prefix(3)), Array(noise.prefix(5)), noise]
    cases.append([UInt8](repeating: 65, count: 100_000))
    // The same piece again after growing distances, in every length.
    var distances = noise
    for step in 0..<300 {
      let length = 3 + step % 258
      let back = min(distances.count, 1 + step * 110)
      let start = distances.count - back
      for index in 0..<length { distances.append(distances[start + index % back]) }
      distances.append(UInt8.random(in: 0...255, using: &chance))
    }
    cases.append(distances)
    for bytes in cases {
      #expect(try unpacked(Gzip.packed(bytes)) == bytes, "\(bytes.count) bytes")
    }
  }

  @Test func `are what they were for any mixture, and a batch of events shrinks to a third`() throws
  {
    for seed in 0..<30 as Range<UInt64> {
      var chance = SeededGenerator(seed: seed)
      var bytes: [UInt8] = []
      while bytes.count < 20_000 {
        if bytes.count > 10, Bool.random(using: &chance) {
          let start = Int.random(in: 0..<bytes.count, using: &chance)
          let end = min(bytes.count, start + Int.random(in: 1...400, using: &chance))
          bytes += Array(bytes[start..<end])
        } else {
          bytes += (0..<Int.random(in: 1...40, using: &chance)).map { _ in
            UInt8.random(in: 0...255, using: &chance)
          }
        }
      }
      #expect(try unpacked(Gzip.packed(bytes)) == bytes, "seed \(seed)")
    }
    var chance = SeededGenerator(seed: 1)
    let batch = (1...100).map { number in
      let signature = (0..<64).map { _ in UInt8.random(in: 0...255, using: &chance) }
      return "{\"bootid\":\"922c6177-8bf9-420b-8382-314dd68c0cee\",\"clock\":\"synchronised\","
        + "\"data\":{\"durationMs\":\(4500 + number),\"category\":\"unplanned\","
        + "\"classified\":true},\"id\":\"gw-demo-1682d6ac-\(10_000_000 + number)\","
        + "\"jws\":\"\(Base64.encode(signature))\","
        + "\"source\":\"urn:isa95:acme:vienna:stamping:line1:press-2\",\"specversion\":\"1.0\","
        + "\"time\":\"2026-11-21T04:53:19.\(100 + number)Z\",\"type\":\"takt.stop.ended.v1\"}"
    }
    let bytes = Array("[\(batch.joined(separator: ","))]".utf8)
    let packed = Gzip.packed(bytes)
    #expect(packed.count * 3 < bytes.count, "\(bytes.count) to \(packed.count)")
    #expect(try unpacked(packed) == bytes)
  }
}
