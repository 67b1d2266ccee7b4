// The limits of looking around on a line, each with its unit and arithmetic.

/// Bounds of a scan: how gentle, how patient, how long.
public enum ScanLimits {
  /// How long a unit may take to answer beyond the wire: most devices need 5 to 100 ms.
  public static let serialTimeout = Duration.milliseconds(200)
  public static let streamTimeout = Duration.milliseconds(500)

  /// Silence between two requests: a line that others use as well keeps nine tenths of its time at
  /// 200 ms a request.
  public static let pause = Duration.milliseconds(20)

  /// Unit numbers that devices leave the factory with, the likeliest first.
  public static let likelyUnits: [UInt8] = [1, 2, 3, 247, 16, 10, 100]
  /// Unit numbers that may be asked: 0 is everybody, from 248 on they are reserved (serial line
  /// guide V1.02, 2.2).
  public static let units: ClosedRange<UInt8> = 1...247

  /// Speeds, parities and stop bits as the field has them, the likeliest first.
  public static let bauds = [9600, 19_200, 38_400, 115_200, 57_600, 4800]

  /// Requests repeated in one scan, after noise or a device that was busy.
  public static let repeats = 32
  /// Requests in a row that found no link at all, until the scan gives up.
  public static let lossesInARow = 4

  /// Registers and bits asked for at once, the most that Modbus allows.
  public static let registers = 125
  public static let bits = 2000

  /// Addresses after a readable one that are each asked for, before only likely starts are.
  public static let closeLook = 16
  /// Addresses without a readable one, after which only starts of hundreds are looked at.
  public static let wideGap = 1000
  /// Requests in a row without an answer, until a table counts as one that the unit ignores.
  public static let silencesInARow = 6
  /// Units found from which on, when no other is missing, the device ignores the number.
  public static let unitsThatProveIndifference = 8

  /// Bytes of a request and of the answer with one register: 8 and 7 (serial line guide, 2.5.1).
  static let probeBytes = 15
}
