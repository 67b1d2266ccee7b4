// The thread of an uplink: make its stream, turn its courier, log what changed. No decision is made
// here.

import Delivery
import Gateway
import LinuxEdge
import OpenSSLEdge
import Primitives
import Settings
import Synchronization

/// Delivers to one uplink until its post or the daemon ends.
///
/// Files of certificates that cannot be used park this uplink and nothing else: polling and storing
/// never stop because of a certificate, and a file that is put right is taken without a restart.
nonisolated func courierLoop(_ daemon: Daemon, _ post: CourierPost) {
  let uplink = post.uplink
  let bell = post.bell
  var trouble = Remembered<String?>(nil)
  while !post.life.isEnding {
    let fault = serve(daemon, post)
    if let fault {
      if trouble.becomes(fault) { daemon.log.line(.error, "uplink \(uplink.name): \(fault)") }
      var status = CourierStatus()
      status.state = "parked"
      status.alarm = fault
      post.link.status.post(status)
      post.counter.move()
      _ = bell.wait(until: daemon.clock.now() + RunLimits.certificateRetry)
    }
  }
  post.life.finish()
  daemon.mainBell.signal()
}

/// Makes stream and courier of one uplink and turns them; why they cannot be made, as a sentence.
private func serve(_ daemon: Daemon, _ post: CourierPost) -> String? {
  let uplink = post.uplink
  let wake = post.bell.descriptor
  let courier: any UplinkCourier
  do throws(MQTTPolicy.Fault) {
    courier = try uplink.courier()
  } catch {
    return error.description
  }
  guard uplink.isSecure else {
    deliver(daemon, post, courier, PlainStream(clock: daemon.clock, wake: wake))
    return nil
  }
  do throws(TLSSettingsFault) {
    let peer = uplink.mqtt == nil ? "receiver" : "broker"
    var stream = try TLSStream(
      settings: uplink.tls, clock: daemon.clock, wake: wake, peer: peer)
    stream.timeFloor = daemon.timeFloor
    deliver(daemon, post, courier, stream)
    return nil
  } catch {
    return error.description
  }
}

/// Turns the courier of one uplink until its post or the daemon ends.
private func deliver<Stream: ByteStream & ~Copyable>(
  _ daemon: Daemon, _ post: CourierPost, _ courier: any UplinkCourier, _ stream: consuming Stream
) {
  let uplink = post.uplink
  var random = SystemRandom()
  var step = CourierStep(
    courier: courier, stream: stream, link: post.link, seed: random.next(),
    readSecret: daemon.secretReader(post))
  var conditions = Remembered<[String]>([])
  var alarm = Remembered<String?>(nil)
  while !post.life.isEnding {
    step.turn(clock: daemon.clock)
    post.counter.move()
    let status = post.link.status.newest
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
