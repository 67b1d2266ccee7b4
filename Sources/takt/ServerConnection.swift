// One client of a server: TLS or plain, HTTP, and the order of question and answer.
//
//   serving ──request──▶ holding ──time──▶ serving
//      │                    │
//      └──fault, farewell───┴──▶ flushing ──sent──▶ done
//
// Invariants
// - While an answer is held back nothing is read: a client cannot fill our memory meanwhile.
// - Requests of one connection are answered in their order, one at a time.
// - Nothing here waits; the loop polls.

import Delivery
import LinuxEdge
import OpenSSLEdge
import Primitives

/// What the connection shall do.
enum ServerReaction: Equatable {
  case answer([UInt8], keepsAlive: Bool)
  /// Close without a word.
  case hangUp
}

/// Who answers requests.
protocol HTTPDesk: ~Copyable {
  /// Answers one request; `tell` gets the lines for the person who watches.
  mutating func take(_ request: HTTPRequest, tell: (String) -> Void) -> ServerReaction
}

/// How much patience a server has with its clients.
struct ServerLimits: Sendable {
  var connections: Int
  /// A connection on which nothing came for this long is closed.
  var idle: Duration
  /// One that has not finished its handshake or its request after this long is closed.
  var patience: Duration
  var request: HTTPLimits
}

/// A connection with its session, moved forward by the loop.
final class ServerConnection {
  enum Phase: Equatable {
    /// Reads requests and answers them.
    case serving
    /// An answer is ready and held back on request.
    case holding([UInt8], keepsAlive: Bool, until: Instant)
    /// Sends what is left, then closes.
    case flushing
    /// To be dropped.
    case done
  }

  let socket: Descriptor
  private(set) var phase = Phase.serving
  private var session: ServerSession
  private var reader: HTTPRequestReader
  private let limits: ServerLimits
  private var output: ArraySlice<UInt8> = []
  /// When the client last said something.
  private(set) var heardAt: Instant
  /// Reads in one turn: 16 × 16 KiB, so that one client cannot keep the loop to itself.
  private static let readsPerTurn = 16

  init(
    _ socket: consuming Descriptor, _ session: consuming ServerSession, _ limits: ServerLimits,
    now: Instant
  ) {
    self.session = session
    self.socket = socket
    self.limits = limits
    reader = HTTPRequestReader(limits: limits.request)
    heardAt = now
  }

  var wantsToRead: Bool { phase == .serving }
  /// An answer is held back: only the client's leaving is of interest.
  var isHolding: Bool { if case .holding = phase { true } else { false } }
  var wantsToWrite: Bool { !output.isEmpty }

  /// When the loop must look at this connection although nothing arrived.
  var deadline: Instant {
    switch phase {
    case .serving: heardAt + (isBusy ? limits.patience : limits.idle)
    case .holding(_, _, let until): until
    case .flushing: heardAt + limits.patience
    case .done: .distantPast
    }
  }

  private var isBusy: Bool {
    session.isHandshaking || reader.isInsideRequest || !output.isEmpty
  }

  /// Moves everything forward that can be moved without waiting.
  func turn<Desk: HTTPDesk & ~Copyable>(
    now: Instant, isReadable: Bool, delay: Duration, desk: inout Desk, tell: (String) -> Void
  ) {
    if isReadable { hear(now: now, tell: tell) }
    release(now: now)
    answerAll(now: now, delay: delay, desk: &desk, tell: tell)
    if session.ended, phase == .serving { phase = .flushing }
    flush()
    if now >= deadline { phase = .done }
  }

  private func hear(now: Instant, tell: (String) -> Void) {
    switch phase {
    case .serving: read(now: now, tell: tell)
    // Nothing was asked of the poll but to tell that the client is gone.
    case .holding: phase = .done
    case .flushing, .done: return
    }
  }

  private func read(now: Instant, tell: (String) -> Void) {
    for _ in 0..<Self.readsPerTurn {
      guard let result = try? socket.read() else {
        phase = .done
        return
      }
      switch result {
      case .notNow: return
      case .end:
        phase = .flushing
        return
      case .bytes(let bytes):
        heardAt = now
        session.feed(bytes)
        takePlain()
      }
      if let reason = session.broken {
        tell("✗ a client and this server did not agree on TLS: \(ReceiveLine.plain(reason))")
        return
      }
    }
  }

  private func takePlain() {
    while true {
      let plain = session.takePlain()
      if plain.isEmpty { return }
      reader.feed(plain)
    }
  }

  /// Sends a held answer when its time has come.
  private func release(now: Instant) {
    guard case .holding(let answer, let keepsAlive, let until) = phase, now >= until else { return }
    phase = .serving
    send(answer, keepsAlive: keepsAlive)
  }

  private func send(_ answer: [UInt8], keepsAlive: Bool) {
    session.write(answer)
    guard !keepsAlive else { return }
    session.finish()
    phase = .flushing
  }

  private func answerAll<Desk: HTTPDesk & ~Copyable>(
    now: Instant, delay: Duration, desk: inout Desk, tell: (String) -> Void
  ) {
    while phase == .serving {
      do throws(HTTPFault) {
        guard let request = try reader.next() else {
          if reader.asksToGoOn {
            session.write(HTTPResponseWriter.goOn)
            reader.wentOn()
          }
          return
        }
        switch desk.take(request, tell: tell) {
        case .hangUp: phase = .done
        case .answer(let answer, let keepsAlive) where delay > .zero:
          phase = .holding(answer, keepsAlive: keepsAlive, until: now + delay)
        case .answer(let answer, let keepsAlive): send(answer, keepsAlive: keepsAlive)
        }
      } catch {
        tell("✗ \(error)")
        send(HTTPResponseWriter.answer(error.status, keepsAlive: false), keepsAlive: false)
      }
    }
  }

  private func flush() {
    output += session.takeOutput()
    while !output.isEmpty {
      guard let count = try? socket.write(output) else {
        phase = .done
        return
      }
      if count == 0 { return }
      output = output.dropFirst(count)
    }
    output = []
    if phase == .flushing { phase = .done }
  }
}
