/* eventctl diff: a live database beside one that was folded from its facts, row by row.
 *
 * The live one is seen as it was at one moment, which is a place in the order of its facts, so that it
 * may go on meanwhile. The rebuilt one, if it is not there yet, is folded on to just that place. Each of
 * both adds up the hashes of its rows by table and bucket; only where sums differ are rows fetched, a
 * bucket at a time, so memory does not grow with the tables. Nothing is written in the live database;
 * if the process dies, it is called again. */

#include <assert.h>
#include <stdio.h>

#include "base/error.h"
#include "database.h"
#include "diff.h"
#include "flow/settings.h"
#include "output.h"
#include "store/params.h"

enum { SHOWN_MAX = 100000, SHOWN = 100, PARAMS_BYTES_MAX = 4096 };

/* Columns of diff.sql. */
enum { DIFF_TABLE, DIFF_BUCKET, DIFF_NUMBER, DIFF_DIGEST, DIFF_KEY, DIFF_COLUMN, DIFF_VALUE };

static const struct output_column columns[] = {
        { "table", 20, false }, { "key", 44, false },    { "column", 20, false },
        { "live", 28, false },  { "rebuilt", 0, false },
};

struct diff {
        struct diff_pair pair;
        struct output output;
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

        for (size_t i = 0; i < DIFF_SIDES; ++i)
                ev_db_free(diff->pair.sessions[i]);
        for (size_t i = 0; i < DIFF_SIDES; ++i)
                fold_position_done(&diff->pair.positions[i]);
        ev_params_done(&diff->params);
}

/* ---- Asking ---- */

/* One statement in two forms: without a table it adds up all of them by bucket; with one it gives the rows of
 * one bucket, a line for each column. */
static int ask(struct diff *diff, enum diff_side side, struct ev_str table, int32_t bucket,
               struct ev_result **ret_lines)
{
        assert(side < DIFF_SIDES);

        ev_params_begin(&diff->params, diff->pair.kind->diff);
        ev_params_text(&diff->params, table);
        ev_params_int4(&diff->params, bucket);
        return ev_trace(ev_db_run(diff->pair.sessions[side], diff->pair.kind->diff, &diff->params,
                                  ret_lines));
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
static void tell_alone(struct diff *diff, const struct row *row, enum diff_side side)
{
        assert(side < DIFF_SIDES);

        tell(diff, row, EV_STR_NULL, side == DIFF_LIVE ? EV_STR("a row") : EV_STR_NULL,
             side == DIFF_REBUILT ? EV_STR("a row") : EV_STR_NULL);
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
                        tell_alone(diff, &left, DIFF_LIVE);
                else if (order > 0)
                        tell_alone(diff, &right, DIFF_REBUILT);
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
        int r = ask(diff, DIFF_LIVE, table, bucket, &live);

        assert(table.size > 0);

        if (r == 0)
                r = ask(diff, DIFF_REBUILT, table, bucket, &rebuilt);
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
        int r = ev_db_script(diff->pair.sessions[DIFF_REBUILT], "BEGIN", NULL, NULL);

        assert(diff->pair.kind->diff);

        if (r == 0)
                r = ask(diff, DIFF_LIVE, EV_STR(""), 0, &live);
        if (r == 0)
                r = ask(diff, DIFF_REBUILT, EV_STR(""), 0, &rebuilt);
        if (r == 0)
                r = compare_sums(diff, live, rebuilt);
        return ev_trace(r);
}

static enum command_exit begin(struct diff *diff)
{
        struct diff_pair *pair = &diff->pair;
        const struct ev_config *config = pair->input->config;
        const char *with = command_value(pair->input, "with"), *database = pair->input->operand;

        assert(database);

        if (!output_format_of(pair->input, &diff->output.format) ||
            !command_number(pair->input, "limit", SHOWN_MAX, SHOWN, &diff->shown_max))
                return COMMAND_USAGE;
        pair->kind = fold_kind_find(database);
        if (!pair->kind)
                return COMMAND_USAGE;
        if (!with) {
                fputs("eventctl diff: --with CONNINFO names the database that was rebuilt\n",
                      stderr);
                return COMMAND_USAGE;
        }
        if (ev_settings_stop_fd(&pair->stop_fd) < 0 ||
            ev_shard_parse(ev_config_text(config, "shard"), &pair->shard) < 0 ||
            database_open_to_compare(config, database, NULL, &pair->sessions[DIFF_LIVE]) < 0 ||
            database_open_to_compare(config, database, with, &pair->sessions[DIFF_REBUILT]) < 0)
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
                .pair = { .input = input },
                .output = { .columns = columns,
                            .columns_count = EV_ARRAY_SIZE(columns),
                            .is_bare = true },
                .params = EV_PARAMS_INIT(PARAMS_BYTES_MAX),
        };
        enum command_exit exit = begin(&diff);

        assert(input->operand);

        if (exit == COMMAND_DONE)
                exit = diff_meet(&diff.pair);
        if (exit != COMMAND_DONE)
                return exit;
        if (ev_settings_end_at_once() < 0)
                return command_fail();
        output_begin(&diff.output, NULL, 0, NULL);
        return compare(&diff) < 0 ? command_fail() : end(&diff);
}
