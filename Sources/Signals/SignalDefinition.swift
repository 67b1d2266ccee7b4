// What is declared about a signal: how registers become a value, and which changes matter.

/// The type of a value in registers or bits.
public enum RegisterType: String, Sendable, CaseIterable {
  case u16, i16, u32, i32, u64, i64, f32, f64, bit, string
}

/// The order of bytes in a multi-register value, told by where the bytes A (highest) to D stand.
public enum ByteOrder: String, Sendable, CaseIterable {
  /// Big endian: the high word first, the high byte first. The Modbus default.
  case abcd
  /// Words swapped: the low word first.
  case cdab
  /// Bytes swapped within each word.
  case badc
  /// Little endian: both swapped.
  case dcba
}

/// Where the characters of a text sit in its registers.
public enum CharacterPlace: String, Sendable, CaseIterable {
  /// Two in each register, as `order` tells.
  case both
  /// One in the low byte of each register; the high byte means nothing.
  case low
  /// One in the high byte of each register; the low byte means nothing.
  case high

  /// Characters in one register.
  public var charactersPerRegister: Int {
    switch self {
    case .both: 2
    case .low, .high: 1
    }
  }
}

/// How the registers of a signal become its raw value.
public struct RegisterFormat: Equatable, Sendable {
  public var type: RegisterType
  public var order: ByteOrder
  /// The bit within the register for `bit` in a register table (0 is the lowest), else nil.
  public var bit: UInt8?
  /// Registers read: 1, 2 or 4, or the length of a string in registers; 1 bit in bit tables.
  public var count: UInt16
  /// Where the characters of a string sit; `both` for everything else.
  public var characters: CharacterPlace

  public init(
    type: RegisterType, order: ByteOrder = .abcd, bit: UInt8? = nil, count: UInt16,
    characters: CharacterPlace = .both
  ) {
    self.type = type
    self.order = order
    self.bit = bit
    self.count = count
    self.characters = characters
  }

  /// Characters that a text in these registers has at most.
  public var characterCount: Int { Int(count) * characters.charactersPerRegister }
}

/// value = raw × gain + offset; without effect when gain is 1 and offset 0 (integers stay exact).
public struct Scaling: Equatable, Sendable {
  public var gain: Double
  public var offset: Double
  /// The value as it was read.
  public static let none = Scaling(gain: 1, offset: 0)
  public init(gain: Double, offset: Double) {
    self.gain = gain
    self.offset = offset
  }
}

/// How far a value must move before it is told again.
public enum Deadband: Equatable, Sendable {
  /// Every change is told.
  case none
  /// In the signal's unit, after scaling.
  case absolute(Double)
  /// In percent of `span`: the declared range, or the last told value when there is none.
  case percent(Double, span: Double?)
}

/// How long a new value must hold before it is believed: separately for becoming true and false.
public struct Debounce: Equatable, Sendable {
  public var on: Duration
  public var off: Duration
  /// No delay in either direction.
  public static let none = Debounce(on: .zero, off: .zero)
  public init(on: Duration, off: Duration) {
    self.on = on
    self.off = off
  }
}

/// One signal as configured.
public struct SignalDefinition: Equatable, Sendable {
  /// The name within its machine.
  public var name: String
  public var format: RegisterFormat
  public var scaling: Scaling
  public var deadband: Deadband
  /// Tell an unchanged value again after this long; nil for never.
  public var heartbeat: Duration?
  public var debounce: Debounce
  /// The engineering unit, for people: "°C", "pcs".
  public var unit: String?

  public init(
    name: String, format: RegisterFormat, scaling: Scaling = .none, deadband: Deadband = .none,
    heartbeat: Duration? = nil, debounce: Debounce = .none, unit: String? = nil
  ) {
    self.name = name
    self.format = format
    self.scaling = scaling
    self.deadband = deadband
    self.heartbeat = heartbeat
    self.debounce = debounce
    self.unit = unit
  }
}
