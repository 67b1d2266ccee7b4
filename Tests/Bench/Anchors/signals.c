/* The signal core as a tight loop: one 64-byte record a signal, no room, no names, no restarts. */
#include "anchors.h"
#include <stdlib.h>
#include <string.h>

enum { OFF, RUN, SLOW, STOP, FAULT };

typedef struct {
  float scale, offset, deadband, last, slow_at, stop_at;
  uint32_t since, candidate_since;
  uint16_t debounce, stop_after;
  uint8_t state, candidate, quality, padding;
  uint32_t events, id, spare[4];
} signal;

typedef struct {
  uint32_t id, at;
  float value;
  uint8_t what, from, to, quality;
} told;

static size_t scan(signal *signals, size_t count, const uint16_t *raw, uint32_t at, told *out) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++) {
    signal *s = &signals[i];
    float value = (float)raw[i] * s->scale + s->offset, moved = value - s->last;
    if (moved > s->deadband || moved < -s->deadband) {
      s->last = value;
      out[n++] = (told){s->id, at, value, 1, 0, 0, s->quality};
    }
    int class = raw[i] == 0xffff ? FAULT
      : value < s->stop_at      ? STOP
      : value < s->slow_at      ? SLOW
                                : RUN;
    if (class != s->candidate) {
      s->candidate = (uint8_t)class;
      s->candidate_since = at;
    }
    if (s->candidate != s->state && at - s->candidate_since >= s->debounce
        && (s->candidate != STOP || at - s->candidate_since >= s->stop_after
            || s->state == FAULT)) {
      out[n++] = (told){s->id, at, value, 2, s->state, s->candidate, s->quality};
      s->state = s->candidate;
      s->since = at;
      s->events++;
    }
  }
  return n;
}

double anchor_signals(const uint16_t *raw, size_t count, int scans, uint64_t *events) {
  signal *signals = aligned_alloc(64, (count * sizeof(signal) + 63) / 64 * 64);
  told *out = malloc(2 * count * sizeof *out);
  memset(signals, 0, count * sizeof *signals);
  for (size_t i = 0; i < count; i++) {
    signals[i] = (signal){
      .scale = 0.1f, .offset = -5, .deadband = 2, .slow_at = 60, .stop_at = 12, .debounce = 3,
      .stop_after = 8, .id = (uint32_t)i};
  }
  uint32_t at = 0;
  for (int i = 0; i < 64; i++) scan(signals, count, raw + (size_t)i * count, ++at, out);
  uint64_t sum = 0;
  int64_t began = anchor_thread_time();
  for (int i = 0; i < scans; i++) {
    sum += scan(signals, count, raw + (size_t)(i & 63) * count, ++at, out);
  }
  double each = (double)(anchor_thread_time() - began) / (double)scans / (double)count;
  *events = sum;
  free(signals);
  free(out);
  return each;
}
