#pragma once
#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <time.h>

/* prctl is variadic, which Swift does not import: names the calling thread (15 bytes at most). */
static inline int takt_name_thread(const char *name) {
  return prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
}

/* Declared only under _GNU_SOURCE, which Swift's importer does not set. */
extern int accept4(int, struct sockaddr *restrict, socklen_t *restrict, int);
extern int ppoll(struct pollfd *, nfds_t, const struct timespec *, const __sigset_t *);
extern const char *strerrordesc_np(int);
extern const char *strerrorname_np(int);

static inline int takt_accept(int listener) {
  return accept4(listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static inline int takt_poll(struct pollfd *set, nfds_t count, const struct timespec *timeout) {
  return ppoll(set, count, timeout, 0);
}

static inline const char *takt_error_text(int code) {
  const char *text = strerrordesc_np(code);
  return text ? text : "unknown error";
}

static inline const char *takt_error_name(int code) {
  const char *name = strerrorname_np(code);
  return name ? name : "?";
}

/* A union member that Swift would need an unsafe projection for. */
static inline int takt_epoll_add(int epoll, int descriptor, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.fd = descriptor}};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static inline int takt_epoll_change(int epoll, int descriptor, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.fd = descriptor}};
  return epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event);
}

/* struct ucred stands behind _GNU_SOURCE too: who is at the other end of a unix socket (unix(7)). */
struct takt_peer {
  int32_t process;
  uint32_t user;
  uint32_t group;
};

static inline int takt_peer_of(int socket, struct takt_peer *peer) {
  socklen_t size = sizeof *peer;
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, peer, &size);
}

/* struct dl_phdr_info and its function stand behind _GNU_SOURCE too: the members that every caller
   is given (dl_iterate_phdr(3)). */
struct takt_object {
  ElfW(Addr) base;
  const char *name;
  const ElfW(Phdr) *segments;
  ElfW(Half) count;
};

struct dl_phdr_info;
extern int dl_iterate_phdr(int (*)(struct dl_phdr_info *, size_t, void *), void *);

static inline int takt_each_object(int (*visit)(const struct takt_object *, size_t, void *)) {
  return dl_iterate_phdr((int (*)(struct dl_phdr_info *, size_t, void *))visit, 0);
}
