// Mistakes that a technician makes at the machine, made for real: ports, cables, rights, files.

import Foundation
import Glibc
import LinuxEdge
import Primitives
import Testing

/// One mistake at a site that is right otherwise.
struct SiteMistake: Sendable, CustomTestStringConvertible {
  var name: String
  /// The line that tells it, in parts.
  var words: [String]
  /// Beside --config.
  var options: @Sendable (RunSite) -> [String] = { _ in [] }
  /// What starts the program, if it is not started by itself.
  var starter: [String] = []
  /// Makes the mistake; what it returns lives until the doctor has looked.
  var arrange: @Sendable (RunSite) throws -> [AnyObject]

  var testDescription: String { name }
}

extension RunSite {
  /// Replaces a part of the configuration.
  func change(_ right: String, _ wrong: String) throws {
    let path = scratch["takt.json5"]
    let text = String(decoding: try Files.read(path), as: UTF8.self)
    try #require(text.contains(right), "the mistake is made where it can be")
    try Files.replace(path, with: Array(text.replacingOccurrences(of: right, with: wrong).utf8))
  }

  /// Puts the machine on a serial line.
  func useSerial(_ device: String) throws {
    try change(
      "host: \"127.0.0.1\", port: \(plcPort)",
      "type: \"modbus-rtu\", device: \"\(device)\", baud: 9600")
  }
}

extension RunSite {
  /// Tokens from a service on this machine, with a secret of its own.
  func useTokens(_ port: UInt16) throws {
    try Files.create(scratch["secret"], with: Array("geheim\n".utf8), mode: 0o600)
    try change(
      "caFile:",
      "oauth: { tokenUrl: \"https://127.0.0.1:\(port)/token\", clientId: \"gw-1\", "
        + "clientSecretFile: \"\(scratch["secret"])\" }, caFile:")
  }
}

/// A server that says the same to everybody: a proxy, or over TLS a token service.
final class HTTPFace {
  private static let script = """
    import socket, ssl, sys
    server = socket.create_server(("127.0.0.1", 0))
    print("port", server.getsockname()[1], file=sys.stderr, flush=True)
    while True:
        peer, _ = server.accept()
        try:
            if len(sys.argv) > 2:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(sys.argv[2], sys.argv[3])
                peer = context.wrap_socket(peer, server_side=True)
            peer.recv(65536)
            peer.sendall(sys.argv[1].encode().decode("unicode_escape").encode())
        except OSError: pass
        peer.close()
    """
  private let program: RunningProgram
  let port: UInt16

  init(_ site: RunSite, _ answer: String, overTLS: Bool = false) throws {
    try Files.replace(site.scratch["face.py"], with: Array(Self.script.utf8))
    let files = overTLS ? [site.scratch["good.pem"], site.scratch["good.key"]] : []
    program = try RunningProgram(
      [site.scratch["face.py"], answer] + files, path: "/usr/bin/python3")
    let line = try #require(program.line(holding: "port "))
    port = try #require(line.split(separator: " ").last.flatMap { UInt16($0) })
  }
}

/// A port on loopback that drops what asks to connect, as a firewall does: its backlog is full.
final class DroppingPort {
  private let descriptor: Int32
  private var callers: [Int32] = []
  let port: UInt16

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let number = descriptor
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(number, $0, length) == 0 && listen(number, 0) == 0
          && getsockname(number, $0, &length) == 0
      }
    }
    try #require(isBound)
    port = UInt16(bigEndian: address.sin_port)
    for _ in 0..<4 {
      let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
      let caller = socket(AF_INET, Int32(kind), 0)
      _ = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(caller, $0, length) }
      }
      callers.append(caller)
    }
  }

  deinit { for number in callers + [descriptor] { close(number) } }
}

extension SiteMistake {
  static let field: [SiteMistake] = [
    SiteMistake(
      name: "the wrong port of the PLC",
      words: ["fail  bus hall: ", "onnection refused", "check port and host"]
    ) { site in
      let free = try BlackHole(listens: false)
      try site.change("port: \(site.plcPort)", "port: \(free.port)")
      return [free]
    },
    SiteMistake(
      name: "the host of another machine, which speaks something else",
      words: ["fail  unit hall/1: ", "check", "host and port"]
    ) { site in
      let receiver = try site.startReceiver()
      try site.change("port: \(site.plcPort)", "port: \(site.uplinkPort)")
      return [receiver]
    },
    SiteMistake(
      name: "a switch or firewall that drops everything to the PLC",
      words: ["fail  bus hall: connecting to 127.0.0.1:", "no answer within", "check host, power"]
    ) { site in
      let port = try DroppingPort()
      try site.change("port: \(site.plcPort)", "port: \(port.port)")
      return [port]
    },
    SiteMistake(
      name: "the name of the PLC misspelt", words: ["fail  bus hall: ", "plc-7.invalid", "host"]
    ) { site in
      try site.change(
        "name: \"hall\", host: \"127.0.0.1\"", "name: \"hall\", host: \"plc-7.invalid\"")
      return []
    },
    SiteMistake(
      name: "a unit number that nobody has",
      words: ["fail  unit hall/1: no answer within 200ms", "check power and unit number"]
    ) { site in
      site.plc.show { $0.isSilent = true }
      return []
    },
    SiteMistake(
      name: "an address as the manual counts it",
      words: ["fail  unit hall/1: answers, but refuses holding 40001: exception 2", "40001 in a "]
    ) { site in
      try site.change("at: \"holding 2\"", "at: \"holding 40003\"")
      try site.change(
        "{ name: \"run\", at: \"holding 0.0\"", "{ name: \"run\", at: \"holding 40001.0\"")
      try site.change("at: \"holding 1\"", "at: \"holding 40003\"")
      return []
    },
    SiteMistake(
      name: "two signals that share registers",
      words: ["warn  unit hall/1: fault (holding 1-2) and good (2) share registers", "off by one"]
    ) { site in
      try site.change("at: \"holding 1\"", "at: \"holding 1 u32\"")
      return []
    },
    SiteMistake(
      name: "a serial adapter that is not plugged in",
      words: ["fail  bus hall: there is no serial device /dev/serial/by-id/usb-none", "plug"]
    ) { site in
      try site.useSerial("/dev/serial/by-id/usb-none")
      return []
    },
    SiteMistake(
      name: "no rights on the serial adapter",
      words: ["fail  bus hall: nobody may not use ", "it belongs to group ", "usermod -a -G "],
      options: { _ in ["--user", "nobody"] }
    ) { site in
      let socat = try ScanPeers.terminals(site.scratch)
      try site.useSerial(site.scratch["near"])
      try #require(chmod(site.scratch["near"], 0o600) == 0)
      return [socat]
    },
    SiteMistake(
      name: "a terminal program that was left open on the adapter",
      words: ["fail  bus hall: process ", "has ", "open", "a line bears one master only"]
    ) { site in
      let socat = try ScanPeers.terminals(site.scratch)
      try site.useSerial(site.scratch["near"])
      let other = try RunningProgram(
        ["-c", "exec 3<>\"$0\"; echo ready >&2; read nothing <&3", site.scratch["near"]],
        path: "/bin/sh")
      try #require(other.line(holding: "ready") != nil)
      return [socat, other]
    },
    SiteMistake(
      name: "the wrong baud rate, which looks as a dead unit does",
      words: ["fail  unit hall/1: no answer within", "wrong baud rate or parity cannot be told "]
    ) { site in
      let socat = try ScanPeers.terminals(site.scratch)
      try site.useSerial(site.scratch["near"])
      return [socat]
    },
  ]

  static let upstream: [SiteMistake] = [
    SiteMistake(
      name: "the receiver is off, or the port is wrong",
      words: ["fail  uplink mes: ", "onnection refused", "nothing listens on port"]
    ) { _ in [] },
    SiteMistake(
      name: "a firewall or a proxy in the way to head office",
      words: ["fail  uplink mes: ", "no answer within", "a firewall drops it", "set proxy"]
    ) { site in
      let port = try DroppingPort()
      try site.change("127.0.0.1:\(site.uplinkPort)", "127.0.0.1:\(port.port)")
      return [port]
    },
    SiteMistake(
      name: "the name of the receiver misspelt",
      words: ["fail  uplink mes: ", "check url, /etc/resolv.conf"]
    ) { site in
      try site.change("https://127.0.0.1:", "https://mes.invalid:")
      return []
    },
    SiteMistake(
      name: "the authority of somebody else", words: ["fail  uplink mes: ", "issuer", "see caFile"]
    ) { site in
      try site.make("foreign", hosts: ["127.0.0.1"], isStranger: true)
      return [try site.startReceiver("foreign")]
    },
    SiteMistake(
      name: "a certificate that has expired", words: ["fail  uplink mes: ", "expired"]
    ) { site in
      try site.make("old", hosts: ["127.0.0.1"], toDays: -1)
      return [try site.startReceiver("old")]
    },
    SiteMistake(
      name: "a certificate of another host", words: ["fail  uplink mes: ", "other.example"]
    ) { site in
      try site.make("other", hosts: ["other.example"])
      return [try site.startReceiver("other")]
    },
    SiteMistake(
      name: "a certificate that ends next week",
      words: ["warn  uplink mes: ", "expires on", "within 7 days; renew it"]
    ) { site in
      try site.make("soon", hosts: ["127.0.0.1"], toDays: 5)
      return [try site.startReceiver("soon")]
    },
    SiteMistake(
      name: "the file of the authority forgotten",
      words: ["fail  uplink mes: there is no file ", "ca.pem", "bring it"]
    ) { site in
      try Files.remove(site.scratch["ca.pem"])
      return []
    },
    SiteMistake(
      name: "a token that everybody may read",
      words: [
        "fail  uplink mes: ", "token is a secret, and others may read it (mode 644)", "chmod 600",
      ]
    ) { site in
      try Files.create(site.scratch["token"], with: Array("abc".utf8), mode: 0o644)
      try #require(chmod(site.scratch["token"], 0o644) == 0)
      try site.change("caFile:", "bearerFile: \"\(site.scratch["token"])\", caFile:")
      return []
    },
  ]

  static let between: [SiteMistake] = [
    SiteMistake(
      name: "the wrong port of the proxy",
      words: ["fail  uplink mes: ", "onnection refused", "check host and port of proxy"]
    ) { site in
      let free = try BlackHole(listens: false)
      try site.change("caFile:", "proxy: { host: \"127.0.0.1\", port: \(free.port) }, caFile:")
      return [free]
    },
    SiteMistake(
      name: "a proxy that wants a password",
      words: ["fail  uplink mes: ", "answers 407", "credentials file", "check proxy"]
    ) { site in
      let server = try HTTPFace(site, "HTTP/1.1 407 Who Are You\\r\\nContent-Length: 0\\r\\n\\r\\n")
      try site.change("caFile:", "proxy: { host: \"127.0.0.1\", port: \(server.port) }, caFile:")
      return [server]
    },
    SiteMistake(
      name: "a client secret that the token service does not take",
      words: [
        "fail  uplink mes: asking https://127.0.0.1:", "answered 401", "invalid_client",
        "put oauth right",
      ]
    ) { site in
      let body = #"{"error":"invalid_client"}"#
      let head = "HTTP/1.1 401 No\\r\\nContent-Length: \(body.utf8.count)\\r\\n\\r\\n"
      let server = try HTTPFace(site, head + body, overTLS: true)
      try site.useTokens(server.port)
      return [server]
    },
    SiteMistake(
      name: "the wrong port of the token service",
      words: ["fail  uplink mes: asking for a token: ", "onnection refused", "check tokenUrl"]
    ) { site in
      let free = try BlackHole(listens: false)
      try site.useTokens(free.port)
      return [free]
    },
    SiteMistake(
      name: "a clock that was set to another year",
      words: ["fail  clock: it says 2020-01-0", "at least", "timedatectl set-ntp true"],
      starter: ["/usr/bin/faketime", "2020-01-02 12:00:00"]
    ) { _ in [] },
    SiteMistake(
      name: "a clock that is years ahead, for which every certificate has ended",
      words: ["fail  uplink mes: ", "expired"],
      starter: ["/usr/bin/faketime", "2040-01-02 12:00:00"]
    ) { site in [try site.startReceiver()] },
  ]

  static let house: [SiteMistake] = [
    SiteMistake(
      name: "a signing key that everybody may read",
      words: ["fail  key: ", "gateway.key", "chmod 600"]
    ) { site in
      try #require(chmod(site.scratch["gateway.key"], 0o644) == 0)
      return []
    },
    SiteMistake(
      name: "no signing key yet", words: ["fail  key: ", "make one with \"takt keygen --key "]
    ) { site in
      try Files.remove(site.scratch["gateway.key"])
      return []
    },
    SiteMistake(
      name: "a state directory that the service may not write in",
      words: ["fail  state directory: nobody may not write in ", "chown nobody "],
      options: { _ in ["--user", "nobody"] }
    ) { site in
      try Files.makeDirectory(site.scratch["state"], mode: 0o755)
      return []
    },
    SiteMistake(
      name: "something else where the journal should be",
      words: ["fail  journal: ", "journal.db does not begin as a journal does", "keep the file"]
    ) { site in
      try Files.makeDirectory(site.scratch["state"])
      try Files.create(site.scratch["state/journal.db"], with: Array("a backup, later".utf8))
      return []
    },
    SiteMistake(
      name: "the daemon is not started",
      words: ["warn  daemon: it is not running: nobody answers at ", "start"]
    ) { _ in [] },
    SiteMistake(
      name: "a second gateway with the socket of the first",
      words: ["fail  daemon: gateway gw-1 answers at ", "the configuration is of gw-2"]
    ) { site in
      let gateway = try site.startGateway()
      try site.wait { $0.polls > 0 }
      try site.change("name: \"gw-1\"", "name: \"gw-2\"")
      return [gateway]
    },
    SiteMistake(
      name: "a gateway that runs with another configuration",
      words: ["fail  journal: process ", "(takt) holds ", "but no gateway answers at "],
      options: { ["--socket", $0.scratch["other.sock"]] }
    ) { site in
      let gateway = try site.startGateway()
      try site.wait { $0.polls > 0 && $0["journal"]?["sequence"]?.integer ?? 0 > 0 }
      return [gateway]
    },
    SiteMistake(
      name: "a gateway that was started by hand",
      words: ["warn  daemon: it was started by hand: nobody starts it again"]
    ) { site in
      let gateway = try site.startGateway()
      try site.wait { $0.polls > 0 }
      return [gateway]
    },
  ]
}
