/* libmodbus alone: a server in a thread, and the loops a technician would write against it. */
#define _GNU_SOURCE
#include "anchors.h"
#include <arpa/inet.h>
#include <errno.h>
#include <modbus/modbus.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REGISTERS 4096
#define CLIENTS 256
#define CHANGE_NS 100000000

/* One request as it arrived, while somebody watches. */
typedef struct {
  int64_t at;
  int32_t client, start;
} arrival;

#define ARRIVALS 65536

struct anchor_server {
  pthread_t thread;
  modbus_t *context;
  modbus_mapping_t *mapping;
  int listener;
  atomic_int ends, muted;
  atomic_ullong answered;
  atomic_llong first;
  struct pollfd set[CLIENTS + 1];
  nfds_t count;
  uint32_t chance;
  atomic_int watched;
  arrival *arrivals;
};

static void change(anchor_server *s) {
  for (int i = 2; i < REGISTERS; i++) {
    s->chance = s->chance * 1664525u + 1013904223u;
    if (s->chance >> 16 < 6554) s->mapping->tab_registers[i] ^= (uint16_t)(s->chance >> 8 & 0x3ff);
  }
  s->mapping->tab_registers[1]++;
}

static void take(anchor_server *s) {
  int client = accept(s->listener, 0, 0), on = 1;
  if (client < 0) return;
  if (s->count > CLIENTS) {
    close(client);
    return;
  }
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  s->set[s->count++] = (struct pollfd){.fd = client, .events = POLLIN};
}

/* False when the client has gone. */
static int answer(anchor_server *s, int client) {
  uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
  modbus_set_socket(s->context, client);
  int length = modbus_receive(s->context, request);
  if (length <= 0) return 0;
  long long none = 0;
  int number = atomic_load(&s->watched);
  if (number >= 0 && number < ARRIVALS && length >= 10) {
    s->arrivals[number] =
      (arrival){anchor_now(), client, request[8] << 8 | request[9]};
    atomic_store(&s->watched, number + 1);
  }
  atomic_compare_exchange_strong(&s->first, &none, anchor_now());
  if (atomic_load(&s->muted)) return 1;
  atomic_fetch_add(&s->answered, 1);
  return modbus_reply(s->context, request, length, s->mapping) > 0;
}

static void *serve(void *argument) {
  anchor_server *s = argument;
  int64_t due = anchor_now() + CHANGE_NS;
  while (!atomic_load(&s->ends)) {
    int64_t left = due - anchor_now();
    int ready = left <= 0 ? 0 : poll(s->set, s->count, (int)(left / 1000000) + 1);
    if (anchor_now() >= due) {
      change(s);
      due += CHANGE_NS;
    }
    if (ready <= 0) continue;
    for (nfds_t i = s->count; i-- > 1;) {
      if (!s->set[i].revents || answer(s, s->set[i].fd)) continue;
      close(s->set[i].fd);
      s->set[i] = s->set[--s->count];
    }
    if (s->set[0].revents) take(s);
  }
  return 0;
}

anchor_server *anchor_server_start(uint16_t *port) {
  anchor_server *s = calloc(1, sizeof *s);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
  socklen_t size = sizeof address;
  s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bind(s->listener, (struct sockaddr *)&address, size);
  if (listen(s->listener, 128) || getsockname(s->listener, (struct sockaddr *)&address, &size)) {
    free(s);
    return 0;
  }
  *port = ntohs(address.sin_port);
  s->context = modbus_new_tcp("127.0.0.1", *port);
  s->mapping = modbus_mapping_new(16, 16, REGISTERS, 16);
  free(s->mapping->tab_registers);
  s->mapping->tab_registers = calloc(REGISTERS, sizeof(uint16_t));
  s->mapping->nb_registers = REGISTERS;
  for (int i = 0; i < REGISTERS; i++) s->mapping->tab_registers[i] = (uint16_t)(1000 + i);
  s->set[0] = (struct pollfd){.fd = s->listener, .events = POLLIN};
  s->count = 1;
  s->chance = 1;
  s->arrivals = calloc(ARRIVALS, sizeof *s->arrivals);
  atomic_store(&s->watched, -1);
  pthread_create(&s->thread, 0, serve, s);
  return s;
}

void anchor_server_stop(anchor_server *s) {
  atomic_store(&s->ends, 1);
  pthread_join(s->thread, 0);
  for (nfds_t i = 0; i < s->count; i++) close(s->set[i].fd);
  modbus_mapping_free(s->mapping);
  modbus_free(s->context);
  free(s->arrivals);
  free(s);
}

uint64_t anchor_server_answered(anchor_server *s) { return atomic_load(&s->answered); }
int64_t anchor_server_first(anchor_server *s) { return atomic_exchange(&s->first, 0); }
void anchor_server_set(anchor_server *s, int number, uint16_t value) {
  if (number >= 0 && number < REGISTERS) s->mapping->tab_registers[number] = value;
}
void anchor_server_mute(anchor_server *s, int muted) { atomic_store(&s->muted, muted); }

void anchor_server_watch(anchor_server *s) { atomic_store(&s->watched, 0); }

static int by_series(const void *one, const void *other) {
  const arrival *a = one, *b = other;
  if (a->client != b->client) return a->client < b->client ? -1 : 1;
  if (a->start != b->start) return a->start < b->start ? -1 : 1;
  return a->at < b->at ? -1 : a->at > b->at;
}

static int by_size(const void *one, const void *other) {
  const int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
  return a < b ? -1 : a > b;
}

anchor_schedule anchor_server_schedule(anchor_server *s, int64_t period) {
  int count = atomic_exchange(&s->watched, -1);
  anchor_schedule found = {0};
  if (count <= 0) return found;
  int64_t *late = calloc((size_t)count, sizeof *late);
  qsort(s->arrivals, (size_t)count, sizeof *s->arrivals, by_series);
  for (int from = 0, to; from < count; from = to) {
    const arrival *first = &s->arrivals[from];
    int64_t earliest = 0;
    for (to = from; to < count && s->arrivals[to].client == first->client
           && s->arrivals[to].start == first->start; to++) {
      /* Where this one stands against the grid of its own series. */
      late[to] = s->arrivals[to].at - first->at - (int64_t)(to - from) * period;
      if (late[to] < earliest) earliest = late[to];
      if (to == from) continue;
      int64_t gap = s->arrivals[to].at - s->arrivals[to - 1].at;
      if (gap < period / 2 || gap > period + period / 2) found.irregular++;
    }
    for (int i = from; i < to; i++) late[i] -= earliest;
    found.series++;
  }
  qsort(late, (size_t)count, sizeof *late, by_size);
  found.requests = count;
  found.late_p99 = (double)late[(int64_t)count * 99 / 100] / 1e6;
  found.late_most = (double)late[count - 1] / 1e6;
  free(late);
  return found;
}

typedef struct {
  uint16_t port;
  int registers, requests;
  int64_t until, period, phase;
  uint64_t done;
  int64_t used;
} client;

static void *read_all(void *argument) {
  client *c = argument;
  uint16_t words[MODBUS_MAX_READ_REGISTERS];
  modbus_t *context = modbus_new_tcp("127.0.0.1", c->port);
  if (modbus_connect(context)) {
    modbus_free(context);
    return 0;
  }
  int64_t began = anchor_thread_time(), due = anchor_now() + c->phase;
  while (anchor_now() < c->until) {
    if (c->period) {
      struct timespec t = {due / 1000000000, due % 1000000000};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0);
      due += c->period;
    }
    for (int i = 0; i < c->requests; i++) {
      if (modbus_read_registers(context, i * c->registers, c->registers, words) == c->registers)
        c->done++;
    }
  }
  c->used = anchor_thread_time() - began;
  modbus_close(context);
  modbus_free(context);
  return 0;
}

static void run(client *clients, int count) {
  pthread_t threads[CLIENTS];
  for (int i = 0; i < count; i++) pthread_create(&threads[i], 0, read_all, &clients[i]);
  for (int i = 0; i < count; i++) pthread_join(threads[i], 0);
}

anchor_rate anchor_poll(uint16_t port, int connections, int registers, double seconds) {
  client clients[CLIENTS] = {0};
  int64_t began = anchor_now();
  for (int i = 0; i < connections; i++) {
    clients[i] = (client){
      .port = port, .registers = registers, .requests = 1,
      .until = began + (int64_t)(seconds * 1e9)};
  }
  run(clients, connections);
  double elapsed = (double)(anchor_now() - began) / 1e9, used = 0, done = 0;
  for (int i = 0; i < connections; i++) {
    done += (double)clients[i].done;
    used += (double)clients[i].used / 1e3;
  }
  return (anchor_rate){done / elapsed, done > 0 ? used / done : 0};
}

double anchor_pace(uint16_t port, int connections, int requests, int64_t period, double seconds) {
  client clients[CLIENTS] = {0};
  int64_t began = anchor_now();
  for (int i = 0; i < connections; i++) {
    clients[i] = (client){
      .port = port, .registers = requests == 1 ? 100 : 125, .requests = requests,
      .until = began + (int64_t)(seconds * 1e9), .period = period,
      .phase = period * i / connections};
  }
  run(clients, connections);
  double used = 0;
  for (int i = 0; i < connections; i++) used += (double)clients[i].used;
  return used / (double)(anchor_now() - began) * 100;
}
