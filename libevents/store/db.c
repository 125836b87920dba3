/* The session with PostgreSQL: libpq in non-blocking pipeline mode, with a deadline on each wait.
 *
 * Guarantees: no call blocks longer than its bound (but for the lookup of a host name); results
 * come in the order of the statements; after a failed statement the pipeline has been read to its
 * Sync, so the session can go on; after anything that leaves the protocol in doubt the connection
 * is closed, because a session that is half a message behind answers the wrong question.
 *
 * How a sync goes: Parse (where needed), Bind, Describe and Execute of each statement are collected
 * by libpq and sent with one Sync behind them. The server runs them one after the other, and at the
 * first error skips everything up to the Sync. libpq hands out a result and a NULL for each, then
 * one PGRES_PIPELINE_SYNC. `pending` is our account of it: one row for each thing that will be
 * answered, in order, because the answers carry no names. Source: PostgreSQL 15, "Message Flow",
 * sections on the extended query protocol and pipelining; libpq, "Pipeline Mode".
 *
 * Two traps. A COMMIT in the middle of a pipeline takes effect when the server executes it and not
 * at the Sync, so from the moment it is queued a lost connection leaves its outcome unknown. And a
 * statement prepared in a sync that failed before it was not prepared, though one that had been
 * parsed before the failure stays, also through ROLLBACK: prepared statements know no transactions.
 *
 * If the process dies here, the server rolls back what was not committed. A COMMIT that was sent
 * and not answered has happened or not; the next process finds out by reading. */

#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <libpq-fe.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/decimal.h"
#include "base/error.h"
#include "ev_sql.h"
#include "store/binary.h"
#include "store/type.h"
#include "store/verdict.h"

enum {
        /* Each statement may have to be prepared before it; at a connect there are settings, before a
         * transaction there may be DISCARD. */
        PENDING_MAX = 2 * EV_DB_QUEUE_MAX + EV_DB_SETTINGS_MAX + 2,
        PLANS_MS_MAX = 60000,        /* that plans are kept */
        NAME_MAX_BYTES = 256,        /* for texts; what is longer is cut */
        KEYWORDS_MAX = 96,           /* libpq 15 knows 44 */
        SERVER_VERSION_MIN = 150000, /* as PQserverVersion() says 15.0 */
        SQLSTATE_SIZE = 5,
        BINARY = 1, /* libpq's number of that format */
};

/* What an answer is the answer to. The server does not say; it only keeps the order. */
enum pending_kind {
        PENDING_EXECUTE,  /* a statement; its result goes to the caller */
        PENDING_COMMIT,   /* one as well, and from here on a loss has an unknown outcome */
        PENDING_PREPARE,  /* ours: its result is passed over */
        PENDING_DISCARD,  /* likewise */
        PENDING_DESCRIBE, /* asked for by ev_db_check_statement() */
};

struct pending {
        enum pending_kind kind;
        const struct ev_statement *statement;
};

/* A statement that this session has met. The list outlives connections, which is how a
 * reconnect knows what to prepare. */
struct known {
        const struct ev_statement *statement;
        bool is_prepared; /* or its Parse is on the way, before whatever needs it */
};

struct ev_db {
        PGconn *pg;                 /* NULL: the session is lost */
        PQconninfoOption *conninfo; /* parsed once; a connect does not look at the text again */
        char *password_file;        /* NULL: the password is that of conninfo, or none */
        char *application_name;
        char name[NAME_MAX_BYTES]; /* "database at host" */
        int connect_ms;            /* of a whole ev_db_connect() but its first statements */
        int wait_ms;
        bool with_detail;
        const struct ev_db_setting *settings;
        size_t settings_count;
        int formats[EV_STATEMENT_PARAMS_MAX]; /* of parameters: all binary */
        struct known known[EV_DB_STATEMENTS_MAX];
        size_t known_count;
        struct pending pending[PENDING_MAX]; /* what was sent or queued since the last sync ended */
        size_t pending_count;
        size_t pending_next; /* the first without a result yet */
        size_t queued;       /* statements of the caller among them */
        bool is_synced;      /* Sync is sent, and not all of its results have been read */
        bool is_unanswered;  /* something was sent and nothing read yet: for round_trips */
        bool commit_is_unknown;
        uint64_t transactions;        /* since the connect; plans are made again for this one: */
        uint64_t plans_end;           /* … or, if that comes sooner, */
        int64_t plans_end_micros;     /* at this time */
        PGnotify *notification;       /* the one handed out */
        PGnotify *notification_ahead; /* seen by ev_db_wait(), not handed out yet */
        struct ev_db_trouble trouble;
        struct ev_db_counts counts;
};

/* What holds between any two calls. A lost session has nothing pending, so whoever forgets to
 * ask whether it is open cannot read results of a connection that is gone. */
static bool db_check(const struct ev_db *db)
{
        return db->wait_ms > 0 && db->connect_ms > 0 && db->known_count <= EV_DB_STATEMENTS_MAX &&
               db->pending_next <= db->pending_count && db->pending_count <= PENDING_MAX &&
               db->queued <= db->pending_count &&
               (db->pg || (db->pending_count == 0 && !db->is_synced));
}

/* What stays when nobody listens on the other side is found by TCP within about 25 s instead of
 * the 2 hours of the kernel's defaults. A standby is passed over, or waited for until it is one no
 * more: whoever wrote to it would be told that it is read-only, which looks like a mistake of ours.
 * What conninfo says goes first. */
static const struct ev_db_setting connection_defaults[] = {
        { "client_encoding", "UTF8" },
        { "keepalives", "1" },
        { "keepalives_idle", "10" },
        { "keepalives_interval", "5" },
        { "keepalives_count", "3" },
        { "tcp_user_timeout", "20000" },
        { "target_session_attrs", "read-write" },
};

/* Failures. */

/* What conninfo itself says about a keyword, or NULL: libpq's environment and defaults are not
 * in it, as they may change until the connection is made. */
static const char *conninfo_value(const struct ev_db *db, const char *keyword)
{
        assert(db->conninfo && keyword);

        for (const PQconninfoOption *option = db->conninfo; option->keyword; ++option)
                if (strcmp(option->keyword, keyword) == 0)
                        return option->val;
        return NULL;
}

/* Before a connection is tried only conninfo can tell the names; afterwards libpq knows them
 * with its defaults and, of several hosts, the one it took. */
static void set_name(struct ev_db *db)
{
        const char *database = db->pg ? PQdb(db->pg) : conninfo_value(db, "dbname");
        const char *host = db->pg ? PQhost(db->pg) : conninfo_value(db, "host");

        assert(db->conninfo);

        snprintf(db->name, sizeof(db->name), "%s at %s",
                 database && *database ? database : "default database",
                 host && *host ? host : "default host");
}

/* Looks at the whole sync, also at what has been answered: see lose(). */
static bool has_commit_pending(const struct ev_db *db)
{
        assert(db->pending_count <= PENDING_MAX);

        for (size_t i = 0; i < db->pending_count; ++i)
                if (db->pending[i].kind == PENDING_COMMIT)
                        return true;
        return false;
}

/* Closes the connection. A COMMIT of this sync counts as unknown even if its result was read: the
 * caller may have asked for the end of the results only, and looking once more costs nothing. */
static void lose(struct ev_db *db)
{
        assert(db->pg);

        if (has_commit_pending(db))
                db->commit_is_unknown = true;
        /* What the server said before is no explanation of a lost connection: whoever asks for the
         * constraint that failed must not find an older one. */
        db->trouble = (struct ev_db_trouble){ .sqlstate = "" };
        /* Notifications that have not been taken are lost with the session; whoever listens
         * must look for himself after a reconnect anyway. */
        PQfreemem(db->notification);
        PQfreemem(db->notification_ahead);
        db->notification = NULL;
        db->notification_ahead = NULL;
        PQfinish(db->pg);
        db->pg = NULL;
        db->pending_count = 0;
        db->pending_next = 0;
        db->queued = 0;
        db->is_synced = false;
        for (size_t i = 0; i < db->known_count; ++i)
                db->known[i].is_prepared = false;
        assert(db_check(db));
}

/* libpq's texts have several lines, the last one empty. An error of ours is one line, as a log has
 * one line for it; what matters stands in the first. */
static void copy_first_line(char *buffer, size_t size, const char *text)
{
        assert(buffer && size > 0);
        assert(text);

        snprintf(buffer, size, "%.*s", (int)strcspn(text, "\n"), text);
}

/* The server is gone, or the connection to it. The text is libpq's own, which names no values:
 * it speaks of sockets and protocol only. */
static int fail_lost(struct ev_db *db)
{
        char reason[EV_ERROR_TEXT_MAX];

        assert(db->pg);

        copy_first_line(reason, sizeof(reason), PQerrorMessage(db->pg));
        lose(db);
        ev_fail(EV_VERDICT_RETRY, "%s: connection lost: %s%s", db->name, reason,
                db->commit_is_unknown ? " (a COMMIT was on its way)" : "");
        ev_error_set_sqlstate("08006");
        return EV_FAILED;
}

/* Cancelling would be the polite way, but PQcancel() of libpq 15 connects anew without any
 * bound. The server finds the closed socket when it next writes, and its own statement_timeout
 * ends what runs until then. */
static int fail_late(struct ev_db *db)
{
        assert(db->pg);

        lose(db);
        ev_fail(EV_VERDICT_RETRY, "%s: no answer within %d ms; the connection was closed%s",
                db->name, db->wait_ms, db->commit_is_unknown ? " (a COMMIT was on its way)" : "");
        ev_error_set_sqlstate("08006");
        return EV_FAILED;
}

/* 08003 is "connection does not exist": the caller used a lost session without ev_db_connect(). */
static int fail_not_open(const struct ev_db *db)
{
        assert(!db->pg);

        ev_fail(EV_VERDICT_RETRY, "%s: not connected", db->name);
        ev_error_set_sqlstate("08003");
        return EV_FAILED;
}

/* A field of an error, never NULL. Only the fields that name objects are asked for; those that
 * hold values (DETAIL, CONTEXT) are for with_detail. */
static const char *field(const PGresult *result, int code)
{
        const char *text = PQresultErrorField(result, code);

        assert(code);

        return text ? text : "";
}

/* Copies a message of the server. Messages of class 22 quote the value they complain about ("value
 * \"x\" is out of range"); what stands in quotes is left out of them. */
static void copy_message(char *buffer, size_t size, const char *message, bool without_quoted)
{
        bool is_quoted = false;
        size_t used = 0;

        assert(buffer && size > 0);
        assert(message);

        for (; *message && used < size - 1; ++message) {
                if (*message == '"')
                        is_quoted = !is_quoted;
                if (!without_quoted || !is_quoted || *message == '"')
                        buffer[used++] = *message;
        }
        buffer[used] = '\0';
}

/* Keeps apart what a caller may want to decide by, so that nobody has to search in texts. */
static void note_trouble(struct ev_db *db, const char *statement, const PGresult *result)
{
        struct ev_db_trouble *trouble = &db->trouble;

        assert(db && statement);

        snprintf(trouble->statement, sizeof(trouble->statement), "%s", statement);
        snprintf(trouble->sqlstate, sizeof(trouble->sqlstate), "%s",
                 field(result, PG_DIAG_SQLSTATE));
        snprintf(trouble->schema, sizeof(trouble->schema), "%s",
                 field(result, PG_DIAG_SCHEMA_NAME));
        snprintf(trouble->table, sizeof(trouble->table), "%s", field(result, PG_DIAG_TABLE_NAME));
        snprintf(trouble->constraint, sizeof(trouble->constraint), "%s",
                 field(result, PG_DIAG_CONSTRAINT_NAME));
}

/* Makes the error of a result that is one; `where` names the statement or the place in a script. */
static int fail_statement(struct ev_db *db, const char *where, const PGresult *result)
{
        char message[EV_ERROR_TEXT_MAX], relation[2 * NAME_MAX_BYTES] = "";
        const char *detail = db->with_detail ? field(result, PG_DIAG_MESSAGE_DETAIL) : "";
        const struct ev_db_trouble *trouble = &db->trouble;

        assert(db->pg && where);

        note_trouble(db, where, result);
        /* An error that libpq made itself has no SQLSTATE. It is about the connection or about
         * memory, never about data. */
        if (strlen(trouble->sqlstate) != SQLSTATE_SIZE) {
                copy_first_line(message, sizeof(message), PQresultErrorMessage(result));
                return ev_fail(EV_VERDICT_RETRY, "%s: %s: %s", db->name, where, message);
        }
        copy_message(message, sizeof(message), field(result, PG_DIAG_MESSAGE_PRIMARY),
                     strncmp(trouble->sqlstate, "22", 2) == 0 && !db->with_detail);
        if (trouble->table[0])
                snprintf(relation, sizeof(relation), ", %s%s%s.%s", trouble->constraint,
                         trouble->constraint[0] ? " on " : "", trouble->schema, trouble->table);
        ev_fail(ev_verdict_of_sqlstate(trouble->sqlstate, trouble->schema),
                "%s: %s: %s (SQLSTATE %s%s)%s%s", db->name, where, message, trouble->sqlstate,
                relation, *detail ? " " : "", detail);
        ev_error_set_sqlstate(trouble->sqlstate);
        return EV_FAILED;
}

/* Waiting. */

/* Monotonic: a clock that is set must neither end a wait nor prolong it. */
static int64_t deadline_in(int ms)
{
        assert(ms >= 0);

        return ev_clock_monotonic_micros() + ms * EV_MICROS_PER_MS;
}

/* Waits until one of the events is there: its bits, or 0 at the deadline. */
static int poll_socket(int fd, short events, int64_t deadline)
{
        struct pollfd socket = { .fd = fd, .events = events };

        assert(fd >= 0 && events);
        assert(deadline > 0);

        for (;;) {
                int64_t left = deadline - ev_clock_monotonic_micros();
                /* Rounded up, or the last millisecond would be spent spinning with waits of 0. */
                int64_t ms = left > 0 ? (left + EV_MICROS_PER_MS - 1) / EV_MICROS_PER_MS : 0;
                int r = poll(&socket, 1, ms > INT_MAX ? INT_MAX : (int)ms);

                if (r > 0)
                        return socket.revents;
                /* A signal only interrupts the wait; what it means is seen by the main loop,
                 * which gets control back when this wait ends. */
                if (r == 0 || errno != EINTR)
                        return 0;
        }
}

enum wait {
        WAIT_READY, /* PQgetResult() will not block */
        WAIT_LOST,  /* the stream ended; what came before the end may still be read */
        WAIT_LATE,  /* the bound passed; what is under way on the server, nobody knows */
};

/* Reads and writes until a result is there. Writing goes on meanwhile: a server that waits for us
 * to take its results would else never take the rest of our statements. */
static enum wait wait_for_result(struct ev_db *db)
{
        int64_t deadline = deadline_in(db->wait_ms);

        assert(db->pg);

        for (;;) {
                int unsent = PQflush(db->pg);
                int events;

                /* Since libpq 14 a failed write is kept back until what the server said before it
                 * has been read, so this is no ordinary loss. */
                if (unsent < 0)
                        return WAIT_LOST;
                if (!PQisBusy(db->pg))
                        return WAIT_READY;
                events =
                        poll_socket(PQsocket(db->pg), unsent ? POLLIN | POLLOUT : POLLIN, deadline);
                /* Nothing came and nothing went: the server hangs, or the way to it does. */
                if (!events)
                        return WAIT_LATE;
                /* POLLHUP and POLLERR come here too: reading is what finds out what they mean. */
                if (events & ~POLLOUT && !PQconsumeInput(db->pg))
                        return WAIT_LOST;
        }
}

/* 0 and libpq's next result, which is NULL behind the last one of a statement. What the server said
 * before it closed the connection is a result still. */
static int get_result(struct ev_db *db, PGresult **ret_result)
{
        enum wait wait = wait_for_result(db);
        PGresult *result;

        assert(ret_result);

        if (wait == WAIT_LATE)
                return fail_late(db);
        result = PQgetResult(db->pg);
        /* PQgetResult() does not block on a dead connection: it gives what was read before the
         * end, or says that there was an end. */
        if (wait == WAIT_LOST && (!result || !*field(result, PG_DIAG_SQLSTATE))) {
                PQclear(result);
                return fail_lost(db);
        }
        /* The first answer behind something sent: that was a round trip, however many results
         * follow without a wait. */
        if (db->is_unanswered) {
                db->is_unanswered = false;
                db->counts.round_trips++;
        }
        *ret_result = result;
        return 0;
}

/* Forgets the results that are left. A Parse that was skipped did not happen, so its statement is
 * to be prepared again; one too many would be an error (42P05), one too few another (26000). */
static void forget_pending(struct ev_db *db)
{
        assert(db->pending_next <= db->pending_count);

        for (size_t i = db->pending_next; i < db->pending_count; ++i)
                for (size_t k = 0; k < db->known_count; ++k)
                        if (db->pending[i].kind == PENDING_PREPARE &&
                            db->known[k].statement == db->pending[i].statement)
                                db->known[k].is_prepared = false;
        db->pending_count = 0;
        db->pending_next = 0;
        db->queued = 0;
        db->is_synced = false;
        assert(db_check(db));
}

/* Not PGRES_EMPTY_QUERY: a statement without text is a mistake of whoever made it. */
static bool is_success(ExecStatusType status)
{
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* Reads up to the end of the sync after a failure, whose error stays the present one: results that
 * come are "not run because of the failure"; or before a rollback, of what did run. A connection
 * that does not get there is closed. After a FATAL error libpq's status is bad, or the next read
 * finds the end of the stream. */
static void drain(struct ev_db *db)
{
        size_t nulls = 0, at = db->pending_next;

        assert(db->pg);

        /* Bounded by the NULLs that end statements: there cannot be more of them than were
         * queued. */
        while (PQstatus(db->pg) == CONNECTION_OK && nulls <= PENDING_MAX &&
               wait_for_result(db) == WAIT_READY) {
                PGresult *result = PQgetResult(db->pg);
                ExecStatusType status = PQresultStatus(result);

                PQclear(result);
                /* A Parse that was not skipped did happen, although nobody asked for its result. */
                if (at < db->pending_count && is_success(status))
                        db->pending[at].kind = PENDING_EXECUTE;
                if (!result) {
                        nulls++;
                        at++;
                }
                /* Here the server has stopped skipping, and takes statements again. */
                if (status == PGRES_PIPELINE_SYNC) {
                        forget_pending(db);
                        return;
                }
        }
        lose(db);
}

/* Connecting. */

/* Bounded by the program: statements are constants, so a session that met too many of them is a bug
 * and not a load. */
static void remember_statement(struct ev_db *db, const struct ev_statement *statement)
{
        assert(strlen(statement->name) <= EV_STATEMENT_NAME_MAX);
        assert(db->known_count < EV_DB_STATEMENTS_MAX);
        assert(statement->params_count <= EV_STATEMENT_PARAMS_MAX);

        db->known[db->known_count++] = (struct known){ .statement = statement };
}

/* Nothing is sent. A connection string that cannot be read is found here, at the start of a
 * program, and not at the first of many tries to connect, which would look like a server that is
 * away. */
int ev_db_new(struct ev_db **ret_db, const struct ev_db_options *options)
{
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;

        assert(ret_db && options->conninfo && options->application_name);
        assert(options->connect_ms > 0 && options->wait_ms > 0);
        assert(options->settings_count <= EV_DB_SETTINGS_MAX);

        db = calloc(1, sizeof(*db));
        if (!db)
                return ev_fail_memory("a database session");
        db->connect_ms = options->connect_ms;
        db->wait_ms = options->wait_ms;
        db->with_detail = options->with_detail;
        /* Borrowed, as the caller has them in tables that are constant. */
        db->settings = options->settings;
        db->settings_count = options->settings_count;
        /* libpq wants an array as long as the parameters, even where all are alike. */
        for (size_t i = 0; i < EV_STATEMENT_PARAMS_MAX; ++i)
                db->formats[i] = BINARY;
        for (size_t i = 0; i < options->statements_count; ++i)
                remember_statement(db, options->statements[i]);
        /* Its message quotes the text near the mistake, which may be a piece of a password. */
        db->conninfo = PQconninfoParse(options->conninfo, NULL);
        if (!db->conninfo)
                return ev_fail(EV_VERDICT_STOP,
                               "the connection string for %s cannot be read (it is not shown, as "
                               "it may hold a password): write keyword=value pairs with spaces "
                               "between them, or a postgresql:// URI",
                               options->application_name);
        db->application_name = strdup(options->application_name);
        if (options->password_file)
                db->password_file = strdup(options->password_file);
        if (!db->application_name || (options->password_file && !db->password_file))
                return ev_fail_memory("a database session");
        set_name(db);
        *ret_db = db;
        db = NULL;
        return 0;
}

struct ev_db *ev_db_free(struct ev_db *db)
{
        if (!db)
                return NULL;
        ev_db_close(db);
        PQconninfoFree(db->conninfo);
        free(db->password_file);
        free(db->application_name);
        free(db);
        return NULL;
}

/* Without a word to the server beyond libpq's Terminate, and without waiting: an open transaction
 * is rolled back there, a COMMIT on its way may still land. */
void ev_db_close(struct ev_db *db)
{
        assert(db_check(db));

        if (db->pg)
                lose(db);
}

/* The one test of a lost session: there is no connection object that is broken but still there. */
bool ev_db_is_open(const struct ev_db *db)
{
        assert(db_check(db));

        return db->pg != NULL;
}

/* For poll() only. Reading from it would take bytes out of libpq's hands. */
int ev_db_fd(const struct ev_db *db)
{
        assert(db_check(db));

        return db->pg ? PQsocket(db->pg) : -1;
}

/* Made when it was known and kept, so that texts have a name also when the session is lost. */
const char *ev_db_name(const struct ev_db *db)
{
        assert(db->name[0]);

        return db->name;
}

/* Notices are for people with psql; libpq's own receiver would print them on stderr. */
static void drop_notice(void *context, const PGresult *result)
{
        (void)context;
        (void)result;
}

/* What libpq takes as two arrays. It copies nothing until PQconnectStartParams(). */
struct keywords {
        const char *keys[KEYWORDS_MAX + 1]; /* ends with NULL, as libpq wants it */
        const char *values[KEYWORDS_MAX + 1];
        size_t count;
};

/* The last one of a keyword counts for libpq, so each comes once. */
static void add_keyword(struct keywords *words, const char *key, const char *value)
{
        assert(words->count < KEYWORDS_MAX);
        assert(key && value);

        for (size_t i = 0; i < words->count; ++i)
                if (strcmp(words->keys[i], key) == 0) {
                        words->values[i] = value;
                        return;
                }
        words->keys[words->count] = key;
        words->values[words->count++] = value;
}

/* A file that cannot be read is trouble like a server's: it could be at the start of the program, so
 * somebody is changing it. libpq frees its own copies of a password without overwriting them, so
 * that ours is gone at once is no protection from who can read the memory of the process, only from
 * what stays in it later. */
static int read_password(const struct ev_db *db, struct ev_secret *ret_password)
{
        struct ev_error error;
        int r = db->password_file ? ev_secret_read(db->name, db->password_file, ret_password) : 0;

        assert(ret_password);

        if (r == 0)
                return 0;
        error = *ev_error_last();
        error.verdict = EV_VERDICT_RETRY;
        ev_error_restore(&error);
        return ev_trace(r);
}

/* Hands libpq everything at once: defaults, then conninfo over them, then what is ours to say.
 * The name in pg_stat_activity is how an operator finds a session to end it, so conninfo cannot
 * change that. */
static int start_connection(struct ev_db *db)
{
        _cleanup_secret_ struct ev_secret password = { 0 };
        struct keywords words = { 0 };
        int r = read_password(db, &password);

        assert(!db->pg);

        if (r < 0)
                return ev_trace(r);
        for (size_t i = 0; i < EV_ARRAY_SIZE(connection_defaults); ++i)
                add_keyword(&words, connection_defaults[i].name, connection_defaults[i].value);
        for (const PQconninfoOption *option = db->conninfo; option->keyword; ++option)
                if (option->val)
                        add_keyword(&words, option->keyword, option->val);
        /* Behind conninfo, and therefore stronger. */
        add_keyword(&words, "application_name", db->application_name);
        if (password.revealed)
                add_keyword(&words, "password", password.revealed);

        db->pg = PQconnectStartParams(words.keys, words.values, 0);
        if (!db->pg)
                return ev_fail_memory("a connection");
        set_name(db);
        PQsetNoticeReceiver(db->pg, drop_notice, NULL);
        /* The only way to the SQLSTATE of a refused connection: libpq puts it into the text. */
        PQsetErrorVerbosity(db->pg, PQERRORS_VERBOSE);
        return 0;
}

/* Finds ":  XXXXX: ", which is how the verbose form shows a SQLSTATE, whatever the language. */
static const char *find_sqlstate(const char *text)
{
        assert(text);

        for (const char *mark = strstr(text, ":  "); mark; mark = strstr(mark + 1, ":  ")) {
                const char *code = mark + 3;

                if (strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == SQLSTATE_SIZE &&
                    code[SQLSTATE_SIZE] == ':')
                        return code;
        }
        return NULL;
}

/* With several hosts there are several lines; the first that has a SQLSTATE says most, since a
 * server was there. */
static int fail_connect(struct ev_db *db)
{
        const char *message = PQerrorMessage(db->pg);
        const char *code = find_sqlstate(message);
        /* libpq gives up before the server can refuse, so no SQLSTATE came; it is as good as 28P01:
         * a person has to act. */
        bool needs_password = PQconnectionNeedsPassword(db->pg);
        enum ev_verdict verdict;
        char text[EV_ERROR_TEXT_MAX], sqlstate[SQLSTATE_SIZE + 1] = "08001";

        assert(db->pg);

        copy_first_line(text, sizeof(text), code ? code + SQLSTATE_SIZE + 2 : message);
        if (code)
                memcpy(sqlstate, code, SQLSTATE_SIZE);
        else if (needs_password)
                memcpy(sqlstate, "28P01", SQLSTATE_SIZE);
        lose(db);
        verdict = ev_verdict_of_sqlstate(sqlstate, NULL);
        /* While a password is changed, file and server do not agree for a moment. */
        if (db->password_file && strcmp(sqlstate, "28P01") == 0)
                verdict = EV_VERDICT_RETRY;
        ev_fail(verdict, "%s: cannot connect: %s (SQLSTATE %s)", db->name, text, sqlstate);
        ev_error_set_sqlstate(sqlstate);
        return EV_FAILED;
}

/* "a,b,c" becomes "b,c,a". */
static void put_first_last(char *list)
{
        char *comma = strchr(list, ',');
        size_t rest = comma ? strlen(comma + 1) : 0;
        char *first = comma ? strndup(list, (size_t)(comma - list)) : NULL;

        assert(list);

        if (!first)
                return; /* nothing to turn, or no memory to do it: the order stays */
        memmove(list, comma + 1, rest);
        list[rest] = ',';
        memcpy(list + rest + 1, first, strlen(first));
        free(first);
}

/* Hosts that conninfo names; one if it names none. */
static size_t count_hosts(const struct ev_db *db)
{
        const char *list = conninfo_value(db, "hostaddr");
        size_t count = 1;

        if (!list)
                list = conninfo_value(db, "host");
        for (; list && *list; ++list)
                count += *list == ',';
        assert(count > 0);
        return count;
}

static void begin_with_next_host(struct ev_db *db)
{
        static const char *const lists[] = { "host", "hostaddr", "port" };

        assert(db->conninfo);

        for (PQconninfoOption *option = db->conninfo; option->keyword; ++option)
                for (size_t i = 0; i < EV_ARRAY_SIZE(lists); ++i)
                        if (option->val && strcmp(option->keyword, lists[i]) == 0)
                                put_first_last(option->val);
}

/* Its own text, as the statement's deadline and the connection's are set apart. */
static int fail_connect_late(struct ev_db *db)
{
        assert(!db->pg);

        ev_fail(EV_VERDICT_RETRY, "%s: cannot connect: no answer within %d ms", db->name,
                db->connect_ms);
        ev_error_set_sqlstate("08001");
        return EV_FAILED;
}

enum { CONNECT_LATE = 1 }; /* nobody has answered; the connection is closed */

/* libpq 15 knows no deadline here: connect_timeout works only in its blocking calls. */
static int await_connection(struct ev_db *db, int wait_ms)
{
        int64_t deadline = deadline_in(wait_ms);
        PostgresPollingStatusType status = PGRES_POLLING_WRITING;

        assert(db->pg);

        /* Already: a socket that is not there, a name that is not known, a setting that libpq
         * does not take. */
        if (PQstatus(db->pg) == CONNECTION_BAD)
                return fail_connect(db);
        while (status != PGRES_POLLING_OK) {
                /* libpq says what it waits for; at the beginning, for the connection to be
                 * made, which is writing. */
                short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;

                if (!poll_socket(PQsocket(db->pg), events, deadline)) {
                        lose(db);
                        return CONNECT_LATE;
                }
                status = PQconnectPoll(db->pg);
                if (status == PGRES_POLLING_FAILED)
                        return fail_connect(db);
        }
        /* From here on errors come with their fields, and nothing has to be read out of texts. */
        PQsetErrorVerbosity(db->pg, PQERRORS_DEFAULT);
        /* Older servers lack what the migrations use; better said here than by the first
         * statement that fails. */
        if (PQserverVersion(db->pg) < SERVER_VERSION_MIN) {
                int version = PQserverVersion(db->pg);

                lose(db);
                return ev_fail(EV_VERDICT_STOP, "%s: the server is PostgreSQL %d; 15 is needed",
                               db->name, version / 10000);
        }
        return 0;
}

static int queue_prepare(struct ev_db *db, struct known *known);

/* By set_config() and not by the connection's options, because poolers hand out sessions that
 * are open already and look at few options of the second client. */
static int queue_settings(struct ev_db *db)
{
        _cleanup_params_ struct ev_params params = EV_PARAMS_INIT(1 << 16);
        int r;

        assert(db->pg && db->settings_count <= EV_DB_SETTINGS_MAX);

        for (size_t i = 0; i < db->settings_count; ++i) {
                ev_params_begin(&params, &ev_sql_set_config);
                ev_params_text(&params, ev_str_of(db->settings[i].name));
                ev_params_text(&params, ev_str_of(db->settings[i].value));
                r = ev_db_queue(db, &ev_sql_set_config, &params);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* Settings and statements in one sync. A statement that the server refuses (its table is missing,
 * as the migrations have not run) fails the connect: better at the start than inside of a batch. */
static int open_session(struct ev_db *db)
{
        int r;

        assert(db->pg && db->pending_count == 0);

        db->transactions = 0;
        db->plans_end = 2; /* before the first one there are no plans */
        db->plans_end_micros = ev_clock_monotonic_micros() + PLANS_MS_MAX * EV_MICROS_PER_MS;
        /* Non-blocking sends leave what the socket does not take in memory; pipeline mode stays
         * on for the life of the connection. */
        if (PQsetnonblocking(db->pg, 1) != 0 || !PQenterPipelineMode(db->pg))
                return fail_lost(db);
        r = queue_settings(db);
        if (r < 0)
                return ev_trace(r);
        for (size_t i = 0; i < db->known_count; ++i) {
                r = db->known[i].is_prepared ? 0 : queue_prepare(db, &db->known[i]);
                if (r < 0)
                        return ev_trace(r);
        }
        if (db->pending_count == 0)
                return 0;
        r = ev_db_sync(db);
        if (r < 0)
                return ev_trace(r);
        return ev_trace(ev_db_finish(db));
}

/* Of several hosts libpq asks the first one first. One that is gone with its machine refuses nothing:
 * all the time that a connect has would be spent on it, and no other were ever asked. So the hosts
 * share that time, and one that says nothing comes behind the others. */
static int connect_to_any(struct ev_db *db)
{
        size_t hosts = count_hosts(db);
        int r = CONNECT_LATE;

        assert(!db->pg);

        for (size_t i = 0; i < hosts && r == CONNECT_LATE; ++i) {
                if (i > 0)
                        begin_with_next_host(db);
                r = start_connection(db);
                if (r == 0)
                        r = await_connection(db, db->connect_ms / (int)hosts + 1);
        }
        return ev_trace(r == CONNECT_LATE ? fail_connect_late(db) : r);
}

/* Each step that fails leaves the session lost, so a caller repeats this one call until it
 * works. It does not try again by itself, as pauses between tries are the caller's policy. Whether
 * a COMMIT of the session before is unknown stays as it was, for the caller to settle. */
int ev_db_connect(struct ev_db *db)
{
        int r;

        assert(db_check(db));

        ev_db_close(db);
        r = connect_to_any(db);
        if (r < 0)
                return ev_trace(r);
        db->counts.connects++;
        r = open_session(db);
        if (r < 0)
                ev_db_close(db);
        return ev_trace(r);
}

/* Queueing. */

/* The account of what was sent: results carry no names, only their order tells whose they are. */
static struct pending *add_pending(struct ev_db *db, enum pending_kind kind,
                                   const struct ev_statement *statement)
{
        assert(!db->is_synced && db->pending_count < PENDING_MAX);
        assert(statement);

        db->pending[db->pending_count] = (struct pending){ kind, statement };
        return &db->pending[db->pending_count++];
}

/* Marked as prepared at once, not when the answer is there: what is queued behind it may rely on
 * it. If it fails, so does everything behind it, and forget_pending() takes the mark back. */
static int queue_prepare(struct ev_db *db, struct known *known)
{
        const struct ev_statement *statement = known->statement;

        assert(!known->is_prepared);

        add_pending(db, PENDING_PREPARE, statement);
        if (!PQsendPrepare(db->pg, statement->name, statement->text, (int)statement->params_count,
                           statement->params))
                return fail_lost(db);
        known->is_prepared = true;
        db->counts.prepares++;
        return 0;
}

/* A session knows a few dozen statements, and there are fewer than ten of them in a batch: to look
 * through them costs less than what libpq does to send one. */
static int make_prepared(struct ev_db *db, const struct ev_statement *statement)
{
        size_t i = 0;

        assert(db->pg && statement);

        /* By address: a statement is a constant, and there is one of each. */
        while (i < db->known_count && db->known[i].statement != statement)
                ++i;
        if (i == db->known_count)
                remember_statement(db, statement);
        return db->known[i].is_prepared ? 0 : ev_trace(queue_prepare(db, &db->known[i]));
}

/* libpq keeps what it is given in its own memory and sends when 64 KiB have come together, so a
 * large batch is on its way before the sync, and a COMMIT in it too. */
static int send_one(struct ev_db *db, enum pending_kind kind, const struct ev_statement *statement,
                    const struct ev_params *params)
{
        int r;

        assert(db_check(db) && !db->is_synced);

        if (!db->pg)
                return fail_not_open(db);
        r = make_prepared(db, statement);
        if (r < 0)
                return ev_trace(r);
        add_pending(db, kind, statement);
        /* libpq copies everything into its own buffer, so the parameters are free again at
         * once. */
        if (!PQsendQueryPrepared(db->pg, statement->name, (int)statement->params_count,
                                 params ? params->values : NULL, params ? params->sizes : NULL,
                                 params ? db->formats : NULL, BINARY))
                return fail_lost(db);
        return 0;
}

static int queue(struct ev_db *db, enum pending_kind kind, const struct ev_statement *statement,
                 const struct ev_params *params)
{
        int r;

        assert(db->queued < EV_DB_QUEUE_MAX);

        r = send_one(db, kind, statement, params);
        if (r < 0)
                return ev_trace(r);
        db->queued++;
        db->counts.statements++;
        return 0;
}

int ev_db_queue(struct ev_db *db, const struct ev_statement *statement, struct ev_params *params)
{
        int r;

        assert(statement && (params || statement->params_count == 0));
        assert(!params || params->statement == statement);

        /* A statement whose parameters are too large is not sent; what was queued before it
         * stays. */
        if (params) {
                r = ev_params_finish(params);
                if (r < 0)
                        return ev_trace(r);
        }
        return ev_trace(queue(db, PENDING_EXECUTE, statement, params));
}

/* A session that keeps the first plan of each statement keeps one that was made for tables as they were
 * then. Of a table that was vacuumed while it was empty PostgreSQL knows that nothing is in it, so that
 * to read it through costs nothing, and a batch of such plans takes longer with every row. So plans are
 * made again each time the session has done as much as before, as a table can hardly have more than
 * doubled meanwhile by what it did, and once a minute for what others did. */
static int renew_plans(struct ev_db *db)
{
        int64_t now = ev_clock_monotonic_micros();

        assert(db->plans_end > 0);

        ++db->transactions;
        if (db->transactions < db->plans_end && now < db->plans_end_micros)
                return 0;
        db->plans_end = 2 * db->transactions;
        db->plans_end_micros = now + PLANS_MS_MAX * EV_MICROS_PER_MS;
        return ev_trace(send_one(db, PENDING_DISCARD, &ev_sql_discard_plans, NULL));
}

/* A new transaction begins, so nobody asks for the end of the last one any more. */
int ev_db_queue_begin(struct ev_db *db)
{
        int r;

        assert(db_check(db));

        db->commit_is_unknown = false;
        r = renew_plans(db);
        return r < 0 ? ev_trace(r) : ev_trace(queue(db, PENDING_EXECUTE, &ev_sql_begin, NULL));
}

/* Queued under its own kind: losing the connection from here on leaves the outcome unknown. */
int ev_db_queue_commit(struct ev_db *db)
{
        assert(db_check(db));

        return ev_trace(queue(db, PENDING_COMMIT, &ev_sql_commit, NULL));
}

/* PQpipelineSync() also flushes as far as the socket takes it; the rest goes while we wait. Nothing
 * may be queued behind it until its results are read: libpq would allow that, but then a failure
 * would leave a part of the pipeline running that nobody thinks of. */
int ev_db_sync(struct ev_db *db)
{
        assert(db_check(db) && !db->is_synced);

        if (!db->pg)
                return fail_not_open(db);
        if (!PQpipelineSync(db->pg))
                return fail_lost(db);
        db->is_synced = true;
        db->is_unanswered = true;
        db->counts.syncs++;
        return 0;
}

/* Results. */

/* A result is libpq's own: no copy, nothing of ours to allocate for it. */
static const PGresult *as_libpq(const struct ev_result *result)
{
        assert(result);

        return (const PGresult *)(const void *)result;
}

/* A person has to act: program and database are of different versions, or the .sql file declares
 * what is not so. */
static int fail_column(const struct ev_db *db, const struct ev_statement *statement,
                       const struct ev_column *column, const char *problem)
{
        assert(column->name && problem);

        return ev_fail(EV_VERDICT_STOP,
                       "%s: %s: column %s %s: the program and the database's migrations do not "
                       "belong together",
                       db->name, statement->name, column->name, problem);
}

/* NULL, or what is wrong with a value of this type. */
static const char *value_problem(const struct ev_column *column, const PGresult *result, int row,
                                 int field_number)
{
        const struct ev_type *type = ev_type_by_oid(column->oid);
        const uint8_t *bytes = (const uint8_t *)PQgetvalue(result, row, field_number);
        int64_t instant;

        assert(type);

        /* A NULL that nobody expects would else become a zero somewhere up in a decision. */
        if (PQgetisnull(result, row, field_number))
                return column->nullable ? NULL : "is NULL, but not declared as nullable";
        /* Arrays are looked at when they are read, element by element. */
        if (column->oid == type->array_oid)
                return NULL;
        if (type->size != EV_TYPE_VARIABLE && PQgetlength(result, row, field_number) != type->size)
                return "has a value of another size than its type";
        /* infinity is a valid timestamptz, and no instant; a getter would have no value for it. */
        if (column->oid == EV_OID_TIMESTAMPTZ &&
            !ev_instant_from_pg((int64_t)ev_binary_get_8(bytes), &instant))
                return "has a time outside the years 0001 to 9999";
        if (column->oid == EV_OID_DATE &&
            !ev_binary_day_is_valid(ev_day_from_pg((int32_t)ev_binary_get_4(bytes))))
                return "has a date outside the years 0001 to 9999";
        /* The getter takes a byte off. */
        if (column->oid == EV_OID_JSONB && PQgetlength(result, row, field_number) == 0)
                return "has an empty jsonb";
        return NULL;
}

/* So that getters have nothing left to check. */
static int check_rows(const struct ev_db *db, const struct ev_statement *statement,
                      const PGresult *result)
{
        int fields = PQnfields(result);
        int rows = PQntuples(result);

        assert(statement && result);

        /* SELECT * would change with the tables; .sql files name their columns, so this is
         * another version of one. */
        if ((size_t)fields != statement->columns_count)
                return ev_fail(EV_VERDICT_STOP, "%s: %s: the result has %d columns, not %zu",
                               db->name, statement->name, fields, statement->columns_count);
        for (int i = 0; i < fields; ++i) {
                const struct ev_column *column = &statement->columns[i];

                if (PQftype(result, i) != column->oid || PQfformat(result, i) != BINARY)
                        return fail_column(db, statement, column, "has another type");
                for (int row = 0; row < rows; ++row) {
                        const char *problem = value_problem(column, result, row, i);

                        if (problem)
                                return fail_column(db, statement, column, problem);
                }
        }
        return 0;
}

/* Nobody is handed its result. */
static bool is_ours(const struct pending *pending)
{
        assert(pending->statement);

        return pending->kind == PENDING_PREPARE || pending->kind == PENDING_DISCARD;
}

/* COMMIT of a transaction that has failed is answered with "ROLLBACK", without an error. */
static int check_result(const struct ev_db *db, const struct pending *pending, PGresult *result)
{
        assert(pending->statement);

        if (is_ours(pending) || pending->kind == PENDING_DESCRIBE)
                return 0;
        if (pending->kind == PENDING_COMMIT && strcmp(PQcmdStatus(result), "COMMIT") != 0)
                return ev_fail(EV_VERDICT_STOP,
                               "%s: COMMIT ended as %s: an earlier failure was not heeded",
                               db->name, PQcmdStatus(result));
        return ev_trace(check_rows(db, pending->statement, result));
}

/* 0 and the result of the next thing that was queued; on failure the sync is at its end. */
static int take(struct ev_db *db, PGresult **ret_result)
{
        const struct pending *pending = &db->pending[db->pending_next];
        PGresult *result = NULL, *terminator = NULL;
        int r;

        assert(db->is_synced && db->pending_next < db->pending_count);

        r = get_result(db, &result);
        if (r < 0)
                return ev_trace(r);
        /* A result that is wrong for the program is treated as a failure of the statement: the
         * rest of the sync is of no use any more. */
        if (is_success(PQresultStatus(result)))
                r = check_result(db, pending, result);
        else
                r = fail_statement(db, pending->statement->name, result);
        if (r < 0) {
                PQclear(result);
                drain(db);
                return ev_trace(r);
        }
        r = get_result(db, &terminator); /* libpq ends each statement with a NULL */
        if (r < 0) {
                PQclear(result);
                return ev_trace(r);
        }
        /* Not in single-row mode, so a statement has one result. */
        assert(!terminator);
        db->pending_next++;
        *ret_result = result;
        return 0;
}

/* Behind all results stands one for the Sync itself, which is not followed by a NULL. */
static int end_sync(struct ev_db *db)
{
        PGresult *result = NULL;
        ExecStatusType status;
        int r;

        assert(db->pg && db->is_synced);
        assert(db->pending_next == db->pending_count);

        r = get_result(db, &result);
        if (r < 0)
                return ev_trace(r);
        status = PQresultStatus(result);
        /* A deferred constraint outside of BEGIN fails only here. */
        if (status != PGRES_PIPELINE_SYNC) {
                r = fail_statement(db, "sync", result);
                PQclear(result);
                drain(db);
                return r;
        }
        PQclear(result);
        forget_pending(db);
        return EV_DB_END;
}

/* Results of statements that had to be prepared on the way are passed over: the caller did not
 * ask for them. */
int ev_db_next(struct ev_db *db, struct ev_result **ret_result)
{
        PGresult *result = NULL;
        int r;

        assert(ret_result && db_check(db));

        if (!db->pg)
                return fail_not_open(db);
        assert(db->is_synced);
        while (db->pending_next < db->pending_count) {
                bool is_passed_over = is_ours(&db->pending[db->pending_next]);

                r = take(db, &result);
                if (r < 0)
                        return ev_trace(r);
                if (!is_passed_over) {
                        *ret_result = (struct ev_result *)(void *)result;
                        return 0;
                }
                PQclear(result);
        }
        return ev_trace(end_sync(db));
}

/* Also the way to learn that a sync went well whose results nobody needs. */
int ev_db_finish(struct ev_db *db)
{
        int r = 0;

        assert(db_check(db));

        while (r == 0 && (db->is_synced || !db->pg)) {
                _cleanup_result_ struct ev_result *result = NULL;

                r = ev_db_next(db, &result);
        }
        return r < 0 ? ev_trace(r) : 0;
}

/* Sends the one thing that is queued and takes its whole answer. */
static int run_queue(struct ev_db *db, struct ev_result **ret_result)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(db->pending_count > 0);

        r = ev_db_sync(db);
        if (r < 0)
                return ev_trace(r);
        r = ev_db_next(db, &result);
        if (r < 0)
                return ev_trace(r);
        r = ev_db_finish(db);
        if (r < 0)
                return ev_trace(r);
        *ret_result = result;
        result = NULL;
        return 0;
}

/* For start-up and tools. It costs a round trip of its own, which a batch must not. */
int ev_db_run(struct ev_db *db, const struct ev_statement *statement, struct ev_params *params,
              struct ev_result **ret_result)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(db->pending_count == 0);

        r = ev_db_queue(db, statement, params);
        if (r == 0)
                r = run_queue(db, &result);
        if (r < 0)
                return ev_trace(r);
        if (ret_result) {
                *ret_result = result;
                result = NULL;
        }
        return 0;
}

/* What is queued cannot be taken back, and libpq may have sent the first of it already: it runs to
 * its end and the ROLLBACK behind it undoes it. With a COMMIT among it the connection goes. */
static int end_queue(struct ev_db *db)
{
        int r = 0;

        assert(db->pg);

        if (db->pending_count > 0 && !db->is_synced && has_commit_pending(db)) {
                ev_db_close(db);
                return 0;
        }
        if (db->pending_count > 0 && !db->is_synced)
                r = ev_db_sync(db);
        if (r == 0 && db->is_synced)
                drain(db);
        return ev_trace(r);
}

/* For every way out of a batch that went wrong, wherever it stood: statements queued and not sent,
 * results not read, a transaction that has failed. Behind it the session is empty or lost. */
int ev_db_rollback(struct ev_db *db)
{
        int r;

        assert(db_check(db));

        if (!db->pg)
                return 0;
        r = end_queue(db);
        if (r < 0)
                return ev_trace(r);
        /* Also after a failure outside of a transaction: the server has undone it by itself. */
        if (!ev_db_is_in_transaction(db))
                return 0;
        r = ev_db_run(db, &ev_sql_rollback, NULL, NULL);
        /* A ROLLBACK that fails leaves the connection in a state that nobody knows. */
        if (r < 0)
                ev_db_close(db);
        return ev_trace(r);
}

/* libpq knows from the server's last ReadyForQuery. While results are out it says "active",
 * which counts as open. */
bool ev_db_is_in_transaction(const struct ev_db *db)
{
        assert(db_check(db));

        return db->pg && PQtransactionStatus(db->pg) != PQTRANS_IDLE;
}

/* Asked after a loss, before anything is tried again: a batch whose COMMIT landed must not be run a
 * second time (ev_offsets_settle()). */
bool ev_db_commit_is_unknown(const struct ev_db *db)
{
        assert(db_check(db));

        return db->commit_is_unknown;
}

/* Of a failed statement only; a lost session leaves it as it was, so ask for the SQLSTATE first. */
const struct ev_db_trouble *ev_db_trouble(const struct ev_db *db)
{
        assert(db_check(db));

        return &db->trouble;
}

/* For metrics, and for the tests that hold a batch to its one round trip. */
const struct ev_db_counts *ev_db_counts(const struct ev_db *db)
{
        assert(db_check(db));

        return &db->counts;
}

/* Scripts. */

enum { SCRIPT_COLUMNS_MAX = 64 }; /* of a row, as its slices lie on the stack */

/* The line in which the character number `position` (from 1, of UTF-8) stands. */
static unsigned line_of(const char *text, long position)
{
        unsigned line = 1;

        assert(position >= 1);

        for (long left = position; *text && left > 1; ++text) {
                if (*text == '\n')
                        line++;
                if (((unsigned char)text[1] & 0xc0) != 0x80) /* no continuation byte follows */
                        left--;
        }
        return line;
}

/* PostgreSQL counts characters of the whole text up to the fault, but only for faults of syntax
 * and names; for others the number of the statement must do. */
static int fail_script(struct ev_db *db, const char *text, unsigned statements_done,
                       const PGresult *result)
{
        long position = strtol(field(result, PG_DIAG_STATEMENT_POSITION), NULL, 10);
        char where[EV_STATEMENT_NAME_MAX];

        assert(text);

        if (position >= 1)
                snprintf(where, sizeof(where), "line %u", line_of(text, position));
        else
                snprintf(where, sizeof(where), "statement %u", statements_done + 1);
        return fail_statement(db, where, result);
}

/* Text and not binary: the simple protocol sends text, and who reads a script's rows shows them.
 * The first failure of the caller's function ends the handing out; the script runs on. */
static int hand_out_rows(const PGresult *result, ev_db_row_fn *row, void *context)
{
        struct ev_str values[SCRIPT_COLUMNS_MAX];
        int fields = PQnfields(result);
        int rows = row ? PQntuples(result) : 0;

        assert(result && (row || !rows));

        if (fields > SCRIPT_COLUMNS_MAX)
                return ev_fail(EV_VERDICT_STOP, "a script's result has %d columns; %d are too many",
                               fields, SCRIPT_COLUMNS_MAX + 1);
        for (int i = 0; i < rows; ++i) {
                int r;

                for (int k = 0; k < fields; ++k)
                        values[k] = PQgetisnull(result, i, k)
                                            ? EV_STR_NULL
                                            : (struct ev_str){ PQgetvalue(result, i, k),
                                                               (size_t)PQgetlength(result, i, k) };
                r = row(context, values, (size_t)fields);
                if (r < 0)
                        return ev_trace(r);
        }
        return 0;
}

/* Reads all results of a script; the first failure is the one that is told. */
static int read_script(struct ev_db *db, const char *text, ev_db_row_fn *row, void *context)
{
        unsigned statements_done = 0;
        PGresult *result = NULL;
        int failed = 0, r;

        assert(db->pg && text);

        for (;;) {
                ExecStatusType status;

                /* After a failure the waits must not write errors over the one that counts. */
                if (failed < 0 && wait_for_result(db) != WAIT_READY) {
                        lose(db);
                        return failed;
                }
                r = get_result(db, &result);
                if (r < 0)
                        return ev_trace(r);
                /* NULL ends a script, after the results of all its statements or the first
                 * failure. */
                if (!result)
                        return failed;
                status = PQresultStatus(result);
                if (failed == 0 && status == PGRES_FATAL_ERROR)
                        failed = fail_script(db, text, statements_done, result);
                else if (failed == 0 && is_success(status))
                        failed = hand_out_rows(result, row, context);
                else if (failed == 0 && status != PGRES_EMPTY_QUERY)
                        failed = ev_fail(EV_VERDICT_STOP,
                                         "%s: a script cannot use COPY with the "
                                         "client",
                                         db->name);
                PQclear(result);
                statements_done++;
                if (failed < 0 &&
                    (status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
                     status == PGRES_COPY_BOTH || PQstatus(db->pg) != CONNECTION_OK)) {
                        lose(db);
                        return failed;
                }
        }
}

/* Pipeline mode takes no text of several statements, so it is left meanwhile; nothing is queued,
 * which libpq demands for that. */
int ev_db_script(struct ev_db *db, const char *text, ev_db_row_fn *row, void *context)
{
        int r;

        assert(db_check(db) && text && db->pending_count == 0);

        if (!db->pg)
                return fail_not_open(db);
        if (!PQexitPipelineMode(db->pg) || !PQsendQuery(db->pg, text))
                return fail_lost(db);
        db->is_unanswered = true;
        r = read_script(db, text, row, context);
        /* Refused only while something is out, which is not so here. */
        if (db->pg && !PQenterPipelineMode(db->pg) && r == 0)
                return fail_lost(db);
        return ev_trace(r);
}

/* Checking declarations. */

/* libpq sends our oids along when it prepares, so a wrong type shows as an error of the
 * statement; here the count remains, and types the server put in. */
static int compare_params(const struct ev_db *db, const struct ev_statement *statement,
                          const PGresult *description)
{
        assert(description);

        if ((size_t)PQnparams(description) != statement->params_count)
                return ev_fail(EV_VERDICT_STOP, "%s: %s: it has %d parameters, %zu are declared",
                               db->name, statement->name, PQnparams(description),
                               statement->params_count);
        for (size_t i = 0; i < statement->params_count; ++i)
                if (PQparamtype(description, (int)i) != statement->params[i])
                        return ev_fail(EV_VERDICT_STOP,
                                       "%s: %s: parameter %s has oid %u, %u is declared", db->name,
                                       statement->name, statement->param_names[i],
                                       PQparamtype(description, (int)i), statement->params[i]);
        return 0;
}

/* Nullability is not compared: the server cannot tell it of an expression. */
static int compare_columns(const struct ev_db *db, const struct ev_statement *statement,
                           const PGresult *description)
{
        assert(description);

        if ((size_t)PQnfields(description) != statement->columns_count)
                return ev_fail(EV_VERDICT_STOP, "%s: %s: it has %d columns, %zu are declared",
                               db->name, statement->name, PQnfields(description),
                               statement->columns_count);
        for (size_t i = 0; i < statement->columns_count; ++i) {
                const struct ev_column *column = &statement->columns[i];
                const char *name = PQfname(description, (int)i);
                unsigned oid = PQftype(description, (int)i);

                if (oid != column->oid || strcmp(name, column->name) != 0)
                        return ev_fail(EV_VERDICT_STOP,
                                       "%s: %s: column %zu is %s with oid %u, declared is %s with "
                                       "oid %u",
                                       db->name, statement->name, i + 1, name, oid, column->name,
                                       column->oid);
        }
        return 0;
}

/* Describe tells the types without running anything. */
int ev_db_check_statement(struct ev_db *db, const struct ev_statement *statement)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r;

        assert(db_check(db) && db->pending_count == 0);

        if (!db->pg)
                return fail_not_open(db);
        r = make_prepared(db, statement);
        if (r < 0)
                return ev_trace(r);
        add_pending(db, PENDING_DESCRIBE, statement);
        if (!PQsendDescribePrepared(db->pg, statement->name))
                return fail_lost(db);
        r = run_queue(db, &result);
        if (r < 0)
                return ev_trace(r);
        r = compare_params(db, statement, as_libpq(result));
        return r < 0 ? ev_trace(r) : ev_trace(compare_columns(db, statement, as_libpq(result)));
}

/* Notifications. */

/* A message that is no notification ends the wait as well; the caller looks and waits again. */
int ev_db_wait(struct ev_db *db, int wait_ms)
{
        assert(wait_ms >= 0 && db->pending_count == 0);

        if (!db->pg)
                return fail_not_open(db);
        /* libpq may have read one along with the results of a statement: then the socket is
         * silent, and waiting for it would miss it. */
        if (!db->notification_ahead)
                db->notification_ahead = PQnotifies(db->pg);
        if (db->notification_ahead)
                return 0;
        if (!poll_socket(PQsocket(db->pg), POLLIN, deadline_in(wait_ms)))
                return EV_DB_TIMEOUT;
        if (!PQconsumeInput(db->pg))
                return fail_lost(db);
        return 0;
}

/* One that ev_db_wait() has seen comes first, as it came first. The one handed out before is freed
 * only now: its slices were promised to live until this call. */
bool ev_db_take_notification(struct ev_db *db, struct ev_str *ret_channel,
                             struct ev_str *ret_payload)
{
        PGnotify *notification = db->notification_ahead;

        assert(ret_channel && ret_payload);

        db->notification_ahead = NULL;
        if (!notification && db->pg)
                notification = PQnotifies(db->pg);
        if (!notification)
                return false;
        PQfreemem(db->notification);
        db->notification = notification;
        *ret_channel = ev_str_of(notification->relname);
        *ret_payload = ev_str_of(notification->extra);
        return true;
}

/* With time stamps the output of two runs could not be compared. */
void ev_db_trace(struct ev_db *db, FILE *file)
{
        assert(db->pg);

        if (!file) {
                PQuntrace(db->pg);
                return;
        }
        PQtrace(db->pg, file);
        PQsetTraceFlags(db->pg, PQTRACE_SUPPRESS_TIMESTAMPS);
}

/* Getters. */

/* PQclear() accepts NULL. Every result is freed, also of statements without rows: libpq allocates
 * each apart. */
struct ev_result *ev_result_free(struct ev_result *result)
{
        PQclear((PGresult *)(void *)result);
        return NULL;
}

size_t ev_result_rows(const struct ev_result *result)
{
        assert(result);

        return (size_t)PQntuples(as_libpq(result));
}

/* The command's tag ends with the number: "INSERT 0 5". Tags without one give an empty text. */
size_t ev_result_affected(const struct ev_result *result)
{
        int64_t rows;

        assert(result);

        /* libpq does not change the result, it only returns a piece of its text. */
        const char *text = PQcmdTuples((PGresult *)(uintptr_t)result);

        return ev_str_to_int64(ev_str_of(text), &rows) ? (size_t)rows : 0;
}

/* For columns whose getter has no value for NULL; slices tell it by themselves. */
bool ev_result_is_null(const struct ev_result *result, size_t row, size_t column)
{
        assert(row < ev_result_rows(result));
        assert(column < (size_t)PQnfields(as_libpq(result)));

        return PQgetisnull(as_libpq(result), (int)row, (int)column);
}

/* NULL is a null slice, as everywhere; PQgetvalue() would give an empty text. */
static struct ev_bytes value_of(const struct ev_result *result, size_t row, size_t column)
{
        const PGresult *pg = as_libpq(result);

        assert(row < ev_result_rows(result) && column < (size_t)PQnfields(pg));

        if (PQgetisnull(pg, (int)row, (int)column))
                return (struct ev_bytes){ NULL, 0 };
        return (struct ev_bytes){ (const uint8_t *)PQgetvalue(pg, (int)row, (int)column),
                                  (size_t)PQgetlength(pg, (int)row, (int)column) };
}

/* The bytes of a value that has a fixed size, which was checked when the result came. */
static const uint8_t *fixed_value(const struct ev_result *result, size_t row, size_t column,
                                  enum ev_oid oid)
{
        struct ev_bytes value = value_of(result, row, column);

        assert(PQftype(as_libpq(result), (int)column) == oid);
        assert(value.data);

        return value.data;
}

/* One byte, 0 or 1. */
bool ev_result_bool(const struct ev_result *result, size_t row, size_t column)
{
        assert(result);

        return *fixed_value(result, row, column, EV_OID_BOOL) != 0;
}

/* Two's complement comes over the wire as it lies in memory but for the order of bytes, so the cast
 * is all there is to signed values; the same for the two below. */
int16_t ev_result_int2(const struct ev_result *result, size_t row, size_t column)
{
        assert(result);

        return (int16_t)ev_binary_get_2(fixed_value(result, row, column, EV_OID_INT2));
}

int32_t ev_result_int4(const struct ev_result *result, size_t row, size_t column)
{
        assert(result);

        return (int32_t)ev_binary_get_4(fixed_value(result, row, column, EV_OID_INT4));
}

int64_t ev_result_int8(const struct ev_result *result, size_t row, size_t column)
{
        assert(result);

        return (int64_t)ev_binary_get_8(fixed_value(result, row, column, EV_OID_INT8));
}

/* jsonb is text behind a byte that gives the version of its binary form, which is 1. */
struct ev_str ev_result_text(const struct ev_result *result, size_t row, size_t column)
{
        struct ev_bytes value = value_of(result, row, column);
        uint32_t oid = PQftype(as_libpq(result), (int)column);
        size_t skip = oid == EV_OID_JSONB ? 1 : 0; /* a version byte */

        assert(oid == EV_OID_TEXT || oid == EV_OID_VARCHAR || oid == EV_OID_JSON ||
               oid == EV_OID_JSONB);

        if (!value.data)
                return EV_STR_NULL;
        return (struct ev_str){ (const char *)value.data + skip, value.size - skip };
}

struct ev_bytes ev_result_bytea(const struct ev_result *result, size_t row, size_t column)
{
        assert(PQftype(as_libpq(result), (int)column) == EV_OID_BYTEA);

        return value_of(result, row, column);
}

/* Elements are checked when they are read (ev_array_next()): one pass over a large array, not two.
 */
struct ev_bytes ev_result_array(const struct ev_result *result, size_t row, size_t column)
{
        assert(ev_type_element(PQftype(as_libpq(result), (int)column)));

        return value_of(result, row, column);
}

struct ev_uuid ev_result_uuid(const struct ev_result *result, size_t row, size_t column)
{
        struct ev_uuid uuid;

        assert(result);

        memcpy(uuid.bytes, fixed_value(result, row, column, EV_OID_UUID), sizeof(uuid.bytes));
        return uuid;
}

/* Cannot be out of range: value_problem() has refused such a result when it came. */
int64_t ev_result_timestamptz(const struct ev_result *result, size_t row, size_t column)
{
        const uint8_t *bytes = fixed_value(result, row, column, EV_OID_TIMESTAMPTZ);
        int64_t instant = 0;
        bool valid = ev_instant_from_pg((int64_t)ev_binary_get_8(bytes), &instant);

        assert(valid);
        (void)valid;
        return instant;
}

int64_t ev_result_date(const struct ev_result *result, size_t row, size_t column)
{
        const uint8_t *bytes = fixed_value(result, row, column, EV_OID_DATE);

        assert(result);

        return ev_day_from_pg((int32_t)ev_binary_get_4(bytes));
}

/* The scale is the caller's: a column of type numeric(12,2) sends it with each value, but sums
 * and products have scales of their own. */
int ev_result_numeric(const struct ev_result *result, size_t row, size_t column, unsigned scale,
                      int64_t *ret_unscaled)
{
        struct ev_bytes value = value_of(result, row, column);
        int r;

        assert(scale <= EV_DECIMAL_SCALE_MAX);
        assert(PQftype(as_libpq(result), (int)column) == EV_OID_NUMERIC);
        assert(value.data && ret_unscaled);

        r = ev_decimal_from_numeric(value, scale, ret_unscaled);
        if (r > 0)
                return ev_fail(EV_VERDICT_STOP, "column %s: a number is %s at %u decimal places",
                               PQfname(as_libpq(result), (int)column),
                               ev_decimal_condition_name((enum ev_decimal_condition)r), scale);
        return 0;
}
