// Who we are to a proxy: "user:password" in a file that only we can read, read at each connection.

import Delivery

extension ProxyDialogue {
  /// The request for a way through a proxy, with what its credentials file holds now.
  init(_ proxy: ProxySettings, to target: StreamTarget) throws(StreamFault) {
    guard let path = proxy.credentialsFile else {
      self.init(proxy: proxy, target: target, credentials: nil)
      return
    }
    let bytes: [UInt8]
    do {
      bytes = try FileBytes.read(path, what: "proxy credentials", isPrivate: true)
    } catch {
      throw .proxy(error.description, isLasting: true)
    }
    let line = bytes.prefix { $0 != 10 && $0 != 13 }
    // RFC 7617 section 2: a colon ends the user's name; control characters are not allowed.
    guard line.count <= EdgeLimits.credentialBytes, line.contains(58),
      line.allSatisfy({ $0 >= 32 && $0 != 127 })
    else {
      throw .proxy(
        "reading proxy credentials \(path): one line \"user:password\" is expected",
        isLasting: true)
    }
    self.init(
      proxy: proxy, target: target, credentials: String(decoding: line, as: UTF8.self))
  }
}
