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
      let keys = try KeyFile.verifier(options.required("jwks"))
      let rules = ReceiveLedger.Rules(
        completeness: options.has("filtered") ? .filtered : .complete,
        isStrict: options.has("strict"), isQuiet: options.has("quiet"))
      let context = try tls(options)
      let ledger = try ReceiveLedger(path: options.required("out"), keys: keys, rules: rules)
      let (signals, listener) = try open(address)
      let name = HostAndPort(host: address.host, port: listener.port)
      StandardStream.error.line("listening on https://\(name)")
      let delay = mischief.delay
      var server = ReceiveServer(
        context: context, listener: listener, signals: signals,
        desk: ReceiveDesk(ledger: ledger, mischief: mischief, digest: keys.digest), delay: delay)
      server.run(until: limit) { StandardStream.output.line($0) }
      StandardStream.output.line(server.tally.text)
      return server.tally.isClean ? .ok : .unverified
    }
  }
}
