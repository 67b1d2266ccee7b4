// Every limit of this room, with its unit and its arithmetic.

public import Primitives

/// What this room never exceeds.
public enum LinuxLimits {
  /// Bytes of a thread's name that the kernel keeps (TASK_COMM_LEN is 16 with the final zero).
  public static let threadNameBytes = 15

  /// Bytes of stack for each named thread: eight times the 64 KiB of a TLS handshake.
  ///
  /// The default of 8 MiB × 10 threads would all be locked under mlockall(2).
  public static let threadStackBytes = 512 * 1024

  /// Bytes of a socket's path: `sun_path` holds 108 with the final zero.
  public static let socketPathBytes = 107

  /// Connections the control socket serves at once; the oldest makes room for a ninth.
  public static let controlConnections = 8

  /// Bytes of one request line on the control socket: an order with the largest bill, 64 KiB, and
  /// what stands around it; 8 connections take 1 MiB at most.
  public static let controlRequestBytes = 96 * 1024

  /// Bytes of /etc/passwd that are searched for a name: 8,000 users.
  public static let passwordFileBytes = 1 << 20

  /// Bytes of one answer on the control socket: 1,024 machines at 3 KiB and as many units at 1 KiB,
  /// twice. Only who asks holds so much.
  public static let controlAnswerBytes = 8 << 20

  /// Bytes of a small file of /proc or /etc that is read as a whole.
  public static let smallFileBytes = 64 * 1024

  /// Names that a listing of a directory returns at most.
  public static let directoryEntries = 10_000

  /// Bytes read from a socket or a file in one call.
  public static let readBytes = 16 * 1024

  /// Connections that wait in the kernel until they are accepted.
  public static let listenBacklog: Int32 = 128

  /// A wall clock before this moment was never set: the year in which this program was written.
  public static let wallFloor = WallTime(milliseconds: 1_767_225_600_000)
}
