/* eventctl diff: a live database beside one that was folded from its facts, row by row.
 *
 * The live one is seen as it was at one moment, which is a place in the order of its facts, so that it
 * may go on meanwhile. The rebuilt one, if it is not there yet, is folded on to just that place. Each of
 * both adds up the hashes of its rows by table and bucket; only where sums differ are rows fetched, a
 * bucket at a time, so memory does not grow with the tables. Nothing is written in the live database;
 * if the process dies, it is called again. */

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "command.h"
#include "database.h"
#include "flow/settings.h"
#include "fold.h"
#include "output.h"
#include "store/params.h"

enum {
        SHOWN_MAX = 100000,
        SHOWN = 100,
        PARAMS_BYTES_MAX = 4096,
        PATIENCE_MS = 30000, /* for a moment without holes, and for the relay */
        LOOK_MS = 20,
};

/* Columns of diff.sql. */
enum { DIFF_TABLE, DIFF_BUCKET, DIFF_NUMBER, DIFF_DIGEST, DIFF_KEY, DIFF_COLUMN, DIFF_VALUE };

enum side { LIVE, REBUILT, SIDES };

static const struct output_column columns[] = {
        { "table", 20, false }, { "key", 44, false },    { "column", 20, false },
        { "live", 28, false },  { "rebuilt", 0, false },
};

struct diff {
        const struct command_input *input;
        const struct fold_kind *kind;
        struct ev_shard shard;
        struct output output;
        struct ev_db *sessions[SIDES];
        struct fold_position positions[SIDES];
        int stop_fd;
        struct ev_params params;
        int shown_max;
        uint64_t rows, found; /* compared; and differences */
};

/* The lines of one row: its columns, one behind the other. */
struct row {
        const struct ev_result *lines; /* NULL: there is none */
        size_t from, to;
};

static void diff_done(struct diff *diff)
{
        assert(diff);

        for (size_t i = 0; i < SIDES; ++i)
                ev_db_free(diff->sessions[i]);
        for (size_t i = 0; i < SIDES; ++i)
                fold_position_done(&diff->positions[i]);
        ev_params_done(&diff->params);
}

/* ---- Asking ---- */

/* One statement in two forms: without a table it adds up all of them by bucket; with one it gives the rows of
 * one bucket, a line for each column. */
static int ask(struct diff *diff, enum side side, struct ev_str table, int32_t bucket,
               struct ev_result **ret_lines)
{
        assert(side < SIDES);

        ev_params_begin(&diff->params, diff->kind->diff);
        ev_params_text(&diff->params, table);
        ev_params_int4(&diff->params, bucket);
        return ev_trace(
                ev_db_run(diff->sessions[side], diff->kind->diff, &diff->params, ret_lines));
}

/* The same order on both sides: by table, then by bucket. */
static int compare_places(const struct ev_result *a, size_t i, const struct ev_result *b, size_t j)
{
        int order =
                ev_str_compare(ev_result_text(a, i, DIFF_TABLE), ev_result_text(b, j, DIFF_TABLE));
        int32_t left = ev_result_int4(a, i, DIFF_BUCKET), right = ev_result_int4(b, j, DIFF_BUCKET);

        assert(left >= 0 && right >= 0);

        return order ? order : (left > right) - (left < right);
}

/* ---- Rows ---- */

/* The row that begins at this line. */
static struct row row_at(const struct ev_result *lines, size_t from)
{
        struct row row = { lines, from, from };

        if (from == ev_result_rows(lines))
                return (struct row){ 0 };
        while (row.to < ev_result_rows(lines) && ev_result_int8(lines, row.to, DIFF_NUMBER) ==
                                                         ev_result_int8(lines, from, DIFF_NUMBER))
                ++row.to;
        assert(row.to > row.from);
        return row;
}

/* The natural key as JSON: the same text on both sides, and what people know the row by. */
static struct ev_str key_of(const struct row *row)
{
        assert(row->lines);

        return ev_result_text(row->lines, row->from, DIFF_KEY);
}

/* Counted in any case, shown up to the limit: who has a million differences wants to know that, and to see a
 * few. */
static void tell(struct diff *diff, const struct row *row, struct ev_str column, struct ev_str live,
                 struct ev_str rebuilt)
{
        const struct ev_str values[] = { ev_result_text(row->lines, row->from, DIFF_TABLE),
                                         key_of(row), column, live, rebuilt };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(row->lines);

        if (diff->found++ < (uint64_t)diff->shown_max)
                output_row(&diff->output, values, false);
}

/* A row that the other side does not have. */
static void tell_alone(struct diff *diff, const struct row *row, enum side side)
{
        assert(side < SIDES);

        tell(diff, row, EV_STR_NULL, side == LIVE ? EV_STR("a row") : EV_STR_NULL,
             side == REBUILT ? EV_STR("a row") : EV_STR_NULL);
}

/* -1: the column stands on the left only; 1: on the right only. They are in one order. */
static int compare_columns(const struct row *a, size_t i, const struct row *b, size_t j)
{
        assert(i <= a->to && j <= b->to);

        if (i == a->to || j == b->to)
                return (i == a->to) - (j == b->to);
        return ev_str_compare(ev_result_text(a->lines, i, DIFF_COLUMN),
                              ev_result_text(b->lines, j, DIFF_COLUMN));
}

static bool is_same(struct ev_str a, struct ev_str b)
{
        assert(a.data || a.size == 0);

        return ev_str_is_null(a) == ev_str_is_null(b) && ev_str_equal(a, b);
}

/* Databases of one migration have the same columns; of two, some are on one side only. */
static void tell_columns(struct diff *diff, const struct row *live, const struct row *rebuilt)
{
        size_t i = live->from, j = rebuilt->from;

        assert(live->lines && rebuilt->lines);

        while (i < live->to || j < rebuilt->to) {
                int order = compare_columns(live, i, rebuilt, j);
                const struct row *row = order <= 0 ? live : rebuilt;
                struct ev_str name = ev_result_text(row->lines, order <= 0 ? i : j, DIFF_COLUMN);
                struct ev_str left = EV_STR("no such column"), right = left;

                if (order <= 0)
                        left = ev_result_text(live->lines, i++, DIFF_VALUE);
                if (order >= 0)
                        right = ev_result_text(rebuilt->lines, j++, DIFF_VALUE);
                if (order || !is_same(left, right))
                        tell(diff, row, name, left, right);
        }
}

/* Rows of one key are few, nearly always one; where there are several, those that are alike on both
 * sides stand in the same order, and the others are shown beside each other. */
static void compare_rows(struct diff *diff, const struct ev_result *live,
                         const struct ev_result *rebuilt)
{
        struct row left = row_at(live, 0), right = row_at(rebuilt, 0);

        assert(live && rebuilt);

        while (left.lines || right.lines) {
                int order = !left.lines    ? 1
                            : !right.lines ? -1
                                           : ev_str_compare(key_of(&left), key_of(&right));

                if (order < 0)
                        tell_alone(diff, &left, LIVE);
                else if (order > 0)
                        tell_alone(diff, &right, REBUILT);
                else
                        tell_columns(diff, &left, &right);
                if (order <= 0)
                        left = row_at(live, left.to);
                if (order >= 0)
                        right = row_at(rebuilt, right.to);
        }
}

static int compare_bucket(struct diff *diff, const struct ev_result *sums, size_t at)
{
        struct ev_str table = ev_result_text(sums, at, DIFF_TABLE);
        int32_t bucket = ev_result_int4(sums, at, DIFF_BUCKET);
        _cleanup_result_ struct ev_result *live = NULL, *rebuilt = NULL;
        int r = ask(diff, LIVE, table, bucket, &live);

        assert(table.size > 0);

        if (r == 0)
                r = ask(diff, REBUILT, table, bucket, &rebuilt);
        if (r == 0)
                compare_rows(diff, live, rebuilt);
        return ev_trace(r);
}

/* ---- Sums ---- */

static bool are_sums_same(const struct ev_result *a, size_t i, const struct ev_result *b, size_t j)
{
        assert(compare_places(a, i, b, j) == 0);

        return ev_result_int8(a, i, DIFF_NUMBER) == ev_result_int8(b, j, DIFF_NUMBER) &&
               ev_str_equal(ev_result_text(a, i, DIFF_DIGEST), ev_result_text(b, j, DIFF_DIGEST));
}

static int compare_sums(struct diff *diff, const struct ev_result *live,
                        const struct ev_result *rebuilt)
{
        size_t i = 0, j = 0, live_count = ev_result_rows(live);
        size_t rebuilt_count = ev_result_rows(rebuilt);
        int r = 0;

        assert(live && rebuilt);

        while (r == 0 && (i < live_count || j < rebuilt_count)) {
                int order = i == live_count      ? 1
                            : j == rebuilt_count ? -1
                                                 : compare_places(live, i, rebuilt, j);

                if (order <= 0)
                        diff->rows += (uint64_t)ev_result_int8(live, i, DIFF_NUMBER);
                if (order || !are_sums_same(live, i, rebuilt, j))
                        r = compare_bucket(diff, order <= 0 ? live : rebuilt, order <= 0 ? i : j);
                i += order <= 0;
                j += order >= 0;
        }
        return ev_trace(r);
}

/* Of each database a transaction, and so one moment; that of the live one has begun. */
static int compare(struct diff *diff)
{
        _cleanup_result_ struct ev_result *live = NULL, *rebuilt = NULL;
        int r = ev_db_script(diff->sessions[REBUILT], "BEGIN", NULL, NULL);

        assert(diff->kind->diff);

        if (r == 0)
                r = ask(diff, LIVE, EV_STR(""), 0, &live);
        if (r == 0)
                r = ask(diff, REBUILT, EV_STR(""), 0, &rebuilt);
        if (r == 0)
                r = compare_sums(diff, live, rebuilt);
        return ev_trace(r);
}

/* ---- The moment ---- */

/* False: somebody wants an end, or it has taken too long. */
static bool wait_a_little(const struct diff *diff, int64_t until)
{
        struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };

        assert(until > 0);

        nanosleep(&pause, NULL);
        return !command_is_stopped(diff->stop_fd) && ev_clock_monotonic_micros() < until;
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
static enum command_exit choose_moment(struct diff *diff)
{
        struct fold_position *live = &diff->positions[LIVE];
        const struct fold_position *rebuilt = &diff->positions[REBUILT];
        int64_t until = patience();
        int r;

        assert(diff->kind);

        do {
                r = ev_db_script(diff->sessions[LIVE], "ROLLBACK; BEGIN", NULL, NULL);
                if (r == 0)
                        r = fold_ask_position(diff->kind, &diff->shard, diff->sessions[LIVE], live);
                if (r < 0)
                        return command_fail();
                if (live->missing == 0 && compare_ends(rebuilt, live) <= 0)
                        return COMMAND_DONE;
        } while (wait_a_little(diff, until));
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
static enum command_exit wait_for_relay(const struct diff *diff)
{
        int64_t last = diff->positions[LIVE].last_sequence, until = patience();
        _cleanup_(fold_position_done) struct fold_position now = { 0 };
        _cleanup_(ev_db_free_p) struct ev_db *looker = NULL;

        assert(last > 0);

        if (database_open(diff->input->config, diff->kind->worker->database, &looker) < 0)
                return command_fail();
        do {
                if (fold_ask_position(diff->kind, &diff->shard, looker, &now) < 0)
                        return command_fail();
                if (now.published >= last)
                        return COMMAND_DONE;
        } while (wait_a_little(diff, until));
        fprintf(stderr,
                "eventctl: facts are published up to %lld, and recorded up to %lld: does "
                "quenty-relay run?\n",
                (long long)now.published, (long long)last);
        return COMMAND_FAILED;
}

/* ---- The rebuilt database ---- */

/* By a session of its own, like a worker's, since the one that compares can write nothing. The live side
 * keeps its snapshot meanwhile: it is the moment that all this leads to. */
static enum command_exit catch_up(const struct diff *diff)
{
        const struct fold_position *live = &diff->positions[LIVE];
        struct ev_replay_cut cut = { .last_sequence = live->last_sequence,
                                     .until = INT64_MAX,
                                     .ends_count = live->ends_count };
        _cleanup_(ev_db_free_p) struct ev_db *db = NULL;
        struct ev_replay_counts counts;
        enum command_exit exit = wait_for_relay(diff);

        assert(live->ends_count <= EV_REPLAY_ENDS_MAX);

        if (exit != COMMAND_DONE)
                return exit;
        memcpy(cut.ends, live->ends, live->ends_count * sizeof(*cut.ends));
        if (ev_settings_replay_db(command_value(diff->input, "with"), "eventctl diff", &db) < 0 ||
            ev_db_connect(db) < 0)
                return command_fail();
        exit = fold_run(&(struct fold_options){ .kind = diff->kind,
                                                .config = diff->input->config,
                                                .db = db,
                                                .cut = &cut,
                                                .stop_fd = diff->stop_fd },
                        &counts);
        if (exit == COMMAND_DONE && counts.facts > counts.repeated)
                fprintf(stderr, "eventctl: the rebuilt database was %llu facts behind\n",
                        (unsigned long long)(counts.facts - counts.repeated));
        return exit;
}

/* A database that no rebuild has begun is somebody else's: it is compared as it stands. */
static enum command_exit meet(struct diff *diff)
{
        const struct fold_position *live = &diff->positions[LIVE];
        struct fold_position *rebuilt = &diff->positions[REBUILT];
        struct fold_owner owner;
        enum command_exit exit;

        assert(diff->kind);

        if (fold_ask_owner(diff->sessions[REBUILT], &owner) < 0 ||
            fold_ask_reached(diff->kind, diff->sessions[REBUILT], rebuilt) < 0)
                return command_fail();
        exit = choose_moment(diff);
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
                return catch_up(diff);
        fprintf(stderr,
                "eventctl: refused: the rebuilt database has facts up to %lld of the %lld of the "
                "live "
                "one: export these, and rebuild it --from the archive once more\n",
                (long long)rebuilt->last_sequence, (long long)live->last_sequence);
        return COMMAND_REFUSED;
}

static enum command_exit begin(struct diff *diff)
{
        const struct ev_config *config = diff->input->config;
        const char *with = command_value(diff->input, "with"), *database = diff->input->operand;

        assert(database);

        if (!output_format_of(diff->input, &diff->output.format) ||
            !command_number(diff->input, "limit", SHOWN_MAX, SHOWN, &diff->shown_max))
                return COMMAND_USAGE;
        diff->kind = fold_kind_find(database);
        if (!diff->kind)
                return COMMAND_USAGE;
        if (!with) {
                fputs("eventctl diff: --with CONNINFO names the database that was rebuilt\n",
                      stderr);
                return COMMAND_USAGE;
        }
        if (ev_settings_stop_fd(&diff->stop_fd) < 0 ||
            ev_shard_parse(ev_config_text(config, "shard"), &diff->shard) < 0 ||
            database_open_to_compare(config, database, NULL, &diff->sessions[LIVE]) < 0 ||
            database_open_to_compare(config, database, with, &diff->sessions[REBUILT]) < 0)
                return command_fail();
        return COMMAND_DONE;
}

static enum command_exit end(struct diff *diff)
{
        assert(diff->rows < INT64_MAX);

        if (!output_end(&diff->output))
                return COMMAND_FAILED;
        if (diff->found > (uint64_t)diff->shown_max)
                fprintf(stderr, "eventctl: %llu differences; --limit shows more than %d\n",
                        (unsigned long long)diff->found, diff->shown_max);
        if (diff->found > 0)
                return COMMAND_DIFFERENCES;
        fprintf(stderr, "eventctl: %llu rows, and no difference\n", (unsigned long long)diff->rows);
        return COMMAND_DONE;
}

enum command_exit diff(const struct command_input *input)
{
        _cleanup_(diff_done) struct diff diff = {
                .input = input,
                .output = { .columns = columns,
                            .columns_count = EV_ARRAY_SIZE(columns),
                            .is_bare = true },
                .params = EV_PARAMS_INIT(PARAMS_BYTES_MAX),
        };
        enum command_exit exit = begin(&diff);

        assert(input->operand);

        if (exit == COMMAND_DONE)
                exit = meet(&diff);
        if (exit != COMMAND_DONE)
                return exit;
        output_begin(&diff.output, NULL, 0, NULL);
        return compare(&diff) < 0 ? command_fail() : end(&diff);
}
