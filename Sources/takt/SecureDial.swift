// The way to a field device through TLS: Modbus/TCP Security.
//
// Invariants
// - There is no way back to plain Modbus: what is not verified is not connected.
// - One time covers name, connection and handshake; files that cannot be used cost no connection.
// - After `close` the tunnel's thread and sockets are gone.

import Delivery
import Glibc
import LinuxEdge
import ModbusEdge
import OpenSSLEdge
import Polling
import Primitives

/// A TCP connection with a tunnel over it.
final class SecureDial: FieldDial {
  private let host: String
  private let port: UInt16
  private let settings: TLSClientSettings
  private let tcp: TCPDial
  private let clock: any Clock
  private let floor: TimeFloor?
  private var tunnel: TLSTunnel?
  private var thread: NamedThread?

  /// A way that is not open yet; `clock` bounds its opening, and `floor` is what is known of the
  /// time beside it: a box that boots in 1970 must reach its devices as it reaches head office.
  init(
    host: String, port: UInt16, identity: TLSIdentity, clock: any Clock, floor: TimeFloor? = nil
  ) {
    self.host = host
    self.port = port
    self.clock = clock
    self.floor = floor
    tcp = TCPDial(host: host, port: port)
    settings = TLSClientSettings(
      caFile: identity.caFile, certificateFile: identity.certificateFile,
      keyFile: identity.keyFile, serverName: identity.serverName)
  }

  func open(timeout: Duration) throws(BusFault) -> Int32 {
    close()
    let deadline = clock.now() + timeout
    let tunnel: TLSTunnel
    do throws(TLSSettingsFault) {
      tunnel = try TLSTunnel(settings: settings, clock: clock, floor: floor)
    } catch {
      throw unreachable(error.description)
    }
    let connected = try tcp.open(timeout: timeout)
    let near: Int32
    do throws(StreamFault) {
      near = try tunnel.open(over: connected, host: host, until: deadline)
    } catch {
      throw unreachable(TLSTunnel.sentence(error))
    }
    do throws(LinuxFault) {
      thread = try NamedThread(name: "tls \(host)") { tunnel.run() }
      self.tunnel = tunnel
    } catch {
      Glibc.close(near)
      throw unreachable(error.description)
    }
    return near
  }

  func close() {
    tunnel = nil
    guard let thread = thread.take() else { return }
    // It ends by itself, as the near end is closed; the time bounds what cannot happen.
    _ = thread.join(until: clock.now() + .seconds(1))
  }

  var causeOfEnd: String? { tunnel?.causeOfEnd }

  private func unreachable(_ cause: String) -> BusFault {
    .unreachable("connecting to \(TCPDial.text(host: host, port: port)) over TLS: \(cause)")
  }
}
