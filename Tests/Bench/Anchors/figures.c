/* Clocks, processors, processes: what every other anchor and figure needs. */
#define _GNU_SOURCE
#include "anchors.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t read_clock(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
int64_t anchor_now(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t anchor_thread_time(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
int64_t anchor_process_time(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

void anchor_pin(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int i = 0; i < CPU_SETSIZE; i++) {
    if (processor < 0 || i == processor) CPU_SET(i, &set);
  }
  sched_setaffinity(0, sizeof set, &set);
}

int64_t anchor_written_bytes(void) {
  FILE *file = fopen("/proc/self/io", "re");
  char line[128];
  long long bytes = 0;
  while (file && fgets(line, sizeof line, file)) sscanf(line, "write_bytes: %lld", &bytes);
  if (file) fclose(file);
  return bytes;
}

int anchor_spawn(const char *const *arguments, const char *output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  pid_t child = -1;
  sigemptyset(&none);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  if (posix_spawn(&child, arguments[0], &actions, &attributes, (char *const *)arguments, environ))
    child = -1;
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return child;
}
