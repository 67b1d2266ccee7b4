// Devices that are not ours, for scans: pymodbus over TCP and on a pseudo terminal. Names of both
// 3.0 (Debian 12) and later.

import Foundation
import Glibc
import LinuxEdge
import Testing

enum ScanPeers {
  /// The Python that has pymodbus and pyserial; nil where none has.
  static let python: String? = ["/usr/bin/python3", "/usr/local/bin/python3"].first { path in
    guard FileManager.default.isExecutableFile(atPath: path) else { return false }
    let probe = try? Program.call(path, ["-c", "import pymodbus.server, serial"])
    return probe?.code == 0
  }

  /// Unit 3: holding 0-99 and 200-249, input 5-6; unit 17: holding 0-9; any other unit says
  /// nothing.
  private static let units = """
    import logging, sys, threading, socket, time
    # It tells every refusal, and nobody reads that.
    logging.disable(logging.CRITICAL)
    from pymodbus.datastore import ModbusSparseDataBlock as Block, ModbusServerContext
    try:
        from pymodbus.datastore import ModbusDeviceContext as Unit
        several, plain, silent = "devices", {}, "ignore_missing_devices"
    except ImportError:
        from pymodbus.datastore import ModbusSlaveContext as Unit
        several, plain, silent = "slaves", {"zero_mode": True}, "ignore_missing_slaves"
    def block(*runs):
        return Block({number: number for run in runs for number in run})
    none = block(range(60000, 60001))
    units = {
        3: Unit(di=none, co=none, hr=block(range(0, 100), range(200, 250)), ir=block(range(5, 7)),
                **plain),
        17: Unit(di=none, co=none, hr=block(range(0, 10)), ir=none, **plain),
    }
    context = ModbusServerContext(**{several: units}, single=False)

    """

  private static let tcp =
    units + """
      from pymodbus.server import StartTcpServer
      host, port = sys.argv[1], int(sys.argv[2])
      def serve():
          StartTcpServer(context=context, address=(host, port), **{silent: True})
      threading.Thread(target=serve, daemon=True).start()
      while True:
          try:
              socket.create_connection((host, port)).close()
              break
          except OSError:
              time.sleep(0.05)
      print("listening", file=sys.stderr, flush=True)
      threading.Event().wait()

      """

  private static let serial =
    units + """
      from pymodbus.server import StartSerialServer
      try:
          from pymodbus.framer import FramerType
          framer = FramerType.RTU
      except ImportError:
          from pymodbus.transaction import ModbusRtuFramer as framer
      StartSerialServer(context=context, framer=framer, port=sys.argv[1], baudrate=19200,
                        parity="N", bytesize=8, stopbits=1, **{silent: True})

      """

  /// An address of their own, so that nobody else is given the port meanwhile.
  static let host = "127.0.0.37"

  /// A server on that port, ready to be asked.
  static func tcpServer(port: UInt16) throws -> RunningProgram {
    let python = try #require(python, "pymodbus with pyserial is not installed")
    let server = try RunningProgram(["-c", tcp, host, String(port)], path: python)
    try #require(server.line(holding: "listening") != nil, "\(server.end())")
    return server
  }

  /// A server on a serial port; it says nothing about when it is ready.
  static func serialServer(_ path: String) throws -> RunningProgram {
    let python = try #require(python, "pymodbus with pyserial is not installed")
    return try RunningProgram(["-c", serial, path], path: python)
  }

  /// Two terminals joined by socat, by names in a directory.
  static func terminals(_ scratch: Scratch) throws -> RunningProgram {
    let socat = try RunningProgram(
      ["-d", "-d", "PTY,rawer,link=" + scratch["near"], "PTY,rawer,link=" + scratch["far"]],
      path: "/usr/bin/socat")
    try #require(
      socat.line(holding: "starting data transfer loop") != nil, "socat is not installed")
    return socat
  }
}
