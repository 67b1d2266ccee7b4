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
    let fault = serve(daemon, index)
    if let fault {
      if trouble.becomes(fault) {
        daemon.log.line(
          .error, .uplinkParked, "uplink \(uplink.name): \(fault)", [.uplink: uplink.name])
      }
      var status = CourierStatus()
      status.state = "parked"
      status.alarm = fault
      daemon.couriers[index].status.post(status)
      daemon.courierCounter(index).move()
      _ = bell.wait(until: daemon.clock.now() + RunLimits.certificateRetry)
    }
  }
  daemon.courierThreadsRunning.wrappingSubtract(1, ordering: .acquiringAndReleasing)
  daemon.mainBell.signal()
}

/// Makes stream and courier of one uplink and turns them; why they cannot be made, as a sentence.
private func serve(_ daemon: Daemon, _ index: Int) -> String? {
  let uplink = daemon.plan.uplinks[index]
  let wake = daemon.courierBells[index].descriptor
  let courier: any UplinkCourier
  do throws(MQTTPolicy.Fault) {
    courier = try uplink.courier()
  } catch {
    return error.description
  }
  guard uplink.isSecure else {
    deliver(daemon, index, courier, PlainStream(clock: daemon.clock, wake: wake))
    return nil
  }
  do throws(TLSSettingsFault) {
    let peer = uplink.mqtt == nil ? "receiver" : "broker"
    var stream = try TLSStream(
      settings: uplink.tls, clock: daemon.clock, wake: wake, peer: peer)
    stream.timeFloor = daemon.timeFloor
    deliver(daemon, index, courier, stream)
    return nil
  } catch {
    return error.description
  }
}

/// Turns the courier of one uplink until the daemon stops.
private func deliver<Stream: ByteStream & ~Copyable>(
  _ daemon: Daemon, _ index: Int, _ courier: any UplinkCourier, _ stream: consuming Stream
) {
  let uplink = daemon.plan.uplinks[index]
  var random = SystemRandom()
  var step = CourierStep(
    courier: courier, stream: stream, link: daemon.couriers[index], seed: random.next(),
    readSecret: daemon.secretReader(index))
  var conditions = Remembered<[String]>([])
  var alarm = Remembered<String?>(nil)
  while !daemon.isStopping.load(ordering: .acquiring) {
    step.turn(clock: daemon.clock)
    daemon.courierCounter(index).move()
    let status = daemon.couriers[index].status.newest
    let trouble = (status?.consecutiveFailures ?? 0) > 0 ? status?.lastError : nil
    if alarm.becomes(trouble) {
      daemon.log.line(
        trouble == nil ? .notice : .warning, trouble == nil ? .uplinkDelivers : .uplinkFailing,
        "uplink \(uplink.name): \(trouble ?? "delivering again")", [.uplink: uplink.name])
    }
    if conditions.becomes(status?.conditions ?? []) {
      for condition in status?.conditions ?? [] {
        daemon.log.line(
          .warning, .uplinkCondition, "uplink \(uplink.name): \(condition)",
          [.uplink: uplink.name])
      }
    }
  }
  step.close()
}
