// The names of what Takt tells. A receiver switches over these strings; they never change meaning.

/// The type of an event: `takt.<noun>.<verb>.v1`.
public enum EventType: String, Sendable, CaseIterable {
  case stateChanged = "takt.state.changed.v1"
  case stopStarted = "takt.stop.started.v1"
  case stopClassified = "takt.stop.classified.v1"
  case stopEnded = "takt.stop.ended.v1"
  case stopsMinor = "takt.stops.minor.v1"
  case productionCount = "takt.production.count.v1"
  case productionConfirmation = "takt.production.confirmation.v1"
  case counterAnomaly = "takt.counter.anomaly.v1"
  case orderStarted = "takt.order.started.v1"
  case orderEnded = "takt.order.ended.v1"
  case qualityHold = "takt.quality.hold.v1"
  case qualityReleased = "takt.quality.released.v1"
  case limitExceeded = "takt.limit.exceeded.v1"
  case limitCleared = "takt.limit.cleared.v1"
  case signalsChanged = "takt.signals.changed.v1"
  case contactLost = "takt.contact.lost.v1"
  case contactRestored = "takt.contact.restored.v1"
  case gatewayStarted = "takt.gateway.started.v1"
  case gatewayStopped = "takt.gateway.stopped.v1"
  case gatewayHealth = "takt.gateway.health.v1"
  case clockCorrected = "takt.clock.corrected.v1"
  case eventsDropped = "takt.events.dropped.v1"
}
