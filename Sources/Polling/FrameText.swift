// A frame of the wire as a sentence, for `takt trace`: any bytes give one.
//
// Invariants
// - Total: no bytes make it trap, and no sentence is longer than `FrameTextLimits` allow.
// - It only describes. Whether an answer is believed was decided at the link, by stricter rules.
// - What the frame claims and what is there are told apart: a wrong length or checksum is named.

/// How frames are packed on a line.
public enum Framing: String, Sendable, CaseIterable {
  /// Seven bytes of header before the PDU (Modbus messaging on TCP/IP V1.0b, section 3.1.3).
  case mbap
  /// One byte of unit before the PDU and a CRC of two behind it (serial line V1.02, section 2.5.1).
  case rtu
}

extension BusLine {
  /// How its frames are packed.
  public var framing: Framing {
    switch self {
    case .tcp, .tls: .mbap
    case .rtu, .rtuOverTCP: .rtu
    }
  }
}

/// How much of a frame a sentence tells.
enum FrameTextLimits {
  /// Registers of an answer: 8 × 5 characters leave the line readable; the bytes stand beside.
  static let registers = 8
  /// Bits of an answer.
  static let bits = 32
}

/// What one frame says.
public struct FrameText: Equatable, Sendable {
  /// Which part of the conversation it is.
  public enum Role: Sendable, CaseIterable {
    case request, answer
    /// Bytes that belong to no frame, or to nobody who asked.
    case discarded
  }

  /// The unit addressed or answering; nil when the bytes are too few.
  public private(set) var unit: UInt8?
  /// The transaction of the header; nil without such a header.
  public private(set) var transaction: UInt16?
  /// The exception code when the unit refuses.
  public private(set) var exception: UInt8?
  /// "read holding 100-131 (32)", "32 registers: 0012 0013 …".
  public private(set) var text = ""
  /// "tx 17", "crc ok"; names what is wrong with the packing.
  public private(set) var packing = ""

  /// Describes the bytes of one frame.
  public init(_ bytes: [UInt8], _ role: Role, framing: Framing) {
    let pdu: ArraySlice<UInt8>?
    switch framing {
    case .mbap: pdu = unpackHeader(bytes)
    case .rtu: pdu = unpackChecksum(bytes)
    }
    guard let pdu, let function = pdu.first else {
      text = "\(bytes.count) bytes, too few for a frame"
      return
    }
    switch role {
    case .request: text = Self.request(function, Array(pdu.dropFirst()))
    case .answer: text = answer(function, Array(pdu.dropFirst()))
    case .discarded: text = "\(bytes.count) bytes thrown away: no answer to what was asked"
    }
  }

  // MARK: the packing

  private mutating func unpackHeader(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
    guard bytes.count >= 8 else { return nil }
    let (proto, length) = (Self.word(bytes, 2), Int(Self.word(bytes, 4)))
    let transaction = Self.word(bytes, 0)
    self.transaction = transaction
    unit = bytes[6]
    packing = "tx \(transaction)"
    if proto != 0 { packing += ", protocol \(proto) instead of 0" }
    if length != bytes.count - 6 {
      packing += ", length says \(length) but \(bytes.count - 6) bytes follow"
    }
    return bytes[7...]
  }

  private mutating func unpackChecksum(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
    guard bytes.count >= 4 else { return nil }
    unit = bytes[0]
    let expected = RTUChecksum.of(bytes.span.extracting(first: bytes.count - 2))
    // Low byte first on the wire (serial line V1.02, section 2.5.1.2).
    let found = UInt16(bytes[bytes.count - 1]) << 8 | UInt16(bytes[bytes.count - 2])
    packing =
      found == expected
      ? "crc ok" : "crc \(Self.hex(found)) wrong, these bytes give \(Self.hex(expected))"
    return bytes[1..<(bytes.count - 2)]
  }

  // MARK: the sentence

  private static func request(_ function: UInt8, _ data: [UInt8]) -> String {
    guard let table = table(function) else { return name(function) }
    guard data.count == 4 else { return "\(name(function)), \(data.count) bytes instead of 4" }
    let (start, count) = (word(data, 0), word(data, 2))
    let last = UInt32(start) + UInt32(max(count, 1)) - 1
    let range = count == 1 ? "\(start)" : "\(start)-\(last)"
    return "read \(table.rawValue) \(range) (\(count))"
  }

  private mutating func answer(_ function: UInt8, _ data: [UInt8]) -> String {
    if function & 0x80 != 0 { return refusal(function & 0x7F, data) }
    guard let table = Self.table(function) else { return Self.name(function) }
    guard let announced = data.first else { return "\(Self.name(function)) without values" }
    let values = data.dropFirst()
    guard Int(announced) == values.count else {
      return "\(table.rawValue), \(announced) bytes announced but \(values.count) there"
    }
    return table.holdsBits ? Self.bits(values) : Self.registers(values)
  }

  private mutating func refusal(_ function: UInt8, _ data: [UInt8]) -> String {
    guard let code = data.first else { return "\(Self.name(function)) refused without a code" }
    exception = code
    let what = Self.table(function).map { "reading \($0.rawValue)" } ?? Self.name(function)
    return "\(what) refused: exception \(code), \(ExceptionText.meaning(of: code))"
  }

  private static func registers(_ bytes: ArraySlice<UInt8>) -> String {
    let bytes = Array(bytes)
    guard bytes.count.isMultiple(of: 2), !bytes.isEmpty else {
      return "\(bytes.count) bytes are no registers"
    }
    let count = bytes.count / 2
    let words = (0..<min(count, FrameTextLimits.registers)).map { hex(word(bytes, $0 * 2)) }
    let rest = count > words.count ? " …" : ""
    return "\(count) \(count == 1 ? "register" : "registers"): "
      + words.joined(separator: " ") + rest
  }

  private static func bits(_ bytes: ArraySlice<UInt8>) -> String {
    let bytes = Array(bytes)
    let count = bytes.count * 8
    let shown = (0..<min(count, FrameTextLimits.bits)).map { bit in
      bytes[bit / 8] >> UInt8(bit % 8) & 1 == 0 ? "0" : "1"
    }
    return "up to \(count) bits: " + shown.joined() + (count > shown.count ? "…" : "")
  }

  private static func table(_ function: UInt8) -> ModbusTable? {
    ModbusTable.allCases.first { $0.readFunction == function }
  }

  /// The names of the application protocol specification V1.1b3, section 5.1.
  private static func name(_ function: UInt8) -> String {
    switch function {
    case 1...4: "read \(table(function)?.rawValue ?? "")"
    case 5: "function 5, write one coil: not from here"
    case 6: "function 6, write one register: not from here"
    case 15: "function 15, write coils: not from here"
    case 16: "function 16, write registers: not from here"
    case 22: "function 22, mask a register: not from here"
    case 23: "function 23, write and read registers: not from here"
    default: "function \(function), which is none that is used here"
    }
  }

  private static func word(_ bytes: [UInt8], _ index: Int) -> UInt16 {
    UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
  }

  /// Four upper-case digits, as manuals write registers.
  public static func hex(_ word: UInt16) -> String {
    let digits = String(word, radix: 16, uppercase: true)
    return String(repeating: "0", count: 4 - digits.utf8.count) + digits
  }

  /// The bytes in pairs of upper-case digits.
  public static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return byte < 16 ? "0" + digits : digits
    }.joined(separator: " ")
  }
}

/// Exception codes in words.
public enum ExceptionText {
  /// Whether the device asks for patience (acknowledge, busy): nothing is wrong with the request.
  static func isPatience(_ code: UInt8) -> Bool { code == 5 || code == 6 }

  /// The name of the application protocol specification V1.1b3, section 7, and what to do.
  public static func meaning(of code: UInt8) -> String {
    switch code {
    case 1: "illegal function; the device does not offer this table"
    case 2: "illegal data address; check the addresses in the manual of the device"
    case 3: "illegal data value; try fewer registers in a request"
    case 4: "server device failure; look at the device"
    case 5: "acknowledge, still working; it is asked again"
    case 6: "server device busy; it is asked again"
    case 8: "memory parity error; look at the device"
    case 10: "gateway path unavailable; check the route in the gateway"
    case 11: "the unit behind the gateway does not answer; check its cable and number"
    default: "not in the specification; see the manual of the device"
    }
  }
}
