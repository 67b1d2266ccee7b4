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
    _ order: ByteOrder = .abcd, bit: UInt8? = nil, plain: String
  ) {
    self.text = text
    self.table = table
    self.start = start
    format = RegisterFormat(type: type, order: order, bit: bit, count: count)
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
  ]
}

@Suite("Addresses")
struct AddressTests {
  @Test(arguments: Written.all)
  fileprivate func `an address is understood as technicians write it`(written: Written) throws {
    let address = try Address(text: written.text)
    #expect(address.table == written.table)
    #expect(address.start == written.start)
    #expect(address.format == written.format)
    #expect(address.text == written.plain)
    #expect(try Address(text: address.text) == address)
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
    ("holding 7 string", "the number of characters behind \"string\" is missing or wrong"),
    ("holding 7 string 0", "the number of characters behind \"string\" is missing or wrong"),
    ("holding 7 string 251", "the number of characters behind \"string\" is missing or wrong"),
    ("20001", "no table has numbers like 20001"),
    ("40000", "40000 is no Modicon number; an address from 0 needs its table before it"),
    ("4001", "4001 is no Modicon number; an address from 0 needs its table before it"),
    ("465537", "465537 is no Modicon number; an address from 0 needs its table before it"),
    ("4000001", "4000001 is no Modicon number; an address from 0 needs its table before it"),
  ])
  func `an address that cannot be is refused with its reason`(text: String, found: String) {
    #expect(throws: (any Error).self) { try Address(text: text) }
    do {
      _ = try Address(text: text)
    } catch {
      #expect(error.found == found)
      #expect(!error.allowed.isEmpty)
    }
  }
}
