/* A ring with cached indices, one producer and one consumer: what the cache line's journey costs. */
#include "anchors.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 16384
#define BLOCK 16

typedef struct {
  uint64_t words[4];
} record;

typedef struct {
  _Alignas(128) atomic_size_t head;
  size_t tail_seen;
  _Alignas(128) atomic_size_t tail;
  size_t head_seen;
  _Alignas(128) record slots[SLOTS];
  uint64_t records;
  int block;
  uint64_t wrong;
} ring;

static size_t push(ring *r, const record *from, size_t count) {
  size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
  size_t room = SLOTS - (head - r->tail_seen);
  if (room < count) {
    r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
    room = SLOTS - (head - r->tail_seen);
  }
  if (count > room) count = room;
  for (size_t i = 0; i < count; i++) r->slots[(head + i) & (SLOTS - 1)] = from[i];
  if (count) atomic_store_explicit(&r->head, head + count, memory_order_release);
  return count;
}

static size_t pop(ring *r, record *to, size_t count) {
  size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
  size_t have = r->head_seen - tail;
  if (have < count) {
    r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
    have = r->head_seen - tail;
  }
  if (count > have) count = have;
  for (size_t i = 0; i < count; i++) to[i] = r->slots[(tail + i) & (SLOTS - 1)];
  if (count) atomic_store_explicit(&r->tail, tail + count, memory_order_release);
  return count;
}

static void *consume(void *argument) {
  ring *r = argument;
  record records[BLOCK];
  uint64_t wanted = 0;
  anchor_pin(1);
  while (wanted < r->records) {
    size_t count = pop(r, records, r->block ? BLOCK : 1);
    for (size_t i = 0; i < count; i++) r->wrong += records[i].words[0] != wanted++;
    if (!count) anchor_relax();
  }
  return 0;
}

static ring *make(uint64_t records, int block) {
  ring *r = aligned_alloc(128, (sizeof(ring) + 127) / 128 * 128);
  memset(r, 0, sizeof *r);
  r->records = records;
  r->block = block;
  return r;
}

double anchor_ring_across(uint64_t count, int block) {
  ring *r = make(count, block);
  pthread_t consumer;
  record records[BLOCK] = {0};
  int64_t began = anchor_now();
  pthread_create(&consumer, 0, consume, r);
  anchor_pin(0);
  for (uint64_t sent = 0; sent < count;) {
    size_t wanted = block ? BLOCK : 1;
    if (wanted > count - sent) wanted = count - sent;
    for (size_t i = 0; i < wanted; i++) records[i].words[0] = sent + i;
    size_t done = push(r, records, wanted);
    sent += done;
    if (!done) anchor_relax();
  }
  pthread_join(consumer, 0);
  anchor_pin(-1);
  double each = (double)(anchor_now() - began) / (double)count;
  if (r->wrong) each = -1;
  free(r);
  return each;
}

double anchor_ring_alone(uint64_t count) {
  ring *r = make(count, 0);
  record in = {0}, out = {0};
  uint64_t wanted = 0;
  int64_t began = anchor_now();
  for (uint64_t sent = 0; sent < count;) {
    for (int k = 0; k < 64; k++) {
      in.words[0] = sent++;
      push(r, &in, 1);
    }
    for (int k = 0; k < 64; k++) {
      pop(r, &out, 1);
      r->wrong += out.words[0] != wanted++;
    }
  }
  double each = (double)(anchor_now() - began) / (double)count;
  if (r->wrong) each = -1;
  free(r);
  return each;
}
