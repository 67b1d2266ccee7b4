// What requests cost on a line, against figures worked out elsewhere.

import Polling
import Primitives
import Signals
import Testing

private func timing(
  _ baud: Int, parity: SerialSpeed.Parity = .none, pause: Duration = .zero,
  turnaround: Duration? = nil
) -> LineTiming {
  let speed = SerialSpeed(baud: baud, parity: parity, stopBits: 1)
  return LineTiming(
    .rtu(SerialLine(path: "/dev/ttyS0", speed: speed)), requestPause: pause,
    turnaround: turnaround)
}

private func tenths(_ duration: Duration) -> Int64 { (duration.nanoseconds + 50_000) / 100_000 }

@Suite struct `The time a request takes` {
  /// Both frames (8 and 5 + 2n characters of ten bits) and two silences: 3.5 characters, or
  /// 1.75 ms above 19,200 baud. Without the device's own time.
  @Test(arguments: [
    (115_200, 125, 263), (9600, 125, 2812 + 1), (115_200, 1, 48), (9600, 1, 229),
  ])
  func `is that of its frames and silences`(baud: Int, registers: Int, tenthsOfMs: Int64) {
    #expect(abs(tenths(timing(baud).wireTime(.holding, count: registers)) - tenthsOfMs) <= 1)
  }

  @Test func `grows by a byte for eight bits`() {
    let timing = timing(9600)
    let (one, eight, nine) = (1, 8, 9)
    #expect(timing.wireTime(.coil, count: one) == timing.wireTime(.coil, count: eight))
    let step = timing.wireTime(.coil, count: nine) - timing.wireTime(.coil, count: eight)
    #expect(step.nanoseconds == 10_000_000_000 / 9600)
  }

  @Test func `knows the bits of a character`() {
    let even = timing(9600, parity: .even).wireTime(.holding, count: 125).nanoseconds
    let none = timing(9600).wireTime(.holding, count: 125).nanoseconds
    #expect((even * 100 / none) == 109 || (even * 100 / none) == 110)
  }

  @Test func `has the device's turnaround and the longer of pause and silence in its cost`() {
    let wire = timing(9600).wireTime(.holding, count: 10)
    #expect(timing(9600).cost(.holding, count: 10) == wire + LineTiming.assumedTurnaround)
    let measured = timing(9600, turnaround: .milliseconds(20))
    #expect(measured.cost(.holding, count: 10) == wire + .milliseconds(20))
    // 3.5 characters take 3.65 ms.
    let short = timing(9600, pause: .milliseconds(2))
    #expect(short.cost(.holding, count: 10) == timing(9600).cost(.holding, count: 10))
    let long = timing(9600, pause: .milliseconds(50)).cost(.holding, count: 10)
    #expect(tenths(long - timing(9600).cost(.holding, count: 10)) == 500 - 36)
  }

  @Test func `is a round trip on a network, whatever the registers`() {
    let timing = LineTiming(.tcp(host: "plc", port: 502))
    #expect(tenths(timing.cost(.holding, count: 1)) == 10)
    #expect(tenths(timing.cost(.holding, count: 125)) == 10)
  }

  @Test func `has both behind a serial server`() {
    let speed = SerialSpeed(baud: 9600, parity: .none, stopBits: 1)
    let behind = LineTiming(.rtuOverTCP(host: "server", port: 4001, behind: speed))
    let difference =
      behind.cost(.holding, count: 9) - timing(9600).cost(.holding, count: 9)
    #expect(difference == LineTiming.assumedRoundTrip)
  }
}
