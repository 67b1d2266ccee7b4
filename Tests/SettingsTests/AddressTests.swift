// Addresses as technicians write them, and why others are refused.

import Polling
import Signals
import Testing

@testable import Settings

/// An address as written, the place and format it means, and its plain spelling.
private struct Written: Sendable, CustomTestStringConvertible {
  var text: String
  var table: ModbusTable
  var start: UInt16
  var format: RegisterFormat
  var plain: String

  init(
    _ text: String, _ table: ModbusTable, _ start: UInt16, _ type: RegisterType, _ count: UInt16,
    _ order: ByteOrder = .abcd, bit: UInt8? = nil, in characters: CharacterPlace = .both,
    plain: String
  ) {
    self.text = text
    self.table = table
    self.start = start
    format = RegisterFormat(
      type: type, order: order, bit: bit, count: count, characters: characters)
    self.plain = plain
  }

  var testDescription: String { text }

  static let all: [Written] = [
    .init("holding 100 u32 cdab", .holding, 100, .u32, 2, .cdab, plain: "holding 100 u32 cdab"),
    .init("holding 100", .holding, 100, .u16, 1, plain: "holding 100 u16"),
    .init("HOLDING  100 F32 CDAB", .holding, 100, .f32, 2, .cdab, plain: "holding 100 f32 cdab"),
    .init("holding 0 i16 badc", .holding, 0, .i16, 1, .badc, plain: "holding 0 i16 badc"),
    .init("input 65535", .input, 65_535, .u16, 1, plain: "input 65535 u16"),
    .init("input 65532 u64 dcba", .input, 65_532, .u64, 4, .dcba, plain: "input 65532 u64 dcba"),
    .init("input 4 f64", .input, 4, .f64, 4, plain: "input 4 f64"),
    .init("input 4 i64", .input, 4, .i64, 4, plain: "input 4 i64"),
    .init("input 12.3", .input, 12, .bit, 1, bit: 3, plain: "input 12.3"),
    .init("holding 12.15 bit", .holding, 12, .bit, 1, bit: 15, plain: "holding 12.15"),
    .init("holding 20 string 16", .holding, 20, .string, 8, plain: "holding 20 string 16"),
    .init("holding 20 string 15", .holding, 20, .string, 8, plain: "holding 20 string 16"),
    .init(
      "holding 20 string 250 badc", .holding, 20, .string, 125, .badc,
      plain: "holding 20 string 250 badc"),
    .init("coil 7", .coil, 7, .bit, 1, plain: "coil 7"),
    .init("discrete 3 bit", .discrete, 3, .bit, 1, plain: "discrete 3"),
    .init("40101 f32", .holding, 100, .f32, 2, plain: "holding 100 f32"),
    .init("40101", .holding, 100, .u16, 1, plain: "holding 100 u16"),
    .init("49999", .holding, 9998, .u16, 1, plain: "holding 9998 u16"),
    .init("30001", .input, 0, .u16, 1, plain: "input 0 u16"),
    .init("30001.4", .input, 0, .bit, 1, bit: 4, plain: "input 0.4"),
    .init("10001", .discrete, 0, .bit, 1, plain: "discrete 0"),
    .init("00001", .coil, 0, .bit, 1, plain: "coil 0"),
    .init("000001", .coil, 0, .bit, 1, plain: "coil 0"),
    .init("400101 i32", .holding, 100, .i32, 2, plain: "holding 100 i32"),
    .init("465536", .holding, 65_535, .u16, 1, plain: "holding 65535 u16"),
    .init("holding 0x64 f32", .holding, 100, .f32, 2, plain: "holding 100 f32"),
    .init("HOLDING 0X00FF.3", .holding, 255, .bit, 1, bit: 3, plain: "holding 255.3"),
    .init("coil 0x0", .coil, 0, .bit, 1, plain: "coil 0"),
    .init("4x101 f32", .holding, 100, .f32, 2, plain: "holding 100 f32"),
    .init("4x00101", .holding, 100, .u16, 1, plain: "holding 100 u16"),
    .init("3X1.4", .input, 0, .bit, 1, bit: 4, plain: "input 0.4"),
    .init("1x65536", .discrete, 65_535, .bit, 1, plain: "discrete 65535"),
    .init(
      "holding 20 string 16 low", .holding, 20, .string, 16, in: .low,
      plain: "holding 20 string 16 low"),
    .init(
      "40021 STRING 125 HIGH", .holding, 20, .string, 125, in: .high,
      plain: "holding 20 string 125 high"),
    .init("input 9 string 1 low", .input, 9, .string, 1, in: .low, plain: "input 9 string 1 low"),
  ]
}

@Suite("Addresses")
struct AddressTests {
  @Test(arguments: Written.all)
  fileprivate func `F21, F22: an address is understood as technicians write it`(written: Written)
    throws
  {
    let address = try ParsedAddress(text: written.text)
    #expect(address.table == written.table)
    #expect(address.start == written.start)
    #expect(address.format == written.format)
    #expect(address.text == written.plain)
    #expect(try ParsedAddress(text: address.text) == address)
  }

  @Test(arguments: [
    ("", "the address is empty"),
    ("holding", "the address behind \"holding\" is missing"),
    ("holdin 5", "\"holdin\" is no table, did you mean \"holding\"?"),
    ("holding x", "\"x\" is no address"),
    ("holding -1", "\"-1\" is no address"),
    ("holding 65536", "\"65536\" is no address"),
    ("holding 65533 u64", "the value would end at address 65536"),
    ("465536 u32", "the value would end at address 65536"),
    ("holding 99999999999999999999", "\"99999999999999999999\" is no address"),
    ("holding 7 cdab", "u16 cannot be cdab; only longer numbers have words to swap"),
    ("holding 7 u23", "\"u23\" is no type, did you mean \"u32\"?"),
    ("holding 7 float", "\"float\" is no type"),
    ("holding 7 u32 abdc", "\"abdc\" is no byte order, did you mean \"abcd\"?"),
    ("holding 7 u32 cdab now", "\"now\" is one word too many"),
    ("holding 7 bit", "a bit of a register needs its number"),
    ("holding 7.1 u16", "one bit cannot be read as u16"),
    ("holding 7.", "\"7.\" names no bit of a register"),
    ("holding 7.1.2", "\"7.1.2\" names no bit of a register"),
    ("holding .3", "\".3\" is no address"),
    ("coil 3 u16", "one bit cannot be read as u16"),
    ("coil 3 cdab", "bit cannot be cdab; only longer numbers have words to swap"),
    ("holding 7 string", "the number of characters behind \"string\" is missing"),
    ("holding 7 string low", "the number of characters behind \"string\" is missing"),
    ("holding 7 string 0", "a text cannot have 0 characters"),
    ("holding 7 string 251", "a text cannot have 251 characters"),
    ("holding 7 string 126 low", "a text in half registers cannot have 126 characters"),
    ("holding 65535 string 2 high", "the value would end at address 65536"),
    ("holding 7 string 8 both", "\"both\" is no byte order"),
    (
      "holding 7 string 8 high badc",
      "\"badc\" behind \"high\": half a register has no byte order"
    ),
    ("holding 7 u16 low", "\"low\" is no byte order"),
    ("holding 0x", "\"0x\" is no address"),
    ("holding 0x10000", "\"0x10000\" is no address"),
    ("holding 0x123456789", "\"0x123456789\" is no address"),
    ("holding 64h", "\"64h\" is no address"),
    ("0x0064", "\"0x0064\" without a table may be a coil or a hexadecimal number"),
    ("2x1", "no table has numbers like 2x1"),
    ("4x0", "4x0 is no number of a table"),
    ("4x65537", "4x65537 is no number of a table"),
    ("4x", "4x is no number of a table"),
    ("4x1.16", "\"4x1.16\" names no bit of a register"),
    ("1x1.1", "\"1x1.1\" names a bit, but discrete addresses are bits already"),
    ("20001", "no table has numbers like 20001"),
    ("40000", "40000 is no Modicon number; an address from 0 needs its table before it"),
    ("4001", "4001 is no Modicon number; an address from 0 needs its table before it"),
    ("465537", "465537 is no Modicon number; an address from 0 needs its table before it"),
    ("4000001", "4000001 is no Modicon number; an address from 0 needs its table before it"),
  ])
  func `an address that cannot be is refused with its reason`(text: String, found: String) {
    #expect(throws: (any Error).self) { try ParsedAddress(text: text) }
    do {
      _ = try ParsedAddress(text: text)
    } catch {
      #expect(error.found == found)
      #expect(!error.allowed.isEmpty)
    }
  }

  @Test(arguments: [
    ("holding 100 f32", ["holding 100", "40101", "400101", "holding 0x0064"]),
    ("input 9998.12", ["input 9998.12", "39999.12", "309999.12", "input 0x270E.12"]),
    ("holding 9999", ["holding 9999", "410000", "holding 0x270F"]),
    ("coil 0", ["coil 0", "00001", "000001", "coil 0x0000"]),
    ("discrete 65535", ["discrete 65535", "165536", "discrete 0xFFFF"]),
  ])
  func `F21: an address is echoed in every notation, and each reads back`(
    text: String, notations: [String]
  ) throws {
    let address = try AddressText.parse(text)
    #expect(address.notations == notations)
    for notation in notations {
      let again = try AddressText.parse(notation)
      #expect(again.table == address.table && again.start == address.start, "\(notation)")
      #expect(again.format.bit == address.format.bit, "\(notation)")
    }
  }

  @Test func `a tool is told the whole sentence`() {
    #expect(
      throws: AddressFault(
        found: "\"holdin 5\" is no address: \"holdin\" is no table, did you mean \"holding\"?",
        allowed: "holding, input, coil or discrete, or a number such as 40101")
    ) { try AddressText.parse("holdin 5") }
    do throws(AddressFault) {
      _ = try AddressText.parse("0x64")
      Issue.record("0x64 is ambiguous")
    } catch {
      #expect(
        "\(error)" == "\"0x64\" is no address: \"0x64\" without a table may be a coil or a"
          + " hexadecimal number; allowed: the table before the number: \"coil 100\","
          + " \"holding 0x64\"")
    }
  }
}
