// The thread of an uplink: make its stream, turn its courier, log what changed. No decision is made
// here.

import Delivery
import Gateway
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings
import Synchronization

/// Delivers to one uplink until the daemon stops.
///
/// Files of certificates that cannot be used park this uplink and nothing else: polling and storing
/// never stop because of a certificate, and a file that is put right is taken without a restart.
nonisolated func courierLoop(_ daemon: Daemon, _ index: Int) {
  let uplink = daemon.plan.uplinks[index]
  let bell = daemon.courierBells[index]
  var trouble = Remembered<String?>(nil)
  while !daemon.isStopping.load(ordering: .acquiring) {
    do throws(TLSSettingsFault) {
      var stream = try TLSStream(settings: uplink.tls, clock: daemon.clock, wake: bell.descriptor)
      stream.timeFloor = daemon.timeFloor
      deliver(daemon, index, stream)
    } catch {
      if trouble.becomes(error.description) {
        daemon.log.line(.error, "uplink \(uplink.name): \(error.description)")
      }
      var status = CourierStatus()
      status.state = "parked"
      status.alarm = error.description
      daemon.couriers[index].status.post(status)
      daemon.courierCounter(index).move()
      _ = bell.wait(until: daemon.clock.now() + RunLimits.certificateRetry)
    }
  }
  daemon.courierThreadsRunning.wrappingSubtract(1, ordering: .acquiringAndReleasing)
  daemon.mainBell.signal()
}

/// Turns the courier of one uplink until the daemon stops.
private func deliver(_ daemon: Daemon, _ index: Int, _ stream: consuming TLSStream) {
  let uplink = daemon.plan.uplinks[index]
  var random = SystemRandom()
  var step = CourierStep(
    courier: Courier(policy: uplink.policy, digest: SHA256.digest), stream: stream,
    link: daemon.couriers[index], seed: random.next(), readSecret: daemon.secretReader(index))
  var conditions = Remembered<[String]>([])
  var alarm = Remembered<String?>(nil)
  while !daemon.isStopping.load(ordering: .acquiring) {
    step.turn(clock: daemon.clock)
    daemon.courierCounter(index).move()
    let status = daemon.couriers[index].status.newest
    let trouble = (status?.consecutiveFailures ?? 0) > 0 ? status?.lastError : nil
    if alarm.becomes(trouble) {
      daemon.log.line(
        trouble == nil ? .notice : .warning,
        "uplink \(uplink.name): \(trouble ?? "delivering again")")
    }
    if conditions.becomes(status?.conditions ?? []) {
      for condition in status?.conditions ?? [] {
        daemon.log.line(.warning, "uplink \(uplink.name): \(condition)")
      }
    }
  }
  step.close()
}
