// What a unit of a Modbus server shows: four tables, each from a first address on.

/// The memory of one unit, as a server answers from it.
public struct ModbusMemory: Equatable, Sendable {
  /// A run of registers from a first address.
  public struct Registers: Equatable, Sendable {
    public var start: UInt16
    public var values: [UInt16]

    /// Registers from `start` on, from address 0 by default.
    public init(start: UInt16 = 0, _ values: [UInt16] = []) {
      self.start = start
      self.values = values
    }
  }

  /// A run of bits from a first address.
  public struct Bits: Equatable, Sendable {
    public var start: UInt16
    public var values: [Bool]

    /// Bits from `start` on, from address 0 by default.
    public init(start: UInt16 = 0, _ values: [Bool] = []) {
      self.start = start
      self.values = values
    }
  }

  public var holding: Registers
  public var input: Registers
  public var coils: Bits
  public var discrete: Bits

  /// A memory; a table that is left out answers every address with exception 2.
  public init(
    holding: Registers = Registers(), input: Registers = Registers(), coils: Bits = Bits(),
    discrete: Bits = Bits()
  ) {
    self.holding = holding
    self.input = input
    self.coils = coils
    self.discrete = discrete
  }
}

/// How a server answers one request.
public enum ModbusReply: Equatable, Sendable {
  /// From this memory; addresses outside it get exception 2.
  case memory(ModbusMemory)
  /// Not at all, as a unit that is switched off behind a gateway.
  case silent
  /// With an exception code, 1…11.
  case exception(UInt8)
}
