// What can go wrong in the virtual world, each for a while, drawn from the seed.

import Primitives

extension World {
  private enum Fault: CaseIterable {
    case kill, powerCut, restart, plcRestart, line, network, receiver, disk, slowDisk
  }

  /// Lets one fault begin; it ends by itself.
  func strike() {
    switch Fault.allCases.randomElement(using: &generator) ?? .kill {
    case .kill: down("kill", isClean: false, isPowerCut: false)
    case .powerCut: down("power cut", isClean: false, isPowerCut: true)
    case .restart: down("orderly restart", isClean: true, isPowerCut: false)
    case .plcRestart:
      line.cutPower(
        for: .nanoseconds(pause(2...6)), keepCounters: Bool.random(using: &generator))
    case .line: troubleLine()
    case .network:
      let trouble = NetworkTrouble.allCases.randomElement(using: &generator) ?? .none
      network.trouble = trouble
      // A connection that is open when the way vanishes hears nothing any more.
      if trouble == .blackHole { network.close() }
      later(pause(3...120)) { $0.network.trouble = .none }
    case .receiver:
      receiver.trouble = ReceiverTrouble.allCases.randomElement(using: &generator) ?? .none
      later(pause(3...60)) { $0.receiver.trouble = .none }
    case .disk:
      disk.trouble = Bool.random(using: &generator) ? .full : .failing
      later(pause(1...20)) { $0.disk.trouble = .none }
    case .slowDisk:
      guard let gateway else { return }
      struck["slow disk", default: 0] += 1
      gateway.recorderStalledUntil = clock.now().advanced(nanoseconds: pause(1...4))
    }
  }

  private func troubleLine() {
    let unit = UInt8.random(in: 1...UInt8(clamping: options.machines), using: &generator)
    let troubles: [LineTrouble] = [
      .silentUnit(unit), .resets, .timeouts, .noise, .busyUnit(unit), .noisyUnit(unit),
      .illegalRegister(unit, UInt16.random(in: 0...7, using: &generator)),
    ]
    line.trouble = troubles.randomElement(using: &generator) ?? .none
    later(pause(1...6)) { $0.line.trouble = .none }
  }

  /// The gateway goes away and comes back within seconds.
  private func down(_ name: String, isClean: Bool, isPowerCut: Bool) {
    guard let gateway else { return }
    struck[name, default: 0] += 1
    if isClean { _ = gateway.finish() }
    self.gateway = nil
    network.close()
    if isPowerCut { clock.reboot() }
    later(pause(1...6)) { world in
      if world.gateway == nil { world.start() }
    }
  }
}
