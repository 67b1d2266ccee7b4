// What the gateway says to a server of bundles, and under which name it keeps the answer.

import Delivery
import Testing

@testable import takt

@Suite("Pulled bundles") struct BundlePullTests {
  @Test(arguments: [
    ("/press-shop.takt-bundle", "press-shop.takt-bundle"),
    ("/a/b/2027.takt-keys", "2027.takt-keys"),
    ("/get?file=x.takt-bundle", "pulled.takt-bundle"), ("/", "pulled.takt-bundle"),
    ("/.takt-bundle", "pulled.takt-bundle"), ("/..%2f.takt-bundle", "pulled.takt-bundle"),
    ("/x.takt-bundle?v=2", "x.takt-bundle"),
  ])
  func `a name from afar is kept only if it is a plain one`(path: String, name: String) {
    #expect(BundlePull.name(path) == name)
  }

  @Test func `the tag of the last answer goes back, and nothing that could be a field`() {
    let address = HTTPAddress(host: "config.example.com", port: 8443, path: "/x.takt-bundle")
    func text(_ tag: String?) -> String {
      String(decoding: BundlePull.request(address, tag), as: UTF8.self)
    }
    #expect(text("\"43\"").contains("\r\nIf-None-Match: \"43\"\r\n"))
    #expect(
      text("\"43\"").hasPrefix("GET /x.takt-bundle HTTP/1.1\r\nHost: config.example.com:8443\r\n"))
    #expect(!text(nil).contains("If-None-Match"))
    #expect(!text("a\r\nX: b").contains("X: b"))
  }
}
