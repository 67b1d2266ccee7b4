/* SQLite and OpenSSL alone, doing what a drain does: read, post, delete. */
#define _GNU_SOURCE
#include "anchors.h"
#include "forward.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { head_bytes = 512, body_bytes = 2 << 20, deletion = 256 };

static SSL *reach(SSL_CTX *context, uint16_t port, const char *authority, int *descriptor) {
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
  int on = 1;
  SSL_CTX_load_verify_locations(context, authority, 0);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, 0);
  *descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(*descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(*descriptor, (struct sockaddr *)&address, sizeof address)) return 0;
  SSL *ssl = SSL_new(context);
  SSL_set_fd(ssl, *descriptor);
  if (SSL_connect(ssl) == 1) return ssl;
  SSL_free(ssl);
  return 0;
}

/* Puts the head before the body, sends both in one write, and waits for 204. */
static int post(SSL *ssl, char *request, size_t body) {
  char head[head_bytes], answer[1024];
  int length = snprintf(head, sizeof head,
    "POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Content-Type: application/cloudevents-batch+json\r\nContent-Length: %zu\r\n\r\n", body);
  char *start = request + head_bytes - length;
  memcpy(start, head, (size_t)length);
  if (SSL_write(ssl, start, length + (int)body) <= 0) return -1;
  int count = SSL_read(ssl, answer, sizeof answer - 1);
  return count > 12 && !memcmp(answer, "HTTP/1.1 204", 12) ? 0 : -1;
}

static int erase(sqlite3_stmt *statement, int64_t through) {
  sqlite3_bind_int64(statement, 1, through);
  int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  return code == SQLITE_DONE ? 0 : -1;
}

double anchor_drain(const char *path, uint16_t port, const char *authority, int batch) {
  sqlite3 *database = 0;
  sqlite3_stmt *read = 0, *delete = 0;
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  int descriptor = -1, failed = 0;
  SSL *ssl = reach(context, port, authority, &descriptor);
  char *request = malloc(head_bytes + body_bytes), *body = request + head_bytes;
  double seconds = -1;
  if (ssl && !sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, 0)
      && !sqlite3_exec(database,
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA cache_size = -2048;"
        "PRAGMA wal_autocheckpoint = 500; PRAGMA journal_size_limit = 4194304;", 0, 0, 0)
      && !sqlite3_prepare_v2(database,
        "SELECT sequence, due, digest, body FROM event WHERE sequence > ?1 ORDER BY sequence", -1,
        &read, 0)
      && !sqlite3_prepare_v2(database, "DELETE FROM event WHERE sequence <= ?1", -1, &delete, 0)) {
    int64_t began = anchor_now(), sequence = 0, deleted = 0, count = 1;
    while (count > 0 && !failed) {
      size_t length = 0;
      sqlite3_bind_int64(read, 1, sequence);
      for (count = 0; count < batch && sqlite3_step(read) == SQLITE_ROW; count++) {
        size_t size = (size_t)sqlite3_column_bytes(read, 3);
        if (length + size + 2 > body_bytes) break;
        body[length++] = count ? ',' : '[';
        memcpy(body + length, sqlite3_column_blob(read, 3), size);
        length += size;
        sequence = sqlite3_column_int64(read, 0);
      }
      sqlite3_reset(read);
      body[length++] = ']';
      if (count > 0) failed |= post(ssl, request, length);
      if (sequence - deleted >= deletion || (count == 0 && sequence > deleted)) {
        failed |= erase(delete, sequence);
        deleted = sequence;
      }
    }
    if (!failed) seconds = (double)(anchor_now() - began) / 1e9;
  }
  sqlite3_finalize(read);
  sqlite3_finalize(delete);
  sqlite3_close(database);
  SSL_free(ssl);
  SSL_CTX_free(context);
  close(descriptor);
  free(request);
  return seconds;
}
