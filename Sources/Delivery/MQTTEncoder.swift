// How an event becomes a message: the seam at which another payload, such as Sparkplug's, fits.

public import Outbox

/// A message as it is published, without the number of its delivery.
public struct MQTTMessage: Equatable, Sendable {
  public var topic: String
  public var payload: [UInt8]
  public var retain = false
  /// Only 5.0 carries them.
  public var properties = MQTTProperties()
  /// What must stay in order among its equals.
  public var key = ""
  /// The journal's epoch, for the application's acknowledgements; empty when unknown.
  public var epoch = ""

  public init(topic: String, payload: [UInt8]) {
    self.topic = topic
    self.payload = payload
  }
}

/// Makes one message of one event.
public protocol MQTTEncoder: Sendable {
  /// `previous` is the sequence that was due to this uplink before; 0 for none.
  /// `isReplay` marks one that is told again or late.
  mutating func message(_ event: StoredEvent, previous: UInt64, isReplay: Bool) -> MQTTMessage
}

/// CloudEvents in structured mode: the committed bytes, untouched, on the topic of the template.
public struct CloudEventEncoder: MQTTEncoder {
  private struct Origin: Hashable {
    var source: String
    var type: String
  }

  private let template: MQTTTopicTemplate
  private var topics: [Origin: String] = [:]

  public init(template: MQTTTopicTemplate) { self.template = template }

  /// The event's own bytes on the topic of the template, with `previous` as a user property.
  public mutating func message(
    _ event: StoredEvent, previous: UInt64, isReplay: Bool = false
  ) -> MQTTMessage {
    let labels = MQTTLabels(event.bytes)
    var message = MQTTMessage(topic: topic(labels), payload: event.bytes)
    message.key = labels.partitionKey
    message.epoch = labels.epoch
    message.properties.add(.payloadFormat, .number(1))
    message.properties.add(.contentType, .text("application/cloudevents+json"))
    message.properties.add(.userProperty, .pair("previous", String(previous)))
    if isReplay { message.properties.add(.userProperty, .pair("replay", "true")) }
    return message
  }

  private mutating func topic(_ labels: MQTTLabels) -> String {
    let origin = Origin(source: labels.source, type: labels.type)
    if let topic = topics[origin] { return topic }
    if topics.count >= MQTTLimits.rememberedTopics { topics = [:] }
    let topic = template.topic(source: labels.source, type: labels.type)
    topics[origin] = topic
    return topic
  }
}
