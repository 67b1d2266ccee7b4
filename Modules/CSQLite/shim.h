#pragma once
#include <sqlite3.h>

/* A cast to a function pointer, which Swift does not import: lets SQLite copy what is bound. */
static inline sqlite3_destructor_type takt_sqlite_transient(void) { return SQLITE_TRANSIENT; }
