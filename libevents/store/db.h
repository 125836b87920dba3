#ifndef EV_STORE_DB_H
#define EV_STORE_DB_H

/* One session with PostgreSQL, for one thread. Nothing else in the project calls libpq.
 *
 * Statements are queued and sent together: however many, they cost one round trip.
 *
 *      ev_db_queue_begin(db);
 *      ev_db_queue(db, &sql_advance, &params);        the statement is prepared when first needed
 *      ev_db_queue_commit(db);
 *      ev_db_sync(db);
 *      ev_db_next(db, &result) …                       results in the order of the statements
 *      ev_db_finish(db);                               what is left of them
 *
 * Every call waits at most `wait_ms` for the server. A session is *open*, or it is *lost* and stays
 * so until ev_db_connect(): after a lost connection, after a deadline, and after ev_db_close().
 * Statements that were used are prepared again by ev_db_connect(), in one round trip.
 *
 * Failures have the verdict of store/verdict.h. A failed statement takes the rest of its sync with
 * it; the session is then empty and open, in a failed transaction if one was begun
 * (ev_db_rollback()). A lost session is EV_VERDICT_RETRY, and tells whether a COMMIT was on its way
 * (ev_db_commit_is_unknown()). Texts name host, database and statement; they hold no password, no
 * values of parameters and none of rows. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/macro.h"
#include "base/str.h"
#include "store/params.h"
#include "store/statement.h"

struct ev_db;
struct ev_result;

enum {
        EV_DB_QUEUE_MAX = 256,      /* statements between two syncs */
        EV_DB_STATEMENTS_MAX = 256, /* different ones in the life of a session */
        EV_DB_SETTINGS_MAX = 32,
};

enum {
        EV_DB_END = 1,     /* ev_db_next(): no result is left */
        EV_DB_TIMEOUT = 2, /* ev_db_wait(): nothing came */
};

struct ev_db_setting {
        const char *name;
        const char *value;
};

/* Everything is copied except `settings` and `statements`, which must outlive the session. */
struct ev_db_options {
        const char *conninfo; /* libpq's: "host=… dbname=…" or a URI; "" means defaults */
        /* Has the password, in place of the one in conninfo; read at each connect, so that it may
         * change while programs run. NULL: none. */
        const char *password_file;
        const char *application_name;         /* shown in pg_stat_activity */
        int connect_ms;                       /* bound of ev_db_connect(), > 0 */
        int wait_ms;                          /* bound of every other call, > 0 */
        const struct ev_db_setting *settings; /* set at each connect, e.g. jit = off */
        size_t settings_count;
        const struct ev_statement *const *statements; /* prepared at each connect */
        size_t statements_count;
        bool with_detail; /* texts of errors get DETAIL and values: never in production */
};

/* Makes a session that is not connected yet. Fails (verdict: stop) when conninfo cannot be read;
 * the text does not repeat it, as it may hold a password. The caller owns *ret_db. */
int ev_db_new(struct ev_db **ret_db, const struct ev_db_options *options) _must_check_;

/* Accepts NULL; returns NULL. An open transaction is rolled back by the server. */
struct ev_db *ev_db_free(struct ev_db *db);
EV_DEFINE_CLEANUP(struct ev_db *, ev_db_free)

/* Connects, anew if need be, applies the settings and prepares the statements. Fails with RETRY
 * when the server is not there or not ready, else by SQLSTATE (28 and 3D: stop). Looking up a host
 * name is libpq's and not bounded by connect_ms. */
int ev_db_connect(struct ev_db *db) _must_check_;

/* Ends the session now. */
void ev_db_close(struct ev_db *db);

bool ev_db_is_open(const struct ev_db *db);

/* The socket, to wait on together with others; -1 when the session is lost. It may change with
 * each ev_db_connect(). */
int ev_db_fd(const struct ev_db *db);

/* "database at host": for texts. Valid as long as the session. */
const char *ev_db_name(const struct ev_db *db);

/* Queues a statement. `params` are finished here (ev_params_finish()) and may be used again at
 * once; NULL for a statement without parameters. At most EV_DB_QUEUE_MAX until the next sync, and
 * none between ev_db_sync() and the end of its results. */
int ev_db_queue(struct ev_db *db, const struct ev_statement *statement,
                struct ev_params *params) _must_check_;

/* BEGIN. Before the transactions 2, 4, 8, … of a session, and after a minute, the plans of its
 * statements are thrown away with it, so that they are made for tables as they are now. */
int ev_db_queue_begin(struct ev_db *db) _must_check_;
int ev_db_queue_commit(struct ev_db *db) _must_check_;

/* Sends what is queued. It does not wait for results. */
int ev_db_sync(struct ev_db *db) _must_check_;

/* The result of the next statement, in the order of queueing: 0 and *ret_result (the caller's, free
 * with ev_result_free()), or EV_DB_END when all results of the sync have been read. */
int ev_db_next(struct ev_db *db, struct ev_result **ret_result) _must_check_;

/* Reads the rest of the results and drops them. Fails if one of them failed. */
int ev_db_finish(struct ev_db *db) _must_check_;

/* Queue, sync, next and finish for a single statement. ret_result may be NULL. */
int ev_db_run(struct ev_db *db, const struct ev_statement *statement, struct ev_params *params,
              struct ev_result **ret_result) _must_check_;

/* Leaves no transaction open: ROLLBACK, if the session is open and in one. Replaces the present
 * error if it fails itself; the session is then lost, and the transaction with it. */
int ev_db_rollback(struct ev_db *db) _must_check_;

/* Whether a transaction is open on the server, failed or not. */
bool ev_db_is_in_transaction(const struct ev_db *db);

/* Whether the session was lost while a COMMIT was on its way: what it holds is committed or not,
 * and only reading it tells. Stays so until the next ev_db_queue_begin(). */
bool ev_db_commit_is_unknown(const struct ev_db *db);

/* What the server said about the last failed statement of this session; empty texts for what it
 * did not name. Valid until the next failure. */
struct ev_db_trouble {
        char statement[EV_STATEMENT_NAME_MAX + 1];
        char sqlstate[6];
        char schema[EV_STATEMENT_NAME_MAX + 1];
        char table[EV_STATEMENT_NAME_MAX + 1];
        char constraint[EV_STATEMENT_NAME_MAX + 1];
};
const struct ev_db_trouble *ev_db_trouble(const struct ev_db *db);

/* Runs SQL text as it stands, several statements with ';' between them, outside of the queue. The
 * values of rows come as text, null slices for NULL, to `row` (NULL: dropped), which returns 0 or
 * EV_FAILED; they are valid during the call. An error names the line in `text`. COPY from or to
 * the client is an error. */
typedef int ev_db_row_fn(void *context, const struct ev_str *values, size_t count);
int ev_db_script(struct ev_db *db, const char *text, ev_db_row_fn *row, void *context) _must_check_;

/* Prepares the statement if need be and compares what it declares with what the server says of its
 * parameters and columns. EV_FAILED names the first difference. */
int ev_db_check_statement(struct ev_db *db, const struct ev_statement *statement) _must_check_;

/* Waits up to `wait_ms` (0: looks only) until the server sends something by itself: 0, or
 * EV_DB_TIMEOUT, or EV_FAILED when the session is lost. Nothing may be queued. */
int ev_db_wait(struct ev_db *db, int wait_ms) _must_check_;

/* Takes one notification that has arrived (LISTEN): true, and channel and payload, valid until the
 * next call. */
bool ev_db_take_notification(struct ev_db *db, struct ev_str *ret_channel,
                             struct ev_str *ret_payload);

/* What went over the wire since the session was made. */
struct ev_db_counts {
        uint64_t connects;
        uint64_t statements; /* executed, BEGIN and COMMIT included */
        uint64_t prepares;
        uint64_t syncs;
        uint64_t round_trips; /* times that something was sent and then read */
};
const struct ev_db_counts *ev_db_counts(const struct ev_db *db);

/* Writes each message of the protocol to `file` (NULL: no more), with the values of parameters:
 * for tests and for finding faults. Ends with the connection. */
void ev_db_trace(struct ev_db *db, FILE *file);

/* Results. What ev_db_next() hands out has been checked: the columns have the declared types, a
 * value has the size of its type, an instant or a day can be written, and NULL stands only in
 * nullable columns. Row and column count from 0; a getter's type must be the column's, and the
 * value must not be NULL unless its form has one (null slices). Slices are valid until
 * ev_result_free(). */

struct ev_result *ev_result_free(struct ev_result *result);
EV_DEFINE_CLEANUP(struct ev_result *, ev_result_free)
#define _cleanup_result_ _cleanup_(ev_result_free_p)

size_t ev_result_rows(const struct ev_result *result);
/* Rows inserted, updated, deleted or returned; 0 for other statements. */
size_t ev_result_affected(const struct ev_result *result);

bool ev_result_is_null(const struct ev_result *result, size_t row, size_t column);
bool ev_result_bool(const struct ev_result *result, size_t row, size_t column);
int16_t ev_result_int2(const struct ev_result *result, size_t row, size_t column);
int32_t ev_result_int4(const struct ev_result *result, size_t row, size_t column);
int64_t ev_result_int8(const struct ev_result *result, size_t row, size_t column);
/* text, varchar, json and jsonb; NUL stands behind the slice. */
struct ev_str ev_result_text(const struct ev_result *result, size_t row, size_t column);
/* The bytes of bytea, and the binary form of an array for ev_array_open(). */
struct ev_bytes ev_result_bytea(const struct ev_result *result, size_t row, size_t column);
struct ev_bytes ev_result_array(const struct ev_result *result, size_t row, size_t column);
struct ev_uuid ev_result_uuid(const struct ev_result *result, size_t row, size_t column);
/* An instant and a day (base/clock.h). */
int64_t ev_result_timestamptz(const struct ev_result *result, size_t row, size_t column);
int64_t ev_result_date(const struct ev_result *result, size_t row, size_t column);
/* Unscaled at `scale`. Fails (verdict: stop) for what has more digits behind the point, needs more
 * than 64 bits or is no number. */
int ev_result_numeric(const struct ev_result *result, size_t row, size_t column, unsigned scale,
                      int64_t *ret_unscaled) _must_check_;

#endif
