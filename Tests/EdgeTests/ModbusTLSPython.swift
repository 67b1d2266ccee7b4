// Devices of Modbus/TCP Security that are not ours: pymodbus, and one that asks for a role, on
// Python's own TLS. They demand a certificate of the plant.

import Glibc
import Testing

/// A device in a Python process; it ends with `stop`.
final class PythonDevice {
  /// An address of their own, so that nobody else is given the port between two processes.
  static let host = "127.0.0.31"

  let port: UInt16
  private let child: pid_t
  private let output: Int32

  /// The Python that has pymodbus; nil where none has.
  static let interpreter: String? = ["python3", "/usr/bin/python3"].first { name in
    guard let child = spawn([name, "-c", "import pymodbus.server"], output: nil) else {
      return false
    }
    var status: Int32 = 1
    return waitpid(child, &status, 0) == child && status == 0
  }

  /// Starts a script with host, port and files, and waits until it says that it listens.
  init(_ script: String, _ files: PeerFiles, ca: String) throws {
    let listener = listen(on: Self.host, port: 0)
    port = boundPort(listener)
    close(listener)
    let ends = makePipe()
    for end in [ends.read, ends.write] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    output = ends.read
    let words = [
      Self.interpreter ?? "python3", "-c", script, Self.host, String(port), files.certificate,
      files.key, ca,
    ]
    child = try #require(Self.spawn(words, output: ends.write))
    close(ends.write)
    var byte: UInt8 = 0
    let isReady = read(output, &byte, 1) == 1
    try #require(isReady)
  }

  func stop() {
    kill(child, SIGKILL)
    waitpid(child, nil, 0)
    close(output)
  }

  private static func spawn(_ words: [String], output: Int32?) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if let output {
      posix_spawn_file_actions_adddup2(&actions, output, 1)
    } else {
      posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    }
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let code = posix_spawnp(&child, words[0], &actions, nil, arguments, environ)
    return code == 0 ? child : nil
  }
}

enum PythonScript {
  /// What both begin with: a server's TLS that demands a certificate of the plant.
  private static let tls = """
    import asyncio, ssl, sys
    host, port, certificate, key, ca = sys.argv[1], int(sys.argv[2]), *sys.argv[3:6]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    tls.load_verify_locations(ca)
    tls.verify_mode = ssl.CERT_REQUIRED

    """

  /// Holding registers 0 to 199 show 331 times their address. Version 3.0 leaves the MBAP header
  /// out of TLS unless it is told otherwise; later ones do as the specification says.
  static let pymodbus =
    tls + """
      from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext
      from pymodbus.server import StartAsyncTlsServer
      try:
          from pymodbus.datastore import ModbusSlaveContext as Device
          from pymodbus.transaction import ModbusSocketFramer
          options = {"framer": ModbusSocketFramer, "allow_reuse_address": True}
      except ImportError:
          from pymodbus.datastore import ModbusDeviceContext as Device
          options = {}

      async def main():
          values = [address * 331 & 65535 for address in range(200)]
          device = Device(hr=ModbusSequentialDataBlock(1, values))
          server = asyncio.create_task(StartAsyncTlsServer(
              context=ModbusServerContext(device, single=True), address=(host, port), sslctx=tls,
              **options))
          while True:
              try:
                  _, writer = await asyncio.open_connection(host, port)
                  writer.close()
                  break
              except OSError:
                  await asyncio.sleep(0.02)
          print("ready", flush=True)
          await server

      asyncio.run(main())
      """

  /// Answers every read with one value to a client in the role of an operator, and exception 1 to
  /// everybody else (MB-TCP-Security, section 8.3).
  static let role =
    tls + """
      identifier = bytes.fromhex("06 0b 2b 06 01 04 01 83 89 0c 86 22 01")

      async def serve(reader, writer):
          shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
          value = identifier + bytes([4, 10, 12, 8]) + b"Operator"
          while True:
              request = await reader.readexactly(12)
              count = request[11]
              pdu = bytes([request[7], 2 * count]) + b"\\x00\\x2a" * count
              if value not in shown:
                  pdu = bytes([request[7] | 128, 1])
              writer.write(request[:4] + bytes([0, len(pdu) + 1, request[6]]) + pdu)

      async def main():
          server = await asyncio.start_server(serve, host, port, ssl=tls, reuse_address=True)
          print("ready", flush=True)
          await server.serve_forever()

      asyncio.run(main())
      """
}
