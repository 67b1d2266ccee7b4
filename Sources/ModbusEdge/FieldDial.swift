// How a stream link reaches its endpoint: straight over TCP, or through something that stands
// between, such as a TLS tunnel. The link itself only ever sees a socket.

public import Polling
import Primitives

/// The way to an endpoint, owned by the thread of its bus.
public protocol FieldDial: AnyObject {
  /// Opens the way within a time and returns a connected, non-blocking stream socket, which the
  /// caller closes; or throws `unreachable` or `timeout`.
  func open(timeout: Duration) throws(BusFault) -> Int32

  /// The socket was closed: lets go of whatever stands behind it.
  func close()

  /// Why the far side broke the way, when it is known better here than at the socket.
  var causeOfEnd: String? { get }
}
