// What a unit was found to refuse, in words: for the status, the plan and the log.

import Signals

extension LearntRefusal {
  /// "exception 2", or what stands in its place where there was no answer.
  public var cause: String { exception == 0 ? "no answer" : "exception \(exception)" }

  /// The member of the configuration that spares the device the question; nil where none does.
  public var remedy: String? {
    guard let longest else { return nil }
    return table.holdsBits ? "bitsPerRequest: \(longest)" : "registersPerRequest: \(longest)"
  }

  /// "takes 60 holding registers in a request at most"; nil where it is not the length.
  public var lengthText: String? {
    guard let longest else { return nil }
    let kind = table.holdsBits ? "bit" : "register"
    return
      "takes \(longest) \(table.rawValue) \(kind)\(longest == 1 ? "" : "s") in a request at most"
  }
}
