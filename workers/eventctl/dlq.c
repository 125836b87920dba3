/* eventctl dlq: dead letters.
 *
 * The row of a dead letter never changes and never goes: the relay publishes it once, by its
 * number, and it is evidence. What has become of it is told by ev.intervention, where each of these
 * commands notes what it does, and why.
 *
 * A dead letter has had no effect and holds no claim of its event's id. So sending it again has its
 * effect, and sending it once more has none: then the id is known. That it is going to be sent is
 * noted before, and that it is on its topic behind; if the process dies in between, it is
 * unfinished, and may be sent again. */

#include "dlq.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "eventctl_sql.h"

static const struct output_column columns[] = {
        { "database", 16, false }, { "seq", 6, true },          { "topic", 24, false },
        { "partition", 9, true },  { "offset", 8, true },       { "reason", 15, false },
        { "state", 17, false },    { "created_at", 27, false }, { "value_bytes", 11, true },
        { "group", 14, false },    { "detail", 0, false },
};

static void write_row(struct dlq *dlq, const struct ev_result *page, size_t row,
                      struct ev_str state)
{
        char texts[4][OUTPUT_NUMBER_MAX], instant[EV_INSTANT_TEXT_MAX];
        bool has_value = !ev_result_is_null(page, row, DLQ_VALUE_BYTES);
        const struct ev_str values[] = {
                ev_str_of(dlq->aside.database),
                output_number(ev_result_int8(page, row, DLQ_SEQ), texts[0]),
                ev_result_text(page, row, DLQ_TOPIC),
                output_number(ev_result_int4(page, row, DLQ_PARTITION), texts[1]),
                output_number(ev_result_int8(page, row, DLQ_OFFSET), texts[2]),
                ev_result_text(page, row, DLQ_REASON),
                state,
                { instant,
                  ev_instant_format(ev_result_timestamptz(page, row, DLQ_CREATED_AT), instant) },
                has_value ? output_number(ev_result_int4(page, row, DLQ_VALUE_BYTES), texts[3])
                          : EV_STR_NULL,
                ev_result_text(page, row, DLQ_GROUP),
                ev_result_text(page, row, DLQ_DETAIL),
        };

        static_assert(EV_ARRAY_SIZE(values) == EV_ARRAY_SIZE(columns), "one value a column");
        assert(state.data);

        output_row(&dlq->aside.output, values, false);
}

int dlq_note(struct dlq *dlq, int64_t seq, const char *action, const char *detail, bool *ret_noted)
{
        _cleanup_result_ struct ev_result *result = NULL;
        struct ev_params *params = &dlq->aside.params;
        int r;

        assert(seq > 0 && action && detail);

        ev_params_begin(params, &eventctl_sql_dlq_note);
        ev_params_int8(params, seq);
        ev_params_text(params, ev_str_of(action));
        ev_params_text(params, aside_client());
        ev_params_text(params, dlq->aside.choice.reason);
        ev_params_text(params, ev_str_of(detail));
        r = ev_db_run(dlq->aside.db, &eventctl_sql_dlq_note, params, &result);
        if (r < 0)
                return ev_trace(r);
        *ret_noted = ev_result_rows(result) == 1;
        return 0;
}

int dlq_load(struct dlq *dlq, int64_t seq, struct ev_result **ret_row)
{
        struct ev_params *params = &dlq->aside.params;

        assert(seq > 0);

        ev_params_begin(params, &eventctl_sql_dlq_record);
        ev_params_int8(params, seq);
        return ev_trace(ev_db_run(dlq->aside.db, &eventctl_sql_dlq_record, params, ret_row));
}

static int list_row(struct dlq *dlq, const struct ev_result *page, size_t row)
{
        assert(!dlq->would);

        write_row(dlq, page, row, ev_result_text(page, row, DLQ_STATE));
        return 0;
}

static int show_row(struct dlq *dlq, const struct ev_result *page, size_t row)
{
        _cleanup_result_ struct ev_result *whole = NULL;
        char state[OUTPUT_NUMBER_MAX] = "";
        struct aside_record record = {
                .group = ev_result_text(page, row, DLQ_GROUP),
                .topic = ev_result_text(page, row, DLQ_TOPIC),
                .reason = ev_result_text(page, row, DLQ_REASON),
                .detail = ev_result_text(page, row, DLQ_DETAIL),
                .state = state,
                .partition = ev_result_int4(page, row, DLQ_PARTITION),
                .offset = ev_result_int8(page, row, DLQ_OFFSET),
                .seq = ev_result_int8(page, row, DLQ_SEQ),
                .since = ev_result_timestamptz(page, row, DLQ_CREATED_AT),
        };
        int r = dlq_load(dlq, record.seq, &whole);

        assert(!dlq->would);

        if (r < 0)
                return ev_trace(r);
        (void)ev_str_copy(ev_result_text(page, row, DLQ_STATE), state, sizeof(state));
        record.key = ev_result_bytea(whole, 0, 0);
        record.headers = ev_result_bytea(whole, 0, 1);
        record.value = ev_result_bytea(whole, 0, 2);
        return ev_trace(aside_show(&dlq->aside, &record, dlq->shows_bytes));
}

static int drop_row(struct dlq *dlq, const struct ev_result *page, size_t row)
{
        bool is_noted = false;
        int r = dlq_note(dlq, ev_result_int8(page, row, DLQ_SEQ), "dlq drop", "", &is_noted);

        assert(dlq->aside.choice.is_meant);

        if (r < 0)
                return ev_trace(r);
        write_row(dlq, page, row, is_noted ? EV_STR("dropped") : EV_STR("settled before"));
        dlq->aside.done += is_noted;
        return 0;
}

static int send_row(struct dlq *dlq, const struct ev_result *page, size_t row)
{
        const char *said = NULL;
        int r = dlq_send(dlq, page, row, &said);

        assert(dlq->aside.choice.is_meant);

        if (r < 0)
                return ev_trace(r);
        write_row(dlq, page, row, ev_str_of(said));
        return 0;
}

/* One that was asked for by its number and is settled is a refusal and not nothing. */
static int take_row(struct dlq *dlq, const struct ev_result *page, size_t row)
{
        struct ev_str state = ev_result_text(page, row, DLQ_STATE);
        bool is_open =
                ev_str_equal(state, EV_STR("open")) || ev_str_equal(state, EV_STR("unfinished"));

        assert(row < ev_result_rows(page));

        if (dlq->would && !is_open) {
                fprintf(stderr, "eventctl: refused: dead letter %lld of %s is %.*s already\n",
                        (long long)ev_result_int8(page, row, DLQ_SEQ), dlq->aside.database,
                        EV_STR_ARG(state));
                dlq->aside.was_refused = true;
                return 0;
        }
        ++dlq->aside.found;
        if (!dlq->would || dlq->aside.choice.is_meant)
                return ev_trace(dlq->take(dlq, page, row));
        write_row(dlq, page, row, ev_str_of(dlq->would));
        return 0;
}

static int ask_page(struct dlq *dlq, int64_t after, struct ev_result **ret_page)
{
        const struct aside_choice *choice = &dlq->aside.choice;
        struct ev_params *params = &dlq->aside.params;

        assert(after >= 0);

        ev_params_begin(params, &eventctl_sql_dlq_page);
        aside_put_int8(params, choice->seq);
        ev_params_text(params, choice->group);
        ev_params_text(params, choice->topic);
        aside_put_int4(params, choice->partition);
        aside_put_int8(params, choice->offset);
        ev_params_text(params, choice->cause);
        if (choice->seq >= 0 || dlq->shows_settled)
                ev_params_null(params);
        else
                ev_params_bool(params, true);
        ev_params_int8(params, after);
        ev_params_int4(params, ASIDE_PAGE);
        return ev_trace(ev_db_run(dlq->aside.db, &eventctl_sql_dlq_page, params, ret_page));
}

/* The aside is the first member. */
static int work(struct aside *aside)
{
        struct dlq *dlq = (struct dlq *)aside;
        int64_t after = 0;
        size_t rows = ASIDE_PAGE;
        int r = 0;

        assert(aside->db);

        while (r == 0 && rows == ASIDE_PAGE) {
                _cleanup_result_ struct ev_result *page = NULL;

                r = ask_page(dlq, after, &page);
                if (r < 0)
                        return ev_trace(r);
                rows = ev_result_rows(page);
                for (size_t i = 0; r == 0 && i < rows; ++i) {
                        after = ev_result_int8(page, i, DLQ_SEQ);
                        r = take_row(dlq, page, i);
                }
        }
        return ev_trace(r);
}

static enum command_exit run_list(struct dlq *dlq)
{
        assert(dlq->take);

        return aside_list(&dlq->aside, columns, EV_ARRAY_SIZE(columns), "records", work,
                          dlq->would != NULL);
}

enum command_exit dlq_ls(const struct command_input *input)
{
        struct dlq dlq = { .aside.input = input,
                           .take = list_row,
                           .shows_settled = command_value(input, "settled") != NULL };

        assert(input);

        return aside_read(input, &dlq.aside.choice) ? run_list(&dlq) : COMMAND_USAGE;
}

enum command_exit dlq_show(const struct command_input *input)
{
        struct dlq dlq = { .aside.input = input,
                           .take = show_row,
                           .shows_settled = true,
                           .shows_bytes = command_value(input, "bytes") != NULL };

        assert(input);

        if (!aside_read(input, &dlq.aside.choice) ||
            !output_format_of(input, &dlq.aside.output.format))
                return COMMAND_USAGE;
        return aside_run(&dlq.aside, work, ASIDE_SHOW);
}

enum command_exit dlq_drop(const struct command_input *input)
{
        struct dlq dlq = { .aside.input = input, .take = drop_row, .would = "would be dropped" };

        assert(input);

        return aside_read_change(input, &dlq.aside.choice) ? run_list(&dlq) : COMMAND_USAGE;
}

enum command_exit dlq_redrive(const struct command_input *input)
{
        struct dlq dlq = { .aside.input = input, .take = send_row, .would = "would be sent" };
        enum command_exit exit = COMMAND_USAGE;

        assert(input);

        if (aside_read_change(input, &dlq.aside.choice))
                exit = run_list(&dlq);
        dlq_done(&dlq);
        return exit;
}
