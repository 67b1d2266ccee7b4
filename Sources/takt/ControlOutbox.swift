// Requests on the control socket about what waits for uplinks and what they refused.
//
//   shop {"outbox":"list","uplink":"mes","after":0}      the uplink may be left out everywhere
//   shop {"outbox":"read","number":17,"after":0}         with the bytes; no number: all
//   shop {"outbox":"waiting","uplink":"mes","after":0}   what waits, with the bytes
//   shop {"outbox":"retry","number":17}                  no number: all
//   shop {"outbox":"drop","number":17,"by":"…"}

import Gateway
import Primitives

extension OutboxRequest {
  /// Reads a question; nil when it is not about the outbox.
  init?(_ question: JSONValue, from user: UInt32?) throws(ControlQuestion.Fault) {
    guard let what = question["outbox"]?.string else { return nil }
    var choice = RefusedChoice(uplink: question["uplink"]?.string)
    if let number = question["number"] {
      guard let place = number.integer, place > 0 else {
        throw .init(sentence: "a number is wanted; \"takt outbox list\" shows them")
      }
      choice.number = UInt64(place)
    }
    let after = max(0, question["after"]?.integer ?? 0)
    switch what {
    case "list": self = .list(choice, after: after)
    case "read": self = .read(choice, after: after)
    case "waiting":
      guard let uplink = choice.uplink else { throw .init(sentence: "an uplink is wanted") }
      self = .waiting(uplink: uplink, after: UInt64(after))
    case "retry": self = .retry(choice)
    case "drop":
      guard choice.number != nil else {
        throw .init(sentence: "only one event at a time is given up; name its number")
      }
      self = .drop(choice, by: try Asker.name(by: question["by"]?.string, user: user))
    default: throw .init(sentence: "nobody can \"\(what.prefix(40))\" the outbox")
    }
  }
}
