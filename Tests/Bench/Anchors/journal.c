/* SQLite and OpenSSL alone: the journal's table and pragmas, a loop of prepared statements. */
#include "anchors.h"
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct anchor_journal {
  sqlite3 *database;
  sqlite3_stmt *begin, *insert, *commit;
  EVP_PKEY *key;
  EVP_PKEY_CTX *signer;
  EVP_MD *sha256;
  int64_t sequence;
};

static const char *const settings =
  "PRAGMA page_size = 4096; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
  "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
  "PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;"
  "PRAGMA wal_autocheckpoint = 500; PRAGMA journal_size_limit = 4194304;"
  "CREATE TABLE event(sequence INTEGER PRIMARY KEY, due INTEGER NOT NULL, digest BLOB NOT NULL,"
  "  body BLOB NOT NULL) STRICT;";

anchor_journal *anchor_journal_open(const char *path) {
  anchor_journal *j = calloc(1, sizeof *j);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  j->key = EVP_EC_gen("P-256");
  j->signer = EVP_PKEY_CTX_new(j->key, 0);
  EVP_PKEY_sign_init(j->signer);
  j->sha256 = EVP_MD_fetch(0, "SHA256", 0);
  if (sqlite3_open_v2(path, &j->database, flags, 0)
      || sqlite3_exec(j->database, settings, 0, 0, 0)
      || sqlite3_prepare_v2(j->database, "BEGIN IMMEDIATE", -1, &j->begin, 0)
      || sqlite3_prepare_v2(j->database, "INSERT INTO event VALUES(?1,?2,?3,?4)", -1, &j->insert, 0)
      || sqlite3_prepare_v2(j->database, "COMMIT", -1, &j->commit, 0)) {
    fprintf(stderr, "opening %s: %s\n", path, sqlite3_errmsg(j->database));
    anchor_journal_close(j);
    return 0;
  }
  return j;
}

static int run(sqlite3_stmt *statement) {
  int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  return code == SQLITE_DONE ? 0 : code;
}

int anchor_journal_commit(
  anchor_journal *j, int count, const uint8_t *body, size_t length, int is_signed) {
  uint8_t digest[32] = {0}, signature[80];
  if (run(j->begin)) return -1;
  for (int i = 0; i < count; i++) {
    if (is_signed) {
      size_t size = sizeof signature;
      EVP_Digest(body, length, digest, 0, j->sha256, 0);
      if (EVP_PKEY_sign(j->signer, signature, &size, digest, sizeof digest) != 1) return -1;
    }
    sqlite3_bind_int64(j->insert, 1, ++j->sequence);
    sqlite3_bind_int64(j->insert, 2, 1);
    sqlite3_bind_blob(j->insert, 3, digest, sizeof digest, SQLITE_STATIC);
    sqlite3_bind_blob(j->insert, 4, body, (int)length, SQLITE_STATIC);
    if (run(j->insert)) return -1;
  }
  return run(j->commit) ? -1 : 0;
}

void anchor_journal_close(anchor_journal *j) {
  sqlite3_finalize(j->begin);
  sqlite3_finalize(j->insert);
  sqlite3_finalize(j->commit);
  sqlite3_close(j->database);
  EVP_PKEY_CTX_free(j->signer);
  EVP_PKEY_free(j->key);
  EVP_MD_free(j->sha256);
  free(j);
}
