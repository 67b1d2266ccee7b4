// The receiver of the published recipe: what head office does with an event of ours.

import Events
import Foundation
import OpenSSLEdge
import Primitives
import Testing

/// A receiver as a MES developer writes it in an afternoon, word for word from the description.
private let receiver = """
  import base64, hashlib, json, sys
  import jwt.api_jws
  from jwt.algorithms import ECAlgorithm

  published = json.load(open(sys.argv[1]))["keys"]
  keys = {k["kid"]: ECAlgorithm.from_jwk(json.dumps(k)) for k in published}
  previous, last = b"\\0" * 32, 0
  for raw in open(sys.argv[2], "rb").read().splitlines():
      try:
          e = json.loads(raw); h, _, sig = e.pop("jws").split(".")
          canon = json.dumps(e, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
          b64 = base64.urlsafe_b64encode(canon).rstrip(b"=").decode()
          header = json.loads(base64.urlsafe_b64decode(h + "=" * (-len(h) % 4)))
          assert sorted(header) == ["alg", "kid"]
          jwt.api_jws.PyJWS().decode(f"{h}.{b64}.{sig}", keys[header["kid"]], algorithms=["ES256"])
          assert int(e["sequence"]) == last + 1, "sequence"
          chained = base64.urlsafe_b64encode(previous).rstrip(b"=").decode()
          assert chained == e["previousdigest"], "chain"
          print("ok", int(e["sequence"]), e["type"])
          previous, last = hashlib.sha256(raw).digest(), last + 1
      except Exception as error:
          print("refused", type(error).__name__)
  """

private func python(_ arguments: [String]) throws -> (status: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["python3"] + arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let output = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}

private let hasReceiver = (try? python(["-c", "import jwt, cryptography"]))?.status == 0

@Suite("A receiver that is not ours")
struct ReceiverTests {
  private func sealed(_ notary: inout ES256Notary) throws -> [[UInt8]] {
    var chain = try testChain()
    let source = try testSource()
    var drafts = [testDraft(1), testDraft(2, type: .stopEnded)]
    drafts.append(
      EventDraft.gatewayStopped(
        source, at: testStamp, version: "Ü 🏭 \u{1} \u{2028} \"\\/\u{7F}",
        configurationDigest: "日本", why: "line\nbreak\tand € \u{8}\u{C}\r"))
    drafts.append(
      EventDraft.eventsDropped(
        source, at: testStamp,
        Loss(range: .sequences(1, through: .max), count: 3, place: "journal", why: "full")))
    var events: [[UInt8]] = []
    for draft in drafts {
      events.append(try chain.seal(draft, reading: testReading, notary: &notary).bytes)
    }
    return events
  }

  @Test(.enabled(if: hasReceiver, "python3 with jwt and cryptography is not installed"))
  func `F56: PyJWT verifies the signature, the sequence and the chain of every event`() throws {
    var notary = try ES256Notary.ephemeral(keyID: "gw17-2026a")
    var events = try sealed(&notary)
    events.append(
      Array(
        String(decoding: events[0], as: UTF8.self)
          .replacing("\"goodQuantity\":1,", with: "\"goodQuantity\":7,").utf8))
    let place = NSTemporaryDirectory() + "takt-receiver-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: place) }
    try notary.jwks().write(to: place + "/jwks.json")
    let lines = Data(events.joined(separator: [UInt8(ascii: "\n")]))
    try lines.write(to: URL(fileURLWithPath: place + "/events.jsonl"))
    let told = try python(["-c", receiver, place + "/jwks.json", place + "/events.jsonl"])
    #expect(
      told.output == """
        ok 1 takt.production.count.v1
        ok 2 takt.stop.ended.v1
        ok 3 takt.gateway.stopped.v1
        ok 4 takt.events.dropped.v1
        refused InvalidSignatureError

        """)
  }

  @Test func `our own verifier agrees, with real keys`() throws {
    var notary = try ES256Notary.ephemeral(keyID: "gw17-2026a")
    let events = try sealed(&notary)
    let keys = try JWKSVerifier(notary.jwks())
    var verifier = EventVerifier()
    for (number, event) in zip(UInt64(1)..., events) {
      guard case .accepted(let accepted) = verifier.check(event, verifier: keys) else {
        Issue.record("event \(number) was not accepted")
        continue
      }
      #expect(accepted.sequence == number)
    }
    var strangers = EventVerifier()
    let stranger = try JWKSVerifier(try ES256Notary.ephemeral(keyID: "other").jwks())
    #expect(
      strangers.check(events[0], verifier: stranger).finding?.description
        == #"checking event 1: signed with key "gw17-2026a", which is not known here"#)
  }
}
