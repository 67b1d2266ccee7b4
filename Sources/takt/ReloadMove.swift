// One change of the site under way: which threads go, which come, and what the recorder gets.
//
//   posts made ─▶ threads told to leave ─▶ all have left ─▶ recorder goes on ─▶ done
//                               └─ each new thread starts as soon as its line is free
//
// Invariants
// - Everything that can fail is made before anything is told to leave.
// - A new thread opens its line only when no thread that leaves holds the same one, or had its
//   name.

import Events
import Gateway
import LinuxEdge
import Polling
import Primitives
import Settings

/// What a change of the site needs, from its first to its last step.
struct ReloadMove {
  let wish: ReloadWish
  let change: SiteChange
  let next: RunningSite
  let touchedUnits: Set<String>
  let touchedUplinks: Set<String>
  private let seats: [RecorderSeat]
  /// Posts with the work that they change over to.
  private let changingOver: [(post: FieldPost, work: FieldWork)]
  private let leavingFields: [FieldPost]
  private let leavingCouriers: [CourierPost]
  private var comingFields: [FieldPost]
  private var comingCouriers: [CourierPost]

  /// Makes everything that is new; nothing that runs has heard of it yet.
  init(
    _ wish: ReloadWish, _ design: SiteDesign, _ change: SiteChange, _ daemon: Daemon
  ) throws(LinuxFault) {
    self.wish = wish
    self.change = change
    let old = daemon.site
    var fields = FieldMoves()
    for (index, kind) in change.buses.enumerated() {
      try fields.add(index, kind, design, old, daemon)
    }
    var posts: [CourierPost] = []
    var (comingCouriers, leavingCouriers): ([CourierPost], [CourierPost]) = ([], [])
    for (index, kind) in change.uplinks.enumerated() {
      if case .kept(let from) = kind {
        posts.append(old.couriers[from])
        continue
      }
      if case .restarted(let from) = kind { leavingCouriers.append(old.couriers[from]) }
      let post = try CourierPost(design.plan.uplinks[index], recorder: daemon.recorderBell)
      posts.append(post)
      comingCouriers.append(post)
    }
    leavingFields = fields.leaving + change.removedBuses.map { old.fields[$0] }
    self.leavingCouriers = leavingCouriers + change.removedUplinks.map { old.couriers[$0] }
    self.comingCouriers = comingCouriers
    comingFields = fields.coming
    changingOver = fields.changingOver
    seats = fields.seats
    touchedUnits = Set(
      (fields.coming + fields.changingOver.map(\.post)).flatMap { $0.bus.units.map(\.name) })
    touchedUplinks = Set(comingCouriers.map(\.uplink.name))
    next = RunningSite(design: design, fields: fields.posts, couriers: posts)
  }

  /// Tells the threads; from now on the move goes through.
  func begin(_ daemon: Daemon) {
    for post in leavingFields + comingFields { daemon.know(post) }
    for post in leavingCouriers + comingCouriers { daemon.know(post) }
    for (post, work) in changingOver { post.hand(work) }
    for post in leavingFields { post.end() }
    for post in leavingCouriers { post.end() }
  }

  /// Starts what can be started; throws when the system has no thread left.
  mutating func startWhatCan(_ daemon: Daemon) throws(LinuxFault) {
    while let place = comingFields.firstIndex(where: isFree) {
      try daemon.start(comingFields[place])
      comingFields.remove(at: place)
    }
    while let place = comingCouriers.firstIndex(where: isFree) {
      try daemon.start(comingCouriers[place])
      comingCouriers.remove(at: place)
    }
  }

  private func isFree(_ post: FieldPost) -> Bool {
    leavingFields.allSatisfy { old in
      old.life.isOver
        || (old.bus.name != post.bus.name && old.bus.line.text != post.bus.line.text)
    }
  }

  private func isFree(_ post: CourierPost) -> Bool {
    leavingCouriers.allSatisfy { $0.life.isOver || $0.uplink.name != post.uplink.name }
  }

  /// No thread pushes into a ring any more that the recorder is to leave.
  var hasLeft: Bool { waitsFor == nil }

  /// The bus that is waited for: it is inside a request, which has a deadline.
  var waitsFor: String? {
    if let post = leavingFields.first(where: { !$0.life.isOver }) { return post.bus.name }
    return changingOver.first { !$0.post.hasChangedOver }?.post.bus.name
  }

  var isStarted: Bool { comingFields.isEmpty && comingCouriers.isEmpty }

  /// What the recorder goes on with.
  func handOver(_ news: ConfigurationNews) -> RecorderHandOver {
    let restarted = change.uplinks.enumerated().compactMap { index, kind in
      if case .restarted = kind { next.design.plan.uplinks[index].name } else { nil }
    }
    return RecorderHandOver(
      plan: next.design.recorder, seats: seats, couriers: next.couriers.map(\.link),
      restarted: restarted, news: news)
  }
}

/// The buses of a move as they are gathered.
private struct FieldMoves {
  var posts: [FieldPost] = []
  var seats: [RecorderSeat] = []
  var coming: [FieldPost] = []
  var leaving: [FieldPost] = []
  var changingOver: [(post: FieldPost, work: FieldWork)] = []

  mutating func add(
    _ index: Int, _ kind: SiteChange.Bus, _ design: SiteDesign, _ old: RunningSite,
    _ daemon: Daemon
  ) throws(LinuxFault) {
    switch kind {
    case .kept(let from):
      posts.append(old.fields[from])
      seats.append(.kept(from))
    case .changedOver(let from, let renewals):
      let work = design.work(index, recorder: daemon.recorderBell, renewals: renewals)
      posts.append(old.fields[from])
      changingOver.append((old.fields[from], work))
      seats.append(.fresh(work.ring, work.line))
    case .restarted(let from):
      let before = old.fields[from]
      leaving.append(before)
      // What another device refused means nothing here.
      let isSame = before.bus.line == design.plan.buses[index].line
      let learnt = before.learntBoard.newest?.refusals ?? before.learnt
      try come(index, design, daemon, learnt: isSame ? learnt : [])
    case .added: try come(index, design, daemon, learnt: [])
    }
  }

  private mutating func come(
    _ index: Int, _ design: SiteDesign, _ daemon: Daemon, learnt: [LearntRefusal]
  ) throws(LinuxFault) {
    let work = design.work(index, recorder: daemon.recorderBell)
    let post = try FieldPost(
      design.plan.buses[index], work, learnt: learnt, clock: daemon.clock)
    posts.append(post)
    coming.append(post)
    seats.append(.fresh(work.ring, work.line))
  }
}
