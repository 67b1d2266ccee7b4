// The one place where a field step meets a link and a clock: perform one action, report its result.
// It decides nothing; what to wait for and how to wake the recorder is the thread's business.

public import Polling
public import Primitives

/// What one turn came to.
public enum FieldTurn: Equatable, Sendable {
  /// Nothing to do before that moment; the thread sleeps.
  case idle(until: Instant)
  /// The link was used or closed.
  case acted(FieldOutcome)
}

extension FieldStep {
  /// Performs one action on the link; `words` is the thread's buffer, kept between turns.
  public mutating func turn<Bus: FieldBus & ~Copyable>(
    bus: inout Bus, clock: some Clock, words: inout [UInt16]
  ) -> FieldTurn {
    switch next(now: clock.now()) {
    case .wait(let until):
      return .idle(until: until)
    case .close:
      bus.close()
      return .acted(FieldOutcome(news: .none, markedThrough: nil, fill: fill, at: clock.now()))
    case .open(let timeout):
      do throws(BusFault) {
        try bus.open(timeout: timeout)
        return .acted(opened(now: clock.now()))
      } catch {
        return .acted(openFailed(error, now: clock.now()))
      }
    case .read(let request):
      let started = clock.now()
      do throws(BusFault) {
        try bus.read(request, into: &words)
        return .acted(answered(words: words, started: started, ended: clock.now()))
      } catch {
        return .acted(failed(error, started: started, ended: clock.now()))
      }
    }
  }
}
