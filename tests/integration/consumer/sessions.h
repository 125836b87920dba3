#ifndef TESTS_CONSUMER_SESSIONS_H
#define TESTS_CONSUMER_SESSIONS_H

/* Sessions for tests of the worker's tables.
 *
 * Two sessions of one thread meet in locks: what is sent does not wait until its answer is read, so
 * a session can be blocked in the server while the other one commits. Where a call waits by itself
 * it runs in a child. A third session, the administrator's, looks at tables and at who waits. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "store/session.h"

enum {
        WAIT_MS = 10000,
        PARAMS_BYTES_MAX = 1 << 24,
        TEXT_MAX = 2000,
};

extern const char *conninfo; /* of the worker's role */
extern struct ev_db *admin;
extern struct ev_session a, b;

void connect_db(struct ev_db **ret_db, const char *info);
void open_session(struct ev_session *session);
void close_session(struct ev_session *session);

/* The first value of a query, as text; valid until the next call. */
const char *look(const char *sql);
/* Whether it is what is expected; if not, the next failing report says what it is. */
bool shows(const char *sql, const char *expected);

/* Waits until `count` sessions of ours wait for a lock. */
bool are_blocked(const char *count);

/* Queue BEGIN; send what is queued; read BEGIN's result. */
void begin(struct ev_session *session);
void send_queued(struct ev_session *session);
void skip_begin(struct ev_session *session);
void commit(struct ev_session *session);
void rollback(struct ev_session *session);

/* Empties the library's tables. */
void forget_all(void);

/* Runs `call` in a child with a session of its own, which says with its exit status what came. */
pid_t in_child(int (*call)(struct ev_session *session));
int child_status(pid_t child);

/* The suites: each of its checks begins with empty tables. */
typedef void check_fn(struct ev_arena *arena);
extern check_fn *const offsets_checks[],
        *const inbox_checks[], *const facts_checks[],
                                       *const parked_checks[]; /* each ends with NULL */

#endif
