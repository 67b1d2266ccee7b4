// Frames as sentences: the known ones word for word, any others without a trap.

import Polling
import Primitives
import Testing

@Suite struct `What a request can ask for` {
  @Test func `is a read: the function codes 1 to 4 are all that a table can become`() {
    #expect(Set(ModbusTable.allCases.map(\.readFunction)) == [1, 2, 3, 4])
  }
}

@Suite struct `A frame as a sentence` {
  private func bytes(_ hex: String) -> [UInt8] {
    Hex.decode(hex.split(separator: " ").joined()) ?? []
  }

  @Test(arguments: [
    ("0011 0000 0006 03 03 0064 0020", FrameText.Role.request, "read holding 100-131 (32)"),
    ("0011 0000 0006 03 01 0007 0001", .request, "read coil 7 (1)"),
    ("0011 0000 0006 03 04 FFFF 0002", .request, "read input 65535-65536 (2)"),
    ("0011 0000 0007 03 03 04 0012 ABCD", .answer, "2 registers: 0012 ABCD"),
    ("0011 0000 0005 03 04 02 0012", .answer, "1 register: 0012"),
    ("0011 0000 0004 03 02 01 A5", .answer, "up to 8 bits: 10100101"),
    (
      "0011 0000 0003 03 83 02", .answer,
      "reading holding refused: exception 2, illegal data address; check the addresses in the "
        + "manual of the device"
    ),
    ("0011 0000 0005 03 03 04 0012", .answer, "holding, 4 bytes announced but 2 there"),
    ("0011 0000 0006 03 06 0001 0002", .request, "function 6, write one register: not from here"),
    ("0011 0000 0006 03 03 0064", .discarded, "10 bytes thrown away: no answer to what was asked"),
    ("0011 00", .answer, "3 bytes, too few for a frame"),
  ])
  func `on TCP`(hex: String, role: FrameText.Role, text: String) {
    #expect(FrameText(bytes(hex), role, framing: .mbap).text == text)
  }

  @Test func `names the transaction and what is wrong with the header`() {
    let good = FrameText(bytes("0011 0000 0006 03 03 0064 0020"), .request, framing: .mbap)
    #expect(good.transaction == 17 && good.unit == 3 && good.packing == "tx 17")
    let odd = FrameText(bytes("0011 0001 0009 03 03 0064 0020"), .request, framing: .mbap)
    #expect(odd.packing == "tx 17, protocol 1 instead of 0, length says 9 but 6 bytes follow")
  }

  @Test func `on a serial line, with its checksum proven`() {
    // The example that every CRC table is tried with: 01 03 00 00 00 0A gives C5 CD.
    let good = FrameText(bytes("01 03 0000 000A C5CD"), .request, framing: .rtu)
    #expect(good.unit == 1 && good.text == "read holding 0-9 (10)" && good.packing == "crc ok")
    #expect(good.transaction == nil)
    let bad = FrameText(bytes("01 03 0000 000A C5CE"), .request, framing: .rtu)
    #expect(bad.packing == "crc CEC5 wrong, these bytes give CDC5")
    let refused = FrameText(bytes("01 83 02 C0F1"), .answer, framing: .rtu)
    #expect(refused.exception == 2 && refused.packing == "crc ok")
  }

  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func `never traps and never runs over`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for framing in Framing.allCases {
      for role in FrameText.Role.allCases {
        let length = Int.random(in: 0...300, using: &random)
        let noise = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        // Often with a function code that is understood.
        var frame = noise
        let place = framing == .mbap ? 7 : 1
        if frame.count > place { frame[place] = UInt8.random(in: 0...5, using: &random) }
        for bytes in [noise, frame] {
          let text = FrameText(bytes, role, framing: framing)
          #expect(!text.text.isEmpty && text.text.utf8.count < 200)
          #expect(text.packing.utf8.count < 100)
        }
      }
    }
  }
}
