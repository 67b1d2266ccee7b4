// takt receive: a receiver for the bench, and for commissioning without head office.

import Delivery
import Events
import LinuxEdge
import OpenSSLEdge
import Primitives

enum ReceiveCommand {
  static let usage = CommandUsage(
    name: "receive", summary: "be a receiver for the bench: verify, store, show events",
    options: [
      .required("listen", "HOST:PORT", "where to listen; port 0 takes a free one"),
      .required("certificate", "FILE", "this receiver's certificate chain in PEM form"),
      .required("key", "FILE", "its private key, readable by its owner only"),
      .required("jwks", "FILE", "the public keys of the gateways"),
      .required("out", "FILE", "where events are appended, one a line"),
      .value("client-ca", "FILE", "demand client certificates of this authority"),
      .switch("filtered", "expect only some of the events; Takt-Previous tells what is missing"),
      .switch("strict", "refuse what is out of its place instead of storing it"),
      .value("fail", "STATUS", "answer this status without storing"),
      .value("rate", "SHARE", "the share of requests that fail", default: "1"),
      .value("drop-answers", "SHARE", "store, then close without an answer", default: "0"),
      .value("delay", "TIME", "hold every answer back", default: "0s"),
      .value("seed", "NUMBER", "what the shares are drawn from", default: "1"),
      .value("events", "NUMBER", "end when FILE holds this many events"),
      .switch("quiet", "print no line for events that are right"),
    ],
    notes: [
      """
      Every event is checked for its form, its signature and its place in the chain, then written
      durably before the answer. A second copy is dropped. A bad signature is answered with 422
      (207 when its neighbours are right). A gap is reported loudly and stored, since the receiver
      cannot know why; with --strict it is answered with 503 until the missing events came.
      """,
      """
      SIGTERM or Control-C ends it with a summary. FILE is continued at the next start.
      """,
    ],
    exits: [.ok, .unverified, .configuration, .storage, .internal, .network])

  static func run(_ arguments: [String]) -> Int32 {
    usage.run(arguments) { options throws(CommandFault) in
      let mischief = try mischief(options)
      let limit: Int? = try options.integer("events", in: 1...1_000_000_000)
      guard let address = HostAndPort(text: options.required("listen")) else {
        throw .usage("--listen \"\(options.required("listen"))\" is no HOST:PORT")
      }
      let keys = try KeysOnDisk(options.required("jwks"))
      let rules = ReceiveLedger.Rules(
        completeness: options.has("filtered") ? .filtered : .complete,
        isStrict: options.has("strict"), isQuiet: options.has("quiet"))
      let context = try tls(options)
      let ledger = try ReceiveLedger(path: options.required("out"), keys: keys, rules: rules)
      let desk = ReceiveDesk(ledger: ledger, mischief: mischief, digest: keys.digest)
      var server = try ReceiveServer(
        address: address, context: context, desk: desk, delay: mischief.delay)
      let name = HostAndPort(host: address.host, port: server.port)
      StandardStream.error.line("listening on https://\(name)")
      server.run(until: limit) { StandardStream.output.line($0) }
      StandardStream.output.line(server.tally.text)
      return server.tally.isClean ? .ok : .unverified
    }
  }
}

extension ReceiveCommand {
  private static func mischief(
    _ options: CommandLineOptions
  ) throws(CommandFault) -> ReceiveMischief {
    let status: Int? = try options.integer("fail", in: 200...599)
    if options.has("rate"), status == nil {
      throw .usage("--rate says how often to fail; say with which status: --fail 503")
    }
    let delay = try options.duration("delay") ?? .zero
    guard delay <= ReceiveLimits.longestDelay else {
      throw .usage("--delay may be \(ReceiveLimits.longestDelay.text) at most")
    }
    return ReceiveMischief(
      failStatus: status, failRate: try options.rate("rate") ?? 1,
      dropRate: try options.rate("drop-answers") ?? 0, delay: delay,
      seed: try options.integer("seed", in: 0...UInt64.max) ?? 1)
  }

  private static func tls(
    _ options: CommandLineOptions
  ) throws(CommandFault) -> TLSServerContext {
    do throws(TLSSettingsFault) {
      return try TLSServerContext(
        certificateFile: options.required("certificate"), keyFile: options.required("key"),
        clientCAFile: options.text("client-ca"))
    } catch {
      throw CommandFault(.configuration, error.description)
    }
  }
}
