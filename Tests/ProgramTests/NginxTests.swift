// A real nginx between the gateway and its receiver: it wants a certificate of ours, and it takes
// bodies of 3 KiB at most.

import Glibc
import LinuxEdge
import Primitives
import Testing

@Suite("takt run behind nginx", .serialized) struct NginxTests {
  /// An nginx in one process that passes on to the receiver of a site.
  private func nginx(_ site: RunSite, _ port: UInt16, _ bench: String) throws -> RunningProgram {
    let path = site.scratch["nginx.conf"]
    let scratch = site.scratch.path
    let text = """
      daemon off; master_process off; pid \(scratch)/nginx.pid; error_log stderr;
      events {}
      http {
        access_log off; client_body_temp_path \(scratch)/body; proxy_temp_path \(scratch)/proxy;
        fastcgi_temp_path \(scratch)/fcgi; uwsgi_temp_path \(scratch)/uwsgi;
        scgi_temp_path \(scratch)/scgi;
        server {
          listen 127.0.0.1:\(port) ssl; client_max_body_size 3k;
          ssl_certificate \(bench)/server.pem; ssl_certificate_key \(bench)/server.key;
          ssl_client_certificate \(bench)/ca.pem; ssl_verify_client on;
          location / {
            proxy_pass https://127.0.0.1:\(site.uplinkPort); proxy_ssl_verify off;
          }
        }
      }
      """
    try Files.replace(path, with: Array(text.utf8))
    return try RunningProgram(["-c", path, "-e", "stderr"], path: "/usr/sbin/nginx")
  }

  @Test func `without a certificate it is told what is missing, with one everything arrives`()
    throws
  {
    let site = try RunSite()
    let bench = site.scratch["bench"]
    let made = try Program.run("keygen", "--tls", bench, "--host", "127.0.0.1")
    try #require(made.code == 0, "\(made)")
    let port = try BlackHole(listens: false).port
    let proxy = try nginx(site, port, bench)
    let receiver = try site.startReceiver()
    let common = """
      name: "mes", url: "https://127.0.0.1:\(port)/events", caFile: "\(bench)/ca.pem",
      backoff: { floor: "100ms", ceiling: "1s" },
      """
    try site.replaceUplinks("{ \(common) }")
    var gateway = try site.startGateway()
    let refused = try site.wait { $0.uplink?["state"]?.string == "parked" }
    #expect(refused.uplink?["lastError"]?.string?.contains("certificateFile") == true)
    #expect(refused.uplink?["quarantined"]?.integer == 0)
    // A backlog that no body of 3 KiB holds.
    for count in 1...8 {
      site.plc.show { $0.good = UInt16(count * 3) }
      try site.wait { $0["machines"]?.array?.first?["goodTotal"]?.integer == Int64(count * 3) }
    }
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
    let text = String(decoding: try Files.read(site.scratch["takt.json5"]), as: UTF8.self)
    try Files.replace(
      site.scratch["takt.json5"],
      with: Array(
        text.replacing(
          "caFile:",
          with:
            "certificateFile: \"\(bench)/client.pem\", keyFile: \"\(bench)/client.key\", caFile:"
        ).utf8))
    gateway = try site.startGateway()
    let done = try site.wait { $0.isDelivered && ($0["journal"]?["sequence"]?.integer ?? 0) > 4 }
    #expect(done.uplink?["quarantined"]?.integer == 0)
    gateway.signal(SIGTERM)
    #expect(gateway.end().code == 0)
    receiver.signal(SIGTERM)
    #expect(receiver.end().code == 0)
    proxy.signal(SIGTERM)
    let log = proxy.end().errors
    #expect(log.contains("client intended to send too large body"), "\(log)")
    let verified = try Program.run(
      "verify", site.scratch["received.jsonl"], "--jwks", site.scratch["jwks.json"])
    #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
    let arrived = try site.received().compactMap { $0["data"]?["goodQuantity"]?.integer }
    #expect(arrived.reduce(0, +) == 24)
  }
}
