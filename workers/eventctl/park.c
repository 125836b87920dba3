/* eventctl park: records that wait for a person.
 *
 * Nothing is decided here. `retry` sets a mark, and the owner of the lane tries the record; `drop`
 * moves it to the dead letters, from where it can be sent again. Each page of records is one
 * transaction, which holds what was done and why: if the process dies, a beginning of the selection
 * is done, and calling it again does the rest. */

#include <assert.h>
#include <stdio.h>

#include "aside.h"
#include "base/clock.h"
#include "base/error.h"
#include "eventctl_sql.h"

/* Columns of park_page.sql. */
enum {
        PAGE_GROUP,
        PAGE_TOPIC,
        PAGE_PARTITION,
        PAGE_OFFSET,
        PAGE_AGGREGATE,
        PAGE_REASON,
        PAGE_DETAIL,
        PAGE_ATTEMPTS,
        PAGE_PARKED_AT,
        PAGE_DEADLINE,
        PAGE_REDRIVE,
        PAGE_VALUE_BYTES,
};

static const struct output_column columns[] = {
        { "database", 16, false },   { "topic", 24, false },     { "partition", 9, true },
        { "offset", 8, true },       { "aggregate", 16, false }, { "reason", 8, false },
        { "state", 16, false },      { "attempts", 8, true },    { "parked_at", 27, false },
        { "value_bytes", 11, true }, { "group", 14, false },     { "detail", 0, false },
};

/* What a command makes of the records it meets. */
struct park {
        struct aside aside;
        const struct ev_statement *statement; /* NULL: it only looks */
        const char *would, *did;
        bool locks_lanes, shows_bytes;
};

/* Waiting ones end by themselves, and are looked at only. */
static const char *state_of(const struct ev_result *page, size_t row)
{
        assert(row < ev_result_rows(page));

        if (!ev_result_is_null(page, row, PAGE_DEADLINE))
                return "waiting";
        return ev_result_bool(page, row, PAGE_REDRIVE) ? "asked for" : "parked";
}

static void write_row(struct park *park, const struct ev_result *page, size_t row,
                      const char *state)
{
        char texts[4][OUTPUT_NUMBER_MAX], instant[EV_INSTANT_TEXT_MAX];
        bool has_value = !ev_result_is_null(page, row, PAGE_VALUE_BYTES);
        const struct ev_str values[] = {
                ev_str_of(park->aside.database),
                ev_result_text(page, row, PAGE_TOPIC),
                output_number(ev_result_int4(page, row, PAGE_PARTITION), texts[0]),
                output_number(ev_result_int8(page, row, PAGE_OFFSET), texts[1]),
                ev_result_text(page, row, PAGE_AGGREGATE),
                ev_result_text(page, row, PAGE_REASON),
                ev_str_of(state),
                output_number(ev_result_int4(page, row, PAGE_ATTEMPTS), texts[2]),
                { instant,
                  ev_instant_format(ev_result_timestamptz(page, row, PAGE_PARKED_AT), instant) },
                has_value ? output_number(ev_result_int4(page, row, PAGE_VALUE_BYTES), texts[3])
                          : EV_STR_NULL,
                ev_result_text(page, row, PAGE_GROUP),
                ev_result_text(page, row, PAGE_DETAIL),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(state);

        output_row(&park->aside.output, values, false);
}

/* Groups, topics, partitions of the page. */
static void put_lanes(struct ev_params *params, const struct ev_result *page)
{
        size_t rows = ev_result_rows(page);

        assert(rows > 0 && rows <= ASIDE_PAGE);

        ev_params_array(params);
        for (size_t i = 0; i < rows; ++i)
                ev_params_text(params, ev_result_text(page, i, PAGE_GROUP));
        ev_params_array_end(params);
        ev_params_array(params);
        for (size_t i = 0; i < rows; ++i)
                ev_params_text(params, ev_result_text(page, i, PAGE_TOPIC));
        ev_params_array_end(params);
        ev_params_array(params);
        for (size_t i = 0; i < rows; ++i)
                ev_params_int4(params, ev_result_int4(page, i, PAGE_PARTITION));
        ev_params_array_end(params);
}

/* All in one transaction, in one round trip. */
static int queue_change(struct park *park, const struct ev_result *page)
{
        struct ev_params *params = &park->aside.params;
        struct ev_db *db = park->aside.db;
        int r = ev_db_queue_begin(db);

        assert(park->statement);

        if (r == 0 && park->locks_lanes) {
                ev_params_begin(params, &eventctl_sql_park_lock_lanes);
                put_lanes(params, page);
                r = ev_db_queue(db, &eventctl_sql_park_lock_lanes, params);
        }
        if (r < 0)
                return ev_trace(r);
        ev_params_begin(params, park->statement);
        put_lanes(params, page);
        ev_params_array(params);
        for (size_t i = 0; i < ev_result_rows(page); ++i)
                ev_params_int8(params, ev_result_int8(page, i, PAGE_OFFSET));
        ev_params_array_end(params);
        ev_params_text(params, aside_client());
        ev_params_text(params, park->aside.choice.reason);
        r = ev_db_queue(db, park->statement, params);
        if (r == 0)
                r = ev_db_queue_commit(db);
        return r < 0 ? ev_trace(r) : ev_trace(ev_db_sync(db));
}

static int skip_results(struct ev_db *db, size_t count)
{
        struct ev_result *result;
        int r = 0;

        assert(count > 0);

        for (size_t i = 0; r == 0 && i < count; ++i) {
                r = ev_db_next(db, &result);
                if (r == 0)
                        ev_result_free(result);
        }
        return ev_trace(r);
}

/* Which of the page were still there. Nothing counts before COMMIT has been answered. */
static int change(struct park *park, const struct ev_result *page, bool is_done[ASIDE_PAGE])
{
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_db *db = park->aside.db;
        int r = queue_change(park, page);

        assert(!is_done[0]);

        if (r == 0)
                r = skip_results(db, park->locks_lanes ? 2 : 1);
        if (r == 0)
                r = ev_db_next(db, &result);
        if (r == 0)
                r = ev_db_finish(db);
        if (r != 0)
                return ev_trace(r);
        for (size_t i = 0; i < ev_result_rows(result); ++i) {
                int64_t position = ev_result_int8(result, i, 0);

                if (position >= 1 && position <= ASIDE_PAGE)
                        is_done[position - 1] = true;
        }
        return 0;
}

static int take_page(struct park *park, const struct ev_result *page)
{
        bool is_done[ASIDE_PAGE] = { false };
        bool changes = park->statement && park->aside.choice.is_meant;
        int r = changes ? change(park, page, is_done) : 0;

        assert(ev_result_rows(page) <= ASIDE_PAGE);

        if (r < 0)
                return ev_trace(r);
        for (size_t i = 0; i < ev_result_rows(page); ++i) {
                write_row(park, page, i,
                          !park->statement ? state_of(page, i)
                          : !changes       ? park->would
                          : is_done[i]     ? park->did
                                           : "gone");
                park->aside.done += is_done[i];
        }
        return 0;
}

/* The next page of the selection, behind the last row of the one before. */
static int ask_page(struct park *park, const struct ev_result *before, struct ev_result **ret_page)
{
        const struct aside_choice *choice = &park->aside.choice;
        struct ev_params *params = &park->aside.params;
        size_t last = before ? ev_result_rows(before) - 1 : 0;

        assert(ret_page);

        ev_params_begin(params, &eventctl_sql_park_page);
        ev_params_text(params, choice->group);
        ev_params_text(params, choice->topic);
        aside_put_int4(params, choice->partition);
        aside_put_int8(params, choice->offset);
        ev_params_text(params, choice->aggregate);
        ev_params_text(params, choice->cause);
        if (park->statement)
                ev_params_bool(params, false);
        else
                ev_params_null(params);
        ev_params_text(params, before ? ev_result_text(before, last, PAGE_GROUP) : EV_STR_NULL);
        ev_params_text(params, before ? ev_result_text(before, last, PAGE_TOPIC) : EV_STR_NULL);
        aside_put_int4(params, before ? ev_result_int4(before, last, PAGE_PARTITION) : -1);
        aside_put_int8(params, before ? ev_result_int8(before, last, PAGE_OFFSET) : -1);
        ev_params_int4(params, ASIDE_PAGE);
        return ev_trace(ev_db_run(park->aside.db, &eventctl_sql_park_page, params, ret_page));
}

/* One record whole is in memory, and a page without values. */
static int show_page(struct park *park, const struct ev_result *page)
{
        struct ev_params *params = &park->aside.params;
        int r = 0;

        for (size_t i = 0; r == 0 && i < ev_result_rows(page); ++i) {
                _cleanup_result_ struct ev_result *row = NULL;
                struct aside_record record = {
                        .group = ev_result_text(page, i, PAGE_GROUP),
                        .topic = ev_result_text(page, i, PAGE_TOPIC),
                        .aggregate = ev_result_text(page, i, PAGE_AGGREGATE),
                        .reason = ev_result_text(page, i, PAGE_REASON),
                        .detail = ev_result_text(page, i, PAGE_DETAIL),
                        .state = state_of(page, i),
                        .partition = ev_result_int4(page, i, PAGE_PARTITION),
                        .offset = ev_result_int8(page, i, PAGE_OFFSET),
                        .since = ev_result_timestamptz(page, i, PAGE_PARKED_AT),
                };

                assert(!park->statement);
                ev_params_begin(params, &eventctl_sql_park_record);
                ev_params_text(params, record.group);
                ev_params_text(params, record.topic);
                ev_params_int4(params, record.partition);
                ev_params_int8(params, record.offset);
                r = ev_db_run(park->aside.db, &eventctl_sql_park_record, params, &row);
                if (r < 0 || ev_result_rows(row) == 0) /* it has gone meanwhile */
                        continue;
                record.key = ev_result_bytea(row, 0, 0);
                record.headers = ev_result_bytea(row, 0, 1);
                record.value = ev_result_bytea(row, 0, 2);
                r = aside_show(&park->aside, &record, park->shows_bytes);
                ++park->aside.done;
        }
        return ev_trace(r);
}

/* `take` is called with each page of the selection in this database. */
static int walk(struct park *park, int (*take)(struct park *, const struct ev_result *))
{
        _cleanup_result_ struct ev_result *page = NULL;
        size_t rows;
        int r;

        assert(take);

        do {
                struct ev_result *next = NULL;

                r = ask_page(park, page, &next);
                if (r < 0)
                        return ev_trace(r);
                ev_result_free(page);
                page = next;
                rows = ev_result_rows(page);
                park->aside.found += (int64_t)rows;
                if (rows > 0)
                        r = take(park, page);
        } while (r == 0 && rows == ASIDE_PAGE);
        return ev_trace(r);
}

/* The aside is the first member. */
static int work_list(struct aside *aside)
{
        assert(aside->db);

        return ev_trace(walk((struct park *)aside, take_page));
}

static int work_show(struct aside *aside)
{
        assert(aside->db);

        return ev_trace(walk((struct park *)aside, show_page));
}

static enum command_exit run_list(struct park *park)
{
        assert(!park->aside.db);

        return aside_list(&park->aside, columns, EV_ARRAY_SIZE(columns), "records", work_list,
                          park->statement != NULL);
}

enum command_exit park_ls(const struct command_input *input)
{
        struct park park = { .aside.input = input };

        assert(input);

        return aside_read(input, &park.aside.choice) ? run_list(&park) : COMMAND_USAGE;
}

enum command_exit park_show(const struct command_input *input)
{
        struct park park = { .aside.input = input,
                             .shows_bytes = command_value(input, "bytes") != NULL };

        assert(input);

        if (!aside_read(input, &park.aside.choice) ||
            !output_format_of(input, &park.aside.output.format))
                return COMMAND_USAGE;
        return aside_run(&park.aside, work_show, ASIDE_SHOW);
}

enum command_exit park_retry(const struct command_input *input)
{
        struct park park = {
                .aside.input = input,
                .statement = &eventctl_sql_park_retry,
                .would = "would be retried",
                .did = "asked for",
        };

        assert(input);

        return aside_read_change(input, &park.aside.choice) ? run_list(&park) : COMMAND_USAGE;
}

enum command_exit park_drop(const struct command_input *input)
{
        struct park park = {
                .aside.input = input,
                .statement = &eventctl_sql_park_drop,
                .would = "would be dropped",
                .did = "dropped",
                .locks_lanes = true,
        };

        assert(input);

        return aside_read_change(input, &park.aside.choice) ? run_list(&park) : COMMAND_USAGE;
}
