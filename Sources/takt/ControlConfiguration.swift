// Answers on the control socket about configurations from head office.
//
//   configuration   {"inbox","waiting":[…],"good","trial","failure":{…},"refused":{…}}
//   rollback        {"asked":true}; "configuration" tells what becomes of it

import Gateway
import LinuxEdge
import Primitives
import Settings

extension Daemon {
  private static var noBundles: ControlQuestion.Fault {
    ControlQuestion.Fault(
      sentence: "this gateway takes no bundles: its local file has no \"remote\"")
  }

  func configuration() -> JSONValue {
    configurationBoard.newest ?? .object(["error": .string(Self.noBundles.sentence)])
  }

  func goBack(
    to name: String, from user: UInt32?
  ) throws(ControlQuestion.Fault) -> JSONValue {
    guard plan.remote != nil else { throw Self.noBundles }
    guard name == "local" || BundleDirectory.isName(name) else {
      throw .init(
        sentence: "\"\(name.prefix(40))\" is no kept bundle; \"takt config list\" names them")
    }
    let by = user.flatMap(LocalUsers.name) ?? user.map { "user \($0)" } ?? "somebody"
    let wish = ConfigurationWish(target: name == "local" ? .local : .kept(name), by: by)
    guard wishes.post(wish) else {
      throw .init(sentence: "others are going back at this moment; ask again")
    }
    mainBell.signal()
    return ["asked": true]
  }
}
