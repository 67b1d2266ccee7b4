// Every limit of this room, with unit and arithmetic. Protocol constants come first, then ours.

enum ModbusLimits {
  /// Bytes of a request that reads: 7 of MBAP header, function, address (2), count (2).
  static let requestBytes = 12
  /// Bytes of the longest frame on TCP: 7 of MBAP header and 253 of PDU (libmodbus allows no more).
  static let frameBytes = 260
  /// Bytes of the MBAP header through its length, which counts what follows them.
  static let lengthBytes = 6
  /// What the length of an answer can be: unit, function and one byte, or the longest PDU (253).
  static let lengths = 3...(frameBytes - lengthBytes)
  /// Bytes before the payload of an answer: MBAP header, function, byte count or exception code.
  static let answerHeaderBytes = 9
  /// The highest exception code of the application protocol specification, V1.1b3 section 7.
  static let highestException: UInt8 = 11

  /// Bytes of an RTU request that reads: unit, function, address (2), count (2), checksum (2).
  static let rtuRequestBytes = 8
  /// Bytes of an RTU exception: unit, function, code, checksum (2).
  static let rtuExceptionBytes = 5
  /// Bytes of the longest RTU frame (Modbus over serial line V1.02, 2.5.1).
  static let rtuFrameBytes = 256

  /// Bits a second that a port may be asked for: termios' first speed to its last.
  static let baudRates = 50...4_000_000
  /// How far a driver's speed may be from the one asked for, in percent: a UART loses the last bit
  /// of a character at half a bit in ten, 5 %, and both ends have a share in it.
  static let baudTolerance = 3
  /// Bytes read while one request waits: its echo, its answer, and three foreign frames beside.
  static let rtuReadBytes = 4 * rtuFrameBytes
  /// Silence after a request without a good answer, before the next one: a late answer's bytes
  /// come from a USB adapter in portions 16 ms apart (FTDI's latency timer).
  static let lineQuiet = Duration.milliseconds(quietMilliseconds)
  /// How long a line may go on talking before a request is given up unsent, beside the wire time
  /// of two of the longest frames.
  static let lineTalk = Duration.milliseconds(250)
  /// How long an answer that has begun may pause, beside the wire time of the bytes that a UART
  /// collects before it wakes anybody: three portions of a USB adapter.
  static let answerPause = Duration.milliseconds(50)
  /// Bytes that a UART collects: the FIFO of a 16550.
  static let uartBytes = 16
  /// How long a transmitter may take beyond the wire time until its last bit is out.
  static let transmitterDelay = Duration.milliseconds(50)
  /// Bytes of the longest device path (PATH_MAX, with its closing zero).
  static let pathBytes = 4095

  /// Descriptors that select(2), and so libmodbus before 3.1.12, can hold: FD_SETSIZE of glibc.
  static let descriptors: Int32 = 1024
  /// Answers to earlier requests passed over while one request waits: a unit owes one answer for
  /// each request that timed out, and no poller keeps more than 8 of them alive; 64 is a flood.
  static let staleFrames = 64
  /// Milliseconds without a byte after which a noisy stream counts as quiet: 20 times the gap that
  /// one Ethernet segment leaves between two packets of one answer, and far below any timeout.
  static let quietMilliseconds: Int64 = 20
  /// Bytes of the longest host name (RFC 1035 section 2.3.4, without the root's dot).
  static let hostBytes = 253
  /// Addresses tried for one name, the rest is left out.
  static let addresses = 8

  /// Seconds of silence before the kernel probes a link that nobody reads.
  static let keepAliveIdleSeconds: Int32 = 10
  /// Seconds between two probes; 10 + 3 × 5 = 25 s until a vanished peer is noticed.
  static let keepAliveIntervalSeconds: Int32 = 5
  static let keepAliveProbes: Int32 = 3
  /// Milliseconds that sent bytes may stay unacknowledged before the kernel breaks the link: the
  /// same 25 s, instead of the 15 minutes of TCP's own retransmissions.
  static let unacknowledgedMilliseconds: Int32 = 25_000

  /// Clients a server holds at once; one more is turned away.
  static let serverClients = 32
  /// Connections waiting to be accepted.
  static let serverBacklog: Int32 = 32
  /// Microseconds a client may take to send the rest of a request it began.
  static let serverReceiveMicroseconds: UInt32 = 200_000
}
