/* eventctl rebuild: a database folded anew from its facts, to be compared with the live one.
 *
 * The database that is filled belongs to nobody else: it is empty and migrated, or was begun by this
 * command before. If the process dies, the next one goes on where it stood (flow/replay.c). */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "command.h"
#include "cut.h"
#include "database.h"
#include "eventctl_sql.h"
#include "flow/settings.h"
#include "fold.h"
#include "output.h"

static const struct output_column columns[] = {
        { "database", 16, false }, { "facts", 12, true },         { "repeated", 10, true },
        { "seconds", 10, true },   { "facts_a_second", 0, true },
};

struct rebuild {
        const struct command_input *input;
        const struct fold_kind *kind;
        struct output output;
        const char *from; /* a folder of archives; NULL: topics */
        struct cut cut;
        struct fold_position live; /* what the cut borrows from */
        struct ev_db *db;
        struct ev_replay_counts counts;
        int stop_fd;
        int64_t started; /* monotonic, µs */
};

static void rebuild_done(struct rebuild *rebuild)
{
        assert(rebuild);

        fold_position_done(&rebuild->live);
        ev_db_free(rebuild->db);
}

/* ---- The database that is filled ---- */

/* Tables that facts fill; rows that migrations bring along are in every database. */
static int ask_rows(const struct rebuild *rebuild, bool *ret_has_rows)
{
        _cleanup_result_ struct ev_result *result = NULL;
        int r = ev_db_run(rebuild->db, rebuild->kind->rows, NULL, &result);

        assert(ret_has_rows);

        if (r == 0)
                *ret_has_rows = ev_result_bool(result, 0, 0);
        return ev_trace(r);
}

/* A database in which a worker has been is never filled: its rows have other origins, and it may be the live
 * one, named by mistake. One that a rebuild has begun is gone on with, from the same source. */
static enum command_exit check_target(const struct rebuild *rebuild)
{
        const char *from = rebuild->from;
        struct fold_owner owner;
        bool has_rows = false;

        assert(rebuild->db);

        if (fold_ask_owner(rebuild->db, &owner) < 0 || ask_rows(rebuild, &has_rows) < 0)
                return command_fail();
        if (from ? owner.has_topics : owner.has_files) {
                fprintf(stderr,
                        "eventctl: refused: the database of --into was begun from %s; go on with "
                        "that, "
                        "or make a new one\n",
                        from ? "topics" : "files");
                return COMMAND_REFUSED;
        }
        if (!owner.is_worked_on && (owner.has_topics || owner.has_files || !has_rows))
                return COMMAND_DONE;
        fprintf(stderr,
                "eventctl: refused: the database of --into is not empty: %s. Make a new one, and "
                "\"eventctl migrate up %s\" in it\n",
                owner.is_worked_on ? "a worker or a relay has used it" : "it has rows",
                rebuild->kind->worker->database);
        return COMMAND_REFUSED;
}

static enum command_exit open_target(struct rebuild *rebuild)
{
        const char *into = command_value(rebuild->input, "into");
        int r;

        if (!into) {
                fputs("eventctl rebuild: --into CONNINFO names the database that is filled\n",
                      stderr);
                return COMMAND_USAGE;
        }
        r = ev_settings_replay_db(into, "eventctl rebuild", &rebuild->db);
        assert(r < 0 || rebuild->db);
        if (r == 0)
                r = ev_db_connect(rebuild->db);
        return r < 0 ? command_fail() : check_target(rebuild);
}

/* ---- How far ---- */

/* What somebody has asked for stands, and is told if it is not there yet. */
static bool is_given(const struct ev_replay_cut *cut, const struct ev_replay_end *end)
{
        assert(cut->ends_count <= EV_REPLAY_ENDS_MAX);

        for (size_t i = 0; i < cut->ends_count; ++i)
                if (cut->ends[i].partition == end->partition &&
                    ev_str_equal(cut->ends[i].topic, end->topic))
                        return true;
        return false;
}

/* Not beyond what the live database has published, and has read of others: what the topics have more
 * may be a part of what was committed together. */
static enum command_exit limit(struct ev_replay_cut *cut, const struct fold_position *live)
{
        size_t given = cut->ends_count;

        assert(given + live->ends_count <= 2 * EV_REPLAY_ENDS_MAX);

        if (cut->last_sequence != INT64_MAX && cut->last_sequence > live->published) {
                fprintf(stderr, "eventctl: refused: facts are published up to %lld, not to %lld\n",
                        (long long)live->published, (long long)cut->last_sequence);
                return COMMAND_REFUSED;
        }
        if (cut->last_sequence > live->published)
                cut->last_sequence = live->published;
        for (size_t i = 0; i < live->ends_count && cut->ends_count < EV_REPLAY_ENDS_MAX; ++i)
                if (given == 0 || !is_given(cut, &live->ends[i]))
                        cut->ends[cut->ends_count++] = live->ends[i];
        return COMMAND_DONE;
}

/* The live database is asked for nothing but how far it is. Who has only the topics gets all that is
 * on them. */
static enum command_exit ask_live(struct rebuild *rebuild)
{
        const struct ev_config *config = rebuild->input->config;
        const char *database = rebuild->kind->worker->database;
        _cleanup_(ev_db_free_p) struct ev_db *live = NULL;
        struct ev_shard shard;

        assert(rebuild->kind);

        if (rebuild->from)
                return COMMAND_DONE; /* an archive has published facts only */
        if (!database_is_given(config, database)) {
                fprintf(stderr,
                        "eventctl: %s.conninfo is not given, so the topics are read to their ends: "
                        "the relay must have published all\n",
                        database);
                return COMMAND_DONE;
        }
        if (ev_shard_parse(ev_config_text(config, "shard"), &shard) < 0 ||
            database_open(config, database, &live) < 0 ||
            fold_ask_position(rebuild->kind, &shard, live, &rebuild->live) < 0)
                return command_fail();
        return limit(&rebuild->cut.facts, &rebuild->live);
}

/* Before any server is asked: a mistake in the command line must not cost a minute. */
static enum command_exit read_arguments(struct rebuild *rebuild)
{
        const char *until = command_value(rebuild->input, "until");

        rebuild->from = command_value(rebuild->input, "from");
        if (rebuild->from && strcmp(rebuild->from, "topics") == 0)
                rebuild->from = NULL;
        if (!output_format_of(rebuild->input, &rebuild->output.format))
                return COMMAND_USAGE;
        rebuild->kind = fold_kind_find(rebuild->input->operand);
        if (!rebuild->kind)
                return COMMAND_USAGE;
        cut_all(&rebuild->cut);
        assert(rebuild->cut.facts.ends_count == 0);
        return until && !cut_parse(&rebuild->cut, until) ? COMMAND_USAGE : COMMAND_DONE;
}

static enum command_exit show(struct rebuild *rebuild)
{
        const struct ev_replay_counts counts = rebuild->counts;
        uint64_t ms = (uint64_t)(ev_clock_monotonic_micros() - rebuild->started) / EV_MICROS_PER_MS;
        char texts[4][OUTPUT_NUMBER_MAX];
        const struct ev_str values[] = {
                ev_str_of(rebuild->kind->worker->database),
                output_number((int64_t)(counts.facts), texts[0]),
                output_number((int64_t)(counts.repeated), texts[1]),
                output_number((int64_t)((ms + 999) / 1000), texts[2]),
                output_number((int64_t)(counts.facts * 1000 / (ms > 0 ? ms : 1)), texts[3]),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(ms < INT64_MAX);

        output_begin(&rebuild->output, NULL, 0, NULL);
        output_row(&rebuild->output, values, false);
        return output_end(&rebuild->output) ? COMMAND_DONE : COMMAND_FAILED;
}

enum command_exit rebuild(const struct command_input *input)
{
        _cleanup_(rebuild_done) struct rebuild rebuild = {
                .input = input,
                .output = { .columns = columns, .columns_count = EV_ARRAY_SIZE(columns) },
                .started = ev_clock_monotonic_micros(),
        };
        enum command_exit exit;

        assert(input->operand);

        exit = read_arguments(&rebuild);
        if (exit != COMMAND_DONE)
                return exit;
        if (ev_settings_stop_fd(&rebuild.stop_fd) < 0)
                return command_fail();
        exit = open_target(&rebuild);
        if (exit == COMMAND_DONE)
                exit = ask_live(&rebuild);
        if (exit == COMMAND_DONE)
                exit = fold_run(&(struct fold_options){ .kind = rebuild.kind,
                                                        .config = input->config,
                                                        .db = rebuild.db,
                                                        .from = rebuild.from,
                                                        .cut = &rebuild.cut.facts,
                                                        .stop_fd = rebuild.stop_fd },
                                &rebuild.counts);
        return exit == COMMAND_DONE ? show(&rebuild) : exit;
}
