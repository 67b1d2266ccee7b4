// The limits of signed bundles, each with its unit and where the number comes from.

/// What a bundle may have at most.
public enum BundleLimits {
  /// Files of one bundle: as many as one configuration may have.
  public static let files = SettingsLimits.files
  /// Bytes of one bundle: two of the largest configuration files.
  public static let bytes = 2 * SettingsLimits.fileBytes
  /// Bytes of a signature file: two comments and two signatures take a quarter.
  public static let signatureBytes = 8192
  /// Bytes of a trusted comment: 64 gateways with names of the usual length.
  public static let commentBytes = 2048
  /// Bytes of a key statement: 8 keys and a line each for people.
  public static let statementBytes = 4096
  /// Keys that may sign at one time: this year's, next year's, and one for each of a few offices.
  public static let keys = 8
  /// Keys of which the highest serial number is remembered; none is ever forgotten in silence.
  public static let marks = 256
  /// Serial numbers fit the integers of JSON readers.
  public static let serials: ClosedRange<UInt64> = 1...UInt64(Int64.max)
}
