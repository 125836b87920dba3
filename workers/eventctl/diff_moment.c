/* The moment at which two databases are compared: the live one as it was at a place in the order of its facts,
 * and the rebuilt one folded on to just that place.
 *
 * The live one stands still in a transaction that sees one snapshot, and goes on beside it. Nothing is
 * written there; the rebuilt one is written as a rebuild does it, so if the process dies, it is gone on
 * with. */

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "database.h"
#include "diff.h"
#include "flow/settings.h"

enum {
        PATIENCE_MS = 30000, /* for a moment without holes, and for the relay */
        LOOK_MS = 20,
};

/* ---- The live database ---- */

/* False: somebody wants an end, or it has taken too long. */
static bool wait_a_little(const struct diff_pair *pair, int64_t until)
{
        struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };

        assert(until > 0);

        nanosleep(&pause, NULL);
        return !command_is_stopped(pair->stop_fd) && ev_clock_monotonic_micros() < until;
}

/* Of the clock that nobody sets. */
static int64_t patience(void)
{
        int64_t now = ev_clock_monotonic_micros();

        assert(now >= 0);

        return now + PATIENCE_MS * EV_MICROS_PER_MS;
}

/* -1, 0 or 1: whether `a` has read less of others' topics than `b`, the same or, of any, more. */
static int compare_ends(const struct fold_position *a, const struct fold_position *b)
{
        int order = 0;

        assert(a && b);

        for (size_t i = 0; i < a->ends_count; ++i) {
                int64_t other = 0;

                for (size_t k = 0; k < b->ends_count; ++k)
                        if (b->ends[k].partition == a->ends[i].partition &&
                            ev_str_equal(b->ends[k].topic, a->ends[i].topic))
                                other = b->ends[k].offset;
                if (a->ends[i].offset > other)
                        return 1;
                if (a->ends[i].offset < other)
                        order = -1;
        }
        return order;
}

/* A moment at which every number up to the last has its row, and at which the live database has read as
 * much of others as the rebuilt one. Under load some transaction has often drawn numbers and not
 * committed; moments are many. */
static enum command_exit choose_moment(struct diff_pair *pair)
{
        struct fold_position *live = &pair->positions[DIFF_LIVE];
        const struct fold_position *rebuilt = &pair->positions[DIFF_REBUILT];
        int64_t until = patience();
        int r;

        assert(pair->kind);

        do {
                r = ev_db_script(pair->sessions[DIFF_LIVE], "ROLLBACK; BEGIN", NULL, NULL);
                if (r == 0)
                        r = fold_ask_position(pair->kind, &pair->shard, pair->sessions[DIFF_LIVE],
                                              live);
                if (r < 0)
                        return command_fail();
                if (live->missing == 0 && compare_ends(rebuilt, live) <= 0)
                        return COMMAND_DONE;
        } while (wait_a_little(pair, until));
        if (live->missing > 0)
                fprintf(stderr,
                        "eventctl: %lld numbers up to fact %lld have neither a row nor an "
                        "explanation: a transaction stays open, or no relay runs\n",
                        (long long)live->missing, (long long)live->last_sequence);
        else
                fputs("eventctl: the rebuilt database has read more of other databases' facts than "
                      "the live one\n",
                      stderr);
        return COMMAND_FAILED;
}

/* What is to be folded must be on its topics. The session of the moment does not see the relay move. */
static enum command_exit wait_for_relay(const struct diff_pair *pair)
{
        int64_t last = pair->positions[DIFF_LIVE].last_sequence, until = patience();
        _cleanup_(fold_position_done) struct fold_position now = { 0 };
        _cleanup_(ev_db_free_p) struct ev_db *looker = NULL;

        assert(last > 0);

        if (database_open(pair->input->config, pair->kind->worker->database, &looker) < 0)
                return command_fail();
        do {
                if (fold_ask_position(pair->kind, &pair->shard, looker, &now) < 0)
                        return command_fail();
                if (now.published >= last)
                        return COMMAND_DONE;
        } while (wait_a_little(pair, until));
        fprintf(stderr,
                "eventctl: facts are published up to %lld, and recorded up to %lld: does "
                "quenty-relay run?\n",
                (long long)now.published, (long long)last);
        return COMMAND_FAILED;
}

/* ---- The rebuilt database ---- */

/* By a session of its own, like a worker's, since the one that compares can write nothing. The live side
 * keeps its snapshot meanwhile: it is the moment that all this leads to. */
static enum command_exit catch_up(const struct diff_pair *pair)
{
        const struct fold_position *live = &pair->positions[DIFF_LIVE];
        struct ev_replay_cut cut = { .last_sequence = live->last_sequence,
                                     .until = INT64_MAX,
                                     .ends_count = live->ends_count };
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        struct ev_replay_counts counts;
        enum command_exit exit = wait_for_relay(pair);

        assert(live->ends_count <= EV_REPLAY_ENDS_MAX);

        if (exit != COMMAND_DONE)
                return exit;
        memcpy(cut.ends, live->ends, live->ends_count * sizeof(*cut.ends));
        if (ev_settings_replay_db(command_value(pair->input, "with"), "eventctl diff", &db) < 0 ||
            ev_db_connect(db) < 0)
                return command_fail();
        exit = fold_run(&(struct fold_options){ .kind = pair->kind,
                                                .config = pair->input->config,
                                                .db = db,
                                                .cut = &cut,
                                                .stop_fd = pair->stop_fd },
                        &counts);
        if (exit == COMMAND_DONE && counts.facts > counts.repeated)
                fprintf(stderr, "eventctl: the rebuilt database was %llu facts behind\n",
                        (unsigned long long)(counts.facts - counts.repeated));
        return exit;
}

/* A database that no rebuild has begun is somebody else's: it is compared as it stands. */
enum command_exit diff_meet(struct diff_pair *pair)
{
        const struct fold_position *live = &pair->positions[DIFF_LIVE];
        struct fold_position *rebuilt = &pair->positions[DIFF_REBUILT];
        struct fold_owner owner;
        enum command_exit exit;

        assert(pair->kind);

        if (fold_ask_owner(pair->sessions[DIFF_REBUILT], &owner) < 0 ||
            fold_ask_reached(pair->kind, pair->sessions[DIFF_REBUILT], rebuilt) < 0)
                return command_fail();
        exit = choose_moment(pair);
        if (exit != COMMAND_DONE || owner.is_worked_on || !(owner.has_topics || owner.has_files))
                return exit;
        if (rebuilt->last_sequence > live->last_sequence) {
                fprintf(stderr,
                        "eventctl: refused: the rebuilt database has facts up to %lld, and the "
                        "live one has %lld: rebuild it --until that\n",
                        (long long)rebuilt->last_sequence, (long long)live->last_sequence);
                return COMMAND_REFUSED;
        }
        if (rebuilt->last_sequence == live->last_sequence &&
            (owner.has_files || compare_ends(live, rebuilt) <= 0))
                return COMMAND_DONE;
        if (owner.has_topics)
                return catch_up(pair);
        fprintf(stderr,
                "eventctl: refused: the rebuilt database has facts up to %lld of the %lld of the "
                "live "
                "one: export these, and rebuild it --from the archive once more\n",
                (long long)rebuilt->last_sequence, (long long)live->last_sequence);
        return COMMAND_REFUSED;
}
