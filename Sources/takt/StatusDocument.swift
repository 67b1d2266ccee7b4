// What the daemon answers on the control socket to the line "status": one JSON object.
//
//   {"gateway","version","startedAt",
//    "clock":{"wall","quality","bootid"},
//    "machines":[{"name","state","since","ageMs","packml":{"state","mode"},
//                 "stop":{"stopId","startedAt","cause","reason","classified"},"unclassified",
//                 "forgotten" where stops left that list without a reason,
//                 "goodTotal","scrapTotal","reworkTotal", and of StatusShop.swift
//                 "order","orderSums","shift","limits"}], "lines", "drop"
//    "buses":[{"name","at","link","lastError","reconnects","polls","failures","overruns",
//              "lateness":{…},"ring":{"lost"},
//              "units":[{"name","unit","contact","ageMs","polls","failures","timeouts",
//                        "exceptions","overruns","requests","refused","refusals":["sentence"],
//                        "answers":{"p50Us","p99Us","averageUs","maxUs"},
//                        "proposedTimeoutMs","timeoutAdvice","lastError"}]}],
//    "uplinks":[{"name","state","depth","oldestMs","delivered","quarantined","lastSuccess",
//                "lastError","conditions","speaks","history" with what is left of it and whether it
//                goes in "lanes", "heldKeys","held","heldUp"}],
//    "journal":{"epoch","sequence","held","bytes","freeBytes","lastsMs","fault"},
//    "memory":{"rssBytes"},
//    "configuration":{"digest","path","since","serial","signedBy","probationUntil","waitsFor",
//                     "last":{"text","at"}}}
//
// Invariants
// - Times are RFC 3339 texts in UTC with milliseconds; ages are milliseconds; counts are integers.
// - "answers" are from request to answer, "lateness" from due to request, both in microseconds:
//   p50, p99 and average of the last ones, the maximum since the start.
// - "polls" are requests sent, "failures" those without values (timeouts and exceptions among
//   them), "overruns" reads left out because the bus was late; "requests" are those of one round.
// - What is not known, or not the case, is left out; a reader copes with every member missing.
// - Members may be added; none changes its meaning.

import Machines
import Polling
import Primitives

/// The state of the whole gateway at one moment, as the recorder and the couriers report it.
struct StatusDocument {
  struct Stop {
    var stopID: String
    var startedAt: WallTime
    /// "12 Guard door open".
    var cause: String
    /// The code of the reason; nil where nobody has said one.
    var reason: String?
    var classified = true
  }

  struct Machine {
    var name: String
    /// The word of the machine's condition: running, stopped, noContact, unknown, …
    var state: String
    var since: WallTime?
    /// How long it has been so, by the monotonic clock.
    var age: Duration?
    var packMLState: String?
    var packMLMode: String?
    var stop: Stop?
    var goodTotal: Int64
    var scrapTotal: Int64
    var reworkTotal: Int64 = 0
    /// Stops that wait for a reason.
    var unclassified = 0
    /// Stops that left that list before anybody said why.
    var forgotten: Int64 = 0
    var order: Order?
    var orderSums: TotalsBucket?
    var shift: TotalsBucket?
    /// Those that are exceeded.
    var limits: [LimitRules] = []
  }

  struct Unit {
    var name: String
    /// The number on the wire.
    var address: UInt8?
    /// good, stale, suspect, lost or never: by the age of the last answer, not by the link (F14).
    var contact: String
    /// Since the last good answer; nil before the first.
    var age: Duration?
    var counters: PollCounters
    var requests: Int
    /// Signals that the unit refuses, and a sentence for each run of addresses.
    var refused: Int
    var refusals: [String]
    var answers: ResponseTimes.Summary?
    var proposedTimeout: Duration?
    var timeoutAdvice: String?
    var lastError: String?
  }

  struct Bus {
    var name: String
    /// down, connecting, up, breaking or coolingOff: the word of the poller's link.
    var link: String
    /// Where it leads: "192.168.1.5:502".
    var at: String
    var lastError: String?
    /// Times the link was opened after the first.
    var reconnects: UInt64 = 0
    var counters: PollCounters?
    var lateness: ResponseTimes.Summary?
    var units: [Unit]
    /// Samples that the ring refused since the start.
    var lostSamples: UInt64
  }

  struct Uplink {
    var name: String
    /// offline, connecting, ready, sending, pausing, retrying or parked: the courier's word.
    var state: String
    /// Events that wait for it.
    var depth: UInt64
    /// The age of the oldest of them.
    var oldest: Duration?
    var delivered: UInt64
    var quarantined: UInt64
    var lastSuccess: WallTime?
    var lastError: String?
    /// What a person should know of although events are delivered.
    var conditions: [String] = []
    /// Protocol, version and peer of the last session, where there is something to agree on.
    var speaks: String?
    /// What is left of an outage, while something is.
    var history: UInt64?
    var isInLanes = false
    /// Keys of which events wait behind a refused one, how many wait, and whether all waits.
    var heldKeys: [String] = []
    var held = 0
    var isHeldUp = false
  }

  struct Journal {
    var epoch: String
    var sequence: UInt64
    /// Events that are still in the file.
    var held: UInt64
    var bytes: Int64
    /// What it may still take, and how long that lasts at the rate of the last hours.
    var freeBytes: Int64?
    var lasts: Duration?
    /// A sentence, when the disk does not do what it should.
    var fault: String?
  }

  var gateway: String
  var version: String
  var startedAt: WallTime
  var clock: ClockReading
  var machines: [Machine]
  var buses: [Bus]
  var uplinks: [Uplink]
  var lines: [Line] = []
  var drop: OrderDropStatus?
  var journal: Journal
  var residentBytes: Int64
  var configuration: ConfigurationStatus?

  /// The canonical bytes that go over the socket.
  var bytes: [UInt8] { json.canonicalBytes }

  var json: JSONValue {
    var members: [String: JSONValue] = [
      "gateway": .string(gateway), "version": .string(version),
      "startedAt": .string(startedAt.text),
      "clock": [
        "wall": .string(clock.wall.text), "quality": .string(clock.quality.rawValue),
        "bootid": .string(clock.bootID),
      ],
      "machines": .array(machines.map(\.json)), "buses": .array(buses.map(\.json)),
      "uplinks": .array(uplinks.map(\.json)), "journal": journal.json,
      "memory": ["rssBytes": .integer(residentBytes)],
    ]
    if !lines.isEmpty { members["lines"] = .array(lines.map(\.json)) }
    members["drop"] = drop?.json
    members["configuration"] = configuration?.json
    return .object(members)
  }
}

extension StatusDocument.Machine {
  fileprivate var json: JSONValue {
    var members: [String: JSONValue?] = [
      "name": .string(name), "state": .string(state), "since": text(since),
      "ageMs": milliseconds(age), "stop": stop?.json, "goodTotal": .integer(goodTotal),
      "scrapTotal": .integer(scrapTotal), "reworkTotal": .integer(reworkTotal),
      "unclassified": .integer(Int64(unclassified)), "order": order?.json,
      "orderSums": orderSums?.statusJSON, "shift": shift?.statusJSON,
    ]
    members["packml"] = packMLState.map {
      object(["state": .string($0), "mode": packMLMode.map { .string($0) }])
    }
    if forgotten > 0 { members["forgotten"] = .integer(forgotten) }
    if !limits.isEmpty { members["limits"] = .array(limits.map(\.statusJSON)) }
    return object(members)
  }
}

extension StatusDocument.Stop {
  fileprivate var json: JSONValue {
    object([
      "stopId": .string(stopID), "startedAt": .string(startedAt.text), "cause": .string(cause),
      "reason": reason.map { .string($0) }, "classified": .bool(classified),
    ])
  }
}

extension StatusDocument.Unit {
  fileprivate var json: JSONValue {
    var members: [String: JSONValue?] = counters.members
    members["name"] = .string(name)
    members["unit"] = address.map { .integer(Int64($0)) }
    members["contact"] = .string(contact)
    members["ageMs"] = milliseconds(age)
    members["timeouts"] = count(counters.timeouts)
    members["exceptions"] = count(counters.exceptions)
    members["requests"] = .integer(Int64(requests))
    members["refused"] = .integer(Int64(refused))
    if !refusals.isEmpty { members["refusals"] = .array(refusals.map { .string($0) }) }
    members["answers"] = answers?.json
    members["proposedTimeoutMs"] = milliseconds(proposedTimeout)
    members["timeoutAdvice"] = timeoutAdvice.map { .string($0) }
    members["lastError"] = lastError.map { .string($0) }
    return object(members)
  }
}

extension StatusDocument.Bus {
  fileprivate var json: JSONValue {
    var members = counters?.members ?? [:]
    members["name"] = .string(name)
    members["at"] = .string(at)
    members["link"] = .string(link)
    members["lastError"] = lastError.map { .string($0) }
    members["reconnects"] = count(reconnects)
    members["lateness"] = lateness?.json
    members["units"] = .array(units.map(\.json))
    members["ring"] = ["lost": count(lostSamples)]
    return object(members)
  }
}

extension PollCounters {
  fileprivate var members: [String: JSONValue?] {
    ["polls": count(polls), "failures": count(failures), "overruns": count(overruns)]
  }
}

extension ResponseTimes.Summary {
  fileprivate var json: JSONValue {
    func microseconds(_ duration: Duration) -> JSONValue { .integer(duration.nanoseconds / 1000) }
    return [
      "p50Us": microseconds(median), "p99Us": microseconds(p99),
      "averageUs": microseconds(average), "maxUs": microseconds(maximum),
    ]
  }
}

extension StatusDocument.Uplink {
  fileprivate var json: JSONValue {
    object([
      "name": .string(name), "state": .string(state), "depth": count(depth),
      "oldestMs": milliseconds(oldest), "delivered": count(delivered),
      "quarantined": count(quarantined), "lastSuccess": text(lastSuccess),
      "lastError": lastError.map { .string($0) },
      "conditions": conditions.isEmpty ? nil : .array(conditions.map { .string($0) }),
      "speaks": speaks.map { .string($0) },
      "history": history.map { ["left": count($0), "lanes": .bool(isInLanes)] },
      "heldKeys": heldKeys.isEmpty ? nil : .array(heldKeys.map { .string($0) }),
      "held": heldKeys.isEmpty ? nil : .integer(Int64(held)),
      "heldUp": isHeldUp ? .bool(true) : nil,
    ])
  }
}

extension StatusDocument.Journal {
  fileprivate var json: JSONValue {
    object([
      "epoch": .string(epoch), "sequence": count(sequence), "held": count(held),
      "bytes": .integer(bytes), "freeBytes": freeBytes.map { .integer($0) },
      "lastsMs": milliseconds(lasts), "fault": fault.map { .string($0) },
    ])
  }
}

private func object(_ members: [String: JSONValue?]) -> JSONValue {
  .object(members.compactMapValues { $0 })
}

private func count(_ number: UInt64) -> JSONValue { .integer(Int64(clamping: number)) }

private func text(_ time: WallTime?) -> JSONValue? { time.map { .string($0.text) } }

private func milliseconds(_ duration: Duration?) -> JSONValue? {
  duration.map { .integer($0.wholeMilliseconds) }
}
