/* See include/crash_disk.h. */
#include "crash_disk.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { sector = 512, files = 16, path_bytes = 512 };

/* What one file would be after a power cut. */
typedef struct {
  char path[path_bytes];
  ino_t inode;
  int is_used, is_deleted;
  unsigned char *durable, *current, *dirty;
  /* The least size since the last sync, so that a truncation is known. */
  int64_t durable_size, current_size, least_size, capacity;
} track;

typedef struct {
  sqlite3_file base;
  int generation;
  track *track;
} crash_file;

static sqlite3_vfs *unix_layer;
static sqlite3_vfs layer;
static track tracks[files];
static int generation, is_off, is_read_only, liar;
static int64_t fail_at, fail_length, seen, failed, cut_at, changes, free_bytes = -1;
static int fail_kinds, fail_code;
static uint64_t cut_seed, liar_state;
static int64_t sectors[3];

static sqlite3_file *real(sqlite3_file *file) { return (sqlite3_file *)((crash_file *)file + 1); }

static uint64_t draw(uint64_t *state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* What the platter holds */

static void grow(track *t, int64_t size) {
  if (size <= t->capacity) return;
  int64_t capacity = (size + 65535) / 65536 * 65536 * 2;
  t->durable = realloc(t->durable, (size_t)capacity);
  t->current = realloc(t->current, (size_t)capacity);
  t->dirty = realloc(t->dirty, (size_t)(capacity / sector));
  memset(t->durable + t->capacity, 0, (size_t)(capacity - t->capacity));
  memset(t->current + t->capacity, 0, (size_t)(capacity - t->capacity));
  memset(t->dirty + t->capacity / sector, 0, (size_t)((capacity - t->capacity) / sector));
  t->capacity = capacity;
}

static void forget(track *t) {
  free(t->durable);
  free(t->current);
  free(t->dirty);
  memset(t, 0, sizeof *t);
}

static track *find(const char *path, int making) {
  struct stat status;
  int is_there = stat(path, &status) == 0;
  track *found = NULL, *vacant = NULL;
  for (int i = 0; i < files; i++) {
    if (tracks[i].is_used && strcmp(tracks[i].path, path) == 0) found = &tracks[i];
    if (!tracks[i].is_used && !vacant) vacant = &tracks[i];
  }
  /* Renamed or made anew by somebody else: another file under the same name. */
  if (found && is_there && !found->is_deleted && found->inode != status.st_ino) {
    forget(found);
    vacant = found;
    found = NULL;
  }
  if (found || !making) return found;
  if (!vacant) abort();
  vacant->is_used = 1;
  strncpy(vacant->path, path, path_bytes - 1);
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0 && fstat(descriptor, &status) == 0) {
    vacant->inode = status.st_ino;
    grow(vacant, status.st_size);
    ssize_t count = pread(descriptor, vacant->current, (size_t)status.st_size, 0);
    vacant->current_size = vacant->durable_size = vacant->least_size = count < 0 ? 0 : count;
    memcpy(vacant->durable, vacant->current, (size_t)vacant->durable_size);
  }
  if (descriptor >= 0) close(descriptor);
  return vacant;
}

static void wrote(track *t, const void *bytes, int64_t count, int64_t offset) {
  grow(t, offset + count);
  memcpy(t->current + offset, bytes, (size_t)count);
  if (offset + count > t->current_size) t->current_size = offset + count;
  for (int64_t i = offset / sector; i * sector < offset + count; i++) t->dirty[i] = 1;
}

static void shortened(track *t, int64_t size) {
  if (size > t->current_size) grow(t, size);
  if (size < t->current_size)
    memset(t->current + size, 0, (size_t)(t->current_size - size));
  t->current_size = size;
  if (size < t->least_size) t->least_size = size;
}

/* All of it is on the platter now; with `lost`, only the sectors that the seed lets through. */
static void synced(track *t, uint64_t *lost) {
  int64_t end = t->current_size > t->durable_size ? t->current_size : t->durable_size;
  int all = 1;
  for (int64_t i = 0; i * sector < end; i++) {
    if (!t->dirty[i]) continue;
    t->dirty[i] = 0;
    if (lost && draw(lost) % 2) {
      all = 0;
      continue;
    }
    memcpy(t->durable + i * sector, t->current + i * sector, sector);
  }
  if (!lost || all || t->current_size > t->durable_size) {
    if (t->current_size < t->durable_size)
      memset(t->durable + t->current_size, 0, (size_t)(t->durable_size - t->current_size));
    t->durable_size = t->current_size;
    t->least_size = t->current_size;
  }
}

static void settle_after_cut(track *t, uint64_t *seed) {
  if (!t->is_used) return;
  int is_there = access(t->path, F_OK) == 0;
  if (t->is_deleted && (is_there || draw(seed) % 2)) return; /* the deletion got there */
  if (!t->is_deleted && !is_there) return;                   /* renamed since */
  uint64_t mood = draw(seed) % 4; /* all sectors, half of them, few, none */
  int64_t size = t->durable_size, end = t->current_size;
  int is_old = t->is_deleted;
  if (t->least_size < end) end = t->least_size;
  if (t->least_size < size) {
    /* A truncation is all or nothing, and what was written behind its end after it cannot be there
       without it: that is what journaling file systems do. What was written before its end takes
       no part in that and may be there either way. */
    if (draw(seed) % 2) {
      is_old = 1;
    } else {
      size = t->least_size;
      memset(t->durable + size, 0, (size_t)(t->durable_size - size));
    }
  }
  if (!is_old && t->current_size > size) {
    uint64_t which = draw(seed) % 3;
    if (which == 1) size = t->current_size;
    if (which == 2) size += (int64_t)(draw(seed) % (uint64_t)(t->current_size - size + 1));
  }
  grow(t, size);
  if (!is_old) end = t->current_size;
  for (int64_t i = 0; i * sector < end; i++) {
    if (!t->dirty[i]) continue;
    unsigned char *to = t->durable + i * sector, *from = t->current + i * sector;
    uint64_t chance = draw(seed) % 16;
    if (chance == 0) { /* torn: what differs is neither the old nor the new */
      for (int j = 0; j < sector; j++)
        if (to[j] != from[j]) to[j] = (unsigned char)draw(seed);
      sectors[2]++;
    } else if (mood == 0 || (mood == 1 && chance < 8) || (mood == 2 && chance < 2)) {
      memcpy(to, from, sector);
      sectors[0]++;
    } else {
      sectors[1]++;
    }
  }
  int descriptor = open(t->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) abort();
  if (pwrite(descriptor, t->durable, (size_t)size, 0) != size || ftruncate(descriptor, size) != 0)
    abort();
  close(descriptor);
}

void crash_disk_cut(uint64_t seed) {
  if (is_off) return;
  is_off = 1;
  generation++;
  for (int i = 0; i < files; i++) {
    settle_after_cut(&tracks[i], &seed);
    if (tracks[i].is_used) forget(&tracks[i]);
  }
}

/* What a call meets: 0, or the code it fails with. */

static int own_code(int kind) {
  switch (kind) {
    case CRASH_DISK_READ: return SQLITE_IOERR_READ;
    case CRASH_DISK_WRITE: return SQLITE_IOERR_WRITE;
    case CRASH_DISK_SYNC: return SQLITE_IOERR_FSYNC;
    case CRASH_DISK_TRUNCATE: return SQLITE_IOERR_TRUNCATE;
    case CRASH_DISK_OPEN: return SQLITE_CANTOPEN;
    case CRASH_DISK_DELETE: return SQLITE_IOERR_DELETE;
    case CRASH_DISK_SIZE: return SQLITE_IOERR_FSTAT;
    default: return SQLITE_IOERR_LOCK;
  }
}

static int meets(int kind) {
  if (is_off) return SQLITE_IOERR;
  if (!(kind & fail_kinds) || fail_at == 0) return SQLITE_OK;
  seen++;
  if (seen < fail_at || (fail_length != 0 && seen >= fail_at + fail_length)) return SQLITE_OK;
  failed++;
  return fail_code ? fail_code : own_code(kind);
}

/* Whether the power goes with this call. */
static int cuts(void) {
  changes++;
  if (cut_at == 0 || changes != cut_at) return 0;
  crash_disk_cut(cut_seed);
  return 1;
}

static int is_dead(sqlite3_file *file) {
  return is_off || ((crash_file *)file)->generation != generation;
}

/* The calls */

static int disk_close(sqlite3_file *file) { return real(file)->pMethods->xClose(real(file)); }

static int disk_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
  int code = is_dead(file) ? SQLITE_IOERR_READ : meets(CRASH_DISK_READ);
  return code ? code : real(file)->pMethods->xRead(real(file), bytes, count, offset);
}

static int disk_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  int code = is_dead(file) ? SQLITE_IOERR_WRITE : meets(CRASH_DISK_WRITE);
  if (code) return code;
  if (is_read_only) return SQLITE_IOERR_WRITE;
  track *t = ((crash_file *)file)->track;
  int64_t longer = offset + count - t->current_size;
  if (free_bytes >= 0 && longer > 0) {
    if (longer > free_bytes) return SQLITE_FULL;
    free_bytes -= longer;
  }
  wrote(t, bytes, count, offset);
  if (cuts()) return SQLITE_IOERR_WRITE;
  return real(file)->pMethods->xWrite(real(file), bytes, count, offset);
}

static int disk_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int code = is_dead(file) ? SQLITE_IOERR_TRUNCATE : meets(CRASH_DISK_TRUNCATE);
  if (code) return code;
  if (is_read_only) return SQLITE_IOERR_TRUNCATE;
  track *t = ((crash_file *)file)->track;
  if (free_bytes >= 0 && size < t->current_size) free_bytes += t->current_size - size;
  shortened(t, size);
  if (cuts()) return SQLITE_IOERR_TRUNCATE;
  return real(file)->pMethods->xTruncate(real(file), size);
}

static int disk_sync(sqlite3_file *file, int flags) {
  (void)flags;
  if (is_dead(file)) return SQLITE_IOERR_FSYNC;
  track *t = ((crash_file *)file)->track;
  int code = meets(CRASH_DISK_SYNC);
  if (code) {
    uint64_t seed = (uint64_t)seen;
    synced(t, &seed);
    return code;
  }
  if (is_read_only) return SQLITE_IOERR_FSYNC;
  if (cuts()) return SQLITE_IOERR_FSYNC;
  if (liar == 0 || draw(&liar_state) % (uint64_t)liar != 0) synced(t, NULL);
  return SQLITE_OK;
}

static int disk_size(sqlite3_file *file, sqlite3_int64 *size) {
  int code = is_dead(file) ? SQLITE_IOERR_FSTAT : meets(CRASH_DISK_SIZE);
  return code ? code : real(file)->pMethods->xFileSize(real(file), size);
}

static int disk_lock(sqlite3_file *file, int level) {
  int code = is_dead(file) ? SQLITE_IOERR_LOCK : meets(CRASH_DISK_LOCK);
  return code ? code : real(file)->pMethods->xLock(real(file), level);
}

static int disk_unlock(sqlite3_file *file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}

static int disk_reserved(sqlite3_file *file, int *result) {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}

static int disk_control(sqlite3_file *file, int operation, void *argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

static int disk_sector(sqlite3_file *file) { return real(file)->pMethods->xSectorSize(real(file)); }
static int disk_traits(sqlite3_file *file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

/* Version 1: no shared memory and no mapping, which exclusive locking does not need. */
static const sqlite3_io_methods methods = {
  1, disk_close, disk_read, disk_write, disk_truncate, disk_sync, disk_size, disk_lock,
  disk_unlock, disk_reserved, disk_control, disk_sector, disk_traits, 0, 0, 0, 0, 0, 0,
};

static int disk_open(
  sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *result) {
  (void)vfs;
  file->pMethods = NULL;
  int code = meets(CRASH_DISK_OPEN);
  if (code) return is_off ? SQLITE_CANTOPEN : code;
  if (is_read_only) {
    if (access(name, F_OK) != 0) return SQLITE_CANTOPEN;
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  }
  code = unix_layer->xOpen(unix_layer, name, real(file), flags, result);
  if (code != SQLITE_OK) return code;
  crash_file *opened = (crash_file *)file;
  opened->generation = generation;
  track *t = find(name, 1);
  if (t->is_deleted) { /* made anew: its first sync brings the name to the platter */
    char path[path_bytes];
    memcpy(path, t->path, path_bytes);
    forget(t);
    t = find(path, 1);
  }
  opened->track = t;
  file->pMethods = &methods;
  return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int is_synced) {
  (void)vfs;
  int code = meets(CRASH_DISK_DELETE);
  if (code) return code;
  if (is_read_only) return SQLITE_IOERR_DELETE;
  track *t = find(name, 0);
  if (cuts()) return SQLITE_IOERR_DELETE;
  code = unix_layer->xDelete(unix_layer, name, 0);
  if (code == SQLITE_OK && t) {
    if (is_synced)
      forget(t);
    else
      t->is_deleted = 1;
  }
  return code;
}

void crash_disk_register(void) {
  if (unix_layer) return;
  unix_layer = sqlite3_vfs_find("unix");
  layer = *unix_layer;
  layer.zName = crash_disk_name();
  layer.pNext = NULL;
  layer.szOsFile = (int)sizeof(crash_file) + unix_layer->szOsFile;
  layer.xOpen = disk_open;
  layer.xDelete = disk_delete;
  sqlite3_vfs_register(&layer, 0);
}

const char *crash_disk_name(void) { return "takt-crash-disk"; }

void crash_disk_reset(void) {
  for (int i = 0; i < files; i++)
    if (tracks[i].is_used) forget(&tracks[i]);
  memset(sectors, 0, sizeof sectors);
  is_off = is_read_only = liar = 0;
  fail_at = cut_at = seen = failed = changes = 0;
  free_bytes = -1;
  generation++;
}

void crash_disk_fail(int64_t at, int64_t length, int kinds, int code) {
  fail_at = at;
  fail_length = length;
  fail_kinds = kinds;
  fail_code = code;
  seen = failed = 0;
}

void crash_disk_cut_at(int64_t at, uint64_t seed) {
  cut_at = at;
  cut_seed = seed;
  changes = 0;
}

void crash_disk_power_on(void) {
  is_off = 0;
  cut_at = 0;
}

void crash_disk_set_read_only(int value) { is_read_only = value; }
void crash_disk_set_free(int64_t bytes) { free_bytes = bytes; }

void crash_disk_set_liar(int one_in, uint64_t seed) {
  liar = one_in;
  liar_state = seed;
}

int crash_disk_is_off(void) { return is_off; }
int64_t crash_disk_seen(void) { return seen; }
int64_t crash_disk_failed(void) { return failed; }
int64_t crash_disk_changes(void) { return changes; }
int64_t crash_disk_sectors(int which) { return which < 0 || which > 2 ? 0 : sectors[which]; }
