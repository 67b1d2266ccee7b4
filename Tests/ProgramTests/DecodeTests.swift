// takt decode as a process: registers of the command line, and of a device.

import Glibc
import Primitives
import Testing

@Suite("takt decode") struct DecodeTests {
  func decode(_ words: String...) throws -> Run { try RunningProgram(["decode"] + words).end() }

  @Test func `F21: the registers of a meter are told in every type, the right one first`() throws {
    let run = try decode("0x4366", "0x3333", "--at", "input 0", "--expect", "230.2")
    #expect(run.code == 0)
    #expect(
      run.output == """
        input 0 = 30001 = 300001 = input 0x0000

        one register
          at       hex   u16    i16    u16 badc  i16 badc  digits  bits 15…0
          input 0  4366  17254  17254  26179     26179     4366    0100 0011 0110 0110
          input 1  3333  13107  13107  13107     13107     3333    0011 0011 0011 0011

        two registers
          at       order  u32         i32         f32
          input 0  abcd   1130771251  1130771251  230.2 *
                   cdab   858997606   858997606   4.1737984e-08
                   badc   1715680051  1715680051  2.3045148e+23
                   dcba   859006531   859006531   4.176969e-08

        texts
          at       type           text
          input 0  string 4       "Cf33" *
          input 0  string 4 badc  "fC33" *

        likely
          230.2   at: "input 0 f32"            f32 = 230.2, as the display shows
          "Cf33"  at: "input 0 string 4"       printable text
          "fC33"  at: "input 0 string 4 badc"  printable text

        """)
  }

  @Test func `decimal registers are taken, and without an address there is none`() throws {
    let run = try decode("17254", "13107", "65535")
    #expect(run.code == 0)
    #expect(run.output.contains("\n  230.2   f32 "))
    #expect(!run.output.contains("at: \""))
  }

  @Test func `F21: a value one address beside the one asked is found, with what that means`() throws
  {
    let plc = try TestPLC()
    defer { plc.end() }
    plc.show { $0 = TestPLC.Face(fault: 2302, good: 7) }
    let line = ["--host", "127.0.0.1", "--port", String(plc.port), "--unit", "1"]
    let after = try RunningProgram(
      ["decode"] + line + ["holding", "0", "--count", "1", "--expect", "230.2"]
    ).end()
    #expect(after.code == 0, "\(after)")
    #expect(after.output.hasPrefix("127.0.0.1:\(plc.port)/1  holding 0 = 40001 = 400001 = "))
    #expect(after.output.contains("at: \"holding 1 u16\", scale: 0.1  u16 × 0.1 = 230.2, as the"))
    #expect(
      after.output.hasSuffix(
        "\nit stands one behind holding 0: the manual's number is one too low; write holding 1\n"))
    // Behind holding 2 there is nothing: the neighbours cannot be read along.
    let last = try RunningProgram(
      ["decode"] + line + ["40003", "--count", "1", "--expect", "7"]
    ).end()
    #expect(last.output.contains("at: \"holding 2 u16\""))
    #expect(!last.output.contains("it stands"))
    // Without --count four are asked for, and the device has fewer: what there is is shown.
    let fewer = try RunningProgram(["decode"] + line + ["40003", "--expect", "7"]).end()
    #expect(fewer.code == 0 && fewer.output.contains("at: \"holding 2 u16\""), "\(fewer)")
    let missing = try RunningProgram(["decode"] + line + ["holding", "9"]).end()
    #expect(missing.code == 6)
    #expect(missing.errors.contains("refused with exception 2"))
  }

  @Test(arguments: [
    (["fish"], "\"fish\" is no register such as 0x4366, and no BUS/UNIT such as line-2/3"),
    (["0x4366", "--expect", "many"], "--expect \"many\" is no number of a display"),
    (["0x4366", "--at", "coil 7"], "is a bit: it is 0 or 1, and there is nothing to decode"),
    (["--host", "h", "holding", "1"], "--unit N is missing"),
    ([], "REGISTER or BUS/UNIT is missing"),
  ])
  func `what cannot be meant is refused`(words: [String], text: String) throws {
    let run = try RunningProgram(["decode"] + words).end()
    #expect(run.code == 64)
    #expect(run.errors.contains(text), "\(run.errors)")
  }
}
