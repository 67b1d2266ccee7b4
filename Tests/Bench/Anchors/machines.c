/* What signals and machines decide, as a tight loop: no room, no names, no restarts, no ring.
 *
 * The same site as SignalPlant.swift: of ten signals one is a run bit that is debounced for three
 * scans, one counts, eight are scaled and have a deadband. It tells what ours tells, as records of
 * fixed size: samples, states, stops with their identity, begin, end and cause, and the pieces of
 * each ten seconds and before each stop; the last 64 stops of a machine are kept, as ours are. */
#include "anchors.h"
#include <stdlib.h>
#include <string.h>

enum { PER_MACHINE = 10, DEBOUNCE = 3, WINDOW = 100, SHORT_STOP = 1200, KEPT = 64 };
enum { RUN, COUNT, VALUE };
enum { SAMPLE, STATE, STARTED, ENDED, COUNTED };
enum { UNKNOWN, RUNNING, SHORT, STOPPED };

typedef struct {
  float scale, offset, deadband, last;
  uint32_t since, machine;
  uint16_t raw;
  uint8_t role, state, is_pending, is_read;
} signal;

typedef struct {
  char id[24];
  uint32_t from, to, duration;
  const char *cause;
  uint8_t category, is_classified;
} stop;

typedef struct {
  uint32_t since, due, window_from, told_until;
  uint16_t shown;
  uint8_t state, is_counting, kept, is_read;
  int64_t good, good_total, next_stop;
  stop open;
  stop *ended;
} machine;

typedef struct {
  uint32_t id, at;
  float value;
  uint8_t what, quality;
} told;

typedef struct {
  uint32_t machine, at;
  int64_t wall;
  uint8_t what, state, previous;
  uint32_t from, duration, signal;
  int64_t value, good, good_total;
  stop stop;
} fact;

typedef struct {
  signal *signals;
  machine *machines;
  told *samples;
  fact *facts;
  size_t sample_count, fact_count;
  uint32_t due;
} site;

static fact *tell(site *s, uint32_t m, uint8_t what, uint32_t at) {
  fact *f = &s->facts[s->fact_count++];
  f->machine = m;
  f->at = at;
  f->wall = 1800000000000 + (int64_t)at * 100;
  f->what = what;
  return f;
}

static void tell_pieces(site *s, uint32_t index, uint32_t at) {
  machine *m = &s->machines[index];
  if (!m->is_counting) return;
  fact *f = tell(s, index, COUNTED, at);
  f->from = m->window_from;
  f->good = m->good;
  f->good_total = m->good_total;
  m->told_until = at;
  m->is_counting = 0;
  m->good = 0;
}

static void enter(site *s, uint32_t index, uint8_t state, uint32_t at) {
  machine *m = &s->machines[index];
  fact *f = tell(s, index, STATE, at);
  f->state = state;
  f->previous = m->state;
  f->duration = at - m->since;
  m->state = state;
  m->since = at;
}

/* "m12-0a0b0c0d-7", as an event names it for ever. */
static void name(char *out, uint32_t index, int64_t number) {
  char digits[20];
  size_t n = 0;
  *out++ = 'm';
  do digits[n++] = (char)('0' + index % 10); while (index /= 10);
  while (n) *out++ = digits[--n];
  memcpy(out, "-0a0b0c0d-", 10);
  out += 10;
  do digits[n++] = (char)('0' + number % 10); while (number /= 10);
  while (n) *out++ = digits[--n];
  *out = 0;
}

static void begin_stop(site *s, uint32_t index, uint32_t at) {
  machine *m = &s->machines[index];
  tell_pieces(s, index, at);
  memset(&m->open, 0, sizeof m->open);
  name(m->open.id, index, ++m->next_stop);
  m->open.from = at;
  m->open.cause = "stopped, no reason";
  fact *f = tell(s, index, STARTED, at);
  f->stop = m->open;
  f->signal = index * PER_MACHINE;
  enter(s, index, SHORT, at);
  if (at + SHORT_STOP < s->due) s->due = at + SHORT_STOP;
}

static void end_stop(site *s, uint32_t index, uint32_t at) {
  machine *m = &s->machines[index];
  m->open.to = at;
  m->open.duration = at - m->open.from;
  m->open.category = m->open.duration < SHORT_STOP;
  if (!m->ended) m->ended = malloc(KEPT * sizeof *m->ended);
  m->ended[m->kept++ % KEPT] = m->open;
  fact *f = tell(s, index, ENDED, at);
  f->stop = m->open;
  f->signal = index * PER_MACHINE;
  f->value = 1;
  enter(s, index, RUNNING, at);
}

static void run(site *s, uint32_t index, int runs, uint32_t at) {
  machine *m = &s->machines[index];
  if (runs && m->state == UNKNOWN) enter(s, index, RUNNING, at);
  else if (runs && m->state != RUNNING) end_stop(s, index, at);
  else if (!runs && m->state <= RUNNING) begin_stop(s, index, at);
}

static void count(site *s, uint32_t index, uint16_t shown, uint32_t at) {
  machine *m = &s->machines[index];
  /* What falls is a reset here: it books nothing. */
  int64_t pieces = m->is_read && shown > m->shown ? shown - m->shown : 0;
  m->shown = shown;
  m->is_read = 1;
  if (!pieces) return;
  if (!m->is_counting) {
    m->is_counting = 1;
    m->window_from = m->told_until ? m->told_until : at;
    m->due = at + WINDOW;
    if (m->due < s->due) s->due = m->due;
  }
  m->good += pieces;
  m->good_total += pieces;
  if (m->state > RUNNING) tell_pieces(s, index, at);
}

static void fire(site *s, size_t machines, uint32_t at) {
  s->due = UINT32_MAX;
  for (uint32_t i = 0; i < machines; i++) {
    machine *m = &s->machines[i];
    if (m->is_counting && m->due <= at) tell_pieces(s, i, m->due);
    if (m->is_counting && m->due < s->due) s->due = m->due;
    if (m->state == SHORT && m->since + SHORT_STOP <= at) enter(s, i, STOPPED, at);
    if (m->state == SHORT && m->since + SHORT_STOP < s->due) s->due = m->since + SHORT_STOP;
  }
}

static void scan(site *s, size_t signals, const uint16_t *raw, uint32_t at) {
  s->sample_count = s->fact_count = 0;
  for (size_t i = 0; i < signals; i++) {
    signal *g = &s->signals[i];
    if (raw[i] == g->raw && g->is_read && !g->is_pending) continue;
    g->raw = raw[i];
    float value = (float)raw[i];
    uint32_t seen = at;
    if (g->role == VALUE) {
      value = value * g->scale + g->offset;
      float moved = value - g->last;
      if (g->is_read && moved <= g->deadband && moved >= -g->deadband) continue;
      g->last = value;
    } else if (g->role == RUN && g->is_read) {
      uint8_t runs = raw[i] != 0;
      if (runs == g->state) {
        g->is_pending = 0;
        continue;
      }
      if (!g->is_pending) {
        g->is_pending = 1;
        g->since = at;
      }
      if (at - g->since < DEBOUNCE) continue;
      g->is_pending = 0;
      g->state = runs;
      seen = g->since;
    } else if (g->role == RUN) {
      g->state = raw[i] != 0;
    }
    g->is_read = 1;
    s->samples[s->sample_count++] = (told){(uint32_t)i, seen, value, g->role, 0};
  }
  for (size_t i = 0; i < s->sample_count; i++) {
    told *t = &s->samples[i];
    if (t->what == VALUE) continue;
    uint32_t machine = s->signals[t->id].machine;
    if (t->what == RUN) run(s, machine, t->value != 0, t->at);
    else count(s, machine, (uint16_t)t->value, t->at);
  }
  if (s->due <= at) fire(s, signals / PER_MACHINE, at);
}

double anchor_machines(const uint16_t *raw, size_t signals, int scans, uint64_t *facts) {
  size_t machines = signals / PER_MACHINE;
  site s = {
    .signals = calloc(signals, sizeof(signal)), .machines = calloc(machines, sizeof(machine)),
    .samples = malloc(signals * sizeof(told)), .facts = malloc(8 * machines * sizeof(fact)),
    .due = UINT32_MAX};
  for (size_t i = 0; i < signals; i++) {
    size_t role = i % PER_MACHINE;
    s.signals[i] = (signal){
      .scale = 0.1f, .offset = -5, .deadband = 2, .machine = (uint32_t)(i / PER_MACHINE),
      .role = role == 0 ? RUN : role == 1 ? COUNT : VALUE};
  }
  uint32_t at = 0;
  for (int i = 0; i < 64; i++) scan(&s, signals, raw + (size_t)i * signals, ++at);
  uint64_t sum = 0;
  int64_t began = anchor_thread_time();
  for (int i = 0; i < scans; i++) {
    scan(&s, signals, raw + (size_t)(i & 63) * signals, ++at);
    sum += s.fact_count;
  }
  double each = (double)(anchor_thread_time() - began) / (double)scans / (double)signals;
  *facts = sum;
  for (size_t i = 0; i < machines; i++) free(s.machines[i].ended);
  free(s.signals);
  free(s.machines);
  free(s.samples);
  free(s.facts);
  return each;
}
