/* A receiver that does nothing but take what is sent: HTTPS, one thread a connection. */
#define _GNU_SOURCE
#include "anchors.h"
#include "forward.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { connections = 64, request_bytes = 4 << 20, delays_kept = 1 << 16, least_event = 200 };

struct anchor_receiver {
  SSL_CTX *context;
  int listener;
  pthread_t thread, serving[connections];
  atomic_int ends, sockets[connections];
  atomic_int count;
  atomic_ullong events, bytes, watched;
  atomic_llong first, last, level, mark, watched_at;
  pthread_mutex_t lock;
  char type[64];
  double *delays;
  size_t delayed;
};

typedef struct {
  anchor_receiver *receiver;
  int number;
} serving;

static int64_t wall_milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The wall time of the first "recordedtime" from here on; 0 for none. */
static int64_t recorded(const char *from, const char *end) {
  static const char name[] = "\"recordedtime\":\"";
  const char *at = memmem(from, (size_t)(end - from), name, sizeof name - 1);
  struct tm t = {0};
  int milliseconds = 0;
  if (!at || end - at < 42) return 0;
  if (sscanf(at + sizeof name - 1, "%4d-%2d-%2dT%2d:%2d:%2d.%3d", &t.tm_year, &t.tm_mon, &t.tm_mday,
        &t.tm_hour, &t.tm_min, &t.tm_sec, &milliseconds) != 7)
    return 0;
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  return (int64_t)timegm(&t) * 1000 + milliseconds;
}

static void take(anchor_receiver *r, const char *body, size_t length) {
  static const char name[] = "\"specversion\"";
  const char *end = body + length, *at = body;
  int64_t now = anchor_now(), wall = wall_milliseconds();
  long long none = 0;
  uint64_t count = 0;
  while ((at = memmem(at, (size_t)(end - at), name, sizeof name - 1))) {
    count++;
    at += at + least_event < end ? least_event : (size_t)(end - at);
  }
  pthread_mutex_lock(&r->lock);
  if (recorded(body, end) <= atomic_load(&r->mark)) atomic_store(&r->level, now);
  /* A drain is not looked at event by event: only what comes in small batches is live. */
  for (at = body; count < 50 && r->delayed < delays_kept;) {
    int64_t when = recorded(at, end);
    if (!when) break;
    r->delays[r->delayed++] = (double)(wall - when);
    at = (const char *)memmem(at, (size_t)(end - at), "\"recordedtime\"", 14) + 14;
  }
  if (r->type[0]) {
    for (at = body; (at = memmem(at, (size_t)(end - at), r->type, strlen(r->type))); at++) {
      atomic_store(&r->watched_at, now);
      atomic_fetch_add(&r->watched, 1);
    }
  }
  pthread_mutex_unlock(&r->lock);
  atomic_compare_exchange_strong(&r->first, &none, now);
  atomic_store(&r->last, now);
  atomic_fetch_add(&r->bytes, length);
  atomic_fetch_add(&r->events, count);
}

static void *serve(void *argument) {
  static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";
  serving *s = argument;
  anchor_receiver *r = s->receiver;
  SSL *ssl = SSL_new(r->context);
  char *buffer = malloc(request_bytes);
  size_t held = 0;
  SSL_set_fd(ssl, atomic_load(&r->sockets[s->number]));
  int works = SSL_accept(ssl) == 1;
  while (works) {
    char *body = memmem(buffer, held, "\r\n\r\n", 4);
    if (body) {
      body += 4;
      const char *field = memmem(buffer, (size_t)(body - buffer), "Content-Length: ", 16);
      size_t length = field ? strtoul(field + 16, 0, 10) : 0;
      size_t whole = (size_t)(body - buffer) + length;
      if (whole > request_bytes) break;
      if (held >= whole) {
        take(r, body, length);
        memmove(buffer, buffer + whole, held - whole);
        held -= whole;
        works = SSL_write(ssl, answer, sizeof answer - 1) > 0;
        continue;
      }
    }
    int count = SSL_read(ssl, buffer + held, (int)(request_bytes - held));
    if (count <= 0) break;
    held += (size_t)count;
  }
  free(buffer);
  SSL_free(ssl);
  free(s);
  return 0;
}

static void *listen_for(void *argument) {
  anchor_receiver *r = argument;
  while (!atomic_load(&r->ends)) {
    int on = 1, number = atomic_load(&r->count), client = accept(r->listener, 0, 0);
    if (client < 0) break;
    if (number >= connections || atomic_load(&r->ends)) {
      close(client);
      continue;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    atomic_store(&r->sockets[number], client);
    serving *s = malloc(sizeof *s);
    *s = (serving){r, number};
    pthread_create(&r->serving[number], 0, serve, s);
    atomic_store(&r->count, number + 1);
  }
  return 0;
}

anchor_receiver *anchor_receiver_start(const char *certificate, const char *key, uint16_t *port) {
  anchor_receiver *r = calloc(1, sizeof *r);
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(*port)};
  socklen_t size = sizeof address;
  int on = 1;
  signal(SIGPIPE, SIG_IGN);
  r->context = SSL_CTX_new(TLS_server_method());
  r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(r->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (SSL_CTX_use_certificate_chain_file(r->context, certificate) != 1
      || SSL_CTX_use_PrivateKey_file(r->context, key, SSL_FILETYPE_PEM) != 1
      || bind(r->listener, (struct sockaddr *)&address, size) || listen(r->listener, 64)
      || getsockname(r->listener, (struct sockaddr *)&address, &size)) {
    close(r->listener);
    SSL_CTX_free(r->context);
    free(r);
    return 0;
  }
  *port = ntohs(address.sin_port);
  r->delays = calloc(delays_kept, sizeof *r->delays);
  pthread_mutex_init(&r->lock, 0);
  anchor_receiver_reset(r);
  pthread_create(&r->thread, 0, listen_for, r);
  return r;
}

void anchor_receiver_stop(anchor_receiver *r) {
  atomic_store(&r->ends, 1);
  shutdown(r->listener, SHUT_RDWR);
  pthread_join(r->thread, 0);
  close(r->listener);
  for (int i = 0; i < atomic_load(&r->count); i++) {
    shutdown(atomic_load(&r->sockets[i]), SHUT_RDWR);
    pthread_join(r->serving[i], 0);
    close(atomic_load(&r->sockets[i]));
  }
  SSL_CTX_free(r->context);
  free(r->delays);
  free(r);
}

void anchor_receiver_reset(anchor_receiver *r) {
  pthread_mutex_lock(&r->lock);
  atomic_store(&r->events, 0);
  atomic_store(&r->bytes, 0);
  atomic_store(&r->watched, 0);
  atomic_store(&r->first, 0);
  atomic_store(&r->last, 0);
  atomic_store(&r->level, 0);
  atomic_store(&r->mark, wall_milliseconds());
  r->delayed = 0;
  pthread_mutex_unlock(&r->lock);
}

uint64_t anchor_receiver_events(anchor_receiver *r) { return atomic_load(&r->events); }
uint64_t anchor_receiver_bytes(anchor_receiver *r) { return atomic_load(&r->bytes); }
int64_t anchor_receiver_first(anchor_receiver *r) { return atomic_load(&r->first); }
int64_t anchor_receiver_last(anchor_receiver *r) { return atomic_load(&r->last); }
int64_t anchor_receiver_level(anchor_receiver *r) { return atomic_load(&r->level); }
uint64_t anchor_receiver_watched(anchor_receiver *r) { return atomic_load(&r->watched); }
int64_t anchor_receiver_watched_at(anchor_receiver *r) { return atomic_load(&r->watched_at); }

void anchor_receiver_watch(anchor_receiver *r, const char *type) {
  pthread_mutex_lock(&r->lock);
  snprintf(r->type, sizeof r->type, "\"type\":\"%s", type);
  pthread_mutex_unlock(&r->lock);
}

size_t anchor_receiver_delays(anchor_receiver *r, double *delays, size_t limit) {
  pthread_mutex_lock(&r->lock);
  size_t count = r->delayed < limit ? r->delayed : limit;
  memcpy(delays, r->delays, count * sizeof *delays);
  pthread_mutex_unlock(&r->lock);
  return count;
}
