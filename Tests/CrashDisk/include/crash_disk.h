/* A file layer for SQLite that loses power and fails its calls, around the unix layer.

   Files are real, so that whoever opens them beside SQLite sees them. Beside each file the layer
   keeps what would be on the platter: the bytes of its last sync, and which 512-byte sectors were
   written since. A cut decides by seed for each such sector whether it got there, did not, or got
   there torn, writes that into the file, and refuses every call until the power is back.
   A sync that is made to fail leaves its sectors readable and clean, as Linux does: a later sync
   does not bring them to the platter.

   One disk for the process, one thread at a time. */
#pragma once
#include <stdint.h>

/* Kinds of calls, as bits. */
enum {
  CRASH_DISK_READ = 1,
  CRASH_DISK_WRITE = 2,
  CRASH_DISK_SYNC = 4,
  CRASH_DISK_TRUNCATE = 8,
  CRASH_DISK_OPEN = 16,
  CRASH_DISK_DELETE = 32,
  CRASH_DISK_SIZE = 64,
  CRASH_DISK_LOCK = 128,
  CRASH_DISK_ALL = 255,
  /* What changes a file: the points where a cut makes a difference. */
  CRASH_DISK_CHANGES = 2 | 4 | 8 | 32,
};

/* Makes the layer known to SQLite under this name (sqlite3_vfs_register). */
void crash_disk_register(void);
const char *crash_disk_name(void);

/* Forgets every file and fault; what the files hold now is on the platter. */
void crash_disk_reset(void);

/* The `at`-th call of these kinds from now on fails, and `length` - 1 after it; 0 for ever.
   A code of 0 gives each kind its own. `at` 0 ends it. */
void crash_disk_fail(int64_t at, int64_t length, int kinds, int code);

/* The power goes at the `at`-th call that changes a file; 0 for never. */
void crash_disk_cut_at(int64_t at, uint64_t seed);

/* The power goes now. */
void crash_disk_cut(uint64_t seed);

/* The power is back: what survived is all there is. Handles from before stay dead. */
void crash_disk_power_on(void);

/* The file system is mounted read-only (1) or for writing (0). */
void crash_disk_set_read_only(int is_read_only);

/* Bytes left on the disk; writes that make a file longer take of them. Negative for no limit. */
void crash_disk_set_free(int64_t bytes);

/* Of so many syncs one is a lie: reported done, and nothing reaches the platter; 0 for none. */
void crash_disk_set_liar(int one_in, uint64_t seed);

int crash_disk_is_off(void);
/* Calls of the chosen kinds since the last order, and how many of them failed. */
int64_t crash_disk_seen(void);
int64_t crash_disk_failed(void);
/* Calls that change a file since the last order of a cut. */
int64_t crash_disk_changes(void);
/* Sectors that cuts kept, dropped and tore since the reset: a run without them proves nothing. */
int64_t crash_disk_sectors(int which);
