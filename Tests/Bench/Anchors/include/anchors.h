/* What the hardware and the bare libraries allow, measured in the same process and minute as ours.
 * C on purpose: an anchor must not depend on the compiler whose output it judges. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds: the monotonic clock, and processor time of this thread and of the process. */
int64_t anchor_now(void);
int64_t anchor_thread_time(void);
int64_t anchor_process_time(void);
/* Keeps the calling thread on one processor; on any of them when negative. */
void anchor_pin(int processor);
/* Bytes this process has caused to be written to disks (/proc/self/io). */
int64_t anchor_written_bytes(void);

/* Times that the calling thread has taken memory from the heap since it began. */
uint64_t anchor_allocations(void);
/* Bytes of this process in memory, after the heap has given back what it can. */
int64_t anchor_resident_bytes(void);

/* What a loop does that waits for another processor. */
static inline void anchor_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

/* A single-producer single-consumer ring of 32-byte records; nanoseconds a record. */
double anchor_ring_across(uint64_t records, int block);
double anchor_ring_alone(uint64_t records);

/* Scale, deadband, debounce and a 5-state stop detector over 64 scans of `count` raw values. */
double anchor_signals(const uint16_t *raw, size_t count, int scans, uint64_t *events);
/* The facts of SignalPlant.swift's machines, and nothing else; see machines.c. */
double anchor_machines(const uint16_t *raw, size_t signals, int scans, uint64_t *facts);

/* A Modbus TCP server in a thread, at every address of 127.0.0.0/8: every unit shows the same 4,096 registers; 10 % of them change
 * every 100 ms. */
typedef struct anchor_server anchor_server;
anchor_server *anchor_server_start(uint16_t *port);
void anchor_server_stop(anchor_server *server);
uint64_t anchor_server_answered(anchor_server *server);
/* When the first request since the last call came (anchor_now), 0 for none yet; then forgets. */
int64_t anchor_server_first(anchor_server *server);
/* Puts a value into a register; 0 and 1 change by nobody else, but that 1 counts. */
void anchor_server_set(anchor_server *server, int number, uint16_t value);
/* Holds every answer back while set: connections are accepted and never answered. */
/* Notes every request from now on, 65,536 at most. */
void anchor_server_watch(anchor_server *server);
/* What the requests noted say about their schedule: each address of each client is a series. */
typedef struct {
  int series, requests;
  /* Gaps below half a period or above one and a half: a poll too many, or one missed. */
  int irregular;
  /* Milliseconds behind the earliest point of the series' own grid. */
  double late_p99, late_most;
} anchor_schedule;
anchor_schedule anchor_server_schedule(anchor_server *server, int64_t period);
void anchor_server_mute(anchor_server *server, int muted);

/* modbus_read_registers in a loop, a thread a connection. */
typedef struct {
  double per_second;
  double cpu_microseconds;
} anchor_rate;
anchor_rate anchor_poll(uint16_t port, int connections, int registers, double seconds);
/* The same, once a period on each connection; what the calling process has used for it, in %. */
double anchor_pace(uint16_t port, int connections, int requests, int64_t period, double seconds);

/* The bare journal: the same table and pragmas, prepared statements, nothing else. */
typedef struct anchor_journal anchor_journal;
anchor_journal *anchor_journal_open(const char *path);
/* Commits one transaction of `count` events; signed ones cost a SHA-256 and an ES256 each. */
int anchor_journal_commit(
  anchor_journal *journal, int count, const uint8_t *body, size_t length, int is_signed);
void anchor_journal_close(anchor_journal *journal);

/* A child process in its own group, its output in a file, its signal mask empty; its id or -1. */
int anchor_spawn(const char *const *arguments, const char *output);
