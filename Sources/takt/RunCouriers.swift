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
    do throws(TLSSettingsFault) {
      var stream = try TLSStream(settings: uplink.tls, clock: daemon.clock, wake: bell.descriptor)
      stream.timeFloor = daemon.timeFloor
      deliver(daemon, post, stream)
    } catch {
      if trouble.becomes(error.description) {
        daemon.log.line(.error, "uplink \(uplink.name): \(error.description)")
      }
      var status = CourierStatus()
      status.state = "parked"
      status.alarm = error.description
      post.link.status.post(status)
      post.counter.move()
      _ = bell.wait(until: daemon.clock.now() + RunLimits.certificateRetry)
    }
  }
  post.life.finish()
  daemon.mainBell.signal()
}

/// Turns the courier of one uplink until its post or the daemon ends.
private func deliver(_ daemon: Daemon, _ post: CourierPost, _ stream: consuming TLSStream) {
  let uplink = post.uplink
  var random = SystemRandom()
  var step = CourierStep(
    courier: Courier(policy: uplink.policy, digest: SHA256.digest), stream: stream,
    link: post.link, seed: random.next(), readSecret: daemon.secretReader(post))
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
