/* Sessions, and what they do in every check. */

#include "sessions.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "report.h"
#include "store/db.h"

const char *conninfo;
struct ev_db *admin;
struct ev_session a, b;

void connect_db(struct ev_db **ret_db, const char *info)
{
        const struct ev_db_options options = {
                .conninfo = info,
                .application_name = "tables",
                .connect_ms = WAIT_MS,
                .wait_ms = WAIT_MS,
        };

        require(ev_db_new(ret_db, &options), "a session");
        require(ev_db_connect(*ret_db), "connecting");
}

void open_session(struct ev_session *session)
{
        *session = (struct ev_session){
                .params = EV_PARAMS_INIT(PARAMS_BYTES_MAX),
                .group = EV_STR("group"),
        };
        connect_db(&session->db, conninfo);
}

void close_session(struct ev_session *session)
{
        session->db = ev_db_free(session->db);
        ev_params_done(&session->params);
}

static int keep_first(void *context, const struct ev_str *values, size_t count)
{
        char *text = context;

        assert(count > 0);
        if (!text[0])
                snprintf(text, TEXT_MAX, "%.*s", EV_STR_ARG(values[0]));
        return 0;
}

/* The first value of a query, as text; valid until the next call. */
const char *look(const char *sql)
{
        static char text[TEXT_MAX];

        text[0] = '\0';
        require(ev_db_script(admin, sql, keep_first, text), sql);
        return text;
}

bool shows(const char *sql, const char *expected)
{
        const char *text = look(sql);

        if (strcmp(text, expected) == 0)
                return true;
        report_detail("%s\n      is %s, not %s", sql, text, expected);
        return false;
}

/* Waits until `count` sessions of ours wait for a lock. */
bool are_blocked(const char *count)
{
        int64_t deadline = ev_clock_monotonic_micros() + WAIT_MS * EV_MICROS_PER_MS;

        while (ev_clock_monotonic_micros() < deadline)
                if (strcmp(look("SELECT count(*) FROM pg_stat_activity "
                                "WHERE application_name = 'tables' AND wait_event_type = 'Lock'"),
                           count) == 0)
                        return true;
        return false;
}

/* BEGIN, read at once. */
void begin(struct ev_session *session)
{
        require(ev_db_queue_begin(session->db), "begin");
}

void send_queued(struct ev_session *session)
{
        require(ev_db_sync(session->db), "sync");
}

void skip_begin(struct ev_session *session)
{
        struct ev_result *result;

        require(ev_db_next(session->db, &result), "begin");
        ev_result_free(result);
}

void commit(struct ev_session *session)
{
        require(ev_db_finish(session->db), "the rest");
        require(ev_db_queue_commit(session->db), "commit");
        send_queued(session);
        require(ev_db_finish(session->db), "commit");
}

void rollback(struct ev_session *session)
{
        int r = ev_db_finish(session->db);

        (void)r; /* a failed statement is what some of these are about */
        require(ev_db_rollback(session->db), "rollback");
}

void forget_all(void)
{
        look("DELETE FROM ev.consumer_offset; DELETE FROM ev.inbox_a; DELETE FROM ev.inbox_b; "
             "DELETE FROM ev.inbox_mark; DELETE FROM ev.request; DELETE FROM ev.dead_letter; "
             "DELETE FROM ev.outbox; DELETE FROM ev.parked; DELETE FROM ev.attempt; "
             "UPDATE ev.inbox_generation SET current = 'a', since = now()");
}

/* Runs `call` in a child with a session of its own, which says with its exit status what came. */
pid_t in_child(int (*call)(struct ev_session *session))
{
        pid_t child = fork();

        require(child < 0, "fork");
        if (child == 0) {
                struct ev_session session;

                open_session(&session);
                _exit(call(&session));
        }
        return child;
}

int child_status(pid_t child)
{
        int status;

        require(waitpid(child, &status, 0) != child, "waiting for a child");
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
