/* The far ends of the uplinks, and the bare loops that do what a courier does. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* A receiver of batches over HTTPS: reads a request, counts its events, answers 204; a thread a
 * connection. It verifies nothing, so that what is measured is who sends. */
typedef struct anchor_receiver anchor_receiver;
/* Listens on the port, or on a free one when it is 0; NULL when it cannot. */
anchor_receiver *anchor_receiver_start(const char *certificate, const char *key, uint16_t *port);
/* Ends every connection and frees the port. */
void anchor_receiver_stop(anchor_receiver *receiver);
/* Counts from 0 again. */
void anchor_receiver_reset(anchor_receiver *receiver);
uint64_t anchor_receiver_events(anchor_receiver *receiver);
/* Bytes of their bodies. */
uint64_t anchor_receiver_bytes(anchor_receiver *receiver);
/* When the first and the last request since then had come, anchor_now; 0 for none. */
int64_t anchor_receiver_first(anchor_receiver *receiver);
int64_t anchor_receiver_last(anchor_receiver *receiver);
/* When the last event came that was recorded before the reset (its "recordedtime"). */
int64_t anchor_receiver_level(anchor_receiver *receiver);
/* Events whose type begins so since the reset, and when the last of them came. */
void anchor_receiver_watch(anchor_receiver *receiver, const char *type);
uint64_t anchor_receiver_watched(anchor_receiver *receiver);
int64_t anchor_receiver_watched_at(anchor_receiver *receiver);
/* Milliseconds from "recordedtime" to the arrival, of each event that has come; how many. */
size_t anchor_receiver_delays(anchor_receiver *receiver, double *delays, size_t limit);

/* Reads a journal in batches, posts each over one TLS connection and deletes what was acknowledged,
 * 256 events at once at the least; seconds, negative when it broke. */
double anchor_drain(const char *journal, uint16_t port, const char *authority, int batch);

/* Publishes the same payload so many times with QoS 1 over TLS by libmosquitto, a window at once,
 * MQTT 5; seconds from the first PUBLISH to the last PUBACK, negative without the library. */
double anchor_publish(
  uint16_t port, const char *authority, const char *topic, const uint8_t *payload, int length,
  int window, int count);
