/* libmosquitto as a publisher, by dlopen: it is needed here and nowhere else. */
#define _GNU_SOURCE
#include "anchors.h"
#include "forward.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdbool.h>

struct mosquitto;
typedef void on_answer(struct mosquitto *, void *, int);

/* The part of mosquitto.h that is used. */
static struct {
  int (*init)(void);
  struct mosquitto *(*create)(const char *, bool, void *);
  void (*destroy)(struct mosquitto *);
  int (*option)(struct mosquitto *, int, int);
  int (*tls)(struct mosquitto *, const char *, const char *, const char *, const char *, void *);
  int (*connect)(struct mosquitto *, const char *, int, int);
  int (*disconnect)(struct mosquitto *);
  int (*loop)(struct mosquitto *, int, int);
  int (*publish)(struct mosquitto *, int *, const char *, int, const void *, int, bool);
  void (*on_connect)(struct mosquitto *, on_answer *);
  void (*on_publish)(struct mosquitto *, on_answer *);
} call;

enum { option_version = 1, option_send_maximum = 3, version_5 = 5 };

static int load(void) {
  static const char *const names[] = {
    "mosquitto_lib_init", "mosquitto_new", "mosquitto_destroy", "mosquitto_int_option",
    "mosquitto_tls_set", "mosquitto_connect", "mosquitto_disconnect", "mosquitto_loop",
    "mosquitto_publish", "mosquitto_connect_callback_set", "mosquitto_publish_callback_set"};
  void **slots[] = {
    (void **)&call.init, (void **)&call.create, (void **)&call.destroy, (void **)&call.option,
    (void **)&call.tls, (void **)&call.connect, (void **)&call.disconnect, (void **)&call.loop,
    (void **)&call.publish, (void **)&call.on_connect, (void **)&call.on_publish};
  if (call.publish) return 0;
  void *library = dlopen("libmosquitto.so.1", RTLD_NOW);
  for (int i = 0; library && i < 11; i++) {
    if (!(*slots[i] = dlsym(library, names[i]))) return -1;
  }
  return library ? call.init() : -1;
}

typedef struct {
  const char *topic;
  const uint8_t *payload;
  int length, window, count, sent, acknowledged;
  int64_t began;
} work;

static void send_more(struct mosquitto *client, work *w) {
  while (w->sent < w->count && w->sent - w->acknowledged < w->window) {
    w->sent++;
    if (call.publish(client, 0, w->topic, w->length, w->payload, 1, false)) return;
  }
}

static void connected(struct mosquitto *client, void *context, int code) {
  work *w = context;
  if (code) return;
  w->began = anchor_now();
  send_more(client, w);
}

static void published(struct mosquitto *client, void *context, int id) {
  work *w = context;
  (void)id;
  w->acknowledged++;
  send_more(client, w);
}

double anchor_publish(
  uint16_t port, const char *authority, const char *topic, const uint8_t *payload, int length,
  int window, int count) {
  work w = {topic, payload, length, window, count, 0, 0, 0};
  if (load()) return -1;
  struct mosquitto *client = call.create(0, true, &w);
  call.option(client, option_version, version_5);
  call.option(client, option_send_maximum, window);
  call.tls(client, authority, 0, 0, 0, 0);
  call.on_connect(client, connected);
  call.on_publish(client, published);
  double seconds = -1;
  int64_t until = anchor_now() + 60000000000;
  if (!call.connect(client, "127.0.0.1", port, 30)) {
    while (w.acknowledged < count && anchor_now() < until && !call.loop(client, 1000, 1)) continue;
    if (w.acknowledged == count) seconds = (double)(anchor_now() - w.began) / 1e9;
    call.disconnect(client);
  }
  call.destroy(client);
  return seconds;
}
